// SPDX-License-Identifier: GPL-2.0-only
/** Modes and banks, interrupts, waiting, exclusive accesses: ARM DDI 0406C, B1. Faults: tests/emulator/system-lockstep. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBanked, writeBanked } from './banked.js';
import { coreWith, DATA, execute, place, RAM } from './core-fixture.js';
import { RUNNING, WAITING_FOR_EVENT, WAITING_FOR_INTERRUPT } from './cpu.js';
import { MODE_FIQ, MODE_IRQ, MODE_SVC, MODE_SYSTEM, MODE_UNDEFINED, MODE_USER } from './modes.js';

const NOP = 0xe320f000;

test('each mode has its r13, r14 and SPSR; FIQ mode has r8 to r12 too', () => {
  const { cpu } = coreWith([NOP]);
  const modes = [MODE_USER, MODE_FIQ, MODE_IRQ, MODE_SVC, MODE_UNDEFINED];
  for (const mode of modes) {
    cpu.switchMode(mode);
    cpu.r[13] = mode * 16 + 13;
    cpu.r[14] = mode * 16 + 14;
    if (mode !== MODE_USER) cpu.spsr = mode;
    cpu.r[8] = mode === MODE_FIQ ? 88 : 8;
  }
  for (const mode of modes) {
    cpu.switchMode(mode);
    assert.equal(cpu.r[13], mode * 16 + 13);
    assert.equal(cpu.r[14], mode * 16 + 14);
    if (mode !== MODE_USER) assert.equal(cpu.spsr, mode);
    assert.equal(cpu.r[8], mode === MODE_FIQ ? 88 : 8);
  }
  cpu.switchMode(MODE_SYSTEM);
  assert.equal(cpu.r[13], MODE_USER * 16 + 13, 'System mode has the registers of User mode');
  assert.equal(readBanked(cpu, 13, MODE_IRQ), MODE_IRQ * 16 + 13);
  assert.equal(readBanked(cpu, 8, MODE_FIQ), 88);
  writeBanked(cpu, 9, MODE_FIQ, 99);
  cpu.switchMode(MODE_FIQ);
  assert.equal(cpu.r[9], 99);
  assert.equal(readBanked(cpu, 8, MODE_USER), 8);
});

test('an interrupt is taken between instructions, with LR four behind the next one', () => {
  const { cpu } = coreWith([NOP, NOP, NOP]);
  cpu.cp15.vectorBase = DATA;
  cpu.masks = 0;
  cpu.nf = -1;
  cpu.run(2);
  cpu.irqLine.set(true);
  cpu.run(1);
  assert.equal(cpu.mode, MODE_IRQ);
  assert.equal(cpu.r[14]! >>> 0, RAM + 8 + 4);
  assert.equal(cpu.spsr >>> 0, 0x80000013);
  assert.equal(cpu.masks, 0x180, 'A and I are set, F is not');
});

test('a masked interrupt waits; FIQ comes before IRQ', () => {
  const { cpu } = coreWith([NOP, NOP, NOP]);
  cpu.cp15.vectorBase = DATA;
  cpu.irqLine.set(true);
  cpu.fiqLine.set(true);
  cpu.run(1);
  assert.equal(cpu.mode, MODE_SVC);
  cpu.masks = 0;
  cpu.attention = 1;
  cpu.run(1);
  assert.equal(cpu.mode, MODE_FIQ);
  assert.equal(cpu.masks, 0x1c0);
});

test('an interrupt inside an IT block keeps ITSTATE, and the return goes on with it', () => {
  // CMP r0, r0; ITTE EQ; MOVEQ r1, #1; MOVEQ r2, #2; MOVNE r3, #3; MOVS r4, #4
  const { cpu, system } = coreWith([0x4280, 0xbf06, 0x2101, 0x2202, 0x2303, 0x2404], { thumb: true });
  // SUBS pc, lr, #4 at the vector.
  cpu.cp15.vectorBase = DATA;
  place(system, DATA + 0x18, [0xe25ef004]);
  cpu.masks = 0;
  cpu.run(3);
  cpu.irqLine.set(true);
  cpu.run(1);
  assert.equal(cpu.mode, MODE_SVC, 'came back');
  cpu.irqLine.set(false);
  cpu.run(3);
  assert.deepEqual(
    [1, 2, 3, 4].map(r => cpu.r[r]),
    [1, 2, 0, 4],
  );
});

test('WFI sleeps until an interrupt, masked or not', () => {
  const { cpu } = coreWith([0xe320f003, NOP, NOP]);
  assert.equal(cpu.run(10), 1);
  assert.equal(cpu.state, WAITING_FOR_INTERRUPT);
  assert.equal(cpu.run(10), 0);
  cpu.irqLine.set(true);
  assert.equal(cpu.state, RUNNING);
  cpu.run(1);
  assert.equal(cpu.mode, MODE_SVC, 'it is masked');
  assert.equal(cpu.r[15]! >>> 0, RAM + 8);
});

test('WFE takes an event that came before, and wakes at SEV of another core', () => {
  const { system } = coreWith([0xe320f002, 0xe320f002, NOP], { cores: 2 });
  const [first, second] = system.cpus;
  place(system, DATA, [0xe320f004, NOP]);
  first!.event = 1;
  first!.run(1);
  assert.equal(first!.state, RUNNING);
  first!.run(1);
  assert.equal(first!.state, WAITING_FOR_EVENT);
  second!.powerOn(DATA, 0);
  second!.run(1);
  assert.equal(first!.state, RUNNING);
});

test('WFE behind an exception return does not wait', () => {
  // RFE r0; WFE; WFE
  const { cpu, system } = coreWith([0xf8900a00]);
  place(system, DATA, [0xe320f002, 0xe320f002]);
  cpu.r[0] = DATA + 0x100;
  system.machine.ram.write32(DATA + 0x100, DATA);
  system.machine.ram.write32(DATA + 0x104, MODE_SVC);
  cpu.run(2);
  assert.equal(cpu.state, RUNNING);
  assert.equal(cpu.r[15], DATA + 4);
  cpu.run(1);
  assert.equal(cpu.state, WAITING_FOR_EVENT);
});

test('an exclusive store succeeds once, and not behind an exception or CLREX', () => {
  // LDREX r2, [r1]; STREX r0, r3, [r1]; STREX r4, r3, [r1]
  const once = execute([0xe1912f9f, 0xe1810f93, 0xe1814f93], { 1: DATA, 3: 77 });
  assert.deepEqual([once.r[0], once.r[4]], [0, 1]);
  const cleared = execute([0xe1912f9f, 0xf57ff01f, 0xe1810f93], { 1: DATA, 3: 77 });
  assert.equal(cleared.r[0], 1);
  // Of another size, or elsewhere.
  assert.equal(execute([0xe1912f9f, 0xe1c10f93], { 1: DATA, 3: 1 }).r[0], 1);
  const { cpu } = coreWith([0xe1912f9f, NOP]);
  cpu.r[1] = DATA;
  cpu.run(1);
  cpu.masks = 0;
  cpu.irqLine.set(true);
  cpu.run(1);
  assert.equal(cpu.exclusive, -1);
});

test('a store to the code behind it counts at once', () => {
  // STR r0, [pc]: overwrites the instruction two behind. r0 is MOV r2, #5.
  const cpu = execute([0xe58f0000, NOP, 0xe3a02001, NOP], { 0: 0xe3a02005 | 0 });
  assert.equal(cpu.r[2], 5);
});

test('a T32 instruction that crosses a page is one', () => {
  const { cpu, system } = coreWith([]);
  // MOVW r0, #0x1234 at the end of a page.
  place(system, RAM + 0xffe, [0xf241, 0x2034], true);
  cpu.powerOn(RAM + 0xfff, 0);
  cpu.run(1);
  assert.equal(cpu.r[0], 0x1234);
  assert.equal(cpu.r[15]! >>> 0, RAM + 0x1002);
  system.machine.ram.write16(RAM + 0x1000, 0x2035);
  cpu.powerOn(RAM + 0xfff, 0);
  cpu.run(1);
  assert.equal(cpu.r[0], 0x1235, 'it is not kept');
});

test('SVC, UDF and BKPT come with their return addresses', () => {
  for (const [word, vector, offset] of [
    [0xef000000, 0x08, 4],
    [0xe7f000f0, 0x04, 4],
    [0xe1200070, 0x0c, 4],
  ] as const) {
    const { cpu } = coreWith([word]);
    cpu.cp15.vectorBase = DATA;
    cpu.run(1);
    assert.equal(cpu.r[15]! >>> 0, DATA + vector);
    assert.equal(cpu.r[14]! >>> 0, RAM + offset);
  }
});

test('reset clears control registers, but not what pins say', () => {
  const { cpu } = coreWith([NOP], { core: 'Cortex-A9' });
  cpu.cp15.stored.set('CBAR', 0x1e000000);
  cpu.cp15.stored.set('ACTLR', 0x40);
  cpu.cp15.cpacr = 0x00f00000;
  cpu.powerOn(RAM, 0);
  assert.equal(cpu.cp15.stored.get('CBAR'), 0x1e000000);
  assert.equal(cpu.cp15.stored.get('ACTLR'), undefined);
  assert.equal(cpu.cp15.cpacr, 0);
});
