// SPDX-License-Identifier: GPL-2.0-only
/**
 * The translator against the interpreter, which is the reference: random blocks of all instructions,
 * each on two cores, one of which translates everything. And whole boots.
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
import { initramfs } from '../probe-module/cpio.js';
import { debianKernel } from '../probe-module/debian-kernel.js';
import { sharedPath } from '../support/shared.js';

const SAMPLE = 6000;
/** Two thirds of a boot to the root search. */
const TICKS = 300_000_000;

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

/** What a boot has left after so many ticks, or when it has ended. */
function boot(cores: number, translateAfter: number, image: string, initrd?: Uint8Array): string {
  const tree = virtTree({ memoryBytes: 128 * MiB, cores });
  const board = new EmulatedBoard('virt', tree);
  const { system } = board;
  startLinux(board, {
    kernel: { file: image, bytes: readFileSync(image) },
    commandLine: 'console=ttyAMA0 quiet',
    ...(initrd !== undefined && { initrd: { file: 'initramfs', bytes: initrd } }),
  });
  for (const cpu of system.cpus) cpu.translateAfter = translateAfter;
  while (
    board.ended === null &&
    system.clock.now < (initrd === undefined ? TICKS : Number.POSITIVE_INFINITY)
  ) {
    system.run(TICKS / 10);
  }
  const hash = createHash('sha256');
  for (const cpu of system.cpus)
    hash.update(cpu.r.subarray(0, 16)).update(`${cpu.cpsr(0)} ${cpu.instructions}`);
  return hash.update(system.code.ram.bytes.subarray(system.code.ram.start)).digest('hex');
}

for (const cores of [1, 2]) {
  test(`a kernel boots to the same state on ${cores}`, {
    skip: kernel === undefined ? 'no recorded kernels' : false,
  }, () => {
    assert.equal(boot(cores, 300, kernel!), boot(cores, Number.POSITIVE_INFINITY, kernel!));
  });
}

/** Processes that come and go on both cores. */
const INIT = `#!/busybox sh
/busybox sha256sum /busybox &
i=0; while [ $i -lt 40 ]; do /busybox awk 'BEGIN { print 1 / 3 }'; i=$((i+1)); done
wait
/busybox poweroff -f
`;

test('user space runs to the same end however early it is translated', {
  skip: debianKernel === undefined ? 'needs tools/debian-kernel.sh build/debian-trees' : false,
}, () => {
  const { image, busybox } = debianKernel!;
  const initrd = initramfs([
    { path: 'init', content: INIT },
    { path: 'busybox', content: readFileSync(busybox) },
  ]);
  assert.equal(boot(2, 300, image, initrd), boot(2, 5000, image, initrd));
});
