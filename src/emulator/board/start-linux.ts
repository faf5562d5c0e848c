// SPDX-License-Identifier: GPL-2.0-only
/** A kernel in the board's memory, and the first core at its entry. */
import { type LinuxOptions, loadLinux } from '../load/linux.js';
import type { EmulatedBoard } from './emulated-board.js';

/** The board's tree gets what a boot loader adds. Throws InputErrors. */
export function startLinux({ system, tree }: EmulatedBoard, options: LinuxOptions): void {
  const { pc, r0, r1, r2 } = loadLinux(system.machine.ram, tree, options);
  const first = system.cpus[0]!;
  first.powerOn(pc, r0);
  first.r[1] = r1;
  first.r[2] = r2;
}
