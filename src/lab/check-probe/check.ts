// SPDX-License-Identifier: GPL-2.0-only
/**
 * A recording from a real kernel against the modelled kernel of the same board: finds out from the recording what
 * ran (`recorded.ts`), runs the same probe, compares, and says what the comparison is worth: what the recording lacks,
 * and where the modelled kernel is another than the recorded.
 */
import type { Design } from '../../designs/design.js';
import type { Kernel } from '../../linux/kernel.js';
import { cma_alloc, cma_used_pages } from '../../linux/mm/cma.js';
import { bare, type ProbeRecord } from '../../workloads/probe/record.js';
import { runProbe } from '../../workloads/probe/script.js';
import { bootDesign } from '../boot.js';
import type { PreparedBoard } from '../job.js';
import { addProbeDevices } from '../probe-board.js';
import { refuseUnbuildable } from '../run-design.js';
import { compareProbe } from './compare.js';
import { missingRecords } from './completeness.js';
import { fileDifferences, kernelDifferences } from './differences.js';
import { recordedKernel } from './recorded.js';
import { type CheckedProbe, type OpenDesigns, verdictOf } from './result.js';

/**
 * `prepared` should be the board with the tree that the real kernel was given; one without the probe's devices gets
 * those of `armory probe --overlay`. `open`: the designs that the recording leaves open, for the result.
 */
export function checkProbe(
  prepared: PreparedBoard,
  design: Design,
  records: readonly ProbeRecord[],
  open: OpenDesigns | null = null,
): CheckedProbe {
  refuseUnbuildable(design, prepared);
  const { board, config } = prepared;
  addProbeDevices(prepared);
  const recorded = recordedKernel(records);
  const k = bootDesign(prepared, design, recorded.time);
  const assumed = holdForOthers(k, records);
  const agreement = compareProbe(k, records, runProbe(k, recorded.options));
  const lost = missingRecords(records);
  return {
    board: board.name,
    model: board.model,
    design: design.name,
    open,
    kernel: config.name,
    baseline: config.version,
    release: recorded.release,
    ...verdictOf(agreement, lost),
    missing: lost,
    differences: [
      ...kernelDifferences(recorded, k.config),
      ...(prepared.configFrom === 'file' ? fileDifferences(recorded, config) : []),
    ],
    assumed,
    ...agreement,
  };
}

/**
 * On a board that does something, drivers hold contiguous memory before the probe starts. As many pages are taken
 * here. Model: in one piece, first-fit. Says what was taken.
 */
function holdForOthers(k: Kernel, records: readonly ProbeRecord[]): string[] {
  const held: string[] = [];
  for (const { op, base, used } of records) {
    const area = op === 'cma' ? k.cma.areas.find(candidate => bare(candidate.base) === base) : undefined;
    if (!area || typeof used !== 'number') continue;
    const pages = used - cma_used_pages(area);
    if (pages <= 0 || cma_alloc(k, area, pages, 0, true) === null) continue;
    held.push(`${pages} pages of contiguous area ${area.name} are held by others`);
  }
  return held;
}
