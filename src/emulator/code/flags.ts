// SPDX-License-Identifier: GPL-2.0-only
/**
 * N, Z, C and V of a region in the making. An instruction that sets flags only keeps what they are made of, in locals; what
 * they are is computed where somebody looks: a condition, an exit, a place to which several branches lead. Most are
 * overwritten before.
 */
import { ALWAYS } from '../isa/conditions.js';
import { type Code, op as wasm } from './wasm.js';

/** How C and V are made of A and B; NONE: they are in their locals. */
const CARRIES = ['none', 'add', 'subtract'] as const;
type Carries = (typeof CARRIES)[number];

/** What is known of the flags at a place. */
export interface FlagState {
  /** N and Z are those of RESULT. */
  readonly result: boolean;
  readonly carries: Carries;
  /** RESULT is that of A and B. */
  readonly same: boolean;
}

const SETTLED: FlagState = { result: false, carries: 'none', same: false };

export class Flags {
  private readonly code: Code;
  /** Locals: nf, zf, cf, vf as in `cpu.ts`, then RESULT, A and B. */
  private readonly nf: number;
  private readonly zf: number;
  private readonly cf: number;
  private readonly vf: number;
  private readonly resultLocal: number;
  private readonly a: number;
  private readonly b: number;
  private readonly used: () => void;
  private state: FlagState = SETTLED;

  /** Seven locals from `first` on; `used` is called when flags are read or set. */
  constructor(code: Code, first: number, used: () => void) {
    this.code = code;
    this.nf = first;
    this.zf = first + 1;
    this.cf = first + 2;
    this.vf = first + 3;
    this.resultLocal = first + 4;
    this.a = first + 5;
    this.b = first + 6;
    this.used = used;
  }

  /** What is known now, for restore() where another path goes on from here. */
  save(): FlagState {
    return this.state;
  }

  restore(state: FlagState): void {
    this.state = state;
  }

  /** Computes what is not yet, so that each flag is in its local. */
  settle(): void {
    const { code, state } = this;
    if (state.result) code.get(this.resultLocal).tee(this.nf).set(this.zf);
    this.settleCarries();
    this.state = SETTLED;
  }

  /** Every path that leads here has settled them. */
  settled(): void {
    this.state = SETTLED;
  }

  private settleCarries(): void {
    if (this.state.carries === 'none') return;
    this.carry();
    this.code.set(this.cf);
    this.overflow();
    this.code.set(this.vf);
    this.state = { ...this.state, carries: 'none', same: false };
  }

  /** What settle() would have to do, as a number; 0: nothing. */
  kind(): number {
    const { result, carries } = this.state;
    return (result ? 1 : 0) | (CARRIES.indexOf(carries) << 1);
  }

  /** settle() for a kind that is in a local. */
  settleKind(local: number): void {
    const { code } = this;
    code.get(local).i32(1).do(wasm.i32_and).if();
    this.state = { ...SETTLED, result: true };
    this.settle();
    code.end();
    for (const [i, carries] of CARRIES.entries()) {
      if (carries === 'none') continue;
      code.get(local).i32(1).do(wasm.i32_shr_u).i32(i).do(wasm.i32_eq).if();
      this.state = { ...SETTLED, carries };
      this.settle();
      code.end();
    }
  }

  // Setting.

  /** Pops a result that N and Z come from and pushes it again. C and V stay. */
  result(): void {
    this.used();
    this.code.tee(this.resultLocal);
    this.state = { result: true, carries: this.state.carries, same: false };
  }

  /** Pops B, then A; pushes A + B or A - B, which all flags come from. */
  arithmetic(carries: 'add' | 'subtract'): void {
    this.used();
    const { code } = this;
    code.set(this.b).tee(this.a).get(this.b);
    code.do(carries === 'add' ? wasm.i32_add : wasm.i32_sub).tee(this.resultLocal);
    this.state = { result: true, carries, same: true };
  }

