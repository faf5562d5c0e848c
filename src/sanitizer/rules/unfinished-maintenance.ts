// SPDX-License-Identifier: GPL-2.0-only
/** Rule `unfinished-maintenance`: cache maintenance of this line was not waited for. */
import type { Cell } from '../cell.js';
import type { Rule } from './rule.js';

export const unfinishedMaintenance: Rule = {
  id: 'unfinished-maintenance',
  severity: 'error',
  summary: 'cache maintenance of this line was not waited for',
  explanation: [
    "Maintenance by address only starts when the instruction is issued. It is complete for others when a DSB of the same core has passed it; that of an outer cache when its sync has. Until then the line may still be as it was: dirty, stale, or there. Another core's DSB does not count, nor does a DMB.",
    "Linux ends each range operation with a DSB (v7_dma_inv_range and its like), and outer-cache functions with the controller's sync. The order between levels needs it as well: a line that is cleaned from the inner caches arrives in the outer one only with the DSB, so the outer clean has to come after it.",
    'A core sees its own operations in order with its own cacheable accesses to the line; that is no finding. Reported is the first access by somebody else, or the outer operation that came too early.',
  ],
  missing:
    "A DSB behind operations by address, on the core that made them; the outer cache's sync behind its operations.",
  references: [
    'ARM DDI 0406C, B2.2 (caches and branch predictors: maintenance operations)',
    'ARM DDI 0406C, A3.8.3 (memory barriers)',
    'arch/arm/mm/cache-v7.S, v7_dma_clean_range (v6.12)',
    'arch/arm/mm/cache-l2x0.c, l2c210_sync() (v6.12)',
  ],
};

/** The line's maintenance is still under way. */
export function isUnfinished(cell: Cell): boolean {
  return cell.unfinished;
}
