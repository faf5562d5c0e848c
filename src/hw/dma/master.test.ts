// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../base/address.js';
import { counting, RAM_BASE, testBus } from './dma-fixture.js';

test('without windows a bus address is a physical address', () => {
  const { machine, master, heard } = testBus();
  assert.equal(master.translate(RAM_BASE + 0x10, 16), RAM_BASE + 0x10);
  assert.ok(master.write(RAM_BASE + 3, counting(6, 1)));
  assert.deepEqual(machine.ram.readBytes(RAM_BASE + 3, 6), counting(6, 1));
  assert.deepEqual(master.read(RAM_BASE + 3, 6), counting(6, 1));
  assert.deepEqual(heard, ['write 80000003:80000003+6', 'read 80000003:80000003+6']);
});

test('windows translate, the first that has the address counts, and a transfer is split where they end', () => {
  const { machine, master, heard } = testBus([
    { dmaStart: 0x1000, cpuStart: RAM_BASE + 0x8000, size: 0x1000 },
    { dmaStart: 0x1000, cpuStart: RAM_BASE, size: 0x2000 },
  ]);
  assert.equal(master.translate(0x1800, 4), RAM_BASE + 0x8800);
  assert.equal(master.translate(0x1ffe, 4), null, 'not in one run');
  assert.ok(master.write(0x1ffe, counting(4, 1)));
  assert.deepEqual(machine.ram.readBytes(RAM_BASE + 0x8ffe, 2), counting(2, 1));
  assert.deepEqual(machine.ram.readBytes(RAM_BASE + 0x1000, 2), counting(2, 3));
  assert.deepEqual(master.read(0x1ffe, 4), counting(4, 1));
  assert.ok(master.fill(0x1fff, 2, 9));
  assert.deepEqual(master.read(0x1ffe, 4), Uint8Array.of(1, 9, 9, 4));
  assert.deepEqual(heard.slice(0, 2), ['write 1ffe:80008ffe+2', 'write 2000:80001000+2']);
  assert.deepEqual(master.counters, { reads: 2, bytesRead: 8, writes: 2, bytesWritten: 6, faults: 0 });
});

test('what leads nowhere is told and moves nothing', () => {
  const { machine, master, heard } = testBus([{ dmaStart: 0, cpuStart: RAM_BASE + MiB - 16, size: 32 }]);
  assert.equal(master.translate(8, 16), null);
  assert.equal(master.write(8, counting(16, 1)), false, 'the window goes on behind the memory');
  assert.equal(master.read(0x40, 4), null, 'no window');
  assert.equal(master.fill(0, 64, 7), false, 'a part in no window');
  assert.equal(master.scan(0x1000, 8), false);
  assert.ok(machine.ram.isFilledWith(RAM_BASE + MiB - 16, 16, 0), 'nothing is written');
  assert.deepEqual(master.counters, { reads: 0, bytesRead: 0, writes: 0, bytesWritten: 0, faults: 4 });
  assert.deepEqual(heard, [
    'missed write 8+16',
    'missed read 40+4',
    'missed write 0+32',
    'missed read 1000+8',
  ]);
});

test('a transfer of no bytes is none', () => {
  const { master, heard } = testBus();
  assert.deepEqual(master.read(0x40, 0), new Uint8Array(0));
  assert.ok(master.write(0x40, new Uint8Array(0)));
  assert.deepEqual(heard, []);
  assert.equal(master.counters.reads + master.counters.writes, 0);
});
