// SPDX-License-Identifier: GPL-2.0-only
/**
 * How Advanced SIMD instructions go over the elements of their registers: makers of execute functions from what is
 * done to one element. `size` is the manual's: 0, 1, 2 for elements of 8, 16, 32 bits (the narrow ones, where an
 * instruction has both). Elements are numbers, signed or not as the instruction says; results are cut to the
 * element's width by storing them. Elements of 64 bits are in `Int64` objects, and have makers of their own.
 * Registers are doublewords; a quadword register is two of them. Where the elements of source and destination do
 * not stand at the same places, results are collected in a scratch register first.
 */
import type { FpRegisters } from '../cpu/fp-registers.js';
import { LaneViews } from '../cpu/lane-views.js';
import type { FpStatus } from '../fp/status.js';
import { Int64 } from './int64.js';
import { type Execute, NEXT } from './op.js';

/** From elements of Vn and Vm, and the old one of Vd. */
export type Lane = (n: number, m: number, d: number, status: FpStatus) => number;
/** The same; leaves its result in `n`. */
export type Lane64 = (n: Int64, m: Int64, status: FpStatus) => void;
/** From an element of Vm and the immediate, and the old element of Vd. */
export type ImmediateLane = (m: number, imm: number, d: number, status: FpStatus) => number;
/** The same; leaves its result in `m`. */
export type ImmediateLane64 = (m: Int64, imm: number, d: Int64, status: FpStatus) => void;
/** Adds something made of two 32-bit elements to `d`, which holds the old element of Vd, or sets it. */
export type LongLane64 = (n: number, m: number, d: Int64, status: FpStatus) => void;

const x = new Int64();
const y = new Int64();
const scratch = new LaneViews(new ArrayBuffer(32));

/** Stores `words` words of the scratch register into the doublewords from `d` on. */
function commit(fp: FpRegisters, d: number, words: number): void {
  const to = d << 1;
  for (let i = 0; i < words; i++) fp.words[to + i] = scratch.words[i]!;
}

/** Vd[i] = lane(Vn[i], Vm[i]); with `scalar` Vm[i] is the element whose number is in `imm`. */
export function lanewise(size: number, signed: boolean, lane: Lane, scalar = false): Execute {
  if (size === 2 && signed && !scalar) return lanewiseWords(lane);
  return (cpu, op) => {
    const { fp } = cpu;
    const view = signed ? fp.signed(size) : fp.unsigned(size);
    const d = op.vd << (3 - size);
    const n = op.vn << (3 - size);
    const m = op.vm << (3 - size);
    const count = (8 >> size) << op.q;
    if (scalar) {
      const factor = view[op.imm]!;
      for (let i = 0; i < count; i++) view[d + i] = lane(view[n + i]!, factor, view[d + i]!, fp.simd);
    } else {
      for (let i = 0; i < count; i++) view[d + i] = lane(view[n + i]!, view[m + i]!, view[d + i]!, fp.simd);
    }
    return NEXT;
  };
}

/** The same for words and single precision, which are the most: with one view 31 ns instead of 48 (`bench/vector.ts`). */
function lanewiseWords(lane: Lane): Execute {
  return (cpu, op) => {
    const { words, simd } = cpu.fp;
    const d = op.vd << 1;
    const n = op.vn << 1;
    const m = op.vm << 1;
    const count = 2 << op.q;
    for (let i = 0; i < count; i++) words[d + i] = lane(words[n + i]!, words[m + i]!, words[d + i]!, simd);
    return NEXT;
  };
}

export function lanewise64(lane: Lane64): Execute {
  return (cpu, op) => {
    const { words, simd } = cpu.fp;
    for (let i = 0; i < 2 << op.q; i += 2) {
      const n = 2 * op.vn + i;
      const m = 2 * op.vm + i;
      x.set(words[n]!, words[n + 1]!);
      y.set(words[m]!, words[m + 1]!);
      lane(x, y, simd);
      words[2 * op.vd + i] = x.lo;
      words[2 * op.vd + i + 1] = x.hi;
    }
    return NEXT;
  };
}

