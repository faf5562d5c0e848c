// SPDX-License-Identifier: GPL-2.0-only
/**
 * Loads, stores and exclusives for blocks of the lock step with qemu-arm, their registers set so that they hit the
 * record's memory, sometimes unaligned, sometimes outside of it. A load of pc finds a target there.
 */
import type { Random } from '../../src/base/random.js';
import type { Cpu } from '../../src/emulator/cpu/cpu.js';
import type { Op } from '../../src/emulator/isa/op.js';
import { shiftedRm } from '../../src/emulator/isa/operands.js';
import type { Block, Piece } from './block.js';
import type { Code } from './code.js';
import { fpscrOperand, sparse } from './operands.js';
import { APSR, MEMORY, MEMORY_ADDRESS, MEMORY_WORDS, R, STORED_BYTES, TABLE_BYTES } from './qemu-user.js';
import { type Made, makeInteger, type Target } from './targets.js';
import { makeVector, vectorBase } from './vector-words.js';

const MEMORY_BYTES = 4 * MEMORY_WORDS;
/** Behind the record's page. */
const ABSENT = (MEMORY_ADDRESS & ~0xfff) + 0x1000;

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** In T32 r13 stays a multiple of four. */
export function spoilsStack({ op }: Made, target: Target): boolean {
  if (target.thumb === 0) return false;
  const { name, class: kind } = target.row.encoding;
  if (kind === 'load-store' || kind === 'load-store-multiple' || kind === 'exclusive') {
    if (name.startsWith('LD') && (op.rt === 13 || op.rt2 === 13)) return true;
    return op.rn === 13 && op.w === 1 && (op.imm & 3) !== 0;
  }
  if (op.rd !== 13) return false;
  return op.rn !== 13 || (op.imm & 3) !== 0 || !/^(ADD|SUB).*immediate/.test(name);
}

/** A branch inside of an IT block is its last instruction. */
function mayBranch(it: number): boolean {
  return it === 0 || (it & 0xf) === 8;
}

/** Where a target may lie in memory. */
function targetSlot(random: Random): number {
  return MEMORY_ADDRESS + STORED_BYTES + 4 * random.below((MEMORY_BYTES - STORED_BYTES - TABLE_BYTES) / 4);
}

/** pc comes from memory at `at`. */
function loadsPc(block: Block, code: Code, at: number): Pick<Piece, 'fix' | 'exchanges'> {
  return {
    exchanges: 'may',
    fix: (_address, label) => {
      block.record[MEMORY + (at - MEMORY_ADDRESS) / 4] = label.address | label.thumb;
      return code;
    },
  };
}

/** Sets base and index so that the access begins at `at`. False: one of them cannot be claimed. */
function aim(block: Block, op: Op, at: number): boolean {
  const { random, record } = block;
  if (!block.isFree(op.rn)) return false;
  if (op.i === 0) {
    block.claim(op.rn, at - (op.p === 1 ? op.imm : 0));
    return true;
  }
  if (op.rm === op.rn || !block.isFree(op.rm)) return false;
  block.claim(op.rm, random.chance(0.8) ? random.below(64) : sparse(random));
  const fake = { r: new Int32Array(record.subarray(R, R + 16)), cf: (record[APSR]! >>> 29) & 1 };
  const offset = shiftedRm(fake as unknown as Cpu, op);
  block.claim(op.rn, op.p === 1 ? at - (op.u === 1 ? offset : -offset) : at);
  return true;
}

/** Base and index registers that can be claimed, as fields of the row. Null: there are none. */
function freeFields(block: Block, target: Target): Record<string, number> | null {
  const { widths } = target.row.pattern;
  const fixed: Record<string, number> = {};
  const base = widths.get('rn');
  // Sometimes the base is pc, where code is: a literal.
  const literal = base === 4 && target.row.encoding.name.startsWith('LD') && block.random.chance(0.05);
  if (literal) {
    fixed.rn = 15;
  } else if (base !== undefined) {
    fixed.rn = block.free(base);
    if (fixed.rn < 0) return null;
  }
  const index = widths.get('rm');
  if (index !== undefined) {
    fixed.rm = block.free(index, fixed.rn);
    if (fixed.rm < 0) return null;
  }
  return fixed;
}

