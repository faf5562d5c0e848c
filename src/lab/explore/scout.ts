// SPDX-License-Identifier: GPL-2.0-only
/**
 * The first of two passes over a boot and a sequence: which virtual addresses lead to which memory. Only when a
 * call has returned is it known which page it was about, and then all that led to the page must be known.
 * Next: `recorder.ts`, the second pass.
 */
import { alignDown, type Paddr, type Vaddr } from '../../base/address.js';
import { type InnerOperation, Observer } from '../../hw/observer.js';
import { page_address } from '../../linux/arch/arm/include/asm/memory.js';
import { PAGE_SIZE, PFN_DOWN } from '../../linux/include/linux/pfn.js';
import type { Kernel } from '../../linux/kernel.js';

/** A stretch of virtual addresses that was used. */
interface Used {
  readonly vaddr: Vaddr;
  readonly paddr: Paddr;
  readonly size: number;
}

export class Scout extends Observer {
  private readonly k: Kernel;
  private readonly used = new Map<string, Used>();

  constructor(k: Kernel) {
    super();
    this.k = k;
  }

  override cpuLoad(_cpu: number, vaddr: Vaddr, paddr: Paddr, size: number): void {
    this.note(vaddr, paddr, size);
  }

  override cpuStore(_cpu: number, vaddr: Vaddr, paddr: Paddr, size: number): void {
    this.note(vaddr, paddr, size);
  }

  override fill(_cpu: number, vaddr: Vaddr, paddr: Paddr, size: number): void {
    this.note(vaddr, paddr, size);
  }

  override innerMaintenance(_cpu: number, _operation: InnerOperation, vaddr: Vaddr, size: number): void {
    this.k.machine.eachMapped(vaddr, size, (at, paddr, bytes) => this.note(at, paddr, bytes));
  }

  /** What the tables say about the page at `vaddr`. */
  noteMapping(vaddr: Vaddr): void {
    const page = alignDown(vaddr, PAGE_SIZE);
    this.k.machine.eachMapped(page, PAGE_SIZE, (at, paddr, bytes) => this.note(at, paddr, bytes));
  }

  private note(vaddr: Vaddr, paddr: Paddr, size: number): void {
    this.used.set(`${vaddr} ${paddr} ${size}`, { vaddr, paddr, size });
  }

  /** Virtual pages through which `page` was used, and its direct mapping. */
  pagesLeadingTo(page: Paddr): Vaddr[] {
    const found = new Set<Vaddr>();
    const direct = page_address(this.k, PFN_DOWN(page));
    if (direct !== null) found.add(direct);
    for (const { vaddr, paddr, size } of this.used.values()) {
      if (paddr >= page + PAGE_SIZE || page >= paddr + size) continue;
      found.add(alignDown(vaddr + Math.max(0, page - paddr), PAGE_SIZE));
    }
    return [...found];
  }
}