  /** Pops B, then A; pushes AddWithCarry(A, B, C), which all flags come from. */
  addWithCarry(): void {
    this.used();
    const { code } = this;
    code.set(this.b).set(this.a);
    // The carry in has to be in its local before A and B stand for other flags: it is computed before them.
    code.get(this.a).get(this.b).do(wasm.i32_add).get(this.cf).do(wasm.i32_add).set(this.resultLocal);
    // Carry out: the sum is below A, or equal to it with a carry in.
    code.get(this.resultLocal).get(this.a).do(wasm.i32_lt_u);
    code
      .get(this.resultLocal)
      .get(this.a)
      .do(wasm.i32_eq)
      .get(this.cf)
      .do(wasm.i32_and, wasm.i32_or)
      .set(this.cf);
    this.overflowOf(
      () => code.get(this.a).get(this.resultLocal).do(wasm.i32_xor),
      () => code.get(this.b).get(this.resultLocal).do(wasm.i32_xor),
    );
    code.set(this.vf).get(this.resultLocal);
    this.state = { result: true, carries: 'none', same: false };
  }

  /** Pops C, 0 or 1. */
  popCarry(): void {
    this.used();
    const { code } = this;
    if (this.state.carries !== 'none') {
      // V goes with C: it is computed first, and the value on the stack stays.
      this.settleCarries();
    }
    code.set(this.cf);
  }

  /** C comes into its local: before addWithCarry(). */
  settleCarry(): void {
    this.used();
    this.settleCarries();
  }

  // Reading.

  /** Pushes C. */
  carry(): void {
    this.used();
    const { code } = this;
    switch (this.state.carries) {
      case 'none':
        code.get(this.cf);
        break;
      case 'add':
        code.get(this.a).get(this.b).do(wasm.i32_add).get(this.a).do(wasm.i32_lt_u);
        break;
      case 'subtract':
        code.get(this.a).get(this.b).do(wasm.i32_ge_u);
        break;
    }
  }

  private overflow(): void {
    const { code } = this;
    switch (this.state.carries) {
      case 'none':
        code.get(this.vf);
        break;
      case 'add': {
        const sum = (): Code => code.get(this.a).get(this.b).do(wasm.i32_add);
        this.overflowOf(
          () => sum().get(this.a).do(wasm.i32_xor),
          () => sum().get(this.b).do(wasm.i32_xor),
        );
        break;
      }
      case 'subtract':
        this.overflowOf(
          () => code.get(this.a).get(this.b).do(wasm.i32_xor),
          () => code.get(this.a).get(this.b).do(wasm.i32_sub).get(this.a).do(wasm.i32_xor),
        );
        break;
    }
  }

  /** Pushes bit 31 of one value and the other. */
  private overflowOf(one: () => void, other: () => void): void {
    one();
    other();
    this.code.do(wasm.i32_and).i32(31).do(wasm.i32_shr_u);
  }

  private zero(): void {
    this.code.get(this.state.result ? this.resultLocal : this.zf).do(wasm.i32_eqz);
  }

  private negative(): void {
    this.code
      .get(this.state.result ? this.resultLocal : this.nf)
      .i32(31)
      .do(wasm.i32_shr_u);
  }

  /** Pushes whether a condition holds: A8.3. */
  condition(cond: number): void {
    this.used();
    const { code, state } = this;
    if (cond >= ALWAYS) {
      code.i32(1);
      return;
    }
    if (state.same && state.carries === 'subtract') {
      const compare = COMPARISONS[cond];
      if (compare !== undefined) {
        code.get(this.a).get(this.b).do(compare);
        return;
      }
    }
    switch (cond & ~1) {
      case 0:
        this.zero();
        break;
      case 2:
        this.carry();
        break;
      case 4:
        this.negative();
        break;
      case 6:
        this.overflow();
        break;
      case 8:
        this.carry();
        this.zero();
        code.do(wasm.i32_eqz, wasm.i32_and);
        break;
      case 10:
        this.negative();
        this.overflow();
        code.do(wasm.i32_eq);
        break;
      default:
        this.negative();
        this.overflow();
        code.do(wasm.i32_eq);
        this.zero();
        code.do(wasm.i32_eqz, wasm.i32_and);
        break;
    }
    if ((cond & 1) === 1) code.do(wasm.i32_eqz);
  }
}

/** Conditions behind a comparison of A and B, by number; N and V alone are no comparison. */
const COMPARISONS: readonly (number | undefined)[] = [
  wasm.i32_eq,
  wasm.i32_ne,
  wasm.i32_ge_u,
  wasm.i32_lt_u,
  undefined,
  undefined,
  undefined,
  undefined,
  wasm.i32_gt_u,
  wasm.i32_le_u,
  wasm.i32_ge_s,
  wasm.i32_lt_s,
  wasm.i32_gt_s,
  wasm.i32_le_s,
];
