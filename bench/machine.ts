// SPDX-License-Identifier: GPL-2.0-only
/**
 * What sparse RAM and table walks cost, in ns per operation and as a ratio to a flat Uint32Array of the same run.
 * Run: `node dist/bench/machine.js`. Machines are noisy: compare the ratios of one run.
 */
import { GiB, MiB } from '../src/base/address.js';
import { createRegisters } from '../src/hw/mmu/registers.js';
import { encodeSection, encodeSmallPage, encodeTable } from '../src/hw/mmu/short-descriptor.js';
import { Translation } from '../src/hw/mmu/translation.js';
import { TableWalker } from '../src/hw/mmu/walker.js';
import { Ram } from '../src/hw/ram.js';

const ROUNDS = 5;
const OPERATIONS = 4_000_000;
const BASE = 0x40000000;
const WORDS = (16 * MiB) / 4;

/** The fastest of some rounds, in ns per operation. */
function measure(operation: (index: number) => number): number {
  let best = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let index = 0; index < OPERATIONS; index++) sum += operation(index);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / OPERATIONS);
  }
  if (Number.isNaN(sum)) throw new Error('an operation gave no number');
  return best;
}

/** Strides over 16 MiB so that neighbouring operations touch different pages. */
function wordAt(index: number): number {
  return Math.imul(index, 1031) & (WORDS - 1);
}

const flat = new Uint32Array(WORDS);
const ram = new Ram([{ start: BASE, end: BASE + GiB }]);
for (let word = 0; word < WORDS; word++) ram.write32(BASE + 4 * word, word);

const registers = createRegisters(7, false);
registers.ttbr0 = BASE;
const tableBase = BASE + MiB;
ram.fill(BASE, 2 * MiB, 0);
for (let index = 0; index < 256; index++) {
  ram.write32(BASE + 4 * (0xc00 + index), encodeSection(BASE + index * MiB, { ap: 1, c: 1, b: 1 }));
  ram.write32(BASE + 4 * (0xf00 + index), encodeTable(tableBase, 0));
  ram.write32(tableBase + 4 * index, encodeSmallPage(BASE + 4096 * index, { ap: 1, b: 1 }));
}
const walker = new TableWalker(ram, registers);
const found = new Translation();

const rows: readonly [string, (index: number) => number][] = [
  ['flat array, read', index => flat[wordAt(index)]!],
  ['Ram.read32', index => ram.read32(BASE + 4 * wordAt(index))],
  ['flat array, write', index => (flat[wordAt(index)] = index)],
  ['Ram.write32', index => (ram.write32(BASE + 8 * MiB + 4 * (wordAt(index) >>> 1), index) ? 1 : 0)],
  ['walk to a section', index => walker.walk(0xc0000000 + ((index & 0xff) << 20), found)],
  ['walk to a page', index => walker.walk(0xf0000000 + ((index & 0xff) << 12), found)],
];

const baseline = measure(rows[0]![1]);
for (const [name, operation] of rows) {
  const ns = measure(operation);
  process.stdout.write(
    `${name.padEnd(20)} ${ns.toFixed(1).padStart(7)} ns  ${(ns / baseline).toFixed(1)} × flat read\n`,
  );
}
