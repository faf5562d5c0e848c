// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random code in both instruction sets at once, on two cores, against the interpreter: two pages of code and two of data
 * that repeat through the whole address space, so that code comes back to itself by any branch, calls and returns
 * between the instruction sets, faults, changes modes, and now and then writes over itself.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/random.js';
import { encodeSmallPage, encodeTable } from '../../hw/mmu/short-descriptor.js';
import { bareSystem, DATA, RAM } from '../cpu/core-fixture.js';
import { applyAccess, applyControl } from '../cpu/cp15-registers.js';
import { RUNNING } from '../cpu/cpu.js';
import { a32, t16, t32 } from '../isa/index.js';
import type { System } from '../system.js';

const TABLE = RAM + 0x4000;
const SECOND = RAM + 0x8000;
/** Pages of code, then of data, which repeat in every megabyte. */
const CODE_PAGES = 2;
const DATA_PAGES = 2;
const PAGES = CODE_PAGES + DATA_PAGES;
const HANDLERS = RAM + 0x9000;

/** A word of a random row of the tables, or any word. */
function word(random: Random): number {
  if (random.chance(0.02)) return random.next();
  // Short branches, most of them backwards; BX and BLX; the same and IT in T32.
  if (random.chance(0.08)) {
    const cond = random.chance(0.5) ? 0xe : random.below(14);
    return (cond * 2 ** 28 + 0x0a000000 + ((random.below(64) - 40) & 0xffffff)) >>> 0;
  }
  if (random.chance(0.05)) return 0xe12fff10 + (random.below(2) << 5) + random.below(15);
  if (random.chance(0.1)) {
    const half = (): number =>
      random.pick([
        0xd000 | (random.below(14) << 8) | ((random.below(64) - 40) & 0xff),
        0x4700 | (random.below(2) << 7) | (random.below(15) << 3),
        0xb100 | (random.below(2) << 11) | random.below(256),
        0xbf00 | (random.below(14) << 4) | random.below(16),
        0xe000 | ((random.below(64) - 40) & 0x7ff),
      ]);
    return (half() | (half() << 16)) >>> 0;
  }
  const decoder = random.pick([a32, a32, t16, t16, t32]);
  const { pattern } = random.pick(decoder.rows);
  let bits = ((random.next() & ~pattern.mask) | pattern.value) >>> 0;
  if (pattern.bits === 16) return ((bits & 0xffff) | (random.next() << 16)) >>> 0;
  if (decoder === t32) return ((bits >>> 16) | (bits << 16)) >>> 0;
  if (random.chance(0.6) && pattern.mask >>> 28 === 0) bits = (bits & 0x0fffffff) + 0xe0000000;
  return bits;
}

function chaotic(seed: number, translateAfter: number): System {
  const random = new Random(seed);
  const system = bareSystem({ cores: 2, core: random.pick(['Cortex-A7', 'Cortex-A9', 'Cortex-A15']) });
  const { ram } = system.machine;
  for (let at = 0; at < CODE_PAGES * 4096; at += 4) ram.write32(DATA + at, word(random));
  for (let at = CODE_PAGES * 4096; at < PAGES * 4096; at += 4) ram.write32(DATA + at, random.next());
  for (let i = 0; i < 256; i++) {
    const page = i % PAGES;
    // Some of the mappings of code may be written.
    const readOnly = page < CODE_PAGES && i >= PAGES && random.chance(0.95);
    const entry = encodeSmallPage(DATA + page * 4096, { tex: 1, c: 1, b: 1, ap: readOnly ? 7 : 3 });
    ram.write32(SECOND + 4 * i, random.chance(0.05) ? 0 : entry);
    ram.write32(SECOND + 1024 + 4 * i, encodeSmallPage(HANDLERS, { tex: 1, c: 1, b: 1, ap: 3 }));
  }
  for (let i = 0; i < 4096; i++)
    ram.write32(TABLE + 4 * i, encodeTable(i === 4095 ? SECOND + 1024 : SECOND, 0));
  // Behind the instruction, whatever it was; T32 code goes on somewhere near.
  ram.write32(HANDLERS + 0x04, 0xe1b0f00e);
  ram.write32(HANDLERS + 0x08, 0xe1b0f00e);
  ram.write32(HANDLERS + 0x0c, 0xe25ef000);
  ram.write32(HANDLERS + 0x10, 0xe25ef004);
  ram.write32(HANDLERS + 0x18, 0xe25ef004);
  ram.write32(HANDLERS + 0x1c, 0xe25ef004);
  for (const cpu of system.cpus) {
    cpu.translateAfter = translateAfter;
    cpu.powerOn(0, 0);
    cpu.cp15.cpacr = 0x00f00000;
    cpu.cp15.sctlr = 1 | (1 << 13);
    cpu.cp15.ttbr0 = TABLE;
    cpu.mem.translator.registers.ttbr0 = TABLE;
    cpu.mem.translator.registers.dacr = 1;
    applyControl(cpu);
    applyAccess(cpu);
    cpu.mem.domainsChanged();
    cpu.fp.fpexc = 0x40000000;
  }
  return system;
}

