// SPDX-License-Identifier: GPL-2.0-only
/** What a kernel tells of its memory: pages freed, buffers handed out, mappings that went away. */
import { alignDown, hex, type Paddr, type Pfn, type Vaddr } from '../base/address.js';
import { MT_CACHEABLE } from '../hw/mmu/memory-type.js';
import type { CoherentBuffer, StreamingBuffer } from '../hw/observer.js';
import type { Context } from './context.js';
import type { KernelMap } from './kernel-map.js';
import { divergentKernelMap } from './rules/divergent-kernel-map.js';
import { mismatchedAlias } from './rules/mismatched-alias.js';
import { staleTlbEntry } from './rules/stale-tlb-entry.js';
import { forget } from './transitions.js';

const PAGE_BYTES = 4096;

/** No cache holds any of it. */
export function assumeClean(c: Context, paddr: Paddr, size: number): void {
  c.engine.range(paddr, size, null, cell => {
    forget(cell);
    cell.dirtyInner = false;
    cell.dirtyOuter = false;
    cell.heldInner = false;
    cell.heldOuter = false;
  });
}

/** What the pages hold matters to nobody any more. */
export function pagesFreed(c: Context, paddr: Paddr, size: number): void {
  c.engine.range(paddr, size, null, (cell, _mask, index) => {
    forget(cell);
    c.engine.eachOther(index, other => {
      other.newInner = 0;
      other.staleInner = 0;
    });
  });
  c.history.record(`CPU ${c.machine.cpu}`, 'pages freed', paddr, size);
}

/** The last cacheable mapping of pages went away: lines that were filled before may still be there. */
export function mappingGone(c: Context, start: Pfn, count: number): void {
  if (!c.engine.speculates) return;
  const { outer } = c.engine.setup;
  c.engine.range(start * PAGE_BYTES, count * PAGE_BYTES, null, (cell, _mask, index) => {
    // A line that may be dirty may be there anyhow.
    if (!cell.dirtyInner) cell.heldInner = true;
    if (outer && !cell.dirtyOuter) cell.heldOuter = true;
    c.engine.eachOther(index, other => {
      other.heldInner = true;
    });
  });
  c.history.record(`CPU ${c.machine.cpu}`, 'cacheable mapping gone', start * PAGE_BYTES, count * PAGE_BYTES);
}

/** A TLB may still translate `vaddr` as the tables did before. */
export function judgeTranslation(
  c: Context,
  cpu: number,
  what: string,
  vaddr: Vaddr,
  paddr: Paddr,
  size: number,
): void {
  const { mappings } = c.machine;
  if (mappings.conflictCount === 0) return;
  for (let at = vaddr; at < vaddr + size; at = alignDown(at, PAGE_BYTES) + PAGE_BYTES) {
    const old = mappings.lingeringAt(at, cpu);
    if (old === undefined) continue;
    c.reporter.begin(`CPU ${cpu}`, what, vaddr, null, paddr, size);
    const where = paddr + (at - vaddr);
    const detail = `it was ${old.text}`;
    const bytes = Math.min(PAGE_BYTES - (at % PAGE_BYTES), vaddr + size - at);
    c.reporter.add({ rule: staleTlbEntry, detail }, where, where, '', bytes);
    c.end();
  }
}

/** The process's table maps a kernel address otherwise than the kernel's own. */
export function judgeKernelMap(
  c: Context,
  map: KernelMap,
  cpu: number,
  what: string,
  vaddr: Vaddr,
  paddr: Paddr,
  size: number,
): void {
  const at = map.firstDifference(vaddr, size);
  if (at < 0) return;
  c.reporter.begin(`CPU ${cpu}`, what, vaddr, null, paddr, size);
  const where = paddr + (at - vaddr);
  const detail = `the first-level entry of ${hex(at - (at % 0x100000), 8)} differs`;
  c.reporter.add({ rule: divergentKernelMap, detail }, where, where, '', size);
  c.end();
}

export function coherentAllocated(c: Context, buffer: CoherentBuffer): void {
  const { paddr, size, vaddr } = buffer;
  c.ownership.addCoherent(buffer);
  if (!buffer.coherent && vaddr !== null) judgeMappings(c, vaddr, buffer);
  c.history.record(`CPU ${c.machine.cpu}`, `coherent buffer for ${buffer.device}`, paddr, size);
}

/** Other mappings of a buffer that is handed out as non-cacheable. */
function judgeMappings(c: Context, vaddr: Vaddr, { paddr, size, dmaAddr }: CoherentBuffer): void {
  c.reporter.begin(`CPU ${c.machine.cpu}`, 'coherent allocation', vaddr, dmaAddr, paddr, size);
  const { mappings } = c.machine;
  let inRun = false;
  for (let at = alignDown(paddr, PAGE_BYTES); at < paddr + size; at += PAGE_BYTES) {
    const pfn = at / PAGE_BYTES;
    const fills = mappings.mayFill(pfn);
    // Of pages that are mapped alike, one is looked at.
    if (fills && (!inRun || mappings.mayLinger(pfn))) judgeAliases(c, at);
    inRun = fills;
  }
  c.end();
}

/** Cacheable mappings beside the one that the driver gets. */
function judgeAliases(c: Context, paddr: Paddr): void {
  for (const { vaddr, memoryType, lingering } of c.machine.mappings.aliases(paddr / PAGE_BYTES)) {
    if ((memoryType.bits & MT_CACHEABLE) === 0) continue;
    const rule = lingering ? staleTlbEntry : mismatchedAlias;
    const detail = `${memoryType.text} ${lingering ? 'may still be in a TLB' : 'as well'}`;
    c.reporter.add({ rule, detail }, paddr, paddr, `mapped at ${hex(vaddr, 8)}`, PAGE_BYTES);
  }
}

export function coherentFreed(c: Context, buffer: CoherentBuffer): void {
  c.ownership.removeCoherent(buffer);
  c.history.record(
    `CPU ${c.machine.cpu}`,
    `coherent buffer of ${buffer.device} freed`,
    buffer.paddr,
    buffer.size,
  );
}

export function streamingMapped(c: Context, buffer: StreamingBuffer): void {
  c.ownership.addStreaming(buffer);
  c.history.record(
    `CPU ${c.machine.cpu}`,
    `mapped ${buffer.direction} for ${buffer.device}`,
    buffer.paddr,
    buffer.size,
  );
  markOwned(c, buffer.original, buffer.size);
}

export function streamingUnmapped(c: Context, buffer: StreamingBuffer): void {
  c.ownership.removeStreaming(buffer);
  c.history.record(`CPU ${c.machine.cpu}`, `unmapped from ${buffer.device}`, buffer.paddr, buffer.size);
  c.engine.range(buffer.original, buffer.size, null, cell => {
    cell.owned = false;
  });
  for (const rest of c.ownership.touching(buffer.original, buffer.size)) {
    markOwned(c, rest.original, rest.size);
  }
}

function markOwned(c: Context, paddr: Paddr, size: number): void {
  c.engine.range(paddr, size, null, cell => {
    cell.owned = true;
  });
}
