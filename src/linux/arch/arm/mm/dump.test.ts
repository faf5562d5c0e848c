// SPDX-License-Identifier: GPL-2.0-only
/** Entries of 6.12 kernels on `virt`, with what these kernels' kernel_page_tables said of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { __pgprot } from '../include/asm/pgtable.js';
import { listedEntry } from './dump.js';

test('short descriptors', () => {
  const page = (low: number, domain = 0): string => listedEntry('page', __pgprot(low), domain);
  const section = (low: number): string => listedEntry('section', __pgprot(low), 0);
  assert.equal(section(0x4001141e), 'PGD KERNEL      RW NX SHD');
  assert.equal(section(0x4011940e), 'PGD KERNEL      ro x  SHD');
  assert.equal(page(0x4f04065f), 'PTE KERNEL      RW NX SHD MEM/CACHED/WBWA');
  assert.equal(page(0x4f000647), 'PTE KERNEL      RW NX SHD MEM/BUFFERABLE/WC');
  assert.equal(page(0x08000653), 'PTE KERNEL      RW NX SHD DEV/SHARED');
  assert.equal(page(0x08000667), 'PTE KERNEL      RW NX SHD DEV/WC');
  assert.equal(page(0x4fffe4df, 3), 'PTE VECTORS     ro x  SHD MEM/CACHED/WBWA');
  // A user page that was written to.
  assert.equal(page(0x4100075f, 1), 'PTE USER    USR RW NX SHD MEM/CACHED/WBWA');
});

test('long descriptors', () => {
  const page = (low: number, high: number): string => listedEntry('page', __pgprot(low, high), null);
  const section = (low: number, high: number): string => listedEntry('section', __pgprot(low, high), null);
  assert.equal(section(0x4000071d, 0x400000), 'PMD RW NX SHD');
  assert.equal(section(0x4020079d, 0x4000000), 'PMD ro x  SHD');
  assert.equal(page(0x4f00071f, 0x400000), 'PTE     RW NX SHD MEM/CACHED/WBWA');
  // Two types are one attribute there.
  assert.equal(page(0x4f000707, 0x400000), 'PTE     RW NX SHD MEM/BUFFERABLE/WC DEV/WC');
});
