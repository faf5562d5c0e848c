// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whole pages of random code with loops, against the interpreter: translated regions end in the same state after the same
 * number of instructions, in whatever slices they are run. And what becomes of regions whose page is written.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../base/address.js';
import { Random } from '../../base/random.js';
import { bareSystem, DATA, mapRam, place, RAM, VECTORS } from '../cpu/core-fixture.js';
import { applyControl } from '../cpu/cp15-registers.js';
import type { System } from '../system.js';

/** Where comparisons are close. */
const EDGES = [0, 1, 2, -1, 0x7fffffff, -0x80000000, 31, 32];

/** Conditions, most often none. */
function condition(random: Random): number {
  return random.chance(0.6) ? 0xe : random.below(14);
}

/** An A32 instruction that neither branches nor writes r8 to r15. r8 leads to data, r9 to the last two words of memory. */
function plainA32(random: Random): number {
  const cond = condition(random) * 2 ** 28;
  const r = (): number => random.below(8);
  const s = random.below(2) << 20;
  switch (random.below(9)) {
    case 0:
      // A data-processing instruction with an immediate; TST to CMN have S.
      return (
        cond +
        ((1 << 25) |
          dataOpcode(random, s) |
          (r() << 16) |
          (r() << 12) |
          (random.chance(0.5) ? random.below(3) : random.below(0x1000)))
      );
    case 1:
    case 2:
      // With a register shifted by a constant.
      return (
        cond + (dataOpcode(random, s) | (r() << 16) | (r() << 12) | ((random.below(128) << 5) & 0xfe0) | r())
      );
    case 3:
      // With a register shifted by a register.
      return (
        cond +
        (dataOpcode(random, s) | (r() << 16) | (r() << 12) | (r() << 8) | (random.below(4) << 5) | 0x10 | r())
      );
    case 4:
      // LDR, STR, LDRB, STRB with an immediate offset; unaligned ones too.
      return cond + (0x05800000 | (random.below(2) << 22) | s | (8 << 16) | (r() << 12) | random.below(64));
    case 5:
      // LDRH, STRH, LDRSB, LDRSH.
      return (
        cond +
        (0x01c00090 |
          (s === 0 ? 0x20 : random.pick([0x20, 0x40, 0x60])) |
          s |
          (8 << 16) |
          (r() << 12) |
          random.below(16))
      );
    case 6:
      // LDM, STM of r0 to r7; from r9 they cross into another page.
      return cond + (0x08800000 | s | (random.pick([8, 9]) << 16) | (1 + random.below(255)));
    case 7:
      // MUL, MLA, UMULL, SMLAL.
      return (
        cond +
        (random.pick([0x00000090, 0x00200090, 0x00800090, 0x00e00090]) |
          (random.below(4) << 16) |
          ((4 + random.below(4)) << 12) |
          (r() << 8) |
          r())
      );
    default:
      // SDIV, UDIV; UBFX, CLZ, REV, UXTB.
      if (random.chance(0.5))
        return cond + (random.pick([0x0710f010, 0x0730f010]) | (r() << 16) | (r() << 8) | r());
      return cond + (random.pick([0x07e30050, 0x016f0f10, 0x06bf0f30, 0x06ef0070]) | (r() << 12) | r());
  }
}

function dataOpcode(random: Random, s: number): number {
  const opcode = random.below(16);
  return (opcode << 21) | (opcode >= 8 && opcode <= 11 ? 1 << 20 : s);
}

/** A page of A32: short blocks that end with a branch to one of them. */
function pageA32(random: Random): number[] {
  const words: number[] = [];
  const blocks = 4 + random.below(12);
  const starts: number[] = [];
  const branches: { at: number; to: number }[] = [];
  for (let block = 0; block < blocks; block++) {
    starts.push(words.length);
    for (let i = random.below(6); i >= 0; i--) words.push(plainA32(random));
    if (random.chance(0.2)) {
      branches.push({ at: words.length, to: random.below(blocks) });
      words.push(0xeb000000);
    }
    branches.push({ at: words.length, to: random.below(blocks) });
    words.push(random.below(14) * 2 ** 28 + 0x0a000000);
    // Out of a loop that would not end, and through lr.
    if (random.chance(0.1)) words.push(random.below(14) * 2 ** 28 + 0x012fff1e);
  }
  branches.push({ at: words.length, to: random.below(blocks) });
  words.push(0xea000000);
  for (const { at, to } of branches) words[at]! += (starts[to]! - at - 2) & 0xffffff;
  return words;
}

/** The same of 16-bit T32 instructions, some of them in IT blocks. */
function pageT32(random: Random): number[] {
  const halves: number[] = [];
  const blocks = 4 + random.below(12);
  const starts: number[] = [];
  const branches: { at: number; to: number; conditional: boolean }[] = [];
  for (let block = 0; block < blocks; block++) {
    starts.push(halves.length);
    for (let i = random.below(6); i >= 0; i--) {
      if (random.chance(0.2)) halves.push(0xbf00 | (random.below(14) << 4) | (1 + random.below(15)));
      halves.push(plainT16(random));
    }
    halves.push(plainT16(random), plainT16(random), plainT16(random));
    branches.push({ at: halves.length, to: random.below(blocks), conditional: true });
    halves.push(0xd000 | (random.below(14) << 8));
  }
  branches.push({ at: halves.length, to: random.below(blocks), conditional: false });
  halves.push(0xe000);
  for (const { at, to, conditional } of branches) {
    halves[at]! |= (starts[to]! - at - 2) & (conditional ? 0xff : 0x7ff);
  }
  return halves;
}

