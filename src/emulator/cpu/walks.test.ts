// SPDX-License-Identifier: GPL-2.0-only
/**
 * What an observer hears of table walks on two cores with tables and formats of their own, and what the machine knows of
 * the mappings of the second one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeLongPage, encodeLongTable, type LongDescriptor } from '../../hw/mmu/long-descriptor.js';
import type { MemoryType } from '../../hw/mmu/memory-type.js';
import { encodeSection, encodeSmallPage, encodeTable } from '../../hw/mmu/short-descriptor.js';
import { Observer } from '../../hw/observer.js';
import type { System } from '../system.js';
import { bareSystem, DATA, place, RAM } from './core-fixture.js';
import { applyReset } from './cp15-registers.js';
import type { Cpu } from './cpu.js';

const NORMAL = { tex: 1, c: 1, b: 1, ap: 3 } as const;
/** First-level tables of both cores, and tables below. */
const LONG_TABLES = RAM + 0x100000;
const SHORT_TABLE = RAM + 0x200000;
const SHORT_PAGES = RAM + 0x208000;
const PAGE = DATA + 0x3000;
/** What only the second core maps. */
const VIRTUAL = 0x80005000;

/** LDR r1, [r0]; LDR r1, [r0]; B to itself. */
const CODE = [0xe5901000, 0xe5901000, 0xeafffffe];

class Walks extends Observer {
  readonly told: string[] = [];

  override tableWalk(
    cpu: number,
    vaddr: number,
    level: number,
    paddr: number,
    low: number,
    high: number,
    type: MemoryType,
  ): void {
    const entry = `${high.toString(16)}:${low.toString(16)}`;
    const shared = type.shareable === true ? ' shareable' : '';
    this.told.push(
      `${cpu} ${vaddr.toString(16)} L${level} ${paddr.toString(16)} ${entry} ${type.inner}/${type.outer}${shared}`,
    );
  }

  override aborted(cpu: number, vaddr: number, access: string, status: number): void {
    this.told.push(`${cpu} ${access} of ${vaddr.toString(16)} aborted: ${status.toString(16)}`);
  }
}

function start(cpu: Cpu, address: number, mmu: () => void): void {
  cpu.powerOn(RAM, address);
  mmu();
  cpu.cp15.sctlr |= 1;
  cpu.mem.translator.registers.dacr = 1;
  applyReset(cpu);
}

/** The first core with long descriptors, the second one with short ones. */
function twoCores(): System {
  const system = bareSystem({ cores: 2 });
  place(system, RAM, CODE);
  const { ram } = system.machine;
  const write64 = (at: number, { low, high }: LongDescriptor): void => {
    ram.write32(at, low);
    ram.write32(at + 4, high);
  };
  // 1 GiB from RAM on: one entry at level 1, then one for 2 MiB at level 2, then pages.
  write64(LONG_TABLES + 8, encodeLongTable(LONG_TABLES + 0x1000));
  write64(LONG_TABLES + 0x1000, encodeLongTable(LONG_TABLES + 0x2000));
  const type = { attrIndex: 0, sh: 3, ap: 1, af: 1 } as const;
  for (const at of [RAM, PAGE]) {
    write64(LONG_TABLES + 0x2000 + 8 * ((at - RAM) / 0x1000), encodeLongPage(at, type));
  }
  ram.write32(SHORT_TABLE + 4 * (RAM >>> 20), encodeSection(RAM, NORMAL));
  ram.write32(SHORT_TABLE + 4 * (VIRTUAL >>> 20), encodeTable(SHORT_PAGES, 0));
  ram.write32(SHORT_PAGES + 4 * ((VIRTUAL >>> 12) & 0xff), encodeSmallPage(PAGE, NORMAL));
  const [first, second] = system.cpus;
  start(first!, PAGE, () => {
    // EAE, and tables write-back with allocation, Inner Shareable.
    first!.cp15.ttbcr = 0x80003500 | 0;
    first!.cp15.ttbr0 = LONG_TABLES;
    first!.cp15.stored.set('PRRR', 0xff);
  });
  start(second!, VIRTUAL, () => {
    // IRGN 0b11: write-back; RGN 0b10: write-through; S.
    second!.cp15.ttbr0 = SHORT_TABLE | 0x53;
  });
  return system;
}

