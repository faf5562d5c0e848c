// SPDX-License-Identifier: GPL-2.0-only
/** Rule `stale-read`: a load may see an older value than the newest. */
import type { Cell } from '../cell.js';
import type { Rule } from './rule.js';

export const staleRead: Rule = {
  id: 'stale-read',
  severity: 'error',
  summary: 'a load may see an older value than the newest',
  explanation: [
    'A cache may hold the line with an older value than memory: a device wrote memory behind it, or a CPU stored there past the cache. The load hits the line and returns the old bytes. Whether the line is really there depends on what was filled and evicted before; on a core that speculates, the existence of a cacheable mapping is enough, since the hardware may fill any line of it at any time, without an access.',
    'Linux invalidates twice around a transfer from a device: when the buffer is mapped, so that no dirty line can be written back over it, and when it is unmapped, because speculation may have filled lines meanwhile. Behind an outer cache the order matters: the outer cache first, then the inner ones, or a fill from a stale outer line undoes the work. Cores before ARMv6 fill nothing unasked, and there the first invalidate is enough.',
    "A PL310 that looks non-cacheable accesses up (shareable, bit 22 of its auxiliary control register clear) makes this happen to coherent buffers as well: a cacheable alias brings a line into the outer cache, and the driver's non-cacheable load hits it. If the alias is gone and only a line that was filled before may be left, the severity is `window`.",
    'On a board: packets with bytes of earlier packets, a status word that never changes, rarely and only under load. Reported is the load, once for each place; against it stands who wrote memory.',
  ],
  missing:
    'Invalidate the line between the write and this load (the outer cache before the inner ones), or have no cacheable mapping of the page.',
  references: [
    'ARM DDI 0406C, A3.9 (caches and memory hierarchy)',
    'Arm DDI 0246, 2.3.2 (L2C-310: shareable attribute)',
    'arch/arm/mm/dma-mapping.c, __dma_page_dev_to_cpu() (v6.12)',
    'Documentation/core-api/dma-api.rst, part Id',
  ],
};

/** Bytes that a load through the inner caches may see too old. */
export function staleForCachedLoad(cell: Cell, mask: number): number {
  const inner = cell.mayHoldInner ? cell.staleInner : 0;
  const outer = cell.mayHoldOuter ? cell.staleOuter : 0;
  return (inner | outer) & mask;
}

/** Bytes that a non-cacheable load may see too old because the outer cache answers it. */
export function staleForLookup(cell: Cell, mask: number): number {
  return cell.mayHoldOuter ? cell.staleOuter & mask : 0;
}

/** Nothing can fill the line any more: only one that was left behind when its mapping went can be stale. */
export function onlyLeftBehind(cell: Cell): boolean {
  return !cell.mayFillOuter;
}
