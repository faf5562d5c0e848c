// SPDX-License-Identifier: GPL-2.0-only
/** Recorded boots of real kernels in QEMU, a folder each, compared as `armory check-boot --run` does. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkBoot } from '../src/lab/check-boot/compare.js';
import { prepareCheck } from '../src/lab/check-boot/prepare.js';
import { loadRecording } from '../src/lab/check-boot/recording.js';
import type { BootCheck } from '../src/lab/check-boot/result.js';
import { loadRunFile } from '../src/lab/check-boot/run-file.js';

/** Compares one recorded run, with the configs of the recorded kernels in `configs`. */
function checkRecordedRun(folder: string, configs: string): BootCheck {
  const run = loadRunFile(join(folder, 'run.json'));
  const recording = loadRecording(join(folder, 'facts.json'));
  const configFile = join(configs, `${run.kernel}.config`);
  const job = { path: join(folder, 'board.dtb'), configFile, designs: [] };
  const { prepared, inputs, doubts } = prepareCheck(job, recording, run);
  return checkBoot(prepared, recording, { inputs, doubts });
}

export interface RecordedCheck {
  /** Name of the run's folder. */
  readonly run: string;
  /** With one result for each field, in the same order for all runs. */
  readonly check: BootCheck;
}

/** Compares the recorded runs of these names in `folder`, one after the other: some 40 ms each. */
export function checkRecordedRuns(
  folder: string,
  configs: string,
  names: readonly string[] = readdirSync(folder).sort(),
): RecordedCheck[] {
  return names.map(run => ({ run, check: checkRecordedRun(join(folder, run), configs) }));
}
