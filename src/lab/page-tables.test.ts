// SPDX-License-Identifier: GPL-2.0-only
/** Tables as a core's registers name them: which are listed, for whom, and where runs are parted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegisters } from '../hw/mmu/registers.js';
import { encodeSection, encodeSmallPage, encodeTable } from '../hw/mmu/short-descriptor.js';
import { Ram } from '../hw/ram.js';
import { pageTables } from './page-tables.js';

const BASE = 0x40000000;
const PROCESS = BASE + 0x4000;
const SWAPPER = BASE + 0x8000;
/** Linux's entries; the hardware's are 2048 bytes on. */
const SECOND = BASE + 0xc000;
const CACHED = { tex: 1, c: 1, b: 1, s: 1, ap: 1, xn: 1 };

function memory(): Ram {
  const ram = new Ram([{ start: BASE, end: BASE + 0x100000 }]);
  ram.write32(SWAPPER + 4 * 0xc00, encodeSection(BASE, CACHED));
  ram.write32(PROCESS + 4 * 0xc00, encodeSection(BASE, CACHED));
  ram.write32(PROCESS, encodeTable(SECOND + 2048, 1));
  // Four pages in a row that the hardware takes for equal; the third is another type for Linux.
  for (const [page, linux] of [0x65f, 0x65f, 0x66f + 0x10, 0x65f].entries()) {
    ram.write32(SECOND + 4 * page, 0x40010000 + 0x1000 * page + linux);
    ram.write32(SECOND + 2048 + 4 * page, encodeSmallPage(0x40010000 + 0x1000 * page, CACHED));
  }
  return ram;
}

function registers(ttbr0: number, ttbr1: number, ttbcr = 0) {
  const values = createRegisters(7, true);
  return Object.assign(values, { ttbr0: ttbr0 + 0x6a, ttbr1: ttbr1 + 0x6a, ttbcr });
}

test('each table once, with the cores that name it; a core without an MMU has none', () => {
  const cores = [registers(PROCESS, SWAPPER), null, registers(SWAPPER, SWAPPER)];
  const tables = pageTables(memory(), cores).map(({ cores, register, base, walked, ranges }) => {
    return [register, base, cores, walked, ranges.map(({ va }) => va)];
  });
  assert.deepEqual(tables, [
    ['TTBR0', '0x40004000', [0], true, ['0x0', '0x2000', '0x3000', '0xc0000000']],
    ['TTBR1', '0x40008000', [0, 2], false, ['0xc0000000']],
    ['TTBR0', '0x40008000', [2], true, ['0xc0000000']],
  ]);
});

test('runs end where the kernel’s own entries differ', () => {
  const [process] = pageTables(memory(), [registers(PROCESS, SWAPPER)]);
  const lines = process!.ranges.map(({ va, va_end, pa, kind, linux_mt, listed }) =>
    [va, va_end, pa, kind, linux_mt, listed].join(' '),
  );
  assert.deepEqual(lines, [
    '0x0 0x1fff 0x40010000 page WRITEALLOC PTE USER        RW NX SHD MEM/CACHED/WBWA',
    '0x2000 0x2fff 0x40012000 page VECTORS PTE USER        RW NX SHD',
    '0x3000 0x3fff 0x40013000 page WRITEALLOC PTE USER        RW NX SHD MEM/CACHED/WBWA',
    '0xc0000000 0xc00fffff 0x40000000 section  PGD KERNEL      RW NX SHD',
  ]);
});

test('with TTBCR.N both registers serve a part', () => {
  const tables = pageTables(memory(), [registers(PROCESS, SWAPPER, 2)]);
  assert.deepEqual(
    tables.map(({ register, va, va_end, walked, ranges }) => [register, va, va_end, walked, ranges.length]),
    [
      ['TTBR0', '0x0', '0x3fffffff', true, 3],
      ['TTBR1', '0x40000000', '0xffffffff', true, 1],
    ],
  );
});
