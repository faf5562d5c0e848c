// SPDX-License-Identifier: GPL-2.0-only
/**
 * The whole map of a translation table as ranges, the way a page-table dump prints it: neighbours join
 * when addresses continue on both sides and kind and attributes are equal.
 * Serves comparison with dumps of real kernels and the printed map of a design.
 */
import { FOUR_GiB, type Paddr, type Vaddr } from '../../base/address.js';
import type { Ram } from '../ram.js';
import { mairByte } from './memory-type.js';
import type { MmuRegisters } from './registers.js';
import { type MappingKind, Translation } from './translation.js';
import {
  ACCESS_FLAG_FAULT,
  TableWalker,
  TRANSLATION_FAULT_L1,
  TRANSLATION_FAULT_L2,
  WALK_ABORT_L1,
  WALK_ABORT_L2,
  WALK_OK,
} from './walker.js';

/** Equal attributes over [va, vaEnd], which maps to `pa` and up. `vaEnd` is inclusive, as in dumps. */
export interface MappedRange {
  readonly va: number;
  readonly vaEnd: number;
  readonly pa: number;
  /** Bytes. */
  readonly size: number;
  readonly kind: MappingKind;
  readonly tex: number;
  readonly c: number;
  readonly b: number;
  readonly s: number;
  readonly ng: number;
  readonly xn: number;
  readonly pxn: number;
  readonly ap: string;
  readonly domain: number;
  readonly attrIndex: number;
  /** The byte that `attrIndex` selects; 0 with short descriptors. */
  readonly mair: number;
  readonly sh: number;
  readonly af: number;
  readonly contiguous: number;
  /** Text of the memory type: `normal inner=WBWA outer=WBWA`. */
  readonly type: string;
  /** With long descriptors what SH asks for, whatever the memory type makes of it. */
  readonly shareable: boolean | null;
}

/**
 * Everything mapped in [vaStart, vaEnd). `tableBase`: walk this first-level table for all addresses
 * (16 KiB with short descriptors, four entries with long ones) instead of what TTBCR selects.
 */
export function mapRanges(
  ram: Ram,
  registers: MmuRegisters,
  vaStart: Vaddr = 0,
  vaEnd: Vaddr = FOUR_GiB,
  tableBase?: Paddr,
): MappedRange[] {
  // TTBCR 0 makes TTBR0 serve all addresses in either format; EAE is told by `format`.
  const used = tableBase === undefined ? registers : registers.with({ ttbr0: tableBase, ttbcr: 0 });
  const walker = new TableWalker(ram, used);
  const found = new Translation();
  const ranges: MappedRange[] = [];
  let open: MutableRange | undefined;
  for (let va = vaStart; va < vaEnd; ) {
    const status = walker.walk(va, found);
    if (status !== WALK_OK && status !== ACCESS_FLAG_FAULT) {
      va = nextAfterFault(va, status, used.format);
      continue;
    }
    const next = Math.min(vaEnd, va - (va % found.size) + found.size);
    if (open !== undefined && continues(open, va, found)) {
      open.vaEnd = next - 1;
      open.size += next - va;
    } else {
      open = describe(va, next, found, used);
      ranges.push(open);
    }
    va = next;
  }
  return ranges;
}

type MutableRange = { -readonly [K in keyof MappedRange]: MappedRange[K] };

/** The next address that an entry other than the missing one translates. */
function nextAfterFault(va: number, status: number, format: 'short' | 'long'): number {
  let granule = 0x1000;
  if (status === TRANSLATION_FAULT_L1 || status === WALK_ABORT_L1) {
    // 32 MiB: the smallest region that TTBCR can give to a base register.
    granule = format === 'long' ? 0x2000000 : 0x100000;
  } else if ((status === TRANSLATION_FAULT_L2 || status === WALK_ABORT_L2) && format === 'long') {
    granule = 0x200000;
  }
  return va - (va % granule) + granule;
}

function continues(open: MutableRange, va: number, found: Translation): boolean {
  return (
    open.vaEnd + 1 === va &&
    open.pa + open.size === found.paddr &&
    open.kind === found.kind &&
    open.tex === found.tex &&
    open.c === found.c &&
    open.b === found.b &&
    open.s === found.s &&
    open.ng === found.ng &&
    open.xn === found.xn &&
    open.pxn === found.pxn &&
    open.ap === found.ap &&
    open.domain === found.domain &&
    open.attrIndex === found.attrIndex &&
    open.sh === found.sh &&
    open.af === found.af &&
    open.contiguous === found.contiguous
  );
}

function describe(va: number, next: number, found: Translation, registers: MmuRegisters): MutableRange {
  const long = registers.format === 'long';
  return {
    va,
    vaEnd: next - 1,
    pa: found.paddr,
    size: next - va,
    kind: found.kind,
    tex: found.tex,
    c: found.c,
    b: found.b,
    s: found.s,
    ng: found.ng,
    xn: found.xn,
    pxn: found.pxn,
    ap: found.ap,
    domain: found.domain,
    attrIndex: found.attrIndex,
    mair: long ? mairByte(registers, found.attrIndex) : 0,
    sh: found.sh,
    af: found.af,
    contiguous: found.contiguous,
    type: found.memoryType.text,
    shareable: long ? found.sh !== 0 : found.memoryType.shareable,
  };
}
