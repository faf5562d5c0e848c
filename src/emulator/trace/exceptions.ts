// SPDX-License-Identifier: GPL-2.0-only
/**
 * An exception as text: which, why (fault status and address by name), where, from which mode to which, and what the
 * handler finds. ARM DDI 0406C, B1.8 and B3.13.
 */
import {
  type Cpu,
  VECTOR_DATA_ABORT,
  VECTOR_FIQ,
  VECTOR_IRQ,
  VECTOR_PREFETCH_ABORT,
  VECTOR_SVC,
  VECTOR_UNDEFINED,
} from '../cpu/cpu.js';
import { faultText } from '../cpu/faults.js';
import { PSR_T } from '../cpu/modes.js';
import { disassemble } from '../isa/disassemble.js';
import type { Op } from '../isa/op.js';
import { modeName, word } from './registers.js';
import type { Symbols } from './symbols.js';

interface Vector {
  readonly name: string;
  /** How far the return address is from the instruction, in A32 and in T32 state: B1.8.3. */
  readonly ahead: readonly [number, number];
  readonly mode: string;
  /** The exception is an instruction's own; an interrupt comes between two. */
  readonly inside: boolean;
}

const VECTORS: Readonly<Record<number, Vector>> = {
  [VECTOR_UNDEFINED]: { name: 'undefined instruction', ahead: [4, 2], mode: 'UND', inside: true },
  [VECTOR_SVC]: { name: 'supervisor call', ahead: [4, 2], mode: 'SVC', inside: true },
  [VECTOR_PREFETCH_ABORT]: { name: 'prefetch abort', ahead: [4, 4], mode: 'ABT', inside: false },
  [VECTOR_DATA_ABORT]: { name: 'data abort', ahead: [8, 8], mode: 'ABT', inside: true },
  [VECTOR_IRQ]: { name: 'IRQ', ahead: [4, 4], mode: 'IRQ', inside: false },
  [VECTOR_FIQ]: { name: 'FIQ', ahead: [4, 4], mode: 'FIQ', inside: false },
};

/** An exception as a core takes it, with the state that tells why. */
export interface Taken {
  readonly core: number;
  readonly vector: number;
  readonly returnAddress: number;
  /** CPSR, which becomes the SPSR. */
  readonly psr: number;
  /** Instructions that the core has executed before. */
  readonly count: number;
  readonly vectorBase: number;
  readonly status: number;
  readonly faultAddress: number;
  /** The instruction itself, where the exception is its own; and r7, a system call's number. */
  readonly op: Op;
  readonly r7: number;
}

/** Arguments are those of ExceptionTrace. */
export function exceptionOf(cpu: Cpu, vector: number, returnAddress: number, psr: number): Taken {
  const { cp15 } = cpu;
  const isData = vector === VECTOR_DATA_ABORT;
  return {
    core: cpu.index,
    vector,
    returnAddress,
    psr,
    count: cpu.instructions + cpu.done + (VECTORS[vector]!.inside ? cpu.at : 0),
    vectorBase: cp15.vectorBase,
    status: isData ? cp15.dfsr : cp15.ifsr,
    faultAddress: isData ? cp15.dfar : cp15.ifar,
    op: cpu.currentOp,
    r7: cpu.r[7]!,
  };
}

/** The address of the instruction that is at fault, or before which the interrupt comes. */
export function addressOf({ vector, returnAddress, psr }: Taken): number {
  const { ahead } = VECTORS[vector]!;
  return (returnAddress - ahead[(psr & PSR_T) !== 0 ? 1 : 0]) >>> 0;
}

/** `data abort, translation fault level 1, write, FAR 0x00000004, DFSR 0x00000805`. */
export function causeOf(taken: Taken): string {
  const { vector, status, faultAddress, r7 } = taken;
  const { name } = VECTORS[vector]!;
  const access = (status & 0x800) !== 0 ? 'write' : 'read';
  switch (vector) {
    case VECTOR_DATA_ABORT:
      return `${name}, ${faultText(status)}, ${access}, FAR 0x${word(faultAddress)}, DFSR 0x${word(status)}`;
    case VECTOR_PREFETCH_ABORT:
      return `${name}, ${faultText(status)}, FAR 0x${word(faultAddress)}, IFSR 0x${word(status)}`;
    case VECTOR_UNDEFINED:
      return `${name}, ${instructionText(taken)}`;
    case VECTOR_SVC:
      return `${name}, ${instructionText(taken)}, r7 ${r7 >>> 0}`;
    default:
      return name;
  }
}

function instructionText(taken: Taken): string {
  const { op, psr } = taken;
  const { encoding, text } = readOp(op, (psr & PSR_T) !== 0, addressOf(taken));
  return `0x${encoding} (${text})`;
}

/** An instruction that a core has decoded: encoding, in 4 or 8 digits, and disassembly. */
export function readOp(
  { word: bits, length, it }: Op,
  thumb: boolean,
  address: number,
): { encoding: string; text: string } {
  const value = length === 2 ? bits & 0xffff : bits >>> 0;
  const set = thumb ? (length === 2 ? 't16' : 't32') : 'a32';
  return {
    encoding: value.toString(16).padStart(2 * length, '0'),
    text: disassemble(value, set, address, it),
  };
}

/** `0xc0100abc`, with the symbol where there is one. */
export function placeOf(taken: Taken, symbols: Symbols | null): string {
  const address = addressOf(taken);
  const symbol = symbols?.at(address);
  return `0x${word(address)}${symbol === undefined ? '' : ` (${symbol})`}`;
}

/** All of it in one line. */
export function exceptionText(taken: Taken, symbols: Symbols | null): string {
  const { vector, vectorBase, returnAddress, psr } = taken;
  return (
    `${causeOf(taken)}; at ${placeOf(taken, symbols)}, ${modeName(psr)} to ${VECTORS[vector]!.mode}, ` +
    `vector 0x${word(vectorBase + vector)}, LR 0x${word(returnAddress)}, SPSR 0x${word(psr)}`
  );
}
