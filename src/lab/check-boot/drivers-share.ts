// SPDX-License-Identifier: GPL-2.0-only
/**
 * What drivers had taken of contiguous memory and of the atomic pool when the recording was made: where they had
 * taken something, nobody can tell which pages were left for the recorded calls.
 */
import { alignUp, KiB } from '../../base/address.js';
import { type DmaLine, hexOf } from './dma-lines.js';
import type { Recording } from './recording.js';

const PAGE_SIZE = 4096;

/** Bytes of contiguous memory that were neither free nor the atomic pool before the calls. */
export function othersCmaBytes(recording: Recording): number {
  const { CmaTotal, CmaFree } = recording.meminfo_kb ?? {};
  const pool = recording.atomic_pool;
  if (CmaTotal === undefined || CmaFree === undefined) return 0;
  return (CmaTotal - CmaFree) * KiB - (pool?.inside_cma ? Number(pool.size) : 0);
}

/** Pages of the pool that were neither free in the end nor held by the recorded calls. */
export function othersPoolPages(recording: Recording, lines: readonly DmaLine[]): number {
  const pool = recording.atomic_pool;
  if (pool?.avail_at_snapshot === undefined) return 0;
  const start = Number(pool.pa);
  const end = start + Number(pool.size);
  let held = Number(pool.avail_at_snapshot);
  for (const { word, asked, got, text } of lines) {
    const paddr = hexOf(got['pa']);
    if (word === 'alloc' && paddr >= start && paddr < end && got['freed'] !== '1') {
      held += alignUp(Number(asked['size']), PAGE_SIZE);
    }
    if (word === 'atomiccount' && !text.endsWith('then all freed'))
      held += Number(asked['pages']) * PAGE_SIZE;
  }
  return Math.max(0, (Number(pool.size) - held) / PAGE_SIZE);
}
