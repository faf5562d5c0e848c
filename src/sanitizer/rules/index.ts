// SPDX-License-Identifier: GPL-2.0-only
/** All rules, in the order in which they are explained. */

import { deviceReadsOldData } from './device-reads-old-data.js';
import { divergentKernelMap } from './divergent-kernel-map.js';
import { evictionWillOverwrite } from './eviction-will-overwrite.js';
import { hiddenByDirtyLine } from './hidden-by-dirty-line.js';
import { lostWrite } from './lost-write.js';
import { mismatchedAlias } from './mismatched-alias.js';
import { missingBarrier } from './missing-barrier.js';
import { ownership } from './ownership.js';
import type { Rule } from './rule.js';
import { staleFetch } from './stale-fetch.js';
import { staleLineWrite } from './stale-line-write.js';
import { staleRead } from './stale-read.js';
import { staleTlbEntry } from './stale-tlb-entry.js';
import { unfinishedMaintenance } from './unfinished-maintenance.js';
import { wildDma } from './wild-dma.js';

export const rules: readonly Rule[] = [
  staleRead,
  lostWrite,
  staleLineWrite,
  hiddenByDirtyLine,
  evictionWillOverwrite,
  unfinishedMaintenance,
  missingBarrier,
  deviceReadsOldData,
  staleFetch,
  ownership,
  wildDma,
  mismatchedAlias,
  staleTlbEntry,
  divergentKernelMap,
];

export function ruleById(id: string): Rule | undefined {
  return rules.find(rule => rule.id === id);
}
