// SPDX-License-Identifier: GPL-2.0-only
/**
 * Operands of VFP and Advanced SIMD instructions as text: what stands in braces in the `syntax` of their rows, from
 * a decoded Op. Spelled as the manual and GNU objdump spell them.
 */
import { doubleValue, singleValue } from '../fp/bits.js';
import { CORE_NAMES } from './disassemble-integer.js';
import type { Op } from './op.js';

/** The text for `{name}`; undefined: not one of these tables' own. */
export function vectorField(op: Op, name: string): string | undefined {
  if (/^[SDQV][dnm]$/.test(name)) return register(op, name[0]!, numberOf(op, name[1]!));
  switch (name) {
    case 'Sm1':
      return `s${op.vm + 1}`;
    case 'size':
      return String(op.size > 3 ? op.size : 8 << op.size);
    case 'wide':
      return String(16 << op.size);
    case 'su':
      return op.u !== 0 ? 'u' : 's';
    case 'e':
      return op.e !== 0 ? 'e' : '';
    case 'bt':
      return op.t !== 0 ? 't' : 'b';
    case 'w':
      return op.w !== 0 ? '!' : '';
    case 'fimm':
      return String((op.word & 0x100) !== 0 ? doubleValue(op.imm, 0) : singleValue(op.imm));
    case 'vimm':
      return modifiedImmediate(op);
    case 'slist':
      return run('s', op.vd, op.size);
    case 'dlist':
      return run('d', op.vd, op.size >> 1);
    case 'mem':
      if (op.imm !== 0) return `[${CORE_NAMES[op.rn]}, #${op.imm}]`;
      return op.u !== 0 ? `[${CORE_NAMES[op.rn]}]` : `[${CORE_NAMES[op.rn]}, #-0]`;
    case 'table':
      return spaced(op.vn, op.size, 1, '');
    case 'list':
      return spaced(op.vd, op.amount * op.index, op.index === 1 ? op.b : 1, '');
    case 'lanes':
      return spaced(op.vd, op.amount, op.b, `[${op.index}]`);
    case 'all':
      return spaced(op.vd, op.amount * op.index, op.b, '[]');
    case 'element':
      return element(op);
    default:
      return undefined;
  }
}

function numberOf(op: Op, letter: string): number {
  return letter === 'd' ? op.vd : letter === 'n' ? op.vn : op.vm;
}

function register(op: Op, kind: string, number: number): string {
  if (kind === 'S') return `s${number}`;
  return kind === 'Q' || (kind === 'V' && op.q !== 0) ? `q${number >> 1}` : `d${number}`;
}

function run(letter: string, first: number, count: number): string {
  return count === 1 ? `{${letter}${first}}` : `{${letter}${first}-${letter}${first + count - 1}}`;
}

/** Doublewords `step` apart, each with `suffix`; a range where they are whole and neighbours. */
function spaced(first: number, count: number, step: number, suffix: string): string {
  const one = (i: number): string => `d${first + i * step}${suffix}`;
  const whole = suffix === '' || suffix === '[]';
  if (step === 1 && whole && count > 1) return `{${one(0)}-${one(count - 1)}}`;
  return `{${Array.from({ length: count }, (_, i) => one(i)).join(',')}}`;
}

/** `[rn :align]`, and how the base moves. */
function element(op: Op): string {
  const align = op.mask === 0 ? '' : ` :${8 * (op.mask + 1)}`;
  const after = op.rm === 15 ? '' : op.rm === 13 ? '!' : `, ${CORE_NAMES[op.rm]}`;
  return `[${CORE_NAMES[op.rn]}${align}]${after}`;
}

/** The expanded immediate of VMOV and its kin, an element of it. */
function modifiedImmediate(op: Op): string {
  const cmode = (op.word >>> 8) & 15;
  if (cmode === 15) return String(singleValue(op.imm));
  if (cmode === 14 && (op.word & 0x20) !== 0) return `0x${hex(op.mask)}${hex(op.imm)}`;
  const mask = cmode === 14 ? 0xff : cmode >= 8 && cmode < 12 ? 0xffff : -1;
  return String(op.imm & mask);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
