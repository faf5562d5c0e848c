// SPDX-License-Identifier: GPL-2.0-only
/**
 * Other names of some instructions, which disassembly prefers (ARM DDI 0406C, A8.8 "is equivalent to", and GNU
 * objdump): what rows it is about, when, and how it is then written.
 */
import type { InstructionSet } from './disassemble.js';
import type { Encoding } from './encoding.js';
import type { Op } from './op.js';
import { RRX } from './operands.js';

export interface Alias {
  readonly names: readonly string[];
  readonly sets: readonly InstructionSet[];
  readonly when: (op: Op) => boolean;
  readonly syntax: string;
}

const SP = 13;

/** With write-back to SP: upwards after loading, downwards before storing. */
function pops(op: Op): boolean {
  return op.rn === SP && op.w === 1 && op.p === 0 && op.u === 1;
}

function pushes(op: Op): boolean {
  return op.rn === SP && op.w === 1 && op.p === 1 && op.u === 0;
}

/** PUSH and POP of one register have another encoding. */
function isSeveral({ list }: Op): boolean {
  return (list & (list - 1)) !== 0;
}

function isShifted(op: Op): boolean {
  return op.shift !== 0 || op.amount !== 0;
}

/** A load of less than a word into r15 is a hint (A6.3.8, A6.3.9). */
function isHint(op: Op): boolean {
  return op.rt === 15;
}

const ALIASES: readonly Alias[] = [
  // What assemblers make of `nop` for cores without the hint.
  {
    names: ['MOV (register)'],
    sets: ['a32', 't16'],
    when: op => op.word === (0xe1a00000 | 0) || op.word === 0x46c0,
    syntax: 'nop',
  },
  { names: ['LSL (immediate)'], sets: ['t16'], when: op => op.amount === 0, syntax: 'mov{s}{c} {rd}, {rm}' },
  {
    names: ['MOV (register)'],
    sets: ['a32'],
    when: op => op.shift === RRX,
    syntax: 'rrx{s}{c} {rd}, {rm}',
  },
  {
    names: ['MOV (register)'],
    sets: ['a32'],
    when: isShifted,
    syntax: '{shiftname}{s}{c} {rd}, {rm}, #{amount}',
  },
  {
    names: ['MOV (register-shifted register)'],
    sets: ['a32'],
    when: () => true,
    syntax: '{shiftname}{s}{c} {rd}, {rm}, {ra}',
  },
  { names: ['LDM'], sets: ['a32'], when: op => isSeveral(op) && pops(op), syntax: 'pop{c} {list}' },
  { names: ['STM'], sets: ['a32'], when: op => isSeveral(op) && pushes(op), syntax: 'push{c} {list}' },
  {
    names: ['LDR (immediate)'],
    sets: ['a32'],
    when: op => pops(op) && op.imm === 4,
    syntax: 'pop{c} {{rt}}',
  },
  {
    names: ['STR (immediate)'],
    sets: ['a32'],
    when: op => pushes(op) && op.imm === -4,
    syntax: 'push{c} {{rt}}',
  },
  { names: ['CPS'], sets: ['t32'], when: op => op.w === 0, syntax: 'cps{imod}.w {iflags}' },
  {
    names: ['LDRB (immediate)', 'LDRB (register)', 'LDRB (literal)'],
    sets: ['t32'],
    when: isHint,
    syntax: 'pld{c} {address}',
  },
  {
    names: ['LDRH (immediate)', 'LDRH (register)', 'LDRH (literal)'],
    sets: ['t32'],
    when: isHint,
    syntax: 'pldw{c} {address}',
  },
  {
    names: ['LDRSB (immediate)', 'LDRSB (register)', 'LDRSB (literal)'],
    sets: ['t32'],
    when: isHint,
    syntax: 'pli{c} {address}',
  },
];

/** Undefined: it is called what its row says. */
export function aliasOf({ name }: Encoding, op: Op, set: InstructionSet): Alias | undefined {
  return ALIASES.find(alias => alias.names.includes(name) && alias.sets.includes(set) && alias.when(op));
}
