// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the tables of Advanced SIMD data-processing instructions have in common: the first bits, the registers, and
 * the choice of an execute function by the element size.
 * In `syntax`, {Vd} is Dd or Qd as Q says, {Dd} and {Qd} are always that, and so for n and m; {size} is the width of the
 * elements, {wide} twice that, {su} s or u.
 */
import { type Decoded, UNDEFINED } from './encoding.js';
import type { Lane } from './lanes.js';
import type { Execute, Op } from './op.js';
import { joinDoubles, type TwinRow } from './vector-rows.js';

export type Decode = (op: Op) => Decoded;

/** `u`: bit 24 in A32, bit 28 in T32. `bits`: the 24 bits below. */
export function row(
  name: string,
  number: string,
  section: number,
  u: string,
  bits: string,
  syntax: string,
  decode: Decode,
): TwinRow {
  const a32 = `1111 001 ${u} ${bits}`;
  const t32 = `111 ${u} 1111 ${bits}`;
  return { name, number, section, class: 'neon', a32, t32, syntax, unit: 'neon', decode };
}

/** Registers joined; `q` says which of d, n and m are quadwords, and must be even: 'dnm' all, '' none. */
export function registers(quads: string, decode: Decode): Decode {
  return op => {
    joinDoubles(op);
    let odd = 0;
    if (quads.includes('d')) odd |= op.vd;
    if (quads.includes('n')) odd |= op.vn;
    if (quads.includes('m')) odd |= op.vm;
    return (odd & 1) !== 0 ? UNDEFINED : decode(op);
  };
}

/** All registers are quadwords if Q says so. */
export function byQ(decode: Decode): Decode {
  return op => {
    joinDoubles(op);
    if (op.q !== 0 && ((op.vd | op.vn | op.vm) & 1) !== 0) return UNDEFINED;
    return decode(op);
  };
}

/** The execute function for op.size; undefined where there is none. */
export function bySize(functions: readonly (Execute | undefined)[]): Decode {
  return op => functions[op.size] ?? UNDEFINED;
}

/** One for each element size up to `sizes`, made by `make(size, bits)`. */
export function sized(sizes: number, make: (size: number, bits: number) => Execute): Execute[] {
  return Array.from({ length: sizes }, (_, size) => make(size, 8 << size));
}

/** By the U bit: signed ones, then unsigned ones. */
export function bySign(make: (unsigned: boolean) => readonly (Execute | undefined)[]): Decode {
  const signed = make(false);
  const unsigned = make(true);
  return op => (op.u !== 0 ? unsigned : signed)[op.size] ?? UNDEFINED;
}

/** A lane that looks at one operand only. */
export function of(lane: (m: number) => number): Lane {
  return (_, m) => lane(m);
}