export function loadStorePiece(block: Block, target: Target, it: number): Piece | null {
  const { random } = block;
  const { name } = target.row.encoding;
  const fixed = freeFields(block, target);
  if (fixed === null) return null;
  const jumps = name.startsWith('LDR (') && !name.includes('literal') && mayBranch(it) && random.chance(0.1);
  if (jumps && target.row.pattern.widths.get('rt') === 4) fixed.rt = 15;
  const made = makeInteger(target, random, it, fixed);
  if (made === null || spoilsStack(made, target)) return null;
  const { op, code } = made;
  if (made.undefined) return { codes: [code], undefined: true };
  // LDRD and its kin take the register behind rt.
  if (op.rt2 === 15) return null;
  const loadsTarget = op.rt === 15 && name.startsWith('LDR (');
  if (op.rn === 15) {
    if (!name.startsWith('LD') || loadsTarget) return null;
    if (op.i === 1) block.claim(op.rm, random.below(64));
    return block.writes(op) ? { codes: [code] } : null;
  }
  if (loadsTarget && (!mayBranch(it) || target.row.pattern.widths.get('rt') !== 4)) return null;
  if (block.looping && loadsTarget) return null;
  const bytes = name.startsWith('ST') ? STORED_BYTES : MEMORY_BYTES;
  const alignment = random.pick([~3, ~3, ~3, ~7, ~1, ~0]);
  let at = MEMORY_ADDRESS + (random.below(bytes - 8) & alignment);
  if (random.chance(0.02)) at = ABSENT - 4 + random.below(64);
  if (loadsTarget) at = targetSlot(random);
  // In the second turn of a loop an index of any size would lead anywhere.
  if (block.looping && op.i === 1 && (op.w === 1 || op.p === 0)) return null;
  if (!aim(block, op, at) || !block.writes(op)) return null;
  return { codes: [code], ...(loadsTarget ? loadsPc(block, code, at) : {}) };
}

export function multiplePiece(block: Block, target: Target, it: number): Piece | null {
  const { random } = block;
  const { name } = target.row.encoding;
  const { widths } = target.row.pattern;
  const fixed: Record<string, number> = {};
  const base = widths.get('rn');
  if (base !== undefined) {
    fixed.rn = block.free(base);
    if (fixed.rn < 0) return null;
  }
  const loads = /^(LDM|POP)/.test(name);
  const jumps = loads && mayBranch(it) && random.chance(0.2);
  const list = widths.get('list')!;
  fixed.list = random.next() & ((1 << list) - 1) & (jumps ? 0xffff : 0x7fff);
  if (jumps && list === 16) fixed.list |= 0x8000;
  // PUSH and POP of 16 bits have a bit for r14 or r15.
  if (widths.has('m')) fixed.m = loads ? Number(jumps) : random.below(2);
  const made = makeInteger(target, random, it, fixed);
  if (made === null) return null;
  const { op, code } = made;
  if (made.undefined) return { codes: [code], undefined: true };
  if (!block.isFree(op.rn) || (target.thumb === 1 && ((op.list >> 13) & 1) === 1)) return null;
  // A stored base that is written back and is not the lowest register is UNKNOWN; the stored pc is, too (A8.8.199).
  const lowest = op.list & -op.list;
  if (!loads && op.w === 1 && ((op.list >> op.rn) & 1) === 1 && lowest !== 1 << op.rn) return null;
  const loadsTarget = loads && (op.list & 0x8000) !== 0;
  if (block.looping && loadsTarget) return null;
  const unaligned = !loadsTarget && op.rn !== 13 && random.chance(0.05) ? random.below(4) : 0;
  const last = targetSlot(random);
  const at = loadsTarget
    ? last - 4 * (bitCount(op.list) - 1)
    : MEMORY_ADDRESS + random.below(STORED_BYTES / 4 - 16) * 4 + unaligned;
  block.claim(op.rn, at - op.imm);
  if (!block.writes(op)) return null;
  return { codes: [code], ...(loadsTarget ? loadsPc(block, code, last) : {}) };
}