/** Whole words, whatever the elements are. */
export function wordwise(lane: (n: number, m: number, d: number) => number): Execute {
  return (cpu, op) => {
    const { words } = cpu.fp;
    const d = op.vd << 1;
    const n = op.vn << 1;
    const m = op.vm << 1;
    const count = 2 << op.q;
    for (let i = 0; i < count; i++) words[d + i] = lane(words[n + i]!, words[m + i]!, words[d + i]!);
    return NEXT;
  };
}

/** Vd[i] = lane(Vm[i], imm). */
export function withImmediate(size: number, signed: boolean, lane: ImmediateLane): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    const view = signed ? fp.signed(size) : fp.unsigned(size);
    const d = op.vd << (3 - size);
    const m = op.vm << (3 - size);
    const count = (8 >> size) << op.q;
    for (let i = 0; i < count; i++) view[d + i] = lane(view[m + i]!, op.imm, view[d + i]!, fp.simd);
    return NEXT;
  };
}

export function withImmediate64(lane: ImmediateLane64): Execute {
  return (cpu, op) => {
    const { words, simd } = cpu.fp;
    for (let i = 0; i < 2 << op.q; i += 2) {
      const m = 2 * op.vm + i;
      const d = 2 * op.vd + i;
      x.set(words[m]!, words[m + 1]!);
      y.set(words[d]!, words[d + 1]!);
      lane(x, op.imm, y, simd);
      words[d] = x.lo;
      words[d + 1] = x.hi;
    }
    return NEXT;
  };
}

/** Qd[i] of twice the width = lane(Dn[i], Dm[i]). For elements of up to 16 bits. */
export function lengthening(size: number, signed: boolean, lane: Lane, scalar = false): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    const view = signed ? fp.signed(size) : fp.unsigned(size);
    const old = signed ? fp.signed(size + 1) : fp.unsigned(size + 1);
    const wide = scratch.unsigned(size + 1);
    const d = op.vd << (2 - size);
    const n = op.vn << (3 - size);
    const m = scalar ? op.imm : op.vm << (3 - size);
    const step = scalar ? 0 : 1;
    const count = 8 >> size;
    for (let i = 0; i < count; i++) {
      wide[i] = lane(view[n + i]!, view[m + i * step]!, old[d + i]!, fp.simd);
    }
    commit(fp, op.vd, 4);
    return NEXT;
  };
}

/** The same for elements of 32 bits. */
export function lengthening64(signed: boolean, lane: LongLane64, scalar = false): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    const view = fp.signed(2);
    const source = signed ? view : fp.unsigned(2);
    const n = op.vn << 1;
    const m = scalar ? op.imm : op.vm << 1;
    const step = scalar ? 0 : 1;
    for (let i = 0; i < 2; i++) {
      const d = 2 * op.vd + 2 * i;
      x.set(view[d]!, view[d + 1]!);
      lane(source[n + i]!, source[m + i * step]!, x, fp.simd);
      scratch.words[2 * i] = x.lo;
      scratch.words[2 * i + 1] = x.hi;
    }
    commit(fp, op.vd, 4);
    return NEXT;
  };
}

/** Qd[i] = lane(Qn[i], Dm[i]), Qn of twice the width. */
export function widening(size: number, signed: boolean, lane: Lane): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    const view = signed ? fp.signed(size) : fp.unsigned(size);
    const wide = fp.unsigned(size + 1);
    const out = scratch.unsigned(size + 1);
    const n = op.vn << (2 - size);
    const m = op.vm << (3 - size);
    for (let i = 0; i < 8 >> size; i++) out[i] = lane(wide[n + i]!, view[m + i]!, 0, fp.simd);
    commit(fp, op.vd, 4);
    return NEXT;
  };
}

