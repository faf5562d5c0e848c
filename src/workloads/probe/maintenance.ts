// SPDX-License-Identifier: GPL-2.0-only
/**
 * Cache and TLB maintenance of one call, written down as the probe module's kprobes do: in order, equal ranges
 * counted, a range that continues the last one joined to it.
 *   mnt   [operation, start, end (exclusive), number of calls] …; inner caches by virtual address (`inv`, `clean`,
 *         `flush`: clean and invalidate), outer caches by physical address (`l2inv`, …), `tlbk`: kernel TLB range
 *   mtot  by operation: [calls, bytes]; left out where there was none
 */
import type { ProbedFunction } from '../../linux/kernel/kprobes.js';
import type { Kernel } from '../../linux/kernel.js';
import { bare, type Fields } from './record.js';

/** In the order in which totals are printed. */
const OPERATIONS: { readonly [name in ProbedFunction]: string } = {
  dma_inv_range: 'inv',
  dma_clean_range: 'clean',
  dma_flush_range: 'flush',
  outer_inv_range: 'l2inv',
  outer_clean_range: 'l2clean',
  outer_flush_range: 'l2flush',
  flush_kern_tlb_range: 'tlbk',
};

export class MaintenanceList {
  private readonly list: [string, string, string, number][] = [];
  private readonly totals: Map<string, [number, number]> = new Map();

  add(name: ProbedFunction, start: number, end: number): void {
    const operation = OPERATIONS[name];
    const total = this.totals.get(operation) ?? [0, 0];
    this.totals.set(operation, [total[0] + 1, total[1] + end - start]);
    const [from, to] = [bare(start), bare(end)];
    const equal = this.list.find(entry => entry[0] === operation && entry[1] === from && entry[2] === to);
    const last = this.list.at(-1);
    if (equal) equal[3]++;
    else if (last?.[0] === operation && last[2] === from) last[2] = to;
    else this.list.push([operation, from, to, 1]);
  }

  /** `mtot`. */
  get totalsOnly(): Fields {
    const totals = Object.values(OPERATIONS)
      .filter(name => this.totals.has(name))
      .map(name => [name, this.totals.get(name)]);
    return { mtot: totals.length > 0 ? Object.fromEntries(totals) : undefined };
  }

  /** `mtot` and `mnt`. */
  get fields(): Fields {
    return { ...this.totalsOnly, mnt: this.list };
  }
}

/** Runs `call` and says what maintenance it did. */
export function watched<T>(k: Kernel, call: () => T): { readonly result: T; readonly did: MaintenanceList } {
  const did = new MaintenanceList();
  k.kprobe = (name, start, end) => did.add(name, start, end);
  const result = call();
  k.kprobe = null;
  return { result, did };
}
