// SPDX-License-Identifier: GPL-2.0-only
/**
 * Operands of integer instructions as text: what stands in braces in the `syntax` of their rows, from a decoded Op.
 * Register names, immediates, shifts, lists and addresses are those of ARM DDI 0406C, A8.2 to A8.5, and of GNU objdump.
 */
import { invariant } from '../../base/diagnostics.js';
import { CONDITION_NAMES } from './conditions.js';
import type { InstructionSet } from './disassemble.js';
import type { Op } from './op.js';
import { RRX } from './operands.js';

export const CORE_NAMES: readonly string[] = 'r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 sp lr pc'.split(' ');

const SHIFT_NAMES: readonly string[] = ['lsl', 'lsr', 'asr', 'ror', 'rrx'];

/** DMB and DSB: A8.8.43. */
const BARRIERS: Readonly<Record<number, string>> = {
  2: 'oshst',
  3: 'osh',
  6: 'nshst',
  7: 'nsh',
  10: 'ishst',
  11: 'ish',
  14: 'st',
  15: 'sy',
};

/** Banked registers by SYSm: B9.2.3. With R the SPSR of the mode. */
const BANKED: readonly string[] = [
  ...['R8_usr', 'R9_usr', 'R10_usr', 'R11_usr', 'R12_usr', 'SP_usr', 'LR_usr', ''],
  ...['R8_fiq', 'R9_fiq', 'R10_fiq', 'R11_fiq', 'R12_fiq', 'SP_fiq', 'LR_fiq', ''],
  ...['LR_irq', 'SP_irq', 'LR_svc', 'SP_svc', 'LR_abt', 'SP_abt', 'LR_und', 'SP_und'],
  ...['', '', '', '', 'LR_mon', 'SP_mon', 'ELR_hyp', 'SP_hyp'],
];

/** The text for `{name}`. */
export function integerField(op: Op, name: string, set: InstructionSet, address: number): string {
  switch (name) {
    case 'rd':
    case 'rn':
    case 'rm':
    case 'ra':
    case 'rt':
    case 'rt2':
      return CORE_NAMES[op[name]]!;
    case 'c':
      return CONDITION_NAMES[op.cond]!;
    case 's':
      return setsFlags(op, set) ? 's' : '';
    case 'imm':
      // As objdump does: signed in A32, unsigned in T32.
      return String(set === 't32' ? op.imm >>> 0 : op.imm);
    case 'apsr':
      return op.rt === 15 ? 'APSR_nzcv' : CORE_NAMES[op.rt]!;
    case 'sy':
      return op.option === 15 ? 'sy' : `#${op.option}`;
    case 'hint':
      return op.imm === 0 ? '' : ` {${op.imm}}`;
    case 'width':
      return String(op.msb - op.lsb + 1);
    case 'shift':
      return shiftOf(op);
    case 'shiftname':
      return SHIFT_NAMES[op.shift]!;
    case 'rotation':
      return op.amount === 0 ? '' : `, ror #${op.amount}`;
    case 'target':
      return target(op, set, address);
    case 'address':
      return addressOf(op);
    case 'offset':
      return op.imm === 0 ? '' : `, #${op.imm}`;
    case 'list':
      return listOf(op.list);
    case 'w':
      return op.w !== 0 ? '!' : '';
    case 'amode':
      return `${op.u !== 0 ? 'i' : 'd'}${op.p !== 0 ? 'b' : 'a'}`;
    case 'multiple':
      return op.u === 1 && op.p === 0 ? '' : integerField(op, 'amode', set, address);
    case 'psr':
      return op.r !== 0 ? 'SPSR' : 'CPSR';
    case 'mask':
      return ['c', 'x', 's', 'f']
        .filter((_, bit) => ((op.mask >> bit) & 1) === 1)
        .reverse()
        .join('');
    case 'banked':
      return banked(op);
    case 'imod':
      return ['', '', 'ie', 'id'][op.option]!;
    case 'iflags':
      return interruptFlags(op);
    case 'barrier':
      return BARRIERS[op.option] ?? `#${op.option}`;
    case 'then':
      return thenOf(op);
    case 'firstcond':
      return op.option === 14 ? 'al' : CONDITION_NAMES[op.option]!;
    default:
      return letterOf(op, name);
  }
}

