// SPDX-License-Identifier: GPL-2.0-only
/** Linux's perf driver finds the performance monitors of a core, and as many counters as it has. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MiB } from '../../src/base/address.js';
import { encodeCells, encodeStrings } from '../../src/devicetree/bytes.js';
import { EmulatedBoard } from '../../src/emulator/board/emulated-board.js';
import { startLinux } from '../../src/emulator/board/start-linux.js';
import { virtTree } from '../../src/emulator/board/virt.js';
import { TextWatch } from '../../src/emulator/console/text-watch.js';
import { debianKernel } from '../probe-module/debian-kernel.js';

const skip = debianKernel === undefined ? 'needs tools/debian-kernel.sh build/debian-trees' : false;
const SLICE = 5_000_000;
const PATIENCE = 4_000_000_000;

test('a PMU node in the tree is found', { skip }, () => {
  const tree = virtTree({ memoryBytes: 256 * MiB, core: 'Cortex-A7' });
  const node = tree.root.addChild('pmu');
  node.setProperty('compatible', encodeStrings('arm,cortex-a7-pmu'));
  // Private interrupt 7, active high.
  node.setProperty('interrupts', encodeCells(1, 7, 0x104));
  const board = new EmulatedBoard('virt', tree);
  const file = debianKernel!.image;
  startLinux(board, {
    kernel: { file, bytes: readFileSync(file) },
    commandLine: 'console=ttyAMA0 earlycon loglevel=8',
  });
  const found = new TextWatch('armv7_cortex_a7 PMU driver, 5 counters available');
  board.console!.onOutput = byte => found.put(byte);
  const { system } = board;
  while (!found.seen && system.clock.now < PATIENCE && system.run(SLICE) === 'ticks');
  assert.ok(found.seen);
  // What it does at its start: everything off and reset.
  const { pmu } = system.cpus[0]!.cp15;
  assert.deepEqual([pmu.pmcnten, pmu.pminten, pmu.pmccntr], [0, 0, 0]);
});
