// SPDX-License-Identifier: GPL-2.0-only
/** What the kernel flushes where caches show aliases, and that it flushes nothing where they do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../../../base/address.js';
import { Observer } from '../../../../hw/observer.js';
import type { Kernel } from '../../../kernel.js';
import {
  type FilePage,
  flush_anon_page,
  flush_cache_page,
  flush_cache_range,
  flush_dcache_page,
  type UserMapping,
} from './flush.js';
import { bootedPagingKernel, type PagingOptions } from './paging-fixture.js';

/** At c2000000 in the direct map. */
const PFN = 0x42000;
const USER = 0x10005000;

class Watch extends Observer {
  readonly lines: string[] = [];
  override innerMaintenance(_cpu: number, operation: string, vaddr: number, size: number): void {
    this.lines.push(`${operation} ${vaddr.toString(16)}+${size.toString(16)}`);
  }
  override innerMaintenanceAll(_cpu: number, operation: string): void {
    this.lines.push(`all ${operation}`);
  }
  override instructionInvalidateAll(): void {
    this.lines.push('icache');
  }
}

function vma(exec = false, current = true): UserMapping {
  return { start: 0x10000000, end: 0x10010000, exec, current };
}

function kernel(core: string, options: PagingOptions = {}): (action: (k: Kernel) => void) => string[] {
  const k = bootedPagingKernel({ core, cores: 1, ...options });
  return action => {
    const watch = new Watch();
    k.machine.observer = watch;
    action(k);
    k.machine.observer = null;
    return watch.lines;
  };
}

/** An ARM1136 with more data cache than hides its aliases. */
function aliasing(action: (k: Kernel) => void): string[] {
  return kernel('ARM1136JF-S')(k => {
    Object.assign(k.cpu, { cacheid: 'VIPT_ALIASING' });
    action(k);
  });
}

const FILE: FilePage = { position: 0x5000, mappings: [{ vma: vma(), vaddr: USER }], mapped: true };

test('a cache without aliases needs nothing', () => {
  const seen = kernel('Cortex-A15', { cores: 2 });
  assert.deepEqual(
    seen(k => {
      flush_dcache_page(k, PFN, FILE);
      flush_cache_page(k, vma(), USER, PFN);
      flush_cache_range(k, vma(), USER, USER + 4096);
      flush_anon_page(k, vma(), PFN, USER);
    }),
    [],
  );
  assert.deepEqual(
    seen(k => flush_cache_range(k, vma(true), USER, USER + 4096)),
    ['icache'],
  );
});

test('VIVT: the kernel’s mapping, and those of the process that runs', () => {
  const seen = kernel('ARM926EJ-S');
  const page = ['clean-invalidate c2000000+1000', 'icache'];
  assert.deepEqual(
    seen(k => flush_dcache_page(k, PFN)),
    page,
  );
  assert.deepEqual(
    seen(k => flush_dcache_page(k, PFN, FILE)),
    [...page, 'clean-invalidate 10005000+1000'],
  );
  assert.deepEqual(
    seen(k => flush_cache_page(k, vma(true), USER + 8, PFN)),
    ['clean-invalidate 10005000+1000', 'icache'],
  );
  assert.deepEqual(
    seen(k => flush_cache_page(k, vma(true, false), USER, PFN)),
    [],
  );
  assert.deepEqual(
    seen(k => flush_cache_range(k, vma(), USER, USER + 0x10000)),
    ['all clean-invalidate'],
  );
  assert.deepEqual(
    seen(k => flush_anon_page(k, vma(), PFN, USER)),
    ['clean-invalidate 10005000+1000', ...page],
  );
});

test('aliasing VIPT: the colour of the user address, through a mapping of the kernel', () => {
  const colour = ['clean-invalidate ffff5000+1000', 'icache'];
  assert.deepEqual(
    aliasing(k => flush_cache_page(k, vma(), USER, PFN)),
    colour,
  );
  assert.deepEqual(
    aliasing(k => flush_dcache_page(k, PFN, FILE)),
    ['clean-invalidate c2000000+1000', ...colour],
  );
  assert.deepEqual(
    aliasing(k => flush_cache_range(k, vma(), USER, USER + 4096)),
    ['all clean-invalidate'],
  );
  assert.deepEqual(
    aliasing(k => flush_anon_page(k, vma(), PFN, USER)),
    [...colour, 'clean-invalidate c2000000+1000'],
  );
});

test('VIVT highmem that nobody has mapped is not flushed', () => {
  const memory = [{ start: 0x40000000, end: 0x40000000 + 512 * MiB }];
  const seen = kernel('ARM926EJ-S', { memory, lowmemLimit: 0x40000000 + 256 * MiB });
  assert.deepEqual(
    seen(k => flush_dcache_page(k, 0x58000)),
    [],
  );
});
