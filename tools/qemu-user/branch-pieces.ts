// SPDX-License-Identifier: GPL-2.0-only
/**
 * Branches for blocks of the lock step with qemu-arm: immediate ones, indirect ones whose register is set to the target,
 * tables in memory and in code, and A32 data-processing and T16 instructions that write pc.
 */
import type { Block, Piece } from './block.js';
import { type Code, NOP16 } from './code.js';
import { MEMORY, MEMORY_ADDRESS, MEMORY_WORDS, R, TABLE_BYTES } from './qemu-user.js';
import { type Made, makeInteger, type Target, withField } from './targets.js';

/** BL and BLX: the address behind them goes to r14. */
function isCall(name: string): boolean {
  return name.startsWith('BL');
}

/** The instruction with the distance to its target in its immediate; null: out of reach. */
function immediate(target: Target, word: number, address: number, to: number): Code | null {
  const { row, thumb } = target;
  const { name, encoding } = row.encoding;
  const { widths } = row.pattern;
  const pc = address + (thumb === 1 ? 4 : 8);
  let value = (name.startsWith('BLX') ? to - (pc & ~3) : to - pc) / (widths.has('h') || thumb === 0 ? 4 : 2);
  if (name.startsWith('BLX') && thumb === 0) {
    // H is bit 1 of the distance.
    value = Math.floor((to - pc) / 4);
  }
  if (name.startsWith('CB') && value < 0) return null;
  let result = withField(row, word, 'imm', value);
  if (widths.has('h')) result = withField(row, result, 'h', thumb === 0 ? ((to - pc) >> 1) & 1 : 0);
  if (widths.has('s')) {
    const sign = value < 0 ? 1 : 0;
    // J1 and J2 repeat the sign in B T3; in the others they are its opposite where the offset's bits repeat it (A8.8.18).
    const repeat = encoding === 'T3' ? sign : 1;
    result = withField(row, withField(row, withField(row, result, 's', sign), 'j', repeat), 'k', repeat);
  }
  return { word: result, bits: row.pattern.bits };
}

export function branchPiece(block: Block, target: Target, it: number): Piece | null {
  const { row } = target;
  const { name } = row.encoding;
  if (name.startsWith('TBB')) return tablePiece(block, target, it);
  const indirect = row.pattern.widths.has('rm');
  const rm = indirect ? block.free(4) : -1;
  if (indirect && rm < 0) return null;
  const made = makeInteger(target, block.random, it, indirect ? { rm } : {});
  if (made === null || made.undefined) return null;
  const { code } = made;
  if (indirect) return registerPiece(block, made, rm, name);
  if (isCall(name) && !block.writesLink()) return null;
  return {
    codes: [code],
    ...(name.startsWith('BLX') ? { exchanges: 'always' as const } : {}),
    fix: (address, label) => immediate(target, code.word, address, label.address),
  };
}

function registerPiece(block: Block, { code }: Made, rm: number, name: string): Piece | null {
  block.claim(rm, 0);
  if (isCall(name) && !block.writesLink()) return null;
  return {
    codes: [code],
    exchanges: 'may',
    fix: (_address, label) => {
      block.record[R + rm] = label.address | label.thumb;
      return code;
    },
  };
}

/** TBB and TBH: offsets in halfwords from behind the instruction, in memory or, with pc as base, behind it. */
function tablePiece(block: Block, target: Target, it: number): Piece | null {
  const { random } = block;
  const inCode = it === 0 && random.chance(0.4);
  const rn = inCode ? 15 : block.free(4);
  const rm = block.free(4, rn);
  if (rn < 0 || rm < 0 || rm === 13) return null;
  const made = makeInteger(target, random, it, { rn, rm });
  if (made === null) return null;
  const { op, code } = made;
  if (inCode) {
    // A table of one halfword, and a NOP to which it leads.
    block.claim(rm, op.h === 1 ? 0 : random.below(2));
    return { codes: [code, { word: op.h === 1 ? 0x0001 : 0x0101, bits: 16 }, NOP16] };
  }
  const index = random.below(16);
  block.claim(rm, index);
  const bytes = op.h === 1 ? 2 : 1;
  const at = 4 * MEMORY_WORDS - TABLE_BYTES + (random.below(TABLE_BYTES - 1) & ~1);
  block.claim(rn, MEMORY_ADDRESS + at - bytes * index);
  return {
    codes: [code],
    fix: (address, label) => {
      const { buffer, byteOffset } = block.record.subarray(MEMORY);
      const view = new DataView(buffer, byteOffset);
      const halfwords = (label.address - (address + 4)) / 2;
      if (bytes === 2) view.setUint16(at, halfwords, true);
      else view.setUint8(at, halfwords);
      return code;
    },
  };
}

/** Data-processing instructions that write pc, by name: what the register must hold for a target. */
const A32_JUMPS: Readonly<Record<string, (target: number, imm: number) => number>> = {
  'MOV (register)': target => target,
  'MVN (register)': target => ~target,
  'ADD (immediate)': (target, imm) => target - imm,
  'SUB (immediate)': (target, imm) => target + imm,
  'RSB (immediate)': (target, imm) => imm - target,
  'EOR (immediate)': (target, imm) => target ^ imm,
};

/** A jump out of such an instruction; null: this one makes none. */
export function dataJumpPiece(block: Block, target: Target, it: number): Piece | null {
  const { name } = target.row.encoding;
  return target.thumb === 0 ? a32Jump(block, target, name) : t16Jump(block, target, name, it);
}

function a32Jump(block: Block, target: Target, name: string): Piece | null {
  const value = A32_JUMPS[name];
  if (value === undefined || target.row.encoding.encoding !== 'A1') return null;
  const source = block.free(4);
  if (source < 0) return null;
  const imm = block.random.below(256);
  const register = name.includes('register');
  const operands = register ? { rm: source, amount: 0, shift: 0 } : { rn: source, imm };
  const made = makeInteger(target, block.random, 0, { ...operands, rd: 15, s: 0 });
  if (made === null || made.undefined) return null;
  block.claim(source, 0);
  return {
    codes: [made.code],
    exchanges: 'may',
    fix: (_address, label) => {
      block.record[R + source] = value(label.address | label.thumb, imm);
      return made.code;
    },
  };
}

/** MOV pc and ADD pc stay in T32 (BranchWritePC()). */
function t16Jump(block: Block, target: Target, name: string, it: number): Piece | null {
  const { row } = target;
  if (row.pattern.bits !== 16 || row.pattern.widths.get('rm') !== 4 || !/^(MOV|ADD)/.test(name)) return null;
  const source = block.free(4);
  if (source < 0 || source === 13) return null;
  const made = makeInteger(target, block.random, it, { rm: source, rd: 15 });
  if (made === null || made.undefined) return null;
  block.claim(source, 0);
  const low = block.random.below(2);
  return {
    codes: [made.code],
    fix: (address, label) => {
      block.record[R + source] = name.startsWith('MOV') ? label.address | low : label.address - (address + 4);
      return made.code;
    },
  };
}
