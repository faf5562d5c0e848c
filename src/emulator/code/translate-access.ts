// SPDX-License-Identifier: GPL-2.0-only
/**
 * Loads and stores as lines of JavaScript, for the translator. What an execute function does step by step is written out
 * with its operands as constants: see `../isa/execute-load-store.ts` and `../isa/execute-multiple.ts`, which are the
 * reference. `finish`: what follows when nothing faulted, a look at `attention` or, for a load of r15, nothing.
 */
import { LDR, LDRB, LDRH, LDRSB, LDRSH, STR, STRB, STRH } from '../isa/execute-load-store.js';
import { ldm, stm } from '../isa/execute-multiple.js';
import type { Execute, Op } from '../isa/op.js';

/** What is left after an access: others may want to look. */
export const LOOK = 'if (cpu.attention !== 0) return 1;';
const CHECK = 'if (mem.failed !== 0) return cpu.dataAbort();';
/** Registers of LDM and STM that are written out; more are a call. */
const MOST = 12;

interface Access {
  readonly method: string;
  /** Of a load: what is made of the value. */
  readonly extend: string;
  readonly load: boolean;
}

function load(method: string, extend = ''): Access {
  return { method, extend, load: true };
}

function store(method: string): Access {
  return { method, extend: '', load: false };
}

const ACCESSES: ReadonlyMap<Execute, Access> = new Map([
  [LDR.plain, load('load32')],
  [LDR.any, load('load32')],
  [LDRB.plain, load('load8')],
  [LDRB.any, load('load8')],
  [LDRH.plain, load('load16')],
  [LDRH.any, load('load16')],
  [LDRSB.any, load('load8', ' << 24 >> 24')],
  [LDRSH.any, load('load16', ' << 16 >> 16')],
  [STR.plain, store('store32')],
  [STR.any, store('store32')],
  [STRB.plain, store('store8')],
  [STRB.any, store('store8')],
  [STRH.plain, store('store16')],
  [STRH.any, store('store16')],
]);

/** Lines of an access that is instruction `i`; undefined: it must be called. `shifted`: rm shifted, where that is known. */
export function accessLines(
  op: Op,
  execute: Execute,
  i: number,
  shifted: string | undefined,
  finish: string,
): string | undefined {
  if (execute === ldm) return loadMultiple(op, i, finish);
  if (execute === stm) return storeMultiple(op, i, finish);
  const access = ACCESSES.get(execute);
  if (access === undefined || op.t === 1) return undefined;
  let target = `(r[${op.rn}] + ${op.imm}) | 0`;
  if (op.i === 1) {
    if (shifted === undefined) return undefined;
    target = `(r[${op.rn}] ${op.u === 1 ? '+' : '-'} (${shifted})) | 0`;
  }
  const address = op.p === 1 ? 't' : `r[${op.rn}]`;
  const back = op.w === 1 ? `r[${op.rn}] = t;` : '';
  const { method, extend } = access;
  if (access.load) {
    return `cpu.at = ${i}; { const t = ${target}; const v = mem.${method}(${address})${extend}; ${CHECK} ${back} r[${op.rt}] = v; ${finish} }`;
  }
  return `cpu.at = ${i}; { const t = ${target}; mem.${method}(${address}, r[${op.rt}]); ${CHECK} ${back} ${finish} }`;
}

function registersOf(op: Op): number[] {
  return Array.from({ length: 16 }, (_, register) => register).filter(
    register => ((op.list >> register) & 1) === 1,
  );
}

/** A base that is not aligned faults. */
function multiple(op: Op, i: number, write: boolean, body: string): string {
  const fault = `mem.misaligned(t, ${write}); return cpu.dataAbort();`;
  return `cpu.at = ${i}; { const t = (r[${op.rn}] + ${op.imm}) | 0; if ((t & 3) !== 0) { ${fault} } ${body} }`;
}

function loadMultiple(op: Op, i: number, finish: string): string | undefined {
  const registers = registersOf(op);
  if (registers.length > MOST) return undefined;
  const loads = registers.map((register, k) => `const v${register} = mem.load32(t + ${4 * k}); ${CHECK}`);
  const back = op.w === 1 ? `r[${op.rn}] += ${op.amount};` : '';
  const writes = registers.map(register => `r[${register}] = v${register};`);
  return multiple(op, i, false, `${loads.join(' ')} ${back} ${writes.join(' ')} ${finish}`);
}

function storeMultiple(op: Op, i: number, finish: string): string | undefined {
  const registers = registersOf(op);
  if (registers.length > MOST) return undefined;
  const stores = registers.map((register, k) => `mem.store32(t + ${4 * k}, r[${register}]); ${CHECK}`);
  const back = op.w === 1 ? `r[${op.rn}] += ${op.amount};` : '';
  return multiple(op, i, true, `${stores.join(' ')} ${back} ${finish}`);
}