function plainT16(random: Random): number {
  const bits = (count: number): number => random.below(2 ** count);
  switch (random.below(7)) {
    case 0:
      return bits(13);
    case 1:
      return 0x2000 | bits(13);
    case 2:
      return 0x4000 | bits(10);
    case 3:
      // Loads and stores with an immediate offset from r7, which leads to data.
      return (
        random.pick([0x6000, 0x7000, 0x8000]) |
        (random.below(2) << 11) |
        (random.below(16) << 6) |
        (7 << 3) |
        (bits(3) % 7)
      );
    case 4:
      return 0xb200 | bits(8);
    case 5:
      return random.pick([0x9000, 0x9800]) | (random.below(7) << 8) | bits(5);
    default:
      return random.pick([0xb400, 0xbc00]) | bits(7);
  }
}

/** A core before a page of code. */
function loaded(random: Random, thumb: boolean, code: readonly number[], translateAfter: number): System {
  const system = bareSystem({ core: 'Cortex-A15' });
  place(system, RAM, code, thumb);
  for (let i = 0; i < 1024; i++) system.machine.ram.write32(DATA + 4 * i, random.next());
  const cpu = system.cpus[0]!;
  cpu.translateAfter = translateAfter;
  cpu.powerOn(RAM + (thumb ? 1 : 0), 0);
  for (let i = 0; i < 8; i++) cpu.r[i] = random.chance(0.7) ? random.pick(EDGES) : random.next();
  if (thumb) cpu.r[7] = DATA + 0x100;
  cpu.r[8] = DATA + 0x100;
  cpu.r[9] = RAM + 4 * MiB - 8;
  // Data aborts go on behind the instruction.
  system.machine.ram.write32(VECTORS + 0x10, 0xe25ef004);
  // Unaligned accesses are made to Normal memory only.
  mapRam(system);
  cpu.r[13] = DATA + 0x800;
  cpu.r[14] = RAM + (thumb ? 1 : 0);
  return system;
}

function state(system: System): string {
  const cpu = system.cpus[0]!;
  const memory: number[] = [];
  for (let i = 0; i < 2048; i++) memory.push(system.machine.ram.read32(DATA + 4 * i));
  return `${[...cpu.r.subarray(0, 16)]} ${cpu.cpsr(cpu.it)} ${cpu.instructions} ${memory}`;
}

for (const thumb of [false, true]) {
  test(`regions of ${thumb ? 'T32' : 'A32'} do what the interpreter does`, () => {
    let regions = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const code = (thumb ? pageT32 : pageA32)(new Random(seed));
      const reference = loaded(new Random(seed), thumb, code, Number.POSITIVE_INFINITY);
      const translated = loaded(new Random(seed), thumb, code, seed % 3);
      const slices = new Random(seed + 1000);
      for (let slice = 0; slice < 40; slice++) {
        const count = 1 + slices.below(slices.chance(0.5) ? 10 : 400);
        reference.cpus[0]!.run(count);
        translated.cpus[0]!.run(count);
        assert.equal(state(translated), state(reference), `seed ${seed}, slice ${slice}`);
        // Somewhere else, so that no loop goes on for ever.
        const edges = Array.from({ length: 7 }, () => slices.pick(EDGES));
        const start = RAM + slices.below(code.length) * (thumb ? 2 : 4);
        for (const { cpus } of [reference, translated]) {
          cpus[0]!.thumb = thumb ? 1 : 0;
          cpus[0]!.it = 0;
          cpus[0]!.r[15] = start;
          edges.forEach((value, i) => {
            cpus[0]!.r[i] = value;
          });
          cpus[0]!.r[8] = DATA + 0x100;
        }
      }
      regions += translated.code.translations.made;
    }
    assert.ok(regions > 500, `${regions} regions`);
  });
}

test('a store into its own region takes effect at the next instruction', () => {
  // add r0, r0, #1; str r2, [r1]; subs r3, r3, #1; bne the first; b this one
  const code = [0xe2800001, 0xe5812000, 0xe2533001, 0x1afffffb, 0xeafffffe];
  for (const translateAfter of [Number.POSITIVE_INFINITY, 0]) {
    const system = bareSystem();
    place(system, RAM, code);
    const cpu = system.cpus[0]!;
    cpu.translateAfter = translateAfter;
    cpu.powerOn(RAM, 0);
    cpu.r[1] = DATA;
    cpu.r[3] = 100;
    cpu.run(40);
    // From now on it writes "add r0, r0, #2" over its first instruction.
    cpu.r[1] = RAM;
    cpu.r[2] = 0xe2800002 | 0;
    cpu.run(40);
    assert.equal(cpu.r[0], 10 + 1 + 9 * 2);
    assert.equal(cpu.r[3], 80);
  }
});

test('an instruction that is called sees the instruction set that a branch has led to', () => {
  // T32: bx r4; A32 at r4: vadd.f32 s0, s0, s0 with the unit off, which is undefined.
  for (const translateAfter of [Number.POSITIVE_INFINITY, 0]) {
    const system = bareSystem();
    place(system, RAM, [0x4720], true);
    place(system, RAM + 0x100, [0xe1a00000, 0xee300a00, 0xeafffffe]);
    // The exception goes back to the beginning.
    place(system, VECTORS + 4, [0xe1a05006, 0xe1a0600e, 0xe12fff17]);
    const cpu = system.cpus[0]!;
    cpu.translateAfter = translateAfter;
    cpu.powerOn(RAM + 1, 0);
    cpu.cp15.vbar = VECTORS;
    applyControl(cpu);
    cpu.r[4] = RAM + 0x100;
    cpu.r[7] = RAM + 1;
    for (let i = 0; i < 40; i++) cpu.run(6);
    assert.equal(cpu.r[5]! >>> 0, RAM + 0x108, `after ${translateAfter}`);
  }
});