/** CLREX in A32 and in T32. */
export const CLREX: readonly Code[] = [
  { word: 0xf57ff01f, bits: 32 },
  { word: 0xf3bf8f2f, bits: 32 },
];

/**
 * A store comes behind the load that makes it succeed, with the same address and size, or behind a CLREX: the monitor
 * may still be marked by something else.
 */
export function exclusivePiece(
  block: Block,
  target: Target,
  others: readonly Target[],
  it: number,
): Piece | null {
  const { random } = block;
  const { name } = target.row.encoding;
  if (name === 'CLREX') return { codes: [CLREX[target.thumb]!] };
  const stores = name.startsWith('STREX');
  // Both halves of a pair are executed, or none of them.
  const second = it === 0 ? 0 : (it & 7) === 0 ? -1 : (it & 0xe0) | ((it << 1) & 0x1f);
  if (stores && it !== 0 && second >> 4 !== it >> 4) return null;
  const rn = block.free(4);
  if (rn < 0) return null;
  const made = makeInteger(target, random, stores ? second : it, { rn });
  if (made === null || made.undefined || spoilsStack(made, target)) return null;
  const { op, code } = made;
  if (op.rt === 15 || op.rt2 >= 15 || op.rd === 15) return null;
  // qemu-arm looks at the monitor before the alignment, the manual (ExclusiveMonitorsPass(), B2.4.1) the other way
  // round: stores are aligned.
  const alignment = stores ? ~7 : random.pick([~7, ~7, ~7, ~3, ~1]);
  const at = MEMORY_ADDRESS + (random.below(192) & alignment);
  if (!stores || random.chance(0.2)) {
    block.claim(rn, at - op.imm);
    if (!block.writes(op)) return null;
    return { codes: stores ? [CLREX[target.thumb]!, code] : [code] };
  }
  const partner = others.find(
    other => other.thumb === target.thumb && other.row.encoding.name === name.replace('ST', 'LD'),
  );
  if (partner === undefined) return null;
  const load = makeInteger(partner, random, it, {
    rn,
    ...(partner.row.pattern.widths.has('imm') ? { imm: op.imm / 4 } : {}),
    ...(partner.row.pattern.widths.has('cond') ? { cond: op.cond } : {}),
  });
  if (load === null || load.undefined || spoilsStack(load, partner)) return null;
  // The load must leave the base alone.
  if ([load.op.rt, load.op.rt2].includes(rn) || load.op.rt2 >= 15 || load.op.rt === 15) return null;
  block.claim(rn, at - op.imm);
  if (!block.writes(load.op) || !block.writes(op)) return null;
  return { codes: [load.code, code] };
}

/** VFP and Advanced SIMD, whether they access memory or not. */
export function vectorPiece(block: Block, target: Target, it: number): Piece | null {
  const { random } = block;
  const { name, class: kind } = target.row.encoding;
  const stack = name === 'VPUSH' || name === 'VPOP';
  let base = 0;
  if (kind === 'vfp-load-store' || kind === 'neon-load-store') {
    base = stack ? 13 : name === 'VLDR' && random.chance(0.05) ? 15 : block.free(4);
    if (base < 0 || (stack && !block.isFree(13))) return null;
  }
  const made = makeVector(target, random, it, base);
  if (made === null) return null;
  const { op, code } = made;
  if (made.undefined) return { codes: [code], undefined: true };
  // A vector length would make what follows undefined.
  if (name === 'VMSR' && block.isFree(op.rt)) block.claim(op.rt, fpscrOperand(random));
  if ((kind === 'vfp-load-store' || kind === 'neon-load-store') && base < 15) {
    const address = vectorBase(target, code.word, random);
    block.claim(base, base === 13 && target.thumb === 1 ? address & ~3 : address);
    if (kind === 'neon-load-store' && block.looping && op.rm < 13) return null;
  }
  return block.writes(op) ? { codes: [code] } : null;
}
