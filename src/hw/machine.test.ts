// SPDX-License-Identifier: GPL-2.0-only
/**
 * The machine counts what it is asked for, tells its observer, and translates what was written.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../base/address.js';
import { PL310 } from './cache/cache-fixture.js';
import { coreByName } from './cores.js';
import type { MachineFacts } from './facts.js';
import { Machine } from './machine.js';
import { encodeSection } from './mmu/short-descriptor.js';
import { Translation } from './mmu/translation.js';
import { WALK_OK } from './mmu/walker.js';
import { Observer } from './observer.js';

const facts: MachineFacts = {
  core: coreByName('Cortex-A9'),
  coreCount: 2,
  outerCache: PL310,
  coherentFabric: false,
  physicalAddressBits: 32,
};

class Recorder extends Observer {
  readonly seen: string[] = [];

  override innerMaintenance(cpu: number, operation: string, vaddr: number, size: number): void {
    this.seen.push(`cpu${cpu} ${operation} ${vaddr.toString(16)}+${size}`);
  }

  override tableWrite(paddr: number): void {
    this.seen.push(`table ${paddr.toString(16)}`);
  }
}

test('maintenance is counted in lines and told to the observer', () => {
  const machine = new Machine(facts, [{ start: 0, end: MiB }]);
  machine.innerMaintain('clean', 0xc000001f, 2);
  const recorder = new Recorder();
  machine.observer = recorder;
  machine.cpu = 1;
  machine.innerMaintain('clean', 0xc0000020, 64);
  machine.innerMaintain('invalidate', 0xc0000000, 0);
  machine.outerMaintain('clean-invalidate', 0x100, 4096);
  machine.barrier('dsb');
  machine.tlbFlush('mva', 0xc0000fff, 2);
  machine.tlbFlush('all');
  const { inner, outer, barriers, tlb } = machine.counters;
  assert.deepEqual(inner.clean, { operations: 2, lines: 4 });
  assert.deepEqual(inner.invalidate, { operations: 1, lines: 0 });
  assert.deepEqual(outer['clean-invalidate'], { operations: 1, lines: 128 });
  assert.equal(barriers.dsb, 1);
  assert.deepEqual(tlb, { mva: 2, asid: 0, all: 1 });
  assert.deepEqual(recorder.seen, ['cpu1 clean c0000020+64', 'cpu1 invalidate c0000000+0']);
});

test('a table entry that was written translates', () => {
  const machine = new Machine(facts, [{ start: 0x60000000, end: 0x60000000 + MiB }]);
  const recorder = new Recorder();
  machine.observer = recorder;
  machine.registers.ttbr0 = 0x60004000;
  assert.ok(machine.writeTableEntry(0x60004000 + 4 * 0xc00, encodeSection(0x60000000, { c: 1, b: 1 })));
  const found = new Translation();
  assert.equal(machine.walker.walk(0xc0001000, found), WALK_OK);
  assert.equal(found.paddr, 0x60001000);
  assert.equal(found.memoryType.text, 'normal inner=WB outer=WB');
  assert.deepEqual(recorder.seen, ['table 60007000']);
  assert.equal(machine.writeTableEntry(0, 0), false);
});

test('outer maintenance without an outer cache is a bug of the caller', () => {
  const machine = new Machine({ ...facts, outerCache: null }, [{ start: 0, end: MiB }]);
  assert.throws(() => machine.outerMaintain('clean', 0, 32), /without an outer cache/);
});
