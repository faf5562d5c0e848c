// SPDX-License-Identifier: GPL-2.0-only
/** Time and turns: the same run whatever the pieces in which it is made. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { MiB } from '../base/address.js';
import { Random } from '../base/random.js';
import { DmaMaster } from '../hw/dma/master.js';
import { bareSystem, DATA, place, RAM } from './cpu/core-fixture.js';
import { WAITING_FOR_INTERRUPT } from './cpu/cpu.js';
import type { System } from './system.js';

/**
 * Each core: LDREX r1, [r0]; ADD r1, r1, #1; STREX r2, r1, [r0]; CMP r2, #0; BNE back to the load; ADD r3, r3, #1;
 * B to the beginning.
 */
const COUNT = [0xe1901f9f, 0xe2811001, 0xe1802f91, 0xe3520000, 0x1afffffa, 0xe2833001, 0xeafffff8];
/** The interrupt handler: ADD r4, r4, #1; SUBS pc, lr, #4. */
const HANDLER = [0xe2844001, 0xe25ef004];
const PERIOD = 1000;

/** Cores that count together, and a timer that interrupts the first one for a moment. */
function counting(cores: number): System {
  const system = bareSystem({ cores });
  place(system, RAM + 0x1000, COUNT);
  place(system, RAM + 0x18, HANDLER);
  for (const cpu of system.cpus) {
    cpu.powerOn(RAM + 0x1000, DATA);
    cpu.cp15.vectorBase = RAM;
    cpu.masks = 0;
  }
  const [first] = system.cpus;
  const { clock } = system;
  const end = clock.timer(() => first!.irqLine.set(false));
  const tick = clock.timer(() => {
    first!.irqLine.set(true);
    clock.set(end, clock.now + 1);
    clock.set(tick, clock.now + PERIOD);
  });
  clock.set(tick, PERIOD);
  return system;
}

function digest(system: System): string {
  const hash = createHash('sha256');
  for (const cpu of system.cpus)
    hash.update(cpu.r.subarray(0, 16)).update(`${cpu.cpsr(cpu.it)} ${cpu.instructions}`);
  return hash.update(system.machine.ram.readBytes(DATA, 64)).update(String(system.clock.now)).digest('hex');
}

test('no increment is lost between cores', () => {
  const system = counting(4);
  system.run(200_000);
  const counted = system.cpus.reduce((sum, cpu) => sum + cpu.r[3]!, 0);
  const stored = system.machine.ram.read32(DATA);
  assert.ok(counted > 20_000);
  assert.ok(stored - counted >= 0 && stored - counted <= 4, `${stored} stored, ${counted} counted`);
});

for (const cores of [1, 2, 4]) {
  test(`${cores} cores: the same state whatever the slices`, () => {
    const whole = counting(cores);
    whole.run(30_000);
    assert.ok(whole.cpus[0]!.r[4]! > 20 / cores, 'interrupts came');
    const random = new Random(5);
    for (let i = 0; i < 3; i++) {
      const pieces = counting(cores);
      while (pieces.clock.now < 30_000) pieces.run(Math.min(1 + random.below(97), 30_000 - pieces.clock.now));
      assert.equal(digest(pieces), digest(whole));
    }
  });
}

test('several cores: the same run twice', () => {
  const one = counting(3);
  const two = counting(3);
  one.run(50_000);
  two.run(50_000);
  assert.equal(digest(one), digest(two));
});

test('what a device stores between LDREX and STREX is not lost', () => {
  const system = bareSystem();
  // LDREX r1, [r0]; NOP; STREX r2, r0, [r0]
  place(system, RAM, [0xe1901f9f, 0xe320f000, 0xe1802f90]);
  system.cpus[0]!.powerOn(RAM, DATA);
  const { clock, machine } = system;
  const device = new DmaMaster(machine, { name: 'device', driver: 'test', port: 'none', windows: [] });
  clock.set(
    clock.timer(() => device.write(DATA, Uint8Array.of(1, 2, 3, 4))),
    1,
  );
  system.run(3);
  assert.equal(system.cpus[0]!.r[2], 1);
  assert.equal(machine.ram.read32(DATA), 0x04030201);
});

test('time passes while everybody sleeps, and stops if nobody can wake', () => {
  const system = bareSystem();
  place(system, RAM, [0xe320f003, 0xe320f003]);
  const [cpu] = system.cpus;
  cpu!.powerOn(RAM, 0);
  const timer = system.clock.timer(() => cpu!.irqLine.set(true));
  system.clock.set(timer, 1_000_000);
  assert.equal(system.run(500_000), 'ticks');
  assert.equal(system.clock.now, 500_000);
  assert.equal(cpu!.state, WAITING_FOR_INTERRUPT);
  assert.equal(system.run(1_000_000), 'ticks');
  assert.equal(system.clock.now, 1_500_000);
  assert.ok(cpu!.instructions >= 2);
  const dead = bareSystem();
  place(dead, RAM, [0xe320f003]);
  dead.cpus[0]!.powerOn(RAM, 0);
  assert.equal(dead.run(MiB), 'asleep');
});
