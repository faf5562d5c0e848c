// SPDX-License-Identifier: GPL-2.0-only
/** Which recorded boots can be made again in the emulator: those of kernels that are here, on machines that are modelled. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRecording } from '../../src/lab/check-boot/recording.js';
import type { FieldResult } from '../../src/lab/check-boot/result.js';
import { loadRunFile } from '../../src/lab/check-boot/run-file.js';
import { debianKernel } from '../probe-module/debian-kernel.js';
import { sharedPath } from '../support/shared.js';
import { compareBoots, type RecordedFacts } from './emulated-fields.js';
import { runAgain } from './emulated-run.js';
import { guestFacts } from './guest-facts.js';

const MACHINES: readonly string[] = ['virt', 'vexpress-a9'];

/** Images by the recordings' names of kernels. */
function imageOf(kernel: string | undefined): string | undefined {
  if (kernel === 'armmp') return debianKernel?.image;
  return kernel === 'lpae' ? debianKernel?.lpaeImage : undefined;
}

/** Names of the boots that can be made again; none where recordings, kernels or a busybox are missing. */
export function repeatableBoots(): string[] {
  const folder = sharedPath('truth/boot');
  if (folder === undefined || sharedPath('truth/configs') === undefined) return [];
  return readdirSync(folder)
    .sort()
    .filter(name => {
      const { machine, kernel } = loadRunFile(join(folder, name, 'run.json'));
      return MACHINES.includes(machine ?? '') && imageOf(kernel) !== undefined;
    });
}

export interface RepeatedBoot {
  readonly fields: readonly FieldResult[];
  readonly console: string;
  /** False: the kernel is another version of Debian's than the recorded one, whose sizes differ. */
  readonly isSameKernel: boolean;
}

/** Boots again and compares: half a minute of the host's time. */
export function repeatBoot(name: string): RepeatedBoot {
  const folder = join(sharedPath('truth/boot')!, name);
  const recording = loadRecording(join(folder, 'facts.json'));
  const run = loadRunFile(join(folder, 'run.json'));
  const config = join(sharedPath('truth/configs')!, `${run.kernel}.config`);
  const emulated = runAgain({ folder, recording, run, config }, imageOf(run.kernel)!, debianKernel!.busybox);
  const tables = readFileSync(join(folder, 'pagetables.txt'), 'utf8').split('\n');
  const whole = JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8')) as RecordedFacts;
  const recorded = { ...whole, tables };
  const guest = guestFacts(emulated);
  const isSameKernel = recorded.version === guest.version;
  return { fields: compareBoots(recorded, guest), console: emulated.text, isSameKernel };
}