/** `lane` changes the 64-bit element of Qn by the 32-bit one of Dm. */
export function widening64(signed: boolean, lane: (n: Int64, m: number) => void): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    const { words } = fp;
    const source = signed ? words : fp.unsigned(2);
    for (let i = 0; i < 2; i++) {
      const n = 2 * op.vn + 2 * i;
      x.set(words[n]!, words[n + 1]!);
      lane(x, source[2 * op.vm + i]!);
      scratch.words[2 * i] = x.lo;
      scratch.words[2 * i + 1] = x.hi;
    }
    commit(fp, op.vd, 4);
    return NEXT;
  };
}

/** Dd[i] of `size` = lane(Qn[i], Qm[i]) of twice the width; `signed` says how those are read. */
export function narrowing(size: number, signed: boolean, lane: Lane): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    const wide = signed ? fp.signed(size + 1) : fp.unsigned(size + 1);
    const out = scratch.unsigned(size);
    const n = op.vn << (2 - size);
    const m = op.vm << (2 - size);
    for (let i = 0; i < 8 >> size; i++) out[i] = lane(wide[n + i]!, wide[m + i]!, op.imm, fp.simd);
    commit(fp, op.vd, 2);
    return NEXT;
  };
}

/** The same from elements of 64 bits. `imm` for shifts. */
export function narrowing64(lane: (n: Int64, m: Int64, imm: number, status: FpStatus) => number): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    const { words } = fp;
    for (let i = 0; i < 2; i++) {
      const n = 2 * op.vn + 2 * i;
      const m = 2 * op.vm + 2 * i;
      x.set(words[n]!, words[n + 1]!);
      y.set(words[m]!, words[m + 1]!);
      scratch.words[i] = lane(x, y, op.imm, fp.simd);
    }
    commit(fp, op.vd, 2);
    return NEXT;
  };
}

/** Dd = lane of neighbours in Dn, then of those in Dm. */
export function pairwise(size: number, signed: boolean, lane: Lane): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    const view = signed ? fp.signed(size) : fp.unsigned(size);
    const out = scratch.unsigned(size);
    const half = 4 >> size;
    const n = op.vn << (3 - size);
    const m = op.vm << (3 - size);
    for (let i = 0; i < half; i++) {
      out[i] = lane(view[n + 2 * i]!, view[n + 2 * i + 1]!, 0, fp.simd);
      out[half + i] = lane(view[m + 2 * i]!, view[m + 2 * i + 1]!, 0, fp.simd);
    }
    commit(fp, op.vd, 2);
    return NEXT;
  };
}

/** VPADDL, VPADAL: elements of twice the width from neighbours of Vm, added to the old ones with `accumulate`. */
export function pairwiseLong(size: number, signed: boolean, accumulate: boolean): Execute {
  return (cpu, op) => {
    const { fp } = cpu;
    const view = signed ? fp.signed(size) : fp.unsigned(size);
    const wide = fp.unsigned(size + 1);
    const d = op.vd << (2 - size);
    const m = op.vm << (3 - size);
    for (let i = 0; i < (4 >> size) << op.q; i++) {
      const sum = view[m + 2 * i]! + view[m + 2 * i + 1]!;
      wide[d + i] = accumulate ? sum + wide[d + i]! : sum;
    }
    return NEXT;
  };
}

export function pairwiseLong64(signed: boolean, accumulate: boolean): Execute {
  return (cpu, op) => {
    const { words } = cpu.fp;
    const view = signed ? words : cpu.fp.unsigned(2);
    for (let i = 0; i < 2 << op.q; i += 2) {
      const m = 2 * op.vm + i;
      const d = 2 * op.vd + i;
      x.setNumber(view[m]! + view[m + 1]!);
      if (accumulate) x.add(words[d]!, words[d + 1]!);
      words[d] = x.lo;
      words[d + 1] = x.hi;
    }
    return NEXT;
  };
}
