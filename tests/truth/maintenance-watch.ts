// SPDX-License-Identifier: GPL-2.0-only
/**
 * Cache and TLB maintenance of one call, written down the way the probe module's kprobes did: in order, equal
 * ranges counted, a range that continues the last one joined to it.
 */
import { hex, type Paddr, type Vaddr } from '../../src/base/address.js';
import {
  type InnerOperation,
  Observer,
  type OuterOperation,
  type TlbOperation,
} from '../../src/hw/observer.js';

/** Operation, start, end (exclusive), number of calls. */
export type Maintenance = readonly [string, string, string, number];

const INNER = { clean: 'clean', invalidate: 'inv', 'clean-invalidate': 'flush' } as const;

/** Linux: arch/arm/include/asm/fixmap.h: where highmem pages are mapped for a moment. */
const FIXADDR_START = 0xffc80000;

/** Without `0x`, as the recordings write numbers. */
export function bareHex(value: number): string {
  return hex(value).slice(2);
}

export class MaintenanceWatch extends Observer {
  readonly list: [string, string, string, number][] = [];
  /** Calls and bytes of each kind. */
  readonly totals: Record<string, [number, number]> = {};

  private note(operation: string, start: number, size: number): void {
    const [calls, bytes] = this.totals[operation] ?? [0, 0];
    this.totals[operation] = [calls + 1, bytes + size];
    const from = bareHex(start);
    const to = bareHex(start + size);
    const equal = this.list.find(entry => entry[0] === operation && entry[1] === from && entry[2] === to);
    const last = this.list.at(-1);
    if (equal) equal[3]++;
    else if (last?.[0] === operation && last[2] === from) last[2] = to;
    else this.list.push([operation, from, to, 1]);
  }

  override innerMaintenance(_cpu: number, operation: InnerOperation, vaddr: Vaddr, size: number): void {
    this.note(INNER[operation], vaddr, size);
  }

  override outerMaintenance(operation: OuterOperation, paddr: Paddr, size: number): void {
    this.note(`l2${INNER[operation]}`, paddr, size);
  }

  /** The fixmap's entries are flushed by an inline function of Linux that no kprobe sees. */
  override tlbMaintenance(_cpu: number, _operation: TlbOperation, vaddr: Vaddr, size: number): void {
    if (vaddr < FIXADDR_START) this.note('tlbk', vaddr, size);
  }
}

/**
 * For comparison: of a range in the fixmap, whose slot depends on the CPU, and of buffers whose place depends on
 * what ran before (`exact` false), only the size counts.
 */
export function maintenanceText(list: readonly Maintenance[], exact: boolean): string {
  const parts = list.map(([operation, start, end, count]) => {
    const isWindow = !operation.startsWith('l2') && Number.parseInt(start, 16) >= FIXADDR_START;
    const size = Number.parseInt(end, 16) - Number.parseInt(start, 16);
    const place = isWindow ? 'window ' : exact ? `${start} ` : '';
    return `${operation} ${place}+${size} x${count}`;
  });
  return parts.join(', ');
}
