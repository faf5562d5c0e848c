// SPDX-License-Identifier: GPL-2.0-only
/**
 * WebAssembly of one region in the making: its locals, the ways out of it, and calls into JavaScript. What instructions
 * become is in `emit-data.ts`, `emit-access.ts` and `emit-branch.ts`; flags are in `flags.ts`.
 *
 * Registers and flags are locals between entry and exit. The function is made twice: the first time shows which of them
 * it uses, so that the second loads and stores no others.
 *
 * The function's parameter is the byte address of the core's area. It returns where execution goes on in r15 and LEFT of
 * the area, and as its result one of EXIT_… with bit 0 set in T32 state, or ~ the index of
 * the translated code that goes on there.
 */
import { CF, JUMPS, JUMPS_AT, LEFT, NF, PAGE, SET, SITE, STOP, VF, ZF } from '../cpu/core-area.js';
import type { Op } from '../isa/op.js';
import { Flags } from './flags.js';
import type { Node, Region } from './region.js';
import { Code, type FunctionBody, I32, I64, op as wasm } from './wasm.js';

// 0, as the local EXIT is at first: go on at r15, with other translated code if that is known, else after a look around.
/** Go on at r15 after a look around. */
export const EXIT_LOOK = 2;
/** A call has left the core as it is to be: nothing is to be taken from the area but LEFT. */
export const EXIT_CALLED = 4;
// At the instruction SITE; LEFT is that behind its block, and r15 is not written.
/** The access of the instruction faulted. */
export const EXIT_FAULT = 6;
/** The instruction is done; look around before the next one. */
export const EXIT_BEHIND = 8;
/** The instruction must be interpreted. */
export const EXIT_INTERPRET = 10;
/** Not all instructions of the block, of which this is the first, may be executed. */
export const EXIT_BUDGET = 12;

/** Functions that the module imports, in the order of their numbers, and the numbers of their types. */
export const IMPORTS = [
  ['load32', 1],
  ['load16', 1],
  ['load8', 1],
  ['store32', 2],
  ['store16', 2],
  ['store8', 2],
  ['prepareLoad', 3],
  ['prepareStore', 3],
  ['execute', 4],
] as const;
export type ImportName = (typeof IMPORTS)[number][0];

/** Types of functions: a region; loads; stores; prepare…; execute. */
export const TYPES: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[I32], [I32]],
  [[I32, I32, I32], [I32]],
  [[I32, I32, I32, I32], []],
  [[I32, I32], []],
  [[I32, I32], [I32]],
];

// Locals. 0 is the parameter.
export const AREA = 0;
const PAGE_LOCAL = 1;
const LEFT_LOCAL = 2;
export const SET_LOCAL = 3;
const TARGET = 4;
const EXIT = 5;
/** For one instruction: an address, an entry of the fast table, a value. */
export const ADDRESS = 6;
export const ENTRY = 7;
export const VALUE = 8;
const NF_LOCAL = 9;
/** What the flags are made of at an exit: Flags.kind(). */
const KIND = 16;
const R0 = 17;
/** Values that a load of several registers has got before they are written. */
export const LOADED = 33;
export const LONG = 49;
const LOCALS: readonly number[] = [...new Array<number>(48).fill(I32), I64];

/** Which registers and flags a function uses. */
export class Uses {
  readonly read: boolean[] = new Array<boolean>(16).fill(false);
  readonly written: boolean[] = new Array<boolean>(16).fill(false);
  flags = false;
}

export class Emitter {
  readonly code: Code = new Code();
  readonly region: Region;
  readonly flags: Flags = new Flags(this.code, NF_LOCAL, () => {
    this.seen.flags = true;
  });
  /** Index of the region in the table of functions. */
  readonly index: number;
  /** The block, the instruction and its place in the block that are being translated. */
  node: Node;
  op: Op;
  at = 0;
  /** r15 reads rounded down to a word. */
  alignedPc = false;
  private readonly uses: Uses;
  private readonly seen: Uses;
  private exitDepth = 0;

