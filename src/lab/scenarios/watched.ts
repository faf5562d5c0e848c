// SPDX-License-Identifier: GPL-2.0-only
/** What the scenarios share: a watched kernel from a job, its devices, and its findings sorted. */
import { inputError } from '../../base/diagnostics.js';
import { designByName } from '../../designs/index.js';
import type { LiveOptions } from '../../hw/cache/live-caches.js';
import type { device } from '../../linux/include/linux/device.js';
import type { Kernel } from '../../linux/kernel.js';
import type { Finding } from '../../sanitizer/finding.js';
import { probeDevices } from '../../workloads/devices.js';
import { bootWatched, type Watched } from '../boot.js';
import { type BoardJob, prepare } from '../job.js';
import type { ScenarioFinding } from './result.js';

/** A kernel with the sanitizer on watch, from a job. */
export function bootJob(job: BoardJob, design: string, live?: LiveOptions): Watched {
  return bootWatched(prepare(job), designByName(design), live ? { live } : {});
}

/** The device at a node of the tree, with its masks, ranges and pools. Throws an InputError without it. */
export function deviceAt(k: Kernel, path: string): device {
  const found = probeDevices(k).find(({ name }) => name === path);
  return found ?? inputError('device-unknown', `${k.board.name} has no DMA master ${path}`);
}

/** Ids of the rules that say that data go wrong; the others are worth knowing and no more. */
export function errorRules(findings: readonly Finding[]): string[] {
  return [...new Set(findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule))];
}

export function foundIn(run: string, findings: readonly Finding[]): ScenarioFinding[] {
  return findings.map(finding => ({ run, finding }));
}
