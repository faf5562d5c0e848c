// SPDX-License-Identifier: GPL-2.0-only
/**
 * A real kernel reads the partition table of a virtio disk that does not snoop, and the sanitizer watches. With
 * VIRTIO_F_ACCESS_PLATFORM the kernel uses its DMA API and maintains the caches: nothing is found. Without it the kernel
 * takes the disk for part of the processor, maintains nothing, and the rules say what that would do on hardware.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MiB } from '../../src/base/address.js';
import { EmulatedBoard } from '../../src/emulator/board/emulated-board.js';
import { startLinux } from '../../src/emulator/board/start-linux.js';
import { virtTree } from '../../src/emulator/board/virt.js';
import { TextWatch } from '../../src/emulator/console/text-watch.js';
import { VirtioBlock } from '../../src/emulator/devices/virtio/block.js';
import { DiskImage, memorySource } from '../../src/emulator/devices/virtio/disk-image.js';
import { Sanitizer } from '../../src/sanitizer/sanitizer.js';
import { sharedPath, skipWithout } from '../support/shared.js';

/** Printed shortly before the disk is found, and shortly after its partition table was read. */
const BEFORE = 'NET: Registered PF_UNIX';
const AFTER = 'Registering SWP';
const SLICE = 250_000;
const PATIENCE = 5_000_000_000;

function rulesBroken(accessPlatform: boolean, cores = 1): string[] {
  const tree = virtTree({ memoryBytes: 128 * MiB, dmaCoherent: false, cores });
  const disk = new DiskImage(memorySource(new Uint8Array(64 * 1024)));
  const board = new EmulatedBoard('virt', tree, { virtio: [new VirtioBlock(disk)], accessPlatform });
  const { system } = board;
  const { machine, clock } = system;
  const before = new TextWatch(BEFORE);
  const after = new TextWatch(AFTER);
  board.console!.onOutput = byte => {
    before.put(byte);
    after.put(byte);
  };
  const file = sharedPath('kernels/legacy/zImage')!;
  const kernel = { file, bytes: readFileSync(file) };
  startLinux(board, { kernel, commandLine: 'console=ttyAMA0 loglevel=8' });
  while (!before.seen && clock.now < PATIENCE && system.run(SLICE) === 'ticks');
  // From here on: lines may be dirty from before.
  const sanitizer = new Sanitizer(machine, { clean: false });
  machine.observer = sanitizer;
  while (!after.seen && clock.now < PATIENCE && system.run(SLICE) === 'ticks');
  const { text } = after.text;
  assert.match(text, /virtio_blk virtio0: \[vda\] 128 512-byte logical blocks/);
  return [...new Set(sanitizer.findings.map(({ rule }) => rule))].sort();
}

const skip = skipWithout('kernels/legacy/zImage');

test('a kernel that uses the DMA API for a disk that does not snoop', { skip }, () => {
  assert.deepEqual(rulesBroken(true), []);
});

test('the same on two cores, whose processes have tables of their own', { skip }, () => {
  assert.deepEqual(rulesBroken(true, 2), []);
});

test('a kernel that takes the disk for coherent', { skip }, () => {
  const rules = rulesBroken(false);
  assert.ok(rules.includes('stale-read') && rules.includes('device-reads-old-data'), rules.join());
});
