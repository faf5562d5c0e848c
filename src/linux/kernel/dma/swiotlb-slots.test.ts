// SPDX-License-Identifier: GPL-2.0-only
/** The slot search against its rule stated over an array of used slots. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { INVALID_PHYS_ADDR, IO_TLB_SEGSIZE, IO_TLB_SIZE, IoTlbMem, nr_slots } from './swiotlb-slots.js';

const START = 0x6a400000;
const SLABS = 512;
const BOUNDARY = 0xffffffff;

function pool(nareas: number, strideSearch: boolean, start = START): IoTlbMem {
  const mem = new IoTlbMem();
  mem.init(start, SLABS, nareas, strideSearch);
  return mem;
}

function find(mem: IoTlbMem, allocSize: number, allocAlignMask: number, cpu = 0): number {
  return mem.findSlots(cpu, {
    tableDmaAddr: mem.start,
    origAddr: 0,
    allocSize,
    allocAlignMask,
    minAlignMask: 0,
    boundaryMask: BOUNDARY,
  });
}

/** Free slots from `slot` to the end of its segment or to the first used one. */
function freeRun(used: readonly boolean[], slot: number): number {
  const end = Math.min(used.length, (Math.floor(slot / IO_TLB_SEGSIZE) + 1) * IO_TLB_SEGSIZE);
  let at = slot;
  while (at < end && !used[at]) at++;
  return at - slot;
}

/**
 * In each area from that of the CPU on: of all slots with a suitable address, in ascending order from the
 * place behind the last allocation and around, the first with enough free ones behind it.
 */
class NaivePool {
  readonly used: boolean[] = new Array<boolean>(SLABS).fill(false);
  private readonly index: number[];
  private readonly areaSlabs: number;

  constructor(nareas: number) {
    this.index = new Array<number>(nareas).fill(0);
    this.areaSlabs = SLABS / nareas;
  }

  find(cpu: number, nslots: number, alignSlots: number): number {
    const areas = this.index.length;
    for (let i = 0; i < areas; i++) {
      const area = (cpu + i) % areas;
      for (let step = 0; step < this.areaSlabs; step++) {
        const index = (this.index[area]! + step) % this.areaSlabs;
        const slot = area * this.areaSlabs + index;
        if (slot % alignSlots !== 0 || freeRun(this.used, slot) < nslots) continue;
        this.used.fill(true, slot, slot + nslots);
        const next = index + nslots;
        this.index[area] = next >= this.areaSlabs ? 0 : next;
        return slot;
      }
    }
    return -1;
  }
}

