// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel } from '../../tests/support/test-kernel.js';
import type { Paddr } from '../base/address.js';
import type { OuterCacheFacts } from '../hw/facts.js';
import { __va } from '../linux/arch/arm/include/asm/memory.js';
import { GFP_KERNEL } from '../linux/include/linux/gfp.js';
import { PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../linux/include/linux/pfn.js';
import type { Kernel } from '../linux/kernel.js';
import { kmap_atomic, kunmap_atomic } from '../linux/mm/highmem.js';
import { alloc_pages } from '../linux/mm/page_alloc.js';
import { PreparationWatch } from './preparation-watch.js';

/** Four free pages of lowmem. */
function lowmem(k: Kernel): Paddr {
  const pfn = alloc_pages(k, GFP_KERNEL, 2);
  assert.ok(pfn !== null);
  return PFN_PHYS(pfn);
}

test('only what was cleaned and invalidated is clean, wherever else something was', () => {
  const k = bootTestKernel({ design: 'step1' });
  const paddr = lowmem(k);
  const watch = new PreparationWatch(k.machine);
  watch.during(() => k.machine.innerMaintain('clean-invalidate', __va(k, paddr), 2 * PAGE_SIZE));
  assert.equal(watch.cleaned(paddr, 2 * PAGE_SIZE, null), true);
  assert.equal(watch.cleaned(paddr + PAGE_SIZE, 2 * PAGE_SIZE, null), false);
  assert.equal(watch.cleaned(paddr + 2 * PAGE_SIZE, PAGE_SIZE, null), false, 'as many bytes, but others');
  watch.during(() => k.machine.innerMaintain('clean', __va(k, paddr + 2 * PAGE_SIZE), PAGE_SIZE));
  assert.equal(watch.cleaned(paddr + 2 * PAGE_SIZE, PAGE_SIZE, null), false, 'cleaned, not invalidated');
});

test('highmem is cleaned through a window, page by page and in any order', () => {
  const k = bootTestKernel({ design: 'step1', memoryMiB: 1024 });
  const first = PFN_DOWN(k.memory.arm_lowmem_limit);
  const watch = new PreparationWatch(k.machine);
  for (const page of [first + 1, first]) {
    watch.during(() => {
      const window = kmap_atomic(k, page);
      k.machine.innerMaintain('clean-invalidate', window, PAGE_SIZE);
      kunmap_atomic(k, window);
    });
  }
  assert.equal(watch.cleaned(PFN_PHYS(first), 2 * PAGE_SIZE, null), true);
  assert.equal(watch.cleaned(PFN_PHYS(first), 3 * PAGE_SIZE, null), false);
});

test('stores through a cacheable mapping make it dirty again', () => {
  const k = bootTestKernel({ design: 'step1' });
  const paddr = lowmem(k);
  const watch = new PreparationWatch(k.machine);
  watch.during(() => {
    k.machine.innerMaintain('clean-invalidate', __va(k, paddr), 4 * PAGE_SIZE);
    k.machine.fill(__va(k, paddr + PAGE_SIZE), paddr + PAGE_SIZE, PAGE_SIZE, 0);
  });
  assert.equal(watch.cleaned(paddr, PAGE_SIZE, null), true);
  assert.equal(watch.cleaned(paddr, 2 * PAGE_SIZE, null), false);
  assert.equal(watch.cleaned(paddr + 2 * PAGE_SIZE, 2 * PAGE_SIZE, null), true);
});

test('an outer cache that software maintains has to be cleaned, too', () => {
  const k = bootTestKernel({ design: 'step1' });
  const paddr = lowmem(k);
  const watch = new PreparationWatch(k.machine);
  watch.during(() => k.machine.innerMaintain('clean-invalidate', __va(k, paddr), PAGE_SIZE));
  const outer = {} as OuterCacheFacts;
  assert.equal(watch.cleaned(paddr, PAGE_SIZE, outer), false);
  watch.outerMaintenance('clean-invalidate', paddr, PAGE_SIZE);
  assert.equal(watch.cleaned(paddr, PAGE_SIZE, outer), true);
});

test('zeroes are seen as they are written, to the byte', () => {
  const k = bootTestKernel({ design: 'step1' });
  const paddr = lowmem(k);
  const watch = new PreparationWatch(k.machine);
  watch.during(() => k.machine.fill(__va(k, paddr), paddr, 100, 0));
  assert.equal(watch.zeroed(paddr, 100), true);
  assert.equal(watch.zeroed(paddr, 101), false);
  watch.during(() => k.machine.fill(__va(k, paddr), paddr, 1, 7));
  assert.equal(watch.zeroed(paddr, 100), false);
});

test('two may watch at the same time', () => {
  const k = bootTestKernel({ design: 'step1' });
  const paddr = lowmem(k);
  const outside = new PreparationWatch(k.machine);
  const inside = new PreparationWatch(k.machine);
  outside.during(() => inside.during(() => k.machine.fill(__va(k, paddr), paddr, 100, 0)));
  assert.deepEqual([outside.zeroed(paddr, 100), inside.zeroed(paddr, 100)], [true, true]);
  assert.equal(k.machine.observer, null);
});
