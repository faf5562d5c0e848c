// SPDX-License-Identifier: GPL-2.0-only
/**
 * The translator against the interpreter, which is the reference: random blocks of all instructions,
 * each on two cores, one of which translates everything. And a kernel's boot, in both ways.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MiB } from '../../src/base/address.js';
import { Random } from '../../src/base/random.js';
import { EmulatedBoard } from '../../src/emulator/board/emulated-board.js';
import { startLinux } from '../../src/emulator/board/start-linux.js';
import { virtTree } from '../../src/emulator/board/virt.js';
import { MODES, sidesOf } from '../../tools/lockstep.js';
import { blockRecord } from '../../tools/qemu-user/blocks.js';
import { codeAddress } from '../../tools/qemu-user/qemu-user.js';
import { INTEGER_CLASSES, targetsOf, VECTOR_CLASSES } from '../../tools/qemu-user/targets.js';
import { sharedPath } from '../support/shared.js';

const SAMPLE = 6000;

test('translated blocks do what interpreted ones do', () => {
  const sides = sidesOf(MODES).map(({ core }) => core);
  const random = new Random(21);
  const targets = targetsOf([...INTEGER_CLASSES, ...VECTOR_CLASSES]);
  const records: Uint32Array[] = [];
  for (let i = 0; records.length < SAMPLE; i++) {
    const target = targets[i % targets.length]!;
    const others = targets.filter(({ thumb }) => thumb === target.thumb);
    const record = blockRecord(target, others, random, codeAddress(records.length), { shortVectors: false });
    if (record !== null) records.push(record);
  }
  const [interpreted, translated] = sides.map(core => {
    const mine = records.map(record => record.slice());
    core.runAll(mine);
    return mine;
  });
  assert.deepEqual(translated, interpreted);
});

const kernel = sharedPath('kernels/legacy/zImage');

/** What a boot has left after so many ticks. */
function boot(translateAfter: number): string {
  const tree = virtTree({ memoryBytes: 64 * MiB });
  const board = new EmulatedBoard('virt', tree);
  const { system } = board;
  startLinux(board, {
    kernel: { file: kernel!, bytes: readFileSync(kernel!) },
    commandLine: 'console=ttyAMA0',
  });
  const [cpu] = system.cpus;
  cpu!.translateAfter = translateAfter;
  system.run(200_000_000);
  const hash = createHash('sha256')
    .update(cpu!.r)
    .update(`${cpu!.cpsr(0)} ${cpu!.instructions}`);
  return hash.update(system.code.ram.bytes.subarray(system.code.ram.start)).digest('hex');
}

test('a kernel boots to the same state', {
  skip: kernel === undefined ? 'no recorded kernels' : false,
}, () => {
  assert.equal(boot(1000), boot(Number.POSITIVE_INFINITY));
});
