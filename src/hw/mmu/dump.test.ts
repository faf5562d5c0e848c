// SPDX-License-Identifier: GPL-2.0-only
/**
 * Dumps of real kernels: each range of a recorded page-table dump is encoded into tables, under the
 * registers of that boot, and read back. Ranges, attributes and the text of each memory type must be the
 * recorded ones.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sharedPath, skipWithout } from '../../../tests/support/shared.js';
import { Ram } from '../ram.js';
import { type MappedRange, mapRanges } from './dump.js';
import { encodeLongPage, encodeLongSection, encodeLongTable } from './long-descriptor.js';
import { createRegisters, type MmuRegisters } from './registers.js';
import * as short from './short-descriptor.js';

/** Where the tables are built; no recorded range is memory here. */
const TABLES = 0x8000000;
const AP: Readonly<Record<string, number>> = { 'rw/-': 1, 'rw/ro': 2, 'rw/rw': 3, 'ro/-': 5, 'ro/ro': 7 };

/** One line of a dump as key-value pairs, with `va`, `end` and `kind`. */
type Line = Readonly<Record<string, string>>;

function parseLine(text: string): Line {
  const head = /^(\w+)-(\w+) pa=(\w+) size=0x(\w+)\s+(\w+) (.*)$/.exec(text);
  assert.ok(head, text);
  const [, va, end, pa, size, kind, rest] = head;
  const type = /type=(.*?) sh(?:areable)?=/.exec(rest!)?.[1];
  assert.ok(type, text);
  const pairs = [...rest!.replace(`type=${type}`, '').matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [
    key,
    value,
  ]);
  return { ...Object.fromEntries(pairs), va, end, pa, size, kind, type } as Line;
}

/** Builds first-level tables at TABLES and lower levels behind them. */
class TableBuilder {
  readonly ram: Ram = new Ram([{ start: TABLES, end: TABLES + 0x2000000 }]);
  private readonly registers: MmuRegisters;
  private readonly lower: Map<number, number> = new Map();
  private next = TABLES + 0x4000;

  constructor(registers: MmuRegisters) {
    this.registers = registers;
  }

  map(line: Line): void {
    const start = Number.parseInt(line['va']!, 16);
    const pa = Number.parseInt(line['pa']!, 16);
    const size = Number.parseInt(line['size']!, 16);
    const long = this.registers.format === 'long';
    const step = line['kind'] === 'page' ? 0x1000 : long ? 0x200000 : 0x100000;
    for (let done = 0; done < size; done += step) {
      if (long) this.mapLong(start + done, pa + done, line);
      else this.mapShort(start + done, pa + done, line);
    }
  }

  private mapShort(va: number, pa: number, line: Line): void {
    const legacy = !this.registers.xp;
    const bit = (name: string): number => Number(line[name] ?? 0);
    const attributes = {
      tex: bit('tex'),
      c: bit('c'),
      b: bit('b'),
      s: bit('s'),
      ng: bit('ng'),
      xn: bit('xn'),
      pxn: bit('pxn'),
      domain: bit('domain'),
      ap: legacy ? Number.parseInt(line['ap']!.slice(7), 16) : AP[line['ap']!]!,
    };
    const first = TABLES + 4 * Math.floor(va / 0x100000);
    if (line['kind'] === 'section') {
      const encode = legacy ? short.encodeLegacySection : short.encodeSection;
      this.ram.write32(first, encode(pa, attributes));
      return;
    }
    const table = this.lowerTable(first, 0x400);
    const { domain, pxn } = attributes;
    this.ram.write32(first, short.encodeTable(table, domain, pxn, legacy ? 1 : 0));
    const encode = legacy ? short.encodeLegacySmallPage : short.encodeSmallPage;
    this.ram.write32(table + 4 * (Math.floor(va / 0x1000) % 256), encode(pa, attributes));
  }

  private mapLong(va: number, pa: number, line: Line): void {
    const attributes = {
      attrIndex: Number(line['attrindx']),
      sh: { non: 0, outer: 2, inner: 3 }[line['sh']!]!,
      af: Number(line['af']),
      ng: Number(line['ng']),
      contiguous: Number(line['contiguous']),
      pxn: Number(line['pxn']),
      xn: Number(line['xn']),
      ap: AP[line['ap']!]! >> 1,
    };
    const level2 = this.lowerLong(TABLES + 8 * Math.floor(va / 2 ** 30));
    const second = level2 + 8 * (Math.floor(va / 2 ** 21) % 512);
    if (line['kind'] === 'section') {
      this.write64(second, encodeLongSection(pa, attributes));
      return;
    }
    const level3 = this.lowerLong(second);
    this.write64(level3 + 8 * (Math.floor(va / 2 ** 12) % 512), encodeLongPage(pa, attributes));
  }

  private lowerLong(entry: number): number {
    const table = this.lowerTable(entry, 0x1000);
    this.write64(entry, encodeLongTable(table));
    return table;
  }

