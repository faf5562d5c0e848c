// SPDX-License-Identifier: GPL-2.0-only
/** The buddy lists against a bitmap of free pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Zone } from './buddy.js';
import { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE, PageMap } from './page-map.js';

const MAX_ORDER = 5;
const PAGEBLOCK_ORDER = 4;
const START = 0x1000 + 24;
/** Neither zone begins nor ends with a page block. */
const MIDDLE = START + 198;
const END = MIDDLE + 149;

function twoZones(): { map: PageMap; zones: [Zone, Zone] } {
  const map = new PageMap(START, END, MAX_ORDER, PAGEBLOCK_ORDER);
  map.clearReserved(START, END);
  const zones: [Zone, Zone] = [
    new Zone('Normal', 0, START, MIDDLE - START, MIDDLE - START, map),
    new Zone('HighMem', 1, MIDDLE, END - MIDDLE, END - MIDDLE, map),
  ];
  return { map, zones };
}

/** Largest blocks into which the free pages of [start, end) can be put together, as `pfn/order`. */
function naiveBlocks(free: ReadonlySet<number>, start: number, end: number): Map<string, number> {
  const blocks = new Map<string, number>();
  const taken = new Set<number>();
  for (let order = MAX_ORDER; order >= 0; order--) {
    const size = 2 ** order;
    for (let pfn = Math.ceil(start / size) * size; pfn + size <= end; pfn += size) {
      const pages = Array.from({ length: size }, (_, i) => pfn + i);
      if (!pages.every(page => free.has(page) && !taken.has(page))) continue;
      for (const page of pages) taken.add(page);
      blocks.set(`${pfn}/${order}`, order);
    }
  }
  return blocks;
}

test('blocks never overlap, fail only when nothing fits, and coalesce fully', () => {
  const operation = fc.record({
    // Mostly allocations, so that the zones run dry now and then; seldom a page that was reserved until now.
    op: fc.constantFrom('take', 'take', 'take', 'free', 'free', 'release'),
    zone: fc.constantFrom(0, 1),
    order: fc.nat(MAX_ORDER),
    pick: fc.nat(),
    tail: fc.boolean(),
  });
  const holes = fc.uniqueArray(fc.integer({ min: START, max: END - 1 }), { maxLength: 12, size: 'max' });
  fc.assert(
    fc.property(holes, fc.array(operation, { maxLength: 120, size: 'max' }), (absent, operations) => {
      const { map, zones } = twoZones();
      const bounds = [
        [START, MIDDLE],
        [MIDDLE, END],
      ] as const;
      const free = new Set<number>();
      for (let pfn = START; pfn < END; pfn++) {
        if (absent.includes(pfn)) continue;
        zones[pfn < MIDDLE ? 0 : 1].freeBlock(pfn, 0, true);
        free.add(pfn);
      }
      const reserved = [...absent];
      const live: { zone: number; pfn: number; order: number }[] = [];
      const check = (): void => {
        zones.forEach((zone, i) => {
          const [start, end] = bounds[i as 0 | 1];
          const blocks = zone.freeBlocks().map(({ pfn, order }) => `${pfn}/${order}`);
          assert.deepEqual(blocks.sort(), [...naiveBlocks(free, start, end).keys()].sort());
          assert.equal(zone.free_pages, [...free].filter(pfn => pfn >= start && pfn < end).length);
        });
      };
      for (const { op, zone: index, order, pick, tail } of operations) {
        const zone = zones[index as 0 | 1];
        const [start, end] = bounds[index as 0 | 1];
        if (op === 'release') {
          const pfn = reserved.pop();
          if (pfn === undefined) continue;
          zones[pfn < MIDDLE ? 0 : 1].freeBlock(pfn, 0, tail);
          free.add(pfn);
        } else if (op === 'free') {
          if (live.length === 0) continue;
          const [block] = live.splice(pick % live.length, 1);
          zones[block!.zone as 0 | 1].freeBlock(block!.pfn, block!.order, tail);
          for (let i = 0; i < 2 ** block!.order; i++) free.add(block!.pfn + i);
        } else {
          const possible = [...naiveBlocks(free, start, end).values()].some(size => size >= order);
          assert.equal(zone.hasBlock(order), possible);
          const pfn = zone.takeBlock(order);
          assert.equal(pfn !== null, possible);
          if (pfn === null) continue;
          assert.equal(pfn % 2 ** order, 0, 'aligned to its size');
          assert.ok(pfn >= start && pfn + 2 ** order <= end, 'inside the zone');
          for (let i = 0; i < 2 ** order; i++) assert.ok(free.delete(pfn + i), 'handed out twice');
          live.push({ zone: index, pfn, order });
        }
        check();
      }
      for (let pfn = START; pfn < END; pfn++) assert.equal(map.isFree(pfn), free.has(pfn));
      for (const { zone, pfn, order } of live) {
        zones[zone as 0 | 1].freeBlock(pfn, order, false);
        for (let i = 0; i < 2 ** order; i++) free.add(pfn + i);
      }
      check();
    }),
    { numRuns: 40 },
  );
});

