// SPDX-License-Identifier: GPL-2.0-only
/** What Arm DDI 0246 says, and what arch/arm/mm/cache-l2x0.c does with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PL310 } from '../../hw/cache/cache-fixture.js';
import { coreByName } from '../../hw/cores.js';
import { Machine } from '../../hw/machine.js';
import { type Barrier, Observer, type OuterOperation } from '../../hw/observer.js';
import { Pl310 } from './pl310.js';
import { Port } from './test-bench.js';

class Ear extends Observer {
  readonly heard: string[] = [];
  override outerMaintenance(operation: OuterOperation, paddr: number, size: number): void {
    this.heard.push(`${operation} ${paddr.toString(16)}+${size}`);
  }
  override outerMaintenanceAll(operation: OuterOperation): void {
    this.heard.push(`${operation} all`);
  }
  override barrier(_cpu: number, kind: Barrier): void {
    this.heard.push(kind);
  }
}

function bench() {
  const machine = new Machine(
    {
      core: coreByName('Cortex-A9'),
      coreCount: 1,
      outerCache: PL310,
      coherentFabric: false,
      physicalAddressBits: 32,
    },
    [{ start: 0x6000_0000, end: 0x6010_0000 }],
  );
  const ear = new Ear();
  machine.observer = ear;
  const device = new Pl310(machine);
  return { machine, device, port: new Port(device), heard: ear.heard };
}

test('identification and reset values', () => {
  const { port, machine } = bench();
  assert.equal(port.get(0x000), 0x410000c8);
  assert.equal(port.get(0x104), 0x02020000);
  assert.equal(port.get(0x004), 0x1c100100, 'DDI 0246, table 3-2: the type that goes with it');
  assert.equal(port.get(0x108), 0x777);
  assert.equal(machine.outerInUse, false);
  assert.equal(machine.lookupNonCacheable, true, 'bit 22 is clear');
});

test('the machine follows the control registers', () => {
  const { port, machine } = bench();
  port.set(0x104, 0x02420000);
  assert.equal(machine.lookupNonCacheable, false);
  port.set(0x100, 1);
  assert.equal(machine.outerInUse, true);
  port.set(0x104, 0x02020000);
  assert.equal(port.get(0x104), 0x02420000, 'not while it is on');
  port.set(0x100, 0);
  assert.equal(machine.outerInUse, false);
});

test('maintenance by address, by way, and sync', () => {
  const { port, heard } = bench();
  port.set(0x77c, 0xff);
  port.set(0x730, 0);
  assert.deepEqual(heard.splice(0), ['invalidate all', 'outer-sync']);
  port.set(0x770, 0x6000_0040);
  assert.deepEqual(heard, [], 'off: no line is there');
  port.set(0x100, 1);
  port.set(0x770, 0x6000_0045);
  port.set(0x7b0, 0x6000_0060);
  port.set(0x7f0, 0x8000_0080);
  port.set(0x7fc, 0xff);
  port.set(0x7bc, 0x01);
  assert.deepEqual(heard, [
    'invalidate 60000040+32',
    'clean 60000060+32',
    'clean-invalidate 80000080+32',
    'clean-invalidate all',
  ]);
  for (const offset of [0x730, 0x770, 0x77c, 0x7fc]) assert.equal(port.get(offset), 0, 'done');
});

test('what is not there reads as zero; lockdown, prefetch and power are kept', () => {
  const { port } = bench();
  for (const [offset, value, kept] of [
    [0x900, 0xffff_ffff, 0xffff],
    [0x93c, 0xff, 0xff],
    [0x940, 0xff, 0],
    [0xf60, 0x7000_0000, 0x7000_0000],
    [0xf80, 3, 3],
    [0x010, 1, 0],
  ] as const) {
    port.set(offset, value);
    assert.equal(port.get(offset), kept, offset.toString(16));
  }
});

test('prefetch is switched by either of two registers, with the cache on by one of them', () => {
  const { port } = bench();
  port.set(0x104, 0x3202_0000);
  assert.equal(port.get(0xf60), 0x3000_0000);
  port.set(0xf60, 0x1000_0007);
  assert.equal(port.get(0x104), 0x1202_0000);
  port.set(0x100, 1);
  port.set(0xf60, 0x2000_0007);
  assert.equal(port.get(0x104), 0x2202_0000);
  port.set(0x104, 0);
  assert.equal(port.get(0xf60), 0x2000_0007);
});

test('state goes out and comes back, and the machine with it', () => {
  const { port, device } = bench();
  port.set(0x104, 0x02420000);
  port.set(0x100, 1);
  const other = bench();
  other.device.restore(structuredClone(device.save()));
  assert.equal(other.machine.outerInUse, true);
  assert.equal(other.machine.lookupNonCacheable, false);
});