test('every entry that a walk reads is told, once, by core', () => {
  const system = twoCores();
  const walks = new Walks();
  system.machine.observer = walks;
  system.run(20_000);
  const long = (vaddr: number, level: number, at: number, entry: string): string =>
    `0 ${vaddr.toString(16)} L${level} ${at.toString(16)} ${entry} WBWA/WBWA shareable`;
  const tables = [LONG_TABLES, LONG_TABLES + 0x1000, LONG_TABLES + 0x2000] as const;
  const first = walks.told.filter(text => text.startsWith('0'));
  const page = (at: number): string => {
    const { low, high } = encodeLongPage(at, { attrIndex: 0, sh: 3, ap: 1, af: 1 });
    return `${high.toString(16)}:${(low >>> 0).toString(16)}`;
  };
  const upper = (vaddr: number): string[] => [
    long(vaddr, 1, tables[0] + 8, `0:${(tables[1] | 3).toString(16)}`),
    long(vaddr, 2, tables[1], `0:${(tables[2] | 3).toString(16)}`),
  ];
  assert.deepEqual(first, [
    ...upper(RAM),
    long(RAM, 3, tables[2], page(RAM)),
    ...upper(PAGE),
    long(PAGE, 3, tables[2] + 8 * ((PAGE - RAM) / 0x1000), page(PAGE)),
  ]);
  const second = walks.told.filter(text => text.startsWith('1'));
  const hex = (value: number): string => (value >>> 0).toString(16);
  const index = SHORT_PAGES + 4 * ((VIRTUAL >>> 12) & 0xff);
  assert.deepEqual(second, [
    `1 ${hex(RAM)} L1 ${hex(SHORT_TABLE + 4 * (RAM >>> 20))} 0:${hex(encodeSection(RAM, NORMAL))} WB/WT shareable`,
    `1 ${hex(VIRTUAL)} L1 ${hex(SHORT_TABLE + 4 * (VIRTUAL >>> 20))} 0:${hex(encodeTable(SHORT_PAGES, 0))} WB/WT shareable`,
    `1 ${hex(VIRTUAL)} L2 ${hex(index)} 0:${hex(encodeSmallPage(PAGE, NORMAL))} WB/WT shareable`,
  ]);
});

test('a walk that fails is told as far as it came, and so is the abort', () => {
  const system = twoCores();
  const walks = new Walks();
  system.machine.observer = walks;
  system.machine.ram.write32(SHORT_PAGES + 4 * ((VIRTUAL >>> 12) & 0xff), 0);
  // The vectors are not mapped either.
  system.cpus[0]!.powerOff();
  system.run(3);
  const about = walks.told.filter(text => text.includes('80005000'));
  assert.deepEqual(
    about.map(text => text.split(' ').slice(0, 3).join(' ')),
    ['1 80005000 L1', '1 80005000 L2', '1 load of'],
  );
  // FS 00111: translation fault at the second level (B3.13.3).
  assert.match(about[2]!, /aborted: 7$/);
});

test('mappings are those of all cores, and follow what each of them does to its tables', () => {
  const system = twoCores();
  const { machine } = system;
  const { mappings } = machine;
  const pfn = PAGE / 4096;
  assert.equal(mappings.mayFill(pfn), true);
  // The first core's mapping at its own address, the second one's section and page.
  const places = (): string[] =>
    mappings.aliases(pfn).map(({ vaddr, lingering }) => `${vaddr.toString(16)}${lingering ? ' old' : ''}`);
  assert.deepEqual(places().sort(), [PAGE.toString(16), VIRTUAL.toString(16)]);
  const [, second] = system.cpus;
  machine.observer = new Observer();
  // The second core takes its page away by a store that says nothing of tables.
  machine.cpu = 1;
  machine.ram.write32(SHORT_PAGES + 4 * ((VIRTUAL >>> 12) & 0xff), 0);
  machine.stored(SHORT_PAGES + 4 * ((VIRTUAL >>> 12) & 0xff));
  assert.deepEqual(places().sort(), [PAGE.toString(16), `${VIRTUAL.toString(16)} old`].sort());
  machine.tlbFlush('all');
  assert.deepEqual(places(), [PAGE.toString(16)]);
  // It goes to other tables, which map the page again.
  const other = SHORT_TABLE + 0x4000;
  machine.ram.write32(other + 4 * 0x900, encodeSection(DATA, NORMAL));
  second!.cp15.ttbr0 = other;
  applyReset(second!);
  assert.deepEqual(places().sort(), [PAGE.toString(16), (0x90003000).toString(16)]);
  assert.equal(mappings.mayFill(DATA / 4096), true);
  second!.cp15.ttbr0 = SHORT_TABLE;
  applyReset(second!);
  machine.tlbFlush('all');
  assert.equal(mappings.mayFill(DATA / 4096), false);
});
