// SPDX-License-Identifier: GPL-2.0-only
/**
 * Decodes the block that begins at an address. A T32 instruction that crosses into the next page, and code that
 * begins in the middle of an IT block, become blocks that are not kept: what they are depends on more than the page.
 */
import type { Cpu } from '../cpu/cpu.js';
import { a32, t16, t32 } from '../isa/index.js';
import { Op } from '../isa/op.js';
import { nop } from '../isa/operands.js';
import { BLOCK_OPS, Block } from './block.js';
import type { CodePage } from './code-cache.js';

/** ITAdvance(). */
function itAfter(it: number): number {
  return (it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
}

/** Null: the second half of the first instruction could not be fetched; `cpu.mem` says why. */
export function decodeBlock(cpu: Cpu, page: CodePage, pc: number): Block | null {
  return cpu.thumb !== 0 ? decodeT32(cpu, page, pc) : decodeA32(cpu, page, pc);
}

/** Where instructions are that other blocks have decoded; null: while somebody traces blocks each has its own. */
function sharedOps(cpu: Cpu, ops: (Op | undefined)[], length: number): (Op | undefined)[] | null {
  if (cpu.parts.code.trace !== null) return null;
  if (ops.length === 0) for (let i = 0; i < length; i++) ops.push(undefined);
  return ops;
}

function decodeA32(cpu: Cpu, page: CodePage, pc: number): Block {
  const start = pc & 0xffc;
  const ops: Op[] = [];
  let offset = start;
  const { words } = cpu.mem;
  const known = sharedOps(cpu, page.armOps, 1024);
  while (offset < 4096 && ops.length < BLOCK_OPS) {
    let op = known?.[offset >>> 2];
    if (op === undefined) {
      op = new Op(nop);
      op.offset = offset;
      a32.decode(words[(page.base + offset) / 4]! >>> 0, op);
      if (known !== null) known[offset >>> 2] = op;
    }
    ops.push(op);
    offset += 4;
    if (op.last === 1) break;
  }
  const block = new Block(ops, offset - start);
  page.cover(start, offset - start);
  page.arm[start >>> 2] = block;
  return block;
}

function decodeT32(cpu: Cpu, page: CodePage, pc: number): Block | null {
  const start = pc & 0xffe;
  const ops: Op[] = [];
  const { halves } = cpu.mem;
  const shared = sharedOps(cpu, page.thumbOps, 2048);
  let offset = start;
  let { it } = cpu;
  while (offset < 4096 && ops.length < BLOCK_OPS) {
    const known = it === 0 ? shared : null;
    let op = known?.[offset >>> 1];
    if (op === undefined) {
      const first = halves[(page.base + offset) / 2]!;
      op = new Op(nop);
      op.offset = offset;
      op.it = it;
      if (it !== 0) op.cond = it >>> 4;
      // A6.1: 0b11101, 0b11110 and 0b11111 begin an instruction of 32 bits.
      if (first >>> 11 < 0x1d) {
        op.length = 2;
        t16.decode(first, op);
      } else {
        op.length = 4;
        if (offset === 0xffe) {
          if (ops.length > 0) break;
          return decodeCrossing(cpu, pc, first, op);
        }
        t32.decode(((first << 16) | halves[(page.base + offset) / 2 + 1]!) >>> 0, op);
      }
      // The IT instruction itself says what follows in `itNext`.
      if (it !== 0) op.itNext = itAfter(it);
      if (known !== null) known[offset >>> 1] = op;
    }
    ops.push(op);
    offset += op.length;
    it = op.itNext;
    if (op.last === 1) break;
  }
  const block = new Block(ops, offset - start);
  page.cover(start, offset - start);
  if (cpu.it === 0) page.thumb[start >>> 1] = block;
  return block;
}

/** The one instruction whose second half is on the next page. */
function decodeCrossing(cpu: Cpu, pc: number, first: number, op: Op): Block | null {
  const next = cpu.mem.codePage((pc + 2) | 0);
  if (next === null) return null;
  t32.decode(((first << 16) | cpu.mem.halves[next.base / 2]!) >>> 0, op);
  if (op.it !== 0) op.itNext = itAfter(op.it);
  return new Block([op], 4);
}
