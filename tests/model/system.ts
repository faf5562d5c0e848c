// SPDX-License-Identifier: GPL-2.0-only
/**
 * The real half: a modelled kernel on a machine, its devices, and what drivers and devices do to bytes. Every access
 * goes the way that the hardware takes; what it yields is handed out to be compared.
 */
import assert from 'node:assert/strict';
import { designByName } from '../../src/designs/index.js';
import type { LiveOptions } from '../../src/hw/cache/live-caches.js';
import type { DmaMaster } from '../../src/hw/dma/master.js';
import { Translation } from '../../src/hw/mmu/translation.js';
import { WALK_OK } from '../../src/hw/mmu/walker.js';
import { rmb, wmb } from '../../src/linux/arch/arm/include/asm/barrier.js';
import { page_address } from '../../src/linux/arch/arm/include/asm/memory.js';
import { type mm_struct, pgd_alloc, switch_mm } from '../../src/linux/arch/arm/mm/pgd.js';
import type { device } from '../../src/linux/include/linux/device.js';
import { PAGE_SIZE, PFN_DOWN } from '../../src/linux/include/linux/pfn.js';
import type { IoTlbMem } from '../../src/linux/kernel/dma/swiotlb.js';
import type { Kernel } from '../../src/linux/kernel.js';
import { kmap_atomic, kunmap_atomic } from '../../src/linux/mm/highmem.js';
import type { Sanitizer } from '../../src/sanitizer/sanitizer.js';
import { masterOf } from '../../src/workloads/masters.js';
import { probeDevice } from '../support/test-kernel.js';
import { boot, DEVICES, type DeviceName, devicesOf } from './machines.js';
import type { Setup } from './rules.js';

/** Chance at each access that a cache evicts or fills a line by itself. */
const SPECULATION = 0.05;

export class System {
  readonly k: Kernel;
  readonly sanitizer: Sanitizer;
  /** The process that maps buffers. */
  readonly mm: mm_struct;
  private readonly devices: Map<DeviceName, { readonly dev: device; readonly master: DmaMaster }> = new Map();
  private readonly found: Translation = new Translation();

  constructor(setup: Setup, seed: number) {
    const live: LiveOptions | null = setup.live ? { seed, speculation: SPECULATION } : null;
    const { k, sanitizer } = boot(setup.kind, designByName(setup.design), setup.version, live);
    this.k = k;
    this.sanitizer = sanitizer;
    for (const name of devicesOf(setup.kind)) {
      const dev = probeDevice(k, DEVICES[name]);
      this.devices.set(name, { dev, master: masterOf(k, dev) });
    }
    const mm = pgd_alloc(k);
    assert.ok(mm);
    this.mm = mm;
    sanitizer.takeFindings();
  }

  dev(name: DeviceName): device {
    return this.devices.get(name)!.dev;
  }

  /** The slots of the restricted pool, if there is one. */
  get restrictedPool(): IoTlbMem | null {
    return this.devices.get('restricted')?.dev.dma_io_tlb_mem ?? null;
  }

  /** Who runs the next call. A task leaves a CPU through a barrier (arch/arm/include/asm/switch_to.h, v6.12). */
  onCpu(number: number): void {
    const { machine } = this.k;
    const next = number % machine.facts.coreCount;
    if (next !== machine.cpu) machine.barrier('dsb');
    machine.cpu = next;
  }

  /** Physical address that an address leads to, and whether the CPU may cache it there; null: nowhere. */
  tryLookUp(vaddr: number): { readonly paddr: number; readonly cacheable: boolean } | null {
    if (this.inSpaceOf(vaddr, () => this.k.machine.walker.walk(vaddr, this.found)) !== WALK_OK) return null;
    const { paddr, memoryType } = this.found;
    return { paddr, cacheable: memoryType.inner !== 'NC' || memoryType.outer !== 'NC' };
  }

  lookUp(vaddr: number): { readonly paddr: number; readonly cacheable: boolean } {
    const seen = this.tryLookUp(vaddr);
    assert.ok(seen !== null, `${vaddr.toString(16)} is not mapped`);
    return seen;
  }

  cpuWrite(vaddr: number, bytes: Uint8Array): void {
    assert.ok(this.inSpaceOf(vaddr, () => this.k.machine.access.write(vaddr, bytes)));
  }

  /**
   * The process runs for addresses of its own, and only then: its copies of the kernel's entries are made when it
   * faults, and there are no faults here.
   */
  private inSpaceOf<T>(vaddr: number, access: () => T): T {
    const { k, mm } = this;
    if (vaddr >= k.memory.TASK_SIZE) return access();
    const { ttbr0 } = k.machine.registers;
    switch_mm(k, mm);
    const result = access();
    k.machine.registers.ttbr0 = ttbr0;
    return result;
  }

  /**
   * The driver tells its device to stop, by writel(), before it frees what they share. dma_free_coherent() of a buffer
   * with a second mapping has no barrier of its own: stores may be under way when the pages have a new owner.
   */
  stopDevice(): void {
    wmb(this.k);
  }

  cpuRead(vaddr: number, size: number): Uint8Array {
    rmb(this.k);
    return this.inSpaceOf(vaddr, () => this.k.machine.access.read(vaddr, size));
  }

  /** Anybody writes to cached memory by its physical address, highmem through windows. */
  cachedWrite(paddr: number, bytes: Uint8Array): void {
    this.eachPage(paddr, bytes.length, (vaddr, done, size) => {
      assert.ok(this.k.machine.access.write(vaddr, bytes.subarray(done, done + size)));
    });
  }

  cachedRead(paddr: number, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    this.eachPage(paddr, size, (vaddr, done, part) =>
      bytes.set(this.k.machine.access.read(vaddr, part), done),
    );
    return bytes;
  }

  /** The driver tells the device by writel(), which has a barrier for stores. */
  deviceWrite(name: DeviceName, handle: number, bytes: Uint8Array): void {
    wmb(this.k);
    assert.ok(this.devices.get(name)!.master.write(handle, bytes), 'the device reaches no memory there');
  }

  deviceRead(name: DeviceName, handle: number, size: number): Uint8Array {
    wmb(this.k);
    const bytes = this.devices.get(name)!.master.read(handle, size);
    assert.ok(bytes !== null, 'the device reaches no memory there');
    return bytes;
  }

  private eachPage(
    paddr: number,
    size: number,
    use: (vaddr: number, done: number, size: number) => void,
  ): void {
    for (let done = 0; done < size; ) {
      const at = paddr + done;
      const part = Math.min(size - done, PAGE_SIZE - (at % PAGE_SIZE));
      const direct = page_address(this.k, PFN_DOWN(at));
      const vaddr = direct ?? kmap_atomic(this.k, PFN_DOWN(at));
      use(vaddr + (at % PAGE_SIZE), done, part);
      if (direct === null) kunmap_atomic(this.k, vaddr);
      done += part;
    }
  }
}
