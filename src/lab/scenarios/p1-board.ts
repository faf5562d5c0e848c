// SPDX-License-Identifier: GPL-2.0-only
/**
 * Is `step1` dangerous on a board with a PL310? The kernel is booted, and every kind of DMA master of the tree runs
 * one exchange with a small buffer and one with a larger one, watched by the rules. Where nothing is found, the
 * facts that excluded it are named.
 */
import { basename } from 'node:path';
import { KiB } from '../../base/address.js';
import { InputError } from '../../base/diagnostics.js';
import { loadBoard } from '../../board/board.js';
import { designByName } from '../../designs/index.js';
import { sharedOverride } from '../../linux/arch/arm/mm/cache-l2x0.js';
import type { Kernel } from '../../linux/kernel.js';
import type { Finding } from '../../sanitizer/finding.js';
import { type DeviceGroup, groupAlike, probeDevices } from '../../workloads/devices.js';
import { masterOf } from '../../workloads/masters.js';
import { bootWatched } from '../boot.js';
import { type BoardJob, type PreparedBoard, prepareBoard } from '../job.js';
import { refuseUnbuildable } from '../run-design.js';
import { exchange } from './exchange.js';
import { errorRules } from './watched.js';

/** A single page comes from the page allocator under `step1`, the larger buffer from contiguous memory. */
const SIZES: readonly number[] = [4 * KiB, 64 * KiB];

/** Facts that keep a PL310 from answering a coherent buffer's accesses out of its cacheable alias. */
export type Exclusion =
  | 'not switched on by this kernel'
  | 'one core: mappings are not shareable'
  | 'bit 22 set by the tree'
  | 'bit 22 set by the machine descriptor'
  | 'bit 22 set in the hardware file'
  | 'coherent fabric'
  | 'the core does not speculate';

export interface SharedOverrideVerdict {
  readonly board: string;
  readonly file: string;
  readonly outcome: 'dangerous' | 'excluded' | 'no PL310' | 'not judged';
  /** Of an excluded board, what excludes it; of one that was not judged, why. */
  readonly reason: string | null;
  /** Rules that found that data go wrong under `step1`. */
  readonly rules: readonly string[];
  /** Nothing is known of the control register but what Linux writes: firmware may have set the bit. */
  readonly firmwareUnknown: boolean;
}

/** What excludes a booted kernel's machine, by the first of several reasons; null: nothing does. */
export function exclusionOf(k: Kernel, groups: readonly DeviceGroup[]): Exclusion | null {
  if (!k.machine.outerInUse) return 'not switched on by this kernel';
  const { set, by } = sharedOverride(k);
  if (set && by === 'tree') return 'bit 22 set by the tree';
  if (set && by === 'machine descriptor') return 'bit 22 set by the machine descriptor';
  if (set) return 'bit 22 set in the hardware file';
  if (!k.cpu.is_smp) return 'one core: mappings are not shareable';
  if (groups.every(({ dev }) => masterOf(k, dev).port !== 'none')) return 'coherent fabric';
  return k.machine.facts.core.speculates ? null : 'the core does not speculate';
}

export interface ExchangeRun {
  readonly sizeBytes: number;
  readonly findings: readonly Finding[];
}

export interface BoardRun {
  readonly k: Kernel;
  readonly groups: readonly DeviceGroup[];
  /** One for each size. */
  readonly runs: readonly ExchangeRun[];
}

/** Boots the board under `design`, and runs the exchanges of every kind of device. */
export function exchangesUnder(prepared: PreparedBoard, design: string, stacks = false): BoardRun {
  const { k, sanitizer } = bootWatched(prepared, designByName(design), { stacks });
  const groups = groupAlike(k, probeDevices(k));
  const runs = SIZES.map((sizeBytes): ExchangeRun => {
    for (const { dev } of groups) exchange(k, dev, sizeBytes);
    return { sizeBytes, findings: sanitizer.takeFindings() };
  });
  return { k, groups, runs };
}

/** One board; what cannot be judged becomes a verdict, too. */
export function judgeSharedOverride(job: BoardJob): SharedOverrideVerdict {
  const file = job.path;
  const verdict = {
    board: basename(file).replace(/\.(dtb|dts)$/, ''),
    file,
    rules: [],
    firmwareUnknown: false,
  };
  try {
    const board = loadBoard(file, job.hardwareFile === undefined ? {} : { hardware: job.hardwareFile });
    if (board.machineFacts().outerCache?.model !== 'PL310')
      return { ...verdict, outcome: 'no PL310', reason: null };
    const prepared = prepareBoard(board, job);
    refuseUnbuildable(designByName('step1'), prepared);
    const { k, groups, runs } = exchangesUnder(prepared, 'step1');
    const rules = errorRules(runs.flatMap(({ findings }) => findings));
    const firmwareUnknown = sharedOverride(k).by === 'nobody';
    if (rules.includes('stale-read'))
      return { ...verdict, outcome: 'dangerous', reason: null, rules, firmwareUnknown };
    return {
      ...verdict,
      outcome: 'excluded',
      reason: exclusionOf(k, groups) ?? 'nothing found',
      rules,
      firmwareUnknown,
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const first = error.diagnostics.find(({ severity }) => severity === 'error');
    return {
      ...verdict,
      outcome: 'not judged',
      reason: first ? `${first.message} (${first.id})` : error.message,
    };
  }
}
