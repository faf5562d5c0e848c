// SPDX-License-Identifier: GPL-2.0-only
/**
 * A decoded instruction, and the function that executes it. All have one shape, so that every execute function
 * reads its operands at the same place whatever instruction it is: a field of an encoding's pattern goes to the
 * member of that name, and a pattern can name no others.
 */
import type { Cpu } from '../cpu/cpu.js';

/**
 * What became of an instruction, told by its execute function:
 *   NEXT      done; go on with the next one of the block. Whoever may have set `cpu.attention` returns that instead
 *   LEAVE     done, but look around before the next one: an interrupt line moved, translated code changed
 *   BRANCHED  done or faulted; `cpu.r[15]` is where execution goes on
 */
export type Outcome = 0 | 1 | 2;
export const NEXT = 0;
export const LEAVE = 1;
export const BRANCHED = 2;

export type Execute = (cpu: Cpu, op: Op) => Outcome;

/**
 * Functions of an instruction, outermost first; each may be the next one itself:
 *   run       what the block loop calls: looks at the condition
 *   body      looks whether the VFP or Advanced SIMD unit is on
 *   execute   what decode() of the encoding returned
 *   inner     what `execute` wraps, where it is one of the wrappers of `operands.ts`
 *   operation what a wrapper that shifts an operand goes on with (`execute-data.ts`)
 */
export class Op {
  run: Execute;
  body: Execute;
  execute: Execute;
  inner: Execute;
  operation: Execute;
  /** The encoding, 16 or 32 bits, as an int32; a 32-bit T32 instruction with its first halfword on top. */
  word = 0;
  /** Of the instruction in its page. */
  offset = 0;
  /** Bytes: 2 or 4. */
  length = 4;
  /** A32: 0xe where the encoding has no condition. T32: from the IT block or the branch. */
  cond = 0xe;
  /** T32: ITSTATE with which it executes; 0 outside an IT block. */
  it = 0;
  /** T32: ITSTATE after it. */
  itNext = 0;
  /** 1: nothing follows it in a block. Set where execution never goes on with the next instruction. */
  last = 0;

  // Registers.
  rd = 0;
  rn = 0;
  rm = 0;
  /** Third source: Rs of a shift by register, Ra of multiply-accumulate. */
  ra = 0;
  rt = 0;
  rt2 = 0;
  /** Where the second operand of a data-processing instruction is in `cpu.r`: rm, or the shifter's result. */
  source = 0;
  /** LDM, STM and their kin. */
  list = 0;
  /** VFP and Advanced SIMD: raw fields with their top or bottom bits, and what is made of them. */
  d = 0;
  n = 0;
  m = 0;
  vd = 0;
  vn = 0;
  vm = 0;

  // Values.
  imm = 0;
  /** Kind of shift or rotation, and by how much. */
  shift = 0;
  amount = 0;
  lsb = 0;
  msb = 0;
  mask = 0;
  size = 0;
  index = 0;
  option = 0;
  opcode = 0;
  opc1 = 0;
  opc2 = 0;
  crn = 0;
  crm = 0;
  coproc = 0;
  cmode = 0;
  mode = 0;
  sysm = 0;

  // Single bits, spelled as in the manual.
  s = 0;
  p = 0;
  u = 0;
  w = 0;
  h = 0;
  q = 0;
  f = 0;
  e = 0;
  a = 0;
  b = 0;
  c = 0;
  i = 0;
  j = 0;
  k = 0;
  r = 0;
  x = 0;
  z = 0;
  t = 0;
  l = 0;

  constructor(execute: Execute) {
    this.run = execute;
    this.body = execute;
    this.execute = execute;
    this.inner = execute;
    this.operation = execute;
  }
}
