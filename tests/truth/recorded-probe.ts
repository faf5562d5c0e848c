// SPDX-License-Identifier: GPL-2.0-only
/**
 * Recorded probe runs of real kernels, and the modelled kernel's answer to the same calls. A run's folder has
 * `run.json` (design, memory, tree, cores, command line) and `probe.jsonl`; the trees and the kernels' configs stand
 * in folders of their own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GiB, MiB } from '../../src/base/address.js';
import { Board } from '../../src/board/board.js';
import { designByName } from '../../src/designs/index.js';
import { loadDeviceTree } from '../../src/devicetree/load.js';
import { checkProbe } from '../../src/lab/check-probe/check.js';
import { readRecording } from '../../src/lab/check-probe/read-recording.js';
import type { CheckedProbe } from '../../src/lab/check-probe/result.js';
import { prepareBoard } from '../../src/lab/job.js';

interface ProbeRun {
  /** Name of a design, behind `lpae-` or `iommu-` where the kernel has that. */
  readonly variant: string;
  readonly mem: string;
  readonly dtb: string;
  readonly cmdline: string;
}

export interface ProbeFolders {
  readonly trees: string;
  readonly configs: string;
  /** Two of the kernels, with their System.map: the others differ from them by a few functions. */
  readonly kernels: string;
}

/** Runs the probe on the modelled kernel of the run in `folder`, and compares. */
export function checkRecordedProbe(folder: string, { trees, configs, kernels }: ProbeFolders): CheckedProbe {
  const run = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as ProbeRun;
  const path = join(trees, run.dtb);
  const sizeBytes = Number.parseInt(run.mem, 10) * (run.mem.endsWith('G') ? GiB : MiB);
  const prepared = prepareBoard(new Board(run.variant, loadDeviceTree(path)), {
    path,
    memory: [{ sizeBytes }],
    cmdline: run.cmdline,
    configFile: join(configs, `probe-${run.variant}.config`),
    systemMap: join(kernels, run.variant.startsWith('lpae-') ? 'lpae-legacy' : 'legacy', 'System.map.gz'),
    designs: [],
  });
  const design = designByName(run.variant.replace(/^(lpae|iommu)-/, ''));
  return checkProbe(prepared, design, readRecording(join(folder, 'probe.jsonl')));
}
