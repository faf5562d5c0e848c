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
import { type RecordedBoot, runAgain, tellsPlacement } from './emulated-run.js';
import { guestFacts } from './guest-facts.js';

const MACHINES: readonly string[] = ['virt', 'vexpress-a9'];

/** Images by the recordings' names of kernels. */
function imageOf(kernel: string | undefined): string | undefined {
  if (kernel === 'armmp') return debianKernel?.image;
  return kernel === 'lpae' ? debianKernel?.lpaeImage : undefined;
}

function recordedBoot(name: string): RecordedBoot {
  const folder = join(sharedPath('truth/boot')!, name);
  const recording = loadRecording(join(folder, 'facts.json'));
  const run = loadRunFile(join(folder, 'run.json'));
  return { folder, recording, run, config: join(sharedPath('truth/configs')!, `${run.kernel}.config`) };
}

/** It can be made again: recording, kernel and busybox are here, and all of the machine is known. */
export function isRepeatable(name: string): boolean {
  const folder = sharedPath(`truth/boot/${name}`);
  if (folder === undefined || sharedPath('truth/configs') === undefined) return false;
  const { machine, kernel } = loadRunFile(join(folder, 'run.json'));
  if (!MACHINES.includes(machine ?? '') || imageOf(kernel) === undefined) return false;
  return tellsPlacement(recordedBoot(name));
}

export function repeatableBoots(): string[] {
  const folder = sharedPath('truth/boot');
  return folder === undefined ? [] : readdirSync(folder).sort().filter(isRepeatable);
}

export interface RepeatedBoot {
  readonly fields: readonly FieldResult[];
  readonly console: string;
  /** False: the kernel is another version of Debian's than the recorded one, whose sizes differ. */
  readonly isSameKernel: boolean;
}

/** Boots again and compares: half a minute of the host's time. */
export function repeatBoot(name: string): RepeatedBoot {
  const boot = recordedBoot(name);
  const { folder } = boot;
  const emulated = runAgain(boot, imageOf(boot.run.kernel)!, debianKernel!.busybox);
  const tables = readFileSync(join(folder, 'pagetables.txt'), 'utf8').split('\n');
  const whole = JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8')) as RecordedFacts;
  const recorded = { ...whole, tables };
  const guest = guestFacts(emulated);
  const isSameKernel = recorded.version === guest.version;
  return { fields: compareBoots(recorded, guest), console: emulated.text, isSameKernel };
}
