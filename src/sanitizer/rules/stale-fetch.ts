// SPDX-License-Identifier: GPL-2.0-only
/** Rule `stale-fetch`: instructions are fetched that are older than the data side. */
import type { Cell } from '../cell.js';
import type { Rule } from './rule.js';

export const staleFetch: Rule = {
  id: 'stale-fetch',
  severity: 'error',
  summary: 'instructions are fetched that are older than the data side',
  explanation: [
    'Instruction caches see neither the stores of the data side nor what a device writes to memory. Code that was written is fetched as it was before, from a line that the instruction side holds, or because the new bytes have not left the data cache yet.',
    'Linux calls flush_icache_range(): it cleans the data cache to the point of unification, waits, invalidates the instruction cache, waits, and an ISB makes the core fetch anew. For pages that become executable, __sync_icache_dcache() does it when the page-table entry is set.',
    'On a board: an undefined instruction where the disassembly shows a good one, after modules were loaded, code was patched, or a page was read from disk. Reported is the fetch.',
  ],
  missing:
    'Clean the data to the point of unification, DSB, invalidate the instruction cache, DSB, ISB: flush_icache_range().',
  references: [
    'ARM DDI 0406C, B2.2 (caches and branch predictors: maintenance operations)',
    'Documentation/core-api/cachetlb.rst, flush_icache_range()',
    'arch/arm/kernel/patch.c, __patch_text_real() (v6.12)',
    'arch/arm/mm/flush.c, __sync_icache_dcache() (v6.12)',
  ],
};

/** Bytes of instructions that may be older than what was stored. `reachable`: cleaned to where fetches look. */
export function staleForFetch(cell: Cell, mask: number, reachable: boolean): number {
  if (cell.fetchedOld) return mask;
  return reachable ? 0 : cell.newInner & mask;
}
