// SPDX-License-Identifier: GPL-2.0-only
/**
 * A machine that is saved in the middle of a boot and restored into a new one goes on as the first one does: the same
 * console, the same registers, the same memory, at the same instruction.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MiB } from '../../src/base/address.js';
import { EmulatedBoard } from '../../src/emulator/board/emulated-board.js';
import { startLinux } from '../../src/emulator/board/start-linux.js';
import { virtTree } from '../../src/emulator/board/virt.js';
import { sharedPath } from '../support/shared.js';

const kernel = sharedPath('kernels/legacy/zImage');
const TREE = { memoryBytes: 128 * MiB, cores: 2 };
/** In the middle of the kernel's start, with both cores running and their timers. */
const SAVED_AT = 170_000_000;
const LATER = 70_000_000;

function booted(printed: number[]): EmulatedBoard {
  const tree = virtTree(TREE);
  const board = new EmulatedBoard('virt', tree);
  startLinux(board, {
    kernel: { file: kernel!, bytes: readFileSync(kernel!) },
    commandLine: 'console=ttyAMA0 earlycon',
  });
  board.console!.onOutput = byte => printed.push(byte);
  return board;
}

function digest({ system }: EmulatedBoard): string {
  const hash = createHash('sha256').update(`${system.clock.now}`);
  for (const cpu of system.cpus)
    hash.update(cpu.r.subarray(0, 16)).update(`${cpu.cpsr(cpu.it)} ${cpu.instructions} ${cpu.state}`);
  return hash.update(system.code.ram.bytes.subarray(system.code.ram.start)).digest('hex');
}

test('a saved machine goes on elsewhere', {
  skip: kernel === undefined ? 'no recorded kernels' : false,
}, () => {
  const printed: number[] = [];
  const board = booted(printed);
  board.system.run(SAVED_AT);
  assert.match(Buffer.from(printed).toString(), /Brought up 1 node, 2 CPUs/);
  const state = board.save();
  printed.length = 0;
  board.system.run(LATER);

  const again: number[] = [];
  const other = new EmulatedBoard('virt', virtTree(TREE));
  other.console!.onOutput = byte => again.push(byte);
  other.restore(state);
  other.system.run(LATER);
  assert.ok(printed.length > 200, 'something was printed meanwhile');
  assert.equal(Buffer.from(again).toString(), Buffer.from(printed).toString());
  assert.equal(digest(other), digest(board));
});