for (const strideSearch of [false, true]) {
  test(`search of ${strideSearch ? '6.1' : '6.12'}: first fit from the last place, aligned, in a segment`, () => {
    const operation = fc.record({
      release: fc.boolean(),
      cpu: fc.nat(3),
      size: fc.oneof(fc.integer({ min: 1, max: 9 * 4096 }), fc.integer({ min: 1, max: 262145 })),
      alignOrder: fc.constantFrom(0, 0, 12, 13, 15, 18),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 4),
        fc.array(operation, { maxLength: 100, size: 'max' }),
        (nareas, operations) => {
          const mem = pool(nareas, strideSearch);
          const naive = new NaivePool(nareas);
          const live: { slot: number; nslots: number }[] = [];
          for (const { release, cpu, size, alignOrder, pick } of operations) {
            if (release && live.length > 0) {
              const [buffer] = live.splice(pick % live.length, 1);
              mem.releaseSlots(mem.slotAddress(buffer!.slot), 0);
              naive.used.fill(false, buffer!.slot, buffer!.slot + buffer!.nslots);
            } else {
              const nslots = nr_slots(size);
              const pageSlots = size >= 4096 && (strideSearch || alignOrder === 0) ? 2 : 1;
              const alignSlots = Math.max(alignOrder === 0 ? 1 : 2 ** (alignOrder - 11), pageSlots);
              const expected = naive.find(cpu, nslots, alignSlots);
              const slot = find(mem, size, alignOrder === 0 ? 0 : 2 ** alignOrder - 1, cpu);
              assert.equal(slot, expected);
              if (slot >= 0) live.push({ slot, nslots });
            }
            assert.equal(mem.used, naive.used.filter(Boolean).length);
            for (let slot = 0; slot < SLABS; slot++) assert.equal(mem.list[slot], freeRun(naive.used, slot));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
}

test('a mapping of 256 KiB fills a segment; one byte more never fits', () => {
  const mem = pool(1, false);
  assert.equal(find(mem, 262144, 0), 0);
  assert.equal(find(mem, 262145, 0), -1);
  assert.equal(find(mem, 262144, 0), 128);
});

test('6.12 aligns an allocation by its address, 6.1 a page-sized one by its place in the area', () => {
  const start = START + 4096;
  const now = pool(1, false, start);
  assert.equal(now.slotAddress(find(now, 65536, 65535)) % 65536, 0);
  const before = pool(1, true, start);
  assert.equal(find(before, 65536, 0), 0, 'page aligned only');
});

test('the bounce address shares the low bits that the device asks for', () => {
  const mem = pool(1, false);
  const request = {
    tableDmaAddr: mem.start,
    origAddr: 0x80001a00,
    allocSize: 4096 + 0x200,
    allocAlignMask: 0,
    minAlignMask: 0xfff,
    boundaryMask: BOUNDARY,
  };
  const slot = mem.findSlots(0, request);
  assert.equal(slot, 1, 'bit 11 of 0x1a00 is set, so an odd slot');
  assert.equal(mem.alloc_size[slot], 4096, 'without the 0x200 bytes before the buffer');
  mem.releaseSlots(mem.slotAddress(slot) + 0x200, 0xfff);
  assert.equal(mem.used, 0);
  assert.equal(mem.list[0], 128);
});

test('no buffer crosses a segment boundary of the device', () => {
  const mem = pool(1, false);
  const request = { origAddr: 0, allocAlignMask: 0, minAlignMask: 0, boundaryMask: 0xffff };
  const at = (allocSize: number): number => mem.findSlots(0, { ...request, allocSize, tableDmaAddr: 0x2000 });
  assert.equal(at(0xe000), 0, 'from 0x2000 to the boundary');
  assert.equal(at(0x10000), 28, 'exactly one segment, 4096-aligned from 0x10000 on');
  assert.equal(at(0x10001), -1);
});

test('a short last segment: 6.12 knows its end, 6.1 does not', () => {
  const mem = new IoTlbMem();
  mem.init(START, 130, 1, false);
  assert.deepEqual([mem.list[127], mem.list[128], mem.list[129]], [1, 2, 1]);
  mem.init(START, 130, 1, true);
  assert.deepEqual([mem.list[127], mem.list[128], mem.list[129]], [1, 128, 127]);
});

test('releasing forgets the original and merges with both neighbours', () => {
  const mem = pool(1, false);
  const [a, b, c] = [find(mem, 2048, 0), find(mem, 2048, 0), find(mem, 2048, 0)];
  mem.orig_addr[b!] = 0x1234;
  mem.releaseSlots(mem.slotAddress(a!), 0);
  mem.releaseSlots(mem.slotAddress(c!), 0);
  assert.deepEqual([mem.list[0], mem.list[1], mem.list[2]], [1, 0, 126]);
  mem.releaseSlots(mem.slotAddress(b!), 0);
  assert.equal(mem.orig_addr[b!], INVALID_PHYS_ADDR);
  assert.equal(mem.list[0], 128);
  assert.equal(mem.used_hiwater, 3);
  mem.releaseSlots(mem.start + IO_TLB_SIZE, 0);
  assert.deepEqual([mem.list[0], mem.list[1], mem.used], [128, 127, 0], 'nothing changes');
});