  /** `uses`: what an earlier round has seen; `seen`: what this one sees. */
  constructor(region: Region, index: number, uses: Uses, seen: Uses) {
    this.region = region;
    this.index = index;
    this.node = region.entry;
    this.op = this.node.block.ops[0]!;
    this.uses = uses;
    this.seen = seen;
  }

  // Registers.

  /** Pushes a register. */
  get(register: number): void {
    if (register === 15) {
      this.pushPc();
      return;
    }
    this.seen.read[register] = true;
    this.code.get(R0 + register);
  }

  /** Pops into a register; r15 too, for getWrittenPc() to push. */
  set(register: number): void {
    if (register !== 15) this.seen.written[register] = true;
    this.code.set(R0 + register);
  }

  /** Pushes what was last set as r15: where to branch to. */
  getWrittenPc(): void {
    this.code.get(R0 + 15);
  }

  private pushPc(): void {
    this.pushInPage(this.op.offset + (this.region.thumb ? 4 : 8));
    if (this.alignedPc) this.code.i32(~3).do(wasm.i32_and);
  }

  /** Pushes the address at `offset` from the page in execution. */
  pushInPage(offset: number): void {
    this.code.get(PAGE_LOCAL).i32(offset).do(wasm.i32_add);
  }

  // The area.

  private load(word: number): void {
    this.code.get(AREA).memory(wasm.i32_load, 4 * word);
  }

  private store(word: number, local: number): void {
    this.code
      .get(AREA)
      .get(local)
      .memory(wasm.i32_store, 4 * word);
  }

  private loadState(): void {
    const { code, uses } = this;
    this.load(LEFT);
    code.set(LEFT_LOCAL);
    this.load(SET);
    code.set(SET_LOCAL);
    for (let register = 0; register < 15; register++) {
      if (!uses.read[register] && !uses.written[register]) continue;
      this.load(register);
      code.set(R0 + register);
    }
    if (!uses.flags) return;
    for (const [i, word] of [NF, ZF, CF, VF].entries()) {
      this.load(word);
      code.set(NF_LOCAL + i);
    }
  }

  private storeState(): void {
    const { uses } = this;
    this.store(LEFT, LEFT_LOCAL);
    for (let register = 0; register < 15; register++) {
      if (uses.written[register]) this.store(register, R0 + register);
    }
    if (uses.flags) for (const [i, word] of [NF, ZF, CF, VF].entries()) this.store(word, NF_LOCAL + i);
  }

  // Entry and exits.

  /** The whole function; `body` makes what is between entry and exits. */
  function(body: () => void): FunctionBody {
    const { code, uses } = this;
    this.load(15);
    code.i32(~0xfff).do(wasm.i32_and).set(PAGE_LOCAL);
    this.store(PAGE, PAGE_LOCAL);
    this.loadState();
    this.exitDepth = code.depth;
    code.block();
    body();
    code.end();
    if (uses.flags) this.flags.settleKind(KIND);
    this.storeState();
    code.get(EXIT).i32(EXIT_LOOK).do(wasm.i32_gt_u).if();
    code
      .get(EXIT)
      .i32(this.region.thumb ? 1 : 0)
      .do(wasm.i32_or)
      .return();
    code.end();
    code
      .get(AREA)
      .get(TARGET)
      .i32(~1)
      .do(wasm.i32_and)
      .memory(wasm.i32_store, 4 * 15);
    code.get(EXIT).do(wasm.i32_eqz).if();
    code
      .get(TARGET)
      .i32(2 * (JUMPS - 1))
      .do(wasm.i32_and)
      .i32(2)
      .do(wasm.i32_shl);
    code.get(SET_LOCAL).do(wasm.i32_add).tee(ENTRY).memory(wasm.i32_load, JUMPS_AT);
    code.get(TARGET).do(wasm.i32_eq).if();
    code
      .get(ENTRY)
      .memory(wasm.i32_load, JUMPS_AT + 4)
      .return();
    code.end().end();
    code.get(TARGET).i32(1).do(wasm.i32_and).get(EXIT).do(wasm.i32_or);
    return { type: 0, locals: LOCALS, code: code.bytes.contents };
  }