function oneZone(): Zone {
  const map = new PageMap(0x1000, 0x1000 + 4 * 32, MAX_ORDER, MAX_ORDER);
  map.clearReserved(map.base, map.end);
  return new Zone('Normal', 0, 0x1000, 4 * 32, 4 * 32, map);
}

test('memory freed at boot is used from the bottom, later frees last in first out', () => {
  const zone = oneZone();
  for (let pfn = 0x1000; pfn < 0x1080; pfn += 32) zone.freeBlock(pfn, 5, true);
  assert.equal(zone.takeBlock(0), 0x1000, 'the lowest block is split and its lowest page taken');
  assert.equal(zone.takeBlock(0), 0x1001);
  assert.equal(zone.takeBlock(2), 0x1004);
  assert.equal(zone.takeBlock(5), 0x1020, 'the next whole block');
  zone.freeBlock(0x1000, 0, false);
  assert.equal(zone.takeBlock(0), 0x1000);
});

test('an unmovable request claims the largest block rather than a small remainder', () => {
  const zone = oneZone();
  zone.freeBlock(0x1040, 2, true);
  zone.freeBlock(0x1020, 5, true);
  assert.equal(zone.takeBlock(2), 0x1020);
  assert.deepEqual(zone.blockCounts(), [0, 0, 2, 1, 1, 0]);
});

test('a page whose parent buddy is free goes to the tail: it may soon merge twice', () => {
  const zone = oneZone();
  zone.freeBlock(0x1000, 5, true);
  const pages = Array.from({ length: 8 }, () => zone.takeBlock(0)!);
  assert.deepEqual(
    pages,
    [0, 1, 2, 3, 4, 5, 6, 7].map(i => 0x1000 + i),
  );
  zone.freeBlock(0x1002, 1, false);
  zone.freeBlock(0x1005, 0, false);
  zone.freeBlock(0x1000, 0, false);
  assert.equal(zone.takeBlock(0), 0x1005, '0x1000 was put behind it, as 0x1002 is a free pair');
});

test('a page block with a hole is claimed whole: what comes back merges on the lists of its new type', () => {
  const zone = oneZone();
  for (let pfn = 0x1000; pfn < 0x1020; pfn++) if (pfn !== 0x1003) zone.freeBlock(pfn, 0, true);
  assert.equal(zone.takeBlock(0), 0x1002);
  assert.equal(zone.takeBlock(0), 0x1000);
  zone.freeBlock(0x1002, 0, false);
  zone.freeBlock(0x1000, 0, false);
  assert.deepEqual(
    zone.freeBlocks().map(({ pfn, order }) => `${pfn.toString(16)}/${order}`),
    ['1002/0', '1000/1', '1004/2', '1008/3', '1010/4'],
  );
});

test('reclaimable requests claim a page block of their own, of which others get pages when nothing else is left', () => {
  const map = new PageMap(0x1000, 0x1000 + 4 * 32, MAX_ORDER, MAX_ORDER);
  map.clearReserved(0x1000, 0x1000 + 4 * 32);
  const zone = new Zone('Normal', 0, 0x1000, 4 * 32, 4 * 32, map);
  for (let pfn = 0x1000; pfn < 0x1080; pfn += 32) zone.freeBlock(pfn, MAX_ORDER, true);
  assert.equal(zone.takeBlock(0, MIGRATE_UNMOVABLE), 0x1000);
  assert.equal(zone.takeBlock(4, MIGRATE_RECLAIMABLE), 0x1020);
  assert.equal(zone.takeBlock(2, MIGRATE_RECLAIMABLE), 0x1030);
  assert.equal(
    zone.takeBlock(5, MIGRATE_UNMOVABLE),
    0x1040,
    'the largest block serves first, whoever had it',
  );
  assert.equal(zone.takeBlock(5, MIGRATE_UNMOVABLE), 0x1060);
  for (const order of [4, 3, 2, 1, 0]) assert.notEqual(zone.takeBlock(order, MIGRATE_UNMOVABLE), null);
  assert.equal(
    zone.takeBlock(0, MIGRATE_UNMOVABLE),
    0x1034,
    'less than half of the block is free: one page only',
  );
  assert.equal(map.blockType[1], MIGRATE_RECLAIMABLE);
});
