// SPDX-License-Identifier: GPL-2.0-only
/**
 * The translator against the interpreter, which is the reference: random blocks of every class of integer instructions,
 * each on two cores, one of which translates everything at once. And a kernel's boot, in both ways.
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
import { INTEGER_CLASSES, integerRecord, integerTargets } from '../../tools/qemu-user/integer-blocks.js';
import { UserCore } from '../../tools/qemu-user/user-core.js';
import { sharedPath } from '../support/shared.js';

const SAMPLE = 3000;

test('translated blocks do what interpreted ones do', () => {
  const interpreter = new UserCore();
  const translator = new UserCore();
  interpreter.cpu.translateAfter = Number.POSITIVE_INFINITY;
  translator.cpu.translateAfter = 0;
  for (const kind of INTEGER_CLASSES) {
    const random = new Random(21);
    const targets = integerTargets(kind);
    for (let i = 0; i < SAMPLE; i++) {
      const record = integerRecord(targets[i % targets.length]!, targets, random);
      if (record === null) continue;
      const interpreted = record.slice();
      const translated = record.slice();
      interpreter.run(interpreted);
      translator.run(translated);
      assert.deepEqual(translated, interpreted, `${kind} ${[...record.slice(0, 2)].map(String)}`);
    }
  }
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