/** Both cores run on somewhere else, with the registers of translation as they were, so that nothing goes on for ever. */
function scatter(system: System, random: Random): void {
  for (const cpu of system.cpus) {
    cpu.state = RUNNING;
    cpu.cp15.sctlr = 1 | (1 << 13);
    cpu.cp15.cpacr = 0x00f00000;
    cpu.mem.translator.registers.ttbr0 = TABLE;
    cpu.mem.translator.registers.ttbcr = 0;
    cpu.mem.translator.registers.format = 'short';
    cpu.mem.translator.registers.dacr = 1;
    cpu.mem.translator.tlb.flushAll();
    applyControl(cpu);
    applyAccess(cpu);
    cpu.mem.domainsChanged();
    cpu.mem.forget();
    for (let i = 0; i < 15; i++) {
      if (random.chance(0.8)) cpu.r[i] = random.next() & ~(random.chance(0.8) ? 0x83 : 0x80);
      // Most registers lead to data.
      if (random.chance(0.5)) cpu.r[i] = (cpu.r[i]! & ~0x3000) | 0x2800;
    }
    cpu.r[15] = (random.next() & ~0x2003) | 0;
    cpu.thumb = random.below(2);
    cpu.it = 0;
  }
}

function states(system: System): string {
  return system.cpus
    .map(
      cpu =>
        `${[...cpu.r.subarray(0, 16)]} ${cpu.cpsr(cpu.it)} ${cpu.instructions} ${cpu.spsr} ${cpu.cp15.dfsr} ${cpu.cp15.dfar} ${cpu.cp15.ifar} ${cpu.exclusive} ${cpu.state}`,
    )
    .join('\n');
}

function memory(system: System): string {
  let sum = 0;
  for (let at = 0; at < PAGES * 4096; at += 4)
    sum = (Math.imul(sum, 31) + system.machine.ram.read32(DATA + at)) | 0;
  return String(sum);
}

test('both instruction sets together do what the interpreter does', () => {
  let made = 0;
  for (let seed = 1; seed <= 8; seed++) {
    const reference = chaotic(seed, Number.POSITIVE_INFINITY);
    const translated = chaotic(seed, seed % 4);
    const randoms = [new Random(seed + 5000), new Random(seed + 5000)];
    const slices = new Random(seed + 9000);
    for (let slice = 0; slice < 40; slice++) {
      scatter(reference, randoms[0]!);
      scatter(translated, randoms[1]!);
      const ticks = 1 + slices.below(slices.chance(0.3) ? 40 : 3000);
      reference.run(ticks);
      translated.run(ticks);
      const there = `seed ${seed}, slice ${slice}`;
      assert.equal(states(translated), states(reference), there);
      assert.equal(memory(translated), memory(reference), there);
    }
    made += translated.code.translations.made;
  }
  assert.ok(made > 1000, `${made} regions`);
});
