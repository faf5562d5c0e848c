// SPDX-License-Identifier: GPL-2.0-only
/**
 * Loads and stores as WebAssembly: a look into the fast table (`../cpu/core-area.ts`), and a call where it does not have the
 * page. The reference is what `../isa/execute-load-store.ts` and `../isa/execute-multiple.ts` do.
 */
import { FAST } from '../cpu/core-area.js';
import { LDR, LDRB, LDRD, LDRH, LDRSB, LDRSH, STR, STRB, STRD, STRH } from '../isa/execute-load-store.js';
import { ldm, stm } from '../isa/execute-multiple.js';
import type { Execute, Op } from '../isa/op.js';
import { pushShifted } from './emit-data.js';
import {
  ADDRESS,
  type Emitter,
  ENTRY,
  EXIT_INTERPRET,
  type ImportName,
  LOADED,
  SET_LOCAL,
  VALUE,
} from './emitter.js';
import { op as wasm } from './wasm.js';

interface Width {
  /** Bits of an address that the fast table compares: all but the place of an aligned item in its page. */
  readonly compared: number;
  readonly load: number;
  readonly store: number;
  readonly slowLoad: ImportName;
  readonly slowStore: ImportName;
}

const WORD: Width = {
  compared: ~0xffc,
  load: wasm.i32_load,
  store: wasm.i32_store,
  slowLoad: 'load32',
  slowStore: 'store32',
};
const HALF: Width = {
  compared: ~0xffe,
  load: wasm.i32_load16_u,
  store: wasm.i32_store16,
  slowLoad: 'load16',
  slowStore: 'store16',
};
const BYTE: Width = {
  compared: ~0xfff,
  load: wasm.i32_load8_u,
  store: wasm.i32_store8,
  slowLoad: 'load8',
  slowStore: 'store8',
};

/** Offsets in an entry of the fast table. */
const READ_TAG = 0;
const WRITE_TAG = 4;
const TO_STORAGE = 8;

/** Pushes whether the fast table has the page of ADDRESS; ENTRY is where it would be. */
function pushHit(e: Emitter, compared: number, tag: number): void {
  const { code } = e;
  code
    .get(ADDRESS)
    .i32(8)
    .do(wasm.i32_shr_u)
    .i32(16 * (FAST - 1))
    .do(wasm.i32_and);
  code.get(SET_LOCAL).do(wasm.i32_add).tee(ENTRY).memory(wasm.i32_load, tag);
  code.get(ADDRESS).i32(compared).do(wasm.i32_and, wasm.i32_eq);
}

/** Pushes where ADDRESS is in the storage. */
function pushPlace(e: Emitter): void {
  e.code.get(ENTRY).memory(wasm.i32_load, TO_STORAGE).get(ADDRESS).do(wasm.i32_add);
}

/** VALUE := what is at ADDRESS. `finish`: see checkAccess(). */
export function emitLoad(e: Emitter, width: Width, finish: (() => void) | null): void {
  const { code } = e;
  pushHit(e, width.compared, READ_TAG);
  code.if();
  pushPlace(e);
  code.memory(width.load, 0).set(VALUE);
  code.else();
  e.beginCall();
  code.get(ADDRESS);
  e.call(width.slowLoad);
  code.set(VALUE);
  e.checkAccess(finish);
  code.end();
}

export const LOAD_BYTE: Width = BYTE;
export const LOAD_HALF: Width = HALF;

interface Access {
  readonly width: Width;
  readonly load: boolean;
  readonly extend: readonly number[];
}

function access(width: Width, load: boolean, ...extend: readonly number[]): Access {
  return { width, load, extend };
}

const ACCESSES: ReadonlyMap<Execute, Access> = new Map([
  [LDR.plain, access(WORD, true)],
  [LDR.any, access(WORD, true)],
  [LDRB.plain, access(BYTE, true)],
  [LDRB.any, access(BYTE, true)],
  [LDRH.plain, access(HALF, true)],
  [LDRH.any, access(HALF, true)],
  [LDRSB.any, access(BYTE, true, wasm.i32_extend8_s)],
  [LDRSH.any, access(HALF, true, wasm.i32_extend16_s)],
  [STR.plain, access(WORD, false)],
  [STR.any, access(WORD, false)],
  [STRB.plain, access(BYTE, false)],
  [STRB.any, access(BYTE, false)],
  [STRH.plain, access(HALF, false)],
  [STRH.any, access(HALF, false)],
]);

