// SPDX-License-Identifier: GPL-2.0-only
/** memblock against a map with one entry for each page. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MEMBLOCK_ALLOC_ANYWHERE, Memblock } from './memblock.js';

const PAGE = 4096;
const PAGES = 64;

interface NaivePage {
  memory: boolean;
  nomap: boolean;
  reserved: boolean;
}

type Change = 'add' | 'remove' | 'reserve' | 'free' | 'mark_nomap' | 'clear_nomap' | 'cap';

function applyNaive(pages: NaivePage[], change: Change, start: number, end: number): void {
  pages.forEach((page, index) => {
    const inside = index >= start && index < end;
    if (change === 'cap') {
      if (!inside && !page.nomap) page.memory = false;
      if (!inside) page.reserved = false;
    } else if (inside) {
      if (change === 'add') page.memory = true;
      if (change === 'remove') page.memory = page.nomap = false;
      if (change === 'reserve') page.reserved = true;
      if (change === 'free') page.reserved = false;
      if (change === 'mark_nomap' && page.memory) page.nomap = true;
      if (change === 'clear_nomap') page.nomap = false;
    }
  });
}

function apply(memblock: Memblock, change: Change, base: number, size: number): void {
  if (change === 'add') memblock.memblock_add(base, size);
  if (change === 'remove') memblock.memblock_remove(base, size);
  if (change === 'reserve') memblock.memblock_reserve(base, size);
  if (change === 'free') memblock.memblock_phys_free(base, size);
  if (change === 'mark_nomap') memblock.memblock_mark_nomap(base, size);
  if (change === 'clear_nomap') memblock.memblock_clear_nomap(base, size);
  if (change === 'cap') memblock.memblock_cap_memory_range(base, size);
}

/** The block an allocation must return: every position tried from the preferred end. */
function findNaive(
  pages: NaivePage[],
  bottomUp: boolean,
  count: number,
  align: number,
  start: number,
  end: number,
): number {
  const positions = Array.from({ length: PAGES }, (_, index) => index).filter(first => {
    if (first % align !== 0 || first < Math.max(start, 1) || first + count > Math.min(end, PAGES))
      return false;
    return pages.slice(first, first + count).every(page => page.memory && !page.nomap && !page.reserved);
  });
  return (bottomUp ? positions[0] : positions.at(-1)) ?? 0;
}

const changes = fc.array(
  fc.record({
    change: fc.constantFrom<Change[]>(
      'add',
      'add',
      'remove',
      'reserve',
      'free',
      'mark_nomap',
      'clear_nomap',
      'cap',
    ),
    start: fc.nat(PAGES),
    count: fc.nat(PAGES / 2),
  }),
  { maxLength: 25 },
);

test('regions and allocations are those of a page-by-page map', () => {
  const request = fc.record({
    bottomUp: fc.boolean(),
    count: fc.integer({ min: 1, max: 6 }),
    alignOrder: fc.nat(3),
    start: fc.nat(PAGES),
    end: fc.nat(PAGES + 8),
  });
  fc.assert(
    fc.property(changes, fc.array(request, { maxLength: 5 }), (edits, requests) => {
      const memblock = new Memblock(false);
      const pages = Array.from({ length: PAGES }, () => ({ memory: false, nomap: false, reserved: false }));
      memblock.memblock_add(0, PAGE * PAGES);
      applyNaive(pages, 'add', 0, PAGES);
      for (const { change, start, count } of edits) {
        const end = Math.min(start + count, PAGES);
        // cap ignores an empty range and an empty memory.
        if (change === 'cap' && (end === start || memblock.memory.length === 0)) continue;
        apply(memblock, change, start * PAGE, (end - start) * PAGE);
        applyNaive(pages, change, start, end);
      }
      for (const { bottomUp, count, alignOrder, start, end } of requests) {
        memblock.memblock_set_bottom_up(bottomUp);
        const align = 2 ** alignOrder;
        const want = end === 0 ? -1 : findNaive(pages, bottomUp, count, align, start, end);
        if (want < 0) continue;
        const got = memblock.memblock_phys_alloc_range(count * PAGE, align * PAGE, start * PAGE, end * PAGE);
        assert.equal(got, want * PAGE);
        if (want > 0) applyNaive(pages, 'reserve', want, want + count);
      }
      pages.forEach((page, index) => {
        assert.equal(memblock.memblock_is_memory(index * PAGE), page.memory);
        assert.equal(memblock.memblock_is_map_memory(index * PAGE), page.memory && !page.nomap);
        assert.equal(memblock.memblock_is_reserved(index * PAGE), page.reserved);
      });
      const free = memblock.for_each_free_mem_range();
      const freePages = pages.filter(page => page.memory && !page.nomap && !page.reserved).length;
      assert.equal(
        free.reduce((sum, range) => sum + range.end - range.start, 0),
        freePages * PAGE,
      );
      for (const list of [memblock.memory, memblock.reserved]) {
        list.forEach((region, index) => {
          const next = list[index + 1];
          assert.ok(region.start < region.end);
          if (next)
            assert.ok(region.end < next.start || (region.end === next.start && region.nomap !== next.nomap));
        });
      }
    }),
  );
});

test('memory that ends at 4 GiB loses its last byte with 32-bit addresses only', () => {
  const narrow = new Memblock(false);
  narrow.memblock_add(0xf0000000, 0x10000000);
  assert.equal(narrow.memblock_end_of_DRAM(), 0xffffffff);
  const wide = new Memblock(true);
  wide.memblock_add(0xf0000000, 0x10000000);
  assert.equal(wide.memblock_end_of_DRAM(), 0x100000000);
});

test('the current limit binds memblock_alloc() and not an explicit end', () => {
  const memblock = new Memblock(false);
  memblock.memblock_add(0x40000000, 0x10000000);
  memblock.memblock_set_current_limit(0x48000000);
  assert.equal(memblock.memblock_alloc(PAGE, PAGE), 0x47fff000);
  assert.equal(memblock.memblock_phys_alloc_range(PAGE, PAGE, 0, MEMBLOCK_ALLOC_ANYWHERE), 0x4ffff000);
});

test('an allocation packs its end, not its start, against the top', () => {
  const memblock = new Memblock(false);
  memblock.memblock_add(0x40000000, 0x100000);
  assert.equal(memblock.memblock_alloc(0x3000, 0x2000), 0x400fc000);
});

test('the first page of physical memory is never handed out', () => {
  const memblock = new Memblock(false);
  memblock.memblock_add(0, PAGE);
  assert.equal(memblock.memblock_alloc(PAGE, PAGE), 0);
  assert.equal(memblock.memblock_is_reserved(0), false);
});