/** Letters of mnemonics that depend on one bit. */
function letterOf(op: Op, name: string): string {
  switch (name) {
    case 'xy':
      return `${op.n !== 0 ? 't' : 'b'}${op.m !== 0 ? 't' : 'b'}`;
    case 'y':
      return op.m !== 0 ? 't' : 'b';
    case 'tb':
      return op.t !== 0 ? 'tb' : 'bt';
    case 'hb':
      return op.h !== 0 ? 'h' : 'b';
    case 'doubled':
      return op.h !== 0 ? ', lsl #1' : '';
    case 'e':
      return op.e !== 0 ? 'be' : 'le';
    case 'forWriting':
      return op.r !== 0 ? '' : 'w';
    case 'x':
    case 'r':
    case 'b':
    case 'n':
      return op[name] !== 0 ? name : '';
    default:
      return numberOf(op, name);
  }
}

/** A field that is shown as it is. */
function numberOf(op: Op, name: string): string {
  const value = op[name as keyof Op];
  invariant(typeof value === 'number', () => `no field {${name}} of an instruction's syntax`);
  return String(value);
}

/** decode() clears S where r15 is written, since flags then come from SPSR; the instruction has it all the same. */
function setsFlags(op: Op, set: InstructionSet): boolean {
  return set === 't16' ? op.s !== 0 : ((op.word >>> 20) & 1) === 1;
}

function shiftOf(op: Op): string {
  if (op.shift === RRX) return ', rrx';
  return op.shift === 0 && op.amount === 0 ? '' : `, ${SHIFT_NAMES[op.shift]} #${op.amount}`;
}

/** Of a branch: `imm` is its distance from the instruction itself. BLX from T32 goes to a word. */
function target(op: Op, set: InstructionSet, address: number): string {
  const isExchange = set === 't32' && ((op.word >>> 12) & 5) === 4;
  const to = isExchange ? (address + op.imm) & ~3 : address + op.imm;
  return `0x${(to >>> 0).toString(16)}`;
}

/** A8.5: the base, what is added to it, and when. */
function addressOf(op: Op): string {
  const base = CORE_NAMES[op.rn]!;
  const offset = offsetOf(op);
  if (op.p === 0) return `[${base}], ${offset === '' ? '#0' : offset}`;
  const inside = offset === '' ? `[${base}]` : `[${base}, ${offset}]`;
  return op.w !== 0 ? `${inside}!` : inside;
}

/** Empty: none, and nothing is subtracted either. */
function offsetOf(op: Op): string {
  if (op.i !== 0) return `${op.u !== 0 ? '' : '-'}${CORE_NAMES[op.rm]}${shiftOf(op)}`;
  if (op.imm !== 0) return `#${op.imm}`;
  // Zero may be subtracted, and be added to a base that is then written back.
  if (op.u === 0) return '#-0';
  return op.p !== 0 && op.w !== 0 ? '#0' : '';
}

function listOf(list: number): string {
  return `{${CORE_NAMES.filter((_, n) => ((list >> n) & 1) === 1).join(', ')}}`;
}

function banked(op: Op): string {
  const name = BANKED[op.sysm]!;
  // One number in each mode but User mode means its SPSR.
  const exists = name !== '' && (op.r === 0 || op.sysm === 14 || (op.sysm >= 16 && (op.sysm & 1) === 0));
  if (!exists) return `(UNDEF: ${(op.r << 6) | 0x20 | op.sysm})`;
  return op.r === 0 ? name : `SPSR_${name.slice(name.indexOf('_') + 1)}`;
}

/** CPS: which masks, then the mode. */
function interruptFlags(op: Op): string {
  const flags = `${op.a !== 0 ? 'a' : ''}${op.i !== 0 ? 'i' : ''}${op.f !== 0 ? 'f' : ''}`;
  const mode = op.w !== 0 ? `#${op.mode}` : '';
  if (op.option < 2) return mode;
  return `${flags === '' ? 'none' : flags}${mode === '' ? '' : `, ${mode}`}`;
}

/** IT: a letter for each further instruction of the block (A8.8.54). */
function thenOf(op: Op): string {
  let letters = '';
  for (let bit = 3; (op.mask & ((1 << bit) - 1)) !== 0; bit--) {
    letters += ((op.mask >> bit) & 1) === (op.option & 1) ? 't' : 'e';
  }
  return letters;
}
