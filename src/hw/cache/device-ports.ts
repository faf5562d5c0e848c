// SPDX-License-Identifier: GPL-2.0-only
/**
 * How bus masters reach memory, by the port they are attached to.
 *
 *   none      memory alone
 *   acp       Accelerator Coherency Port of a Cortex-A5 or A9 (DDI 0407, 2.4): reads snoop the data caches,
 *             then go through the outer cache; writes clean and invalidate the line in the data caches and
 *             go to the outer cache
 *   ace-lite  a port of a coherent interconnect: reads snoop all caches; writes clean and invalidate the
 *             line in all of them and go to memory
 *   l2        ACP of a core with an integrated L2 (Cortex-A15, DDI 0438, ch. 7): as acp, but a write ends in
 *             the L2, dirty
 *
 * Model: a snooped read allocates nothing; instruction caches are never snooped.
 */
import type { Paddr } from '../../base/address.js';
import type { CoherencyPort } from '../dma/master.js';
import { MT_CACHEABLE, MT_INNER_WA, MT_OUTER, MT_OUTER_WA } from '../mmu/memory-type.js';
import type { InnerCaches } from './inner-caches.js';
import { copyFromLine } from './memory-side.js';
import { DIRTY, type SetAssociative } from './set-associative.js';

/** What a coherent master's writes ask for: cacheable, allocating. */
const COHERENT_WRITE: number = MT_CACHEABLE | MT_INNER_WA | MT_OUTER | MT_OUTER_WA;

/** Piece of a snoop where no data cache has lines. */
const DEFAULT_LINE_BYTES = 64;

/** A read through any port that snoops. */
export function snoopedRead(inner: InnerCaches, paddr: Paddr, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const line = lineBytes(inner);
  for (let done = 0; done < size; ) {
    const at = paddr + done;
    const piece = Math.min(size - done, line - (at % line));
    if (!readFromCore(inner, at, piece, bytes, done)) readFromL2(inner, at, piece, bytes, done);
    done += piece;
  }
  return bytes;
}

export function snoopedWrite(
  inner: InnerCaches,
  port: Exclude<CoherencyPort, 'none'>,
  paddr: Paddr,
  bytes: Uint8Array,
): void {
  const line = lineBytes(inner);
  for (let done = 0; done < bytes.length; ) {
    const at = paddr + done;
    const piece = Math.min(bytes.length - done, line - (at % line));
    inner.withdraw(null, at);
    if (port === 'ace-lite') {
      const slot = inner.l2 === null ? -1 : inner.l2.find(0, at);
      if (slot >= 0) inner.evictL2(slot);
      inner.below.flush(at, piece);
      inner.below.writeMemory(at, bytes, done, piece);
    } else {
      inner.write(at, bytes, done, piece, COHERENT_WRITE, true);
    }
    done += piece;
  }
}

function lineBytes(inner: InnerCaches): number {
  return inner.cores[0]?.data?.lineBytes ?? DEFAULT_LINE_BYTES;
}

/** From a data cache that has the line: a dirty one if there is one. */
function readFromCore(
  inner: InnerCaches,
  paddr: Paddr,
  size: number,
  into: Uint8Array,
  offset: number,
): boolean {
  let from: SetAssociative | null = null;
  let fromSlot = -1;
  for (const { data } of inner.cores) {
    if (data === null) continue;
    for (let slot = data.findPhysical(paddr); slot >= 0; slot = data.findPhysical(paddr, slot)) {
      if (from === null || data.states[slot] === DIRTY) [from, fromSlot] = [data, slot];
    }
  }
  if (from === null) return false;
  copyFromLine(from, fromSlot, paddr, size, into, offset);
  return true;
}

function readFromL2(inner: InnerCaches, paddr: Paddr, size: number, into: Uint8Array, offset: number): void {
  const slot = inner.l2 === null ? -1 : inner.l2.find(0, paddr);
  if (slot >= 0) copyFromLine(inner.l2!, slot, paddr, size, into, offset);
  else inner.below.readSnooped(paddr, size, into, offset);
}
