// SPDX-License-Identifier: GPL-2.0-only
/**
 * Cycles and instructions are counted exactly, whatever the slices; an overflow interrupts when it happens; user code may look if
 * it was allowed to.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { System } from '../system.js';
import { coreWith, place, RAM } from './core-fixture.js';
import { MODE_USER } from './modes.js';

const NOP = 0xe320f000;

/** MCR or MRC p15, 0, rt, c9, c`crm`, opc2. */
const write = (rt: number, crm: number, opc2: number): number => 0xee090f10 | (rt << 12) | crm | (opc2 << 5);
const read = (rt: number, crm: number, opc2: number): number => (write(rt, crm, opc2) | (1 << 20)) >>> 0;
const PMCR = [12, 0] as const;
const PMCNTENSET = [12, 1] as const;
const PMCCNTR = [13, 0] as const;
const PMSELR = [12, 5] as const;
const PMXEVTYPER = [13, 1] as const;
const PMXEVCNTR = [13, 2] as const;

test('counters stand still until they are enabled, then count cycles and instructions', () => {
  const code = [
    read(4, ...PMCCNTR),
    write(0, ...PMSELR),
    write(1, ...PMXEVTYPER),
    write(2, ...PMCNTENSET),
    write(3, ...PMCR),
    NOP,
    NOP,
    read(5, ...PMCCNTR),
    read(6, ...PMXEVCNTR),
    NOP,
    read(7, ...PMXEVCNTR),
  ];
  const { cpu, system } = coreWith(code);
  cpu.r.set([1, 0x08, (1 << 31) | 2, 7]);
  system.run(code.length);
  assert.deepEqual([...cpu.r.subarray(4, 8)], [0, 3, 4, 6]);
  assert.equal(cpu.cp15.pmu.pmcr >>> 11, 0x410f3001 >>> 11);
});

/** A loop in which counter 0 counts instructions, or the cycle counter cycles; its overflow counts in r8. */
function overflowing(event: number, period: number): System {
  const loop = [0xe2899001, 0xeafffffd];
  // ADD r8, r8, #1; PMOVSR and the counter again; SUBS pc, lr, #4.
  const handler = [0xe2888001, write(4, 12, 3), write(5, 13, event === 0 ? 0 : 2), 0xe25ef004];
  const { cpu, system } = coreWith(loop);
  place(system, RAM + 0x118, handler);
  cpu.cp15.vbar = RAM + 0x100;
  cpu.cp15.vectorBase = RAM + 0x100;
  const { pmu } = cpu.cp15;
  pmu.line = cpu.irqLine;
  pmu.pmselr = 0;
  pmu.pmxevtyper = event;
  const bit = event === 0 ? 1 << 31 : 1;
  cpu.r[4] = bit;
  cpu.r[5] = -period;
  if (event === 0) pmu.pmccntr = -period;
  else pmu.pmxevcntr = -period;
  pmu.enable(bit, true);
  pmu.enableInterrupts(bit, true);
  pmu.pmcr = 1;
  cpu.masks = 0;
  return system;
}

for (const [name, event] of [
  ['cycles', 0],
  ['cycles by an event counter', 0x11],
  ['instructions', 0x08],
] as const) {
  test(`an overflow of ${name} interrupts, the same whatever the slices`, () => {
    const whole = overflowing(event, 1000);
    whole.run(50_000);
    const pieces = overflowing(event, 1000);
    for (let i = 1; pieces.clock.now < 50_000; i++) {
      pieces.run(Math.min((i * 37) % 91, 50_000 - pieces.clock.now));
    }
    const [cpu] = whole.cpus;
    // Three instructions pass between an overflow and the new value.
    assert.equal(cpu!.r[8], Math.floor(50_000 / 1003));
    assert.deepEqual(pieces.cpus[0]!.r, cpu!.r);
  });
}

test('what is saved goes on', () => {
  const system = overflowing(0x08, 1000);
  system.run(2500);
  const state = system.save();
  system.run(5000);
  const { r } = system.cpus[0]!;
  const expected = r.slice();
  system.restore(state);
  system.run(5000);
  assert.deepEqual(system.cpus[0]!.r, expected);
});

test('events that are not counted read as 0, counters that do not exist ignore writes', () => {
  const { cpu, system } = coreWith([NOP, NOP, NOP, 0xeafffffe]);
  const { pmu } = cpu.cp15;
  pmu.enable(-1, true);
  assert.equal(pmu.pmcnten >>> 0, 0x8000003f);
  pmu.pmselr = 2;
  pmu.pmxevtyper = 0x10;
  pmu.pmcr = 1;
  system.run(100);
  assert.equal(pmu.pmxevcntr, 0);
  pmu.pmselr = 6;
  pmu.pmxevcntr = 5;
  assert.equal(pmu.pmxevcntr, 0);
  pmu.pmselr = 0;
  pmu.softwareIncrement(1);
  assert.equal(pmu.pmxevcntr, 1);
});

test('user code reads counters if PMUSERENR says so, and never the interrupt enables', () => {
  const vectors: number[] = [];
  for (const [enabled, word] of [
    [0, read(0, ...PMCCNTR)],
    [1, read(0, ...PMCCNTR)],
    [1, read(0, 14, 1)],
    [0, read(0, 14, 0)],
  ] as const) {
    const { cpu, system } = coreWith([word, NOP]);
    cpu.cp15.pmu.userEnable = enabled;
    cpu.switchMode(MODE_USER);
    let vector = 0;
    cpu.trace = { taken: (_cpu, at) => (vector = at) };
    system.run(1);
    vectors.push(vector);
  }
  assert.deepEqual(vectors, [4, 0, 4, 0]);
});
