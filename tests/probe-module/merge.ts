// SPDX-License-Identifier: GPL-2.0-only
/** Merges the probe's overlay into a board's tree as its owner would: with dtc's `fdtoverlay`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeDtb } from '../../src/devicetree/load.js';
import type { DeviceTree } from '../../src/devicetree/tree.js';
import { probeOverlay } from '../../src/workloads/probe/overlay.js';

/** The probe's devices, in the order of the tree. */
export const PROBE_DEVICES: readonly string[] = [
  'plain',
  'coherent',
  'restricted',
  'restricted-coherent',
  'cmadev',
  'cmadev-coherent',
  'nomap',
  'limit',
  'offset',
  'mask24',
  'mask24force',
  'mask24bus',
];

/** Why a test that merges trees is skipped; false where it can run. */
export const skipWithoutFdtoverlay: string | false = spawnSync('fdtoverlay', ['--help']).error
  ? 'needs fdtoverlay (Debian: device-tree-compiler)'
  : false;

/** The .dtb of `tree` with the probe in it. */
export function mergedDtb(tree: DeviceTree): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'armory-probe-'));
  try {
    const [board, overlay, merged] = ['board.dtb', 'probe.dtbo', 'merged.dtb'].map(name =>
      join(folder, name),
    ) as [string, string, string];
    writeFileSync(board, writeDtb(tree));
    writeFileSync(overlay, writeDtb(probeOverlay({ tree }).tree));
    const run = spawnSync('fdtoverlay', ['-i', board, '-o', merged, overlay], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    return readFileSync(merged);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
