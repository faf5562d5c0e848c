// SPDX-License-Identifier: GPL-2.0-only
/**
 * The memory type of the accesses that a table walk itself makes: ARM DDI 0406C, B4.1.153 and B4.1.154. With short
 * descriptors the low bits of TTBR0 and TTBR1 say it, with long ones TTBCR does.
 * Model: without the Multiprocessing Extensions TTBR.C says that the inner caches may hold tables, and not how: write-back
 * with allocation.
 */
import type { Vaddr } from '../../base/address.js';
import { type MemoryType, normal, POLICY, STRONGLY_ORDERED } from './memory-type.js';
import type { MmuRegisters } from './registers.js';
import { tableRoots } from './table-roots.js';

/** Inner policy << 3 | outer policy << 1 | shareable. */
const TYPES: readonly MemoryType[] = Array.from({ length: 32 }, (_, i) =>
  normal(POLICY[i >> 3]!, POLICY[(i >> 1) & 3]!, (i & 1) === 1),
);

/** Type of the reads of a walk for `vaddr`. Strongly-ordered where no table serves it, so that nothing is read. */
export function walkType(registers: MmuRegisters, multiprocessing: boolean, vaddr: Vaddr): MemoryType {
  const root = tableRoots(registers).find(({ start, end }) => vaddr >= start && vaddr < end);
  if (root === undefined) return STRONGLY_ORDERED;
  const second = root.register === 'TTBR1';
  if (registers.format === 'long') {
    const bits = registers.ttbcr >>> (second ? 24 : 8);
    const shareable = ((bits >>> 4) & 3) !== 0;
    return TYPES[((bits & 3) << 3) | (((bits >>> 2) & 3) << 1) | Number(shareable)]!;
  }
  // The registers have 32 bits here. IRGN[1] is bit 0, IRGN[0] bit 6.
  const bits = (second ? registers.ttbr1 : registers.ttbr0) & 0x7f;
  const inner = multiprocessing ? ((bits & 1) << 1) | (bits >>> 6) : bits & 1;
  return TYPES[(inner << 3) | (((bits >>> 3) & 3) << 1) | ((bits >>> 1) & 1)]!;
}
