// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whatever a guest executes, the emulator goes on: random words as code, in both instruction sets, privileged, with
 * registers that often point into memory. Nothing may throw, and the same seed must give the same end, interpreted or
 * translated.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { MiB } from '../base/address.js';
import { Random } from '../base/random.js';
import { encodeSection } from '../hw/mmu/short-descriptor.js';
import { bareSystem, RAM } from './cpu/core-fixture.js';
import { POWERED_OFF, RUNNING } from './cpu/cpu.js';
import { a32, t16, t32 } from './isa/index.js';
import type { System } from './system.js';

const TABLE = RAM + 2 * MiB;
const TICKS = 20_000;
const PIECE = 500;

/** A word of a random row of the tables, or any word. */
function word(random: Random): number {
  if (random.chance(0.2)) return random.next();
  const decoder = random.pick([a32, a32, t16, t32]);
  const { pattern } = random.pick(decoder.rows);
  const bits = ((random.next() & ~pattern.mask) | pattern.value) >>> 0;
  if (pattern.bits === 16) return ((bits & 0xffff) | (random.next() << 16)) >>> 0;
  return decoder === t32 ? ((bits >>> 16) | (bits << 16)) >>> 0 : bits;
}

function chaotic(seed: number, translateAfter: number): System {
  const random = new Random(seed);
  const system = bareSystem({ cores: 2, core: random.pick(['Cortex-A7', 'Cortex-A9', 'Cortex-A15']) });
  const { ram } = system.machine;
  for (let at = RAM; at < RAM + MiB; at += 4) ram.write32(at, word(random));
  // All of the address space leads to RAM, so that code and data are everywhere.
  for (let i = 0; i < 4096; i++) {
    ram.write32(TABLE + 4 * i, encodeSection(RAM + (i & 3) * MiB, { tex: 1, c: 1, b: 1, ap: 3 }));
  }
  for (const cpu of system.cpus) {
    cpu.translateAfter = translateAfter;
    cpu.powerOn(RAM + (random.below(MiB) & ~3) + random.below(2), random.next());
    for (let i = 0; i < 15; i++) cpu.r[i] = RAM + random.below(MiB);
    cpu.cp15.cpacr = 0x00f00000;
    cpu.cp15.sctlr = random.below(2);
    cpu.cp15.ttbr0 = TABLE;
    cpu.mem.translator.registers.ttbr0 = TABLE;
    cpu.mem.translator.registers.dacr = 3;
    cpu.mem.translator.enabled = (cpu.cp15.sctlr & 1) === 1;
    cpu.mem.domainsChanged();
    cpu.fp.fpexc = 0x40000000;
  }
  return system;
}

/** Runs, and starts again at some place whatever has stopped. */
function run(seed: number, translateAfter = Number.POSITIVE_INFINITY): string {
  const system = chaotic(seed, translateAfter);
  const random = new Random(seed + 1000);
  for (let done = 0; done < TICKS; done += PIECE) {
    system.run(PIECE);
    for (const cpu of system.cpus) {
      if (cpu.state !== RUNNING && cpu.state !== POWERED_OFF) cpu.state = RUNNING;
      cpu.r[15] = RAM + (random.below(MiB) & ~3);
      cpu.it = 0;
    }
  }
  const hash = createHash('sha256');
  for (const cpu of system.cpus)
    hash.update(cpu.r.subarray(0, 16)).update(`${cpu.cpsr(0)} ${cpu.instructions}`);
  return hash.update(system.code.ram.bytes.subarray(system.code.ram.start)).digest('hex');
}

test('random code never ends in an exception of ours, and always in the same state', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const first = run(seed);
    if (seed <= 3) assert.equal(run(seed), first, `seed ${seed}`);
    assert.equal(run(seed, seed % 3), first, `translated, seed ${seed}`);
  }
});