  private lowerTable(entry: number, size: number): number {
    let table = this.lower.get(entry);
    if (table === undefined) {
      table = this.next;
      this.next += size;
      this.lower.set(entry, table);
    }
    return table;
  }

  private write64(paddr: number, { low, high }: { low: number; high: number }): void {
    this.ram.write32(paddr, low);
    this.ram.write32(paddr + 4, high);
  }
}

/** The registers of a recorded boot. */
function registersOf(boot: string): MmuRegisters {
  const facts = JSON.parse(readFileSync(join(boot, 'facts.json'), 'utf8'));
  const recorded = facts.registers;
  const midr = Number(recorded.MIDR);
  // MIDR[19:16] is 6 for ARMv5TEJ and 0xf where the feature registers tell: ARM1176 and ARMv7.
  const architecture = ((midr >>> 16) & 0xf) === 6 ? 5 : ((midr >>> 4) & 0xfff) === 0xb76 ? 6 : 7;
  const long = recorded.MAIR0 !== undefined;
  return createRegisters(architecture, true).with({
    format: long ? 'long' : 'short',
    xp: architecture > 5,
    tre: recorded.tex_remap,
    ttbr0: TABLES,
    prrr: Number(recorded.PRRR ?? 0),
    nmrr: Number(recorded.NMRR ?? 0),
    mair0: Number(recorded.MAIR0 ?? 0),
    mair1: Number(recorded.MAIR1 ?? 0),
  });
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** The keys of a dump's line that a range must agree with. */
function comparable(range: MappedRange): Record<string, string> {
  const { kind, ap, type } = range;
  const numbers = { tex: range.tex, c: range.c, b: range.b, s: range.s, ng: range.ng, xn: range.xn };
  const more = { pxn: range.pxn, domain: range.domain, af: range.af, contiguous: range.contiguous };
  const text = Object.entries({ ...numbers, ...more }).map(([key, value]) => [key, String(value)]);
  return {
    ...Object.fromEntries(text),
    va: hex(range.va, 8),
    end: hex(range.vaEnd, 8),
    pa: hex(range.pa, 9),
    size: hex(range.size, 1),
    attrindx: String(range.attrIndex),
    mair: `0x${hex(range.mair, 2)}`,
    sh: ['non', 'reserved', 'outer', 'inner'][range.sh]!,
    shareable: range.shareable === null ? 'None' : range.shareable ? 'True' : 'False',
    kind,
    ap,
    type,
  };
}

test('recorded page-table dumps are read back as they were', { skip: skipWithout('truth/boot') }, t => {
  const folder = sharedPath('truth/boot')!;
  let lines = 0;
  for (const name of readdirSync(folder)) {
    const boot = join(folder, name);
    const registers = registersOf(boot);
    const expected = readFileSync(join(boot, 'pagetables.txt'), 'utf8').trim().split('\n').map(parseLine);
    const builder = new TableBuilder(registers);
    for (const line of expected) builder.map(line);
    const ranges = mapRanges(builder.ram, registers, 0, 2 ** 32, TABLES);
    const got = ranges.map(comparable);
    const wanted = expected.map(({ linux_mt, ...line }) => line);
    for (const [index, line] of wanted.entries()) {
      const range = got[index] ?? {};
      const same = Object.fromEntries(Object.keys(line).map(key => [key, range[key]]));
      assert.deepEqual(same, line, `${name}, line ${index + 1}`);
    }
    assert.equal(got.length, wanted.length, name);
    lines += wanted.length;
  }
  t.diagnostic(`${lines} ranges`);
  assert.ok(lines > 10000);
});

test('neighbours join only when addresses and attributes continue', () => {
  const registers = createRegisters(7).with({ ttbr0: TABLES });
  const ram = new Ram([{ start: TABLES, end: TABLES + 0x10000 }]);
  const section = (index: number, pa: number, xn: number): void => {
    ram.write32(TABLES + 4 * index, short.encodeSection(pa, { c: 1, b: 1, ap: 1, xn }));
  };
  section(0xc00, 0x40000000, 0);
  section(0xc01, 0x40100000, 0);
  section(0xc02, 0x40200000, 1);
  section(0xc03, 0x50000000, 1);
  section(0xc05, 0x50200000, 1);
  const summary = mapRanges(ram, registers).map(({ va, size, pa, xn }) => ({ va, size, pa, xn }));
  assert.deepEqual(summary, [
    { va: 0xc0000000, size: 0x200000, pa: 0x40000000, xn: 0 },
    { va: 0xc0200000, size: 0x100000, pa: 0x40200000, xn: 1 },
    { va: 0xc0300000, size: 0x100000, pa: 0x50000000, xn: 1 },
    { va: 0xc0500000, size: 0x100000, pa: 0x50200000, xn: 1 },
  ]);
  const part = mapRanges(ram, registers, 0xc0080000, 0xc0180000);
  assert.deepEqual([part.length, part[0]?.pa, part[0]?.vaEnd], [1, 0x40080000, 0xc017ffff]);
});
