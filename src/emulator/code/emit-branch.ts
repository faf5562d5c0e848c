// SPDX-License-Identifier: GPL-2.0-only
/** Branches out of a region as WebAssembly. The reference is what `../isa/execute-branch.ts` and `operands.ts` do. */
import { bl, blxImmediate, blxRegister, bx, tbb } from '../isa/execute-branch.js';
import type { Execute, Op } from '../isa/op.js';
import { runLoadingPc, runWritingPc } from '../isa/operands.js';
import { emitLoad, LOAD_BYTE, LOAD_HALF } from './emit-access.js';
import { ADDRESS, type Emitter, VALUE } from './emitter.js';
import { op as wasm } from './wasm.js';

function leave(e: Emitter): void {
  e.giveBack(e.behind);
  e.leave();
}

/** The return address of a call. */
function link(e: Emitter, op: Op): void {
  e.pushTarget(op.offset + op.length);
  e.set(14);
}

/** `inner` makes what an instruction does before it branches to what it wrote to r15; false: it must be called. */
export function emitBranch(e: Emitter, op: Op, execute: Execute, inner: () => boolean): boolean {
  const { code } = e;
  const { thumb } = e.region;
  switch (execute) {
    case bl:
      link(e, op);
      e.setTarget(op.offset + op.imm);
      leave(e);
      return true;
    case blxImmediate:
      link(e, op);
      e.pushInPage(op.offset + op.imm);
      // To the other instruction set.
      if (thumb) code.i32(~3).do(wasm.i32_and);
      else code.i32(1).do(wasm.i32_or);
      e.popTarget();
      leave(e);
      return true;
    case bx:
      e.get(op.rm);
      e.popExchangeTarget();
      leave(e);
      return true;
    case blxRegister:
      e.get(op.rm);
      code.set(VALUE);
      link(e, op);
      code.get(VALUE);
      e.popExchangeTarget();
      leave(e);
      return true;
    case tbb:
      e.get(op.rn);
      e.get(op.rm);
      if (op.h === 1) code.i32(1).do(wasm.i32_shl);
      code.do(wasm.i32_add).set(ADDRESS);
      emitLoad(e, op.h === 1 ? LOAD_HALF : LOAD_BYTE, null);
      e.get(15);
      code.get(VALUE).i32(1).do(wasm.i32_shl, wasm.i32_add).i32(1).do(wasm.i32_or);
      e.popTarget();
      leave(e);
      return true;
    case runLoadingPc:
      e.alignedPc = true;
      if (!inner()) return false;
      e.getWrittenPc();
      e.popExchangeTarget();
      leave(e);
      return true;
    case runWritingPc:
      if (!inner()) return false;
      e.getWrittenPc();
      // ALUWritePC(): interworking in A32 state, none in T32 (A2.3.1).
      if (thumb) {
        code.i32(1).do(wasm.i32_or);
        e.popTarget();
      } else {
        e.popExchangeTarget();
      }
      leave(e);
      return true;
    default:
      return false;
  }
}