/** Pushes the base with the offset applied. */
function pushIndexed(e: Emitter, op: Op): void {
  const { code } = e;
  e.get(op.rn);
  if (op.i === 0) {
    if (op.imm !== 0) code.i32(op.imm).do(wasm.i32_add);
    return;
  }
  pushShifted(e, op);
  code.do(op.u === 1 ? wasm.i32_add : wasm.i32_sub);
}

/** Sets ADDRESS to that of the access. */
function setAddress(e: Emitter, op: Op): void {
  if (op.p === 1) pushIndexed(e, op);
  else e.get(op.rn);
  e.code.set(ADDRESS);
}

/** Write-back, after the access. The base is as it was. */
function writeBack(e: Emitter, op: Op): void {
  if (op.w === 0) return;
  pushIndexed(e, op);
  e.set(op.rn);
}

/** One register. */
export function emitAccess(e: Emitter, op: Op, execute: Execute): boolean {
  const its = ACCESSES.get(execute);
  if (its === undefined || op.t === 1) return false;
  const { code } = e;
  setAddress(e, op);
  if (its.load) {
    const finish = (): void => {
      writeBack(e, op);
      code.get(VALUE).do(...its.extend);
      e.set(op.rt);
    };
    emitLoad(e, its.width, op.rt === 15 ? null : finish);
    finish();
    return true;
  }
  pushHit(e, its.width.compared, WRITE_TAG);
  code.if();
  pushPlace(e);
  e.get(op.rt);
  code.memory(its.width.store, 0);
  code.else();
  e.beginCall();
  code.get(ADDRESS);
  e.get(op.rt);
  e.call(its.width.slowStore);
  e.checkAccess(() => writeBack(e, op));
  code.end();
  writeBack(e, op);
  return true;
}

/** Brings `count` words from ADDRESS on, which are aligned and in one page, within reach of ENTRY; others are interpreted. */
function reachWords(e: Emitter, count: number, tag: number): void {
  const { code } = e;
  if (count > 1) {
    code
      .get(ADDRESS)
      .i32(0xffc)
      .do(wasm.i32_and)
      .i32(4096 - 4 * count)
      .do(wasm.i32_gt_u)
      .if();
    e.leaveAtSite(EXIT_INTERPRET);
    code.end();
  }
  pushHit(e, WORD.compared, tag);
  code.do(wasm.i32_eqz).if();
  code.get(0).get(ADDRESS);
  e.call(tag === READ_TAG ? 'prepareLoad' : 'prepareStore');
  pushHit(e, WORD.compared, tag);
  code.do(wasm.i32_eqz).if();
  e.leaveAtSite(EXIT_INTERPRET);
  code.end().end();
}

function loadWords(e: Emitter, registers: readonly number[], back: () => void): void {
  const { code } = e;
  reachWords(e, registers.length, READ_TAG);
  pushPlace(e);
  code.set(ADDRESS);
  for (const [k] of registers.entries())
    code
      .get(ADDRESS)
      .memory(wasm.i32_load, 4 * k)
      .set(LOADED + k);
  back();
  for (const [k, register] of registers.entries()) {
    code.get(LOADED + k);
    e.set(register);
  }
}

function storeWords(e: Emitter, registers: readonly number[]): void {
  const { code } = e;
  reachWords(e, registers.length, WRITE_TAG);
  pushPlace(e);
  code.set(ADDRESS);
  for (const [k, register] of registers.entries()) {
    code.get(ADDRESS);
    e.get(register);
    code.memory(wasm.i32_store, 4 * k);
  }
}

/** Several registers. */
export function emitMultiple(e: Emitter, op: Op, execute: Execute): boolean {
  if (execute === LDRD.any || execute === STRD.any) {
    setAddress(e, op);
    if (execute === LDRD.any) {
      loadWords(e, [op.rt, op.rt2], () => writeBack(e, op));
      return true;
    }
    storeWords(e, [op.rt, op.rt2]);
    writeBack(e, op);
    return true;
  }
  if (execute !== ldm && execute !== stm) return false;
  const registers = Array.from({ length: 16 }, (_, register) => register).filter(
    register => ((op.list >> register) & 1) === 1,
  );
  if (registers.length === 0) return false;
  const { code } = e;
  e.get(op.rn);
  code.i32(op.imm).do(wasm.i32_add).set(ADDRESS);
  const back = (): void => {
    if (op.w === 0) return;
    e.get(op.rn);
    code.i32(op.amount).do(wasm.i32_add);
    e.set(op.rn);
  };
  if (execute === ldm) {
    loadWords(e, registers, back);
  } else {
    storeWords(e, registers);
    back();
  }
  return true;
}
