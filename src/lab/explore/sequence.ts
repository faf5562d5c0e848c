// SPDX-License-Identifier: GPL-2.0-only
/** What a sequence of DMA calls is, to be explored. `sequences.ts` has them all. */
import type { device } from '../../linux/include/linux/device.js';
import type { Contiguous } from './kinds.js';
import type { Stage } from './stage.js';

export interface Sequence {
  readonly id: string;
  /** For tables. */
  readonly title: string;
  /** Where contiguous memory lies while it runs. */
  readonly contiguous: Contiguous;
  /** The device with the restricted pool. */
  readonly restricted: boolean;
  /** Two lines are watched, and the states of the machine are many times as many. */
  readonly twoLines: boolean;
  /** The memory is prepared at boot: recording starts there. */
  readonly fromBoot: boolean;
  /** Why there is nothing to explore; null: all went well. */
  run(stage: Stage, dev: device): string | null;
}

/** What the CPU writes, and what the device writes. */
export const OURS = 0;
export const THEIRS = 1;
