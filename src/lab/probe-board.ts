// SPDX-License-Identifier: GPL-2.0-only
/** Runs the DMA probe on a board's modelled kernel. A board without the probe's devices gets them first. */
import type { Design } from '../designs/design.js';
import { applyOverlay } from '../devicetree/overlay.js';
import type { DeviceTree } from '../devicetree/tree.js';
import { findProbeNodes } from '../workloads/probe/devices.js';
import { probeOverlay } from '../workloads/probe/overlay.js';
import type { ProbeRecord } from '../workloads/probe/record.js';
import { type ProbeOptions, runProbe } from '../workloads/probe/script.js';
import { bootDesign, type ProbeTime } from './boot.js';
import { type BoardJob, type PreparedBoard, prepare } from './job.js';
import { refuseUnbuildable } from './run-design.js';

/** Gives a board whose tree has none the probe's devices. */
export function addProbeDevices(prepared: PreparedBoard): void {
  const { board } = prepared;
  if (findProbeNodes(board.tree).length === 0) applyOverlay(board.tree, overlayFor(prepared));
}

/** The overlay that adds the probe's devices to the board's tree. */
export function overlayFor({ board, bootLoader }: PreparedBoard): DeviceTree {
  const { initrd } = bootLoader;
  const avoid = initrd ? [{ start: initrd.address, end: initrd.address + initrd.size }] : [];
  const { tree, diagnostics } = probeOverlay(board, { avoid });
  board.diagnostics.push(...diagnostics);
  return tree;
}

export interface ProbedBoard {
  readonly prepared: PreparedBoard;
  readonly records: readonly ProbeRecord[];
}

export function probeBoard(
  job: BoardJob,
  design: Design,
  time: ProbeTime,
  options: ProbeOptions,
): ProbedBoard {
  const prepared = prepare(job);
  addProbeDevices(prepared);
  refuseUnbuildable(design, prepared);
  return { prepared, records: runProbe(bootDesign(prepared, design, time), options) };
}