  /** Counts the instructions of the block that begins, and leaves where not all of them may be executed. */
  begin(): void {
    const { code } = this;
    code
      .get(LEFT_LOCAL)
      .i32(this.node.block.ops.length)
      .do(wasm.i32_sub)
      .tee(LEFT_LOCAL)
      .i32(0)
      .do(wasm.i32_lt_s)
      .if();
    this.leaveAtSite(EXIT_BUDGET);
    code.end();
  }

  /** `count` instructions of the current block are not executed after all. */
  giveBack(count: number): void {
    if (count !== 0) this.code.get(LEFT_LOCAL).i32(count).do(wasm.i32_add).set(LEFT_LOCAL);
  }

  /** Instructions of the block behind the current one. */
  get behind(): number {
    return this.node.block.ops.length - this.at - 1;
  }

  /** Pushes the address at `offset` from the page for a branch: bit 0 is the instruction set of the region. */
  pushTarget(offset: number): void {
    this.pushInPage(offset);
    if (this.region.thumb) this.code.i32(1).do(wasm.i32_or);
  }

  /** Sets the target to `offset` in the page, in the instruction set of the region. */
  setTarget(offset: number): void {
    this.pushTarget(offset);
    this.code.set(TARGET);
  }

  /** Pops the target: an address with bit 0 set for T32. */
  popTarget(): void {
    this.code.set(TARGET);
  }

  /** Pops an address to branch to with interworking: BXWritePC(), as `cpu.branchExchange()`. */
  popExchangeTarget(): void {
    const { code } = this;
    // Bit 0 set: as it is. Clear: without bit 1.
    code.tee(TARGET).i32(1).do(wasm.i32_and).if().else();
    code.get(TARGET).i32(~3).do(wasm.i32_and).set(TARGET);
    code.end();
  }

  /** Leaves the region; the target is set. */
  leave(): void {
    this.keepKind();
    this.code.branch(this.exitDepth);
  }

  /** Leaves the region at the current instruction: EXIT_FAULT and those behind it. */
  leaveAtSite(exit: number): void {
    this.code
      .get(AREA)
      .i32(this.site)
      .memory(wasm.i32_store, 4 * SITE);
    this.code.i32(exit).set(EXIT);
    this.leave();
  }

  private keepKind(): void {
    const kind = this.flags.kind();
    if (kind !== 0) this.code.i32(kind).set(KIND);
  }

  // Calls.

  private get site(): number {
    return (this.index << 10) | (this.node.firstSite + this.at);
  }

  /** Stores what calls look at, and pushes their first parameters. */
  beginCall(): void {
    this.store(LEFT, LEFT_LOCAL);
    this.code.get(AREA).i32(this.site);
  }

  call(name: ImportName): void {
    this.code.call(IMPORTS.findIndex(([each]) => each === name));
  }

  /**
   * Behind a call that has made an access: leaves if it faulted or the block is to be left, in which case `finish` does what is
   * left of the instruction. The call has said what the exit is, and at which site. Null: the instruction ends the block, so
   * that it goes on as it would, but to a look around.
   */
  checkAccess(finish: (() => void) | null): void {
    const { code } = this;
    this.load(STOP);
    code.tee(EXIT).if();
    code.get(EXIT).i32(EXIT_BEHIND).do(wasm.i32_eq).if();
    if (finish === null) {
      code.i32(EXIT_LOOK).set(EXIT).else();
      this.leave();
      code.end();
    } else {
      finish();
      code.end();
      this.leave();
    }
    code.end();
  }

  /** The current instruction by its execute function. */
  callExecute(): void {
    const { code } = this;
    this.flags.settle();
    this.storeState();
    code.get(AREA).i32(this.site);
    this.call('execute');
    code.if().i32(EXIT_CALLED).return().end();
    this.loadState();
  }
}
