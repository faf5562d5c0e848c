// SPDX-License-Identifier: GPL-2.0-only
/**
 * One core: its registers, what it does at exceptions, and the loop that executes blocks. ARM DDI 0406C, B1.
 *
 * The flags are kept apart, as instructions make them: N is the sign of `nf`, Z is set when `zf` is 0, C and V are 0
 * or 1. `r[15]` is exact between blocks only; inside of one the current instruction's address is `pc`, and an
 * instruction that reads r15 as an operand is prepared for it (`isa/operands.ts`).
 * Left out: Security and Virtualization Extensions, Jazelle, ThumbEE.
 * Read next: `memory.ts`, `../isa/op.ts`, `../code/decode-block.ts`.
 */
import type { Machine } from '../../hw/machine.js';
import type { MmuRegisters } from '../../hw/mmu/registers.js';
import type { Clock } from '../clock.js';
import { Block } from '../code/block.js';
import type { CodeCache, CodePage } from '../code/code-cache.js';
import { decodeBlock } from '../code/decode-block.js';
import { EXIT_BEHIND, EXIT_CALLED, EXIT_FAULT, EXIT_INTERPRET, EXIT_LOOK } from '../code/emitter.js';
import { giveFlags, takeFlags } from '../code/translations.js';
import type { Bus } from '../devices/bus.js';
import type { InterruptLine } from '../devices/device.js';
import type { Breakpoints } from '../gdb/breakpoints.js';
import { BRANCHED, NEXT, type Op, type Outcome } from '../isa/op.js';
import { LEFT, R, REGISTERS, SITE } from './core-area.js';
import { tellBreakpoint } from './cp14.js';
import { Cp15 } from './cp15.js';
import { applyAccess } from './cp15-registers.js';
import { EventStream } from './event-stream.js';
import { DFSR_CM, faultStatus } from './faults.js';
import { FpRegisters } from './fp-registers.js';
import type { CoreIds } from './ids.js';
import { Memory, type MemoryOwner } from './memory.js';
import {
  BANK_FIQ,
  BANKS,
  bankOf,
  itFromPsr,
  itToPsr,
  MODE_ABORT,
  MODE_FIQ,
  MODE_IRQ,
  MODE_SVC,
  MODE_SYSTEM,
  MODE_UNDEFINED,
  MODE_USER,
  PSR_A,
  PSR_C,
  PSR_E,
  PSR_F,
  PSR_GE,
  PSR_I,
  PSR_J,
  PSR_N,
  PSR_Q,
  PSR_T,
  PSR_V,
  PSR_Z,
} from './modes.js';

/** What a core does between instructions. */
export const RUNNING = 0;
/** Until an interrupt, masked or not. */
export const WAITING_FOR_INTERRUPT = 1;
/** Until an event or an interrupt. */
export const WAITING_FOR_EVENT = 2;
/** Until other software starts it. */
export const POWERED_OFF = 3;

/** Offsets from the vector base: B1.8.1. */
export const VECTOR_UNDEFINED = 0x04;
export const VECTOR_SVC = 0x08;
export const VECTOR_PREFETCH_ABORT = 0x0c;
export const VECTOR_DATA_ABORT = 0x10;
export const VECTOR_IRQ = 0x18;
export const VECTOR_FIQ = 0x1c;

/** Who takes HVC and SMC: firmware. False: it does not exist, and the instruction is undefined. */
export interface Firmware {
  call(cpu: Cpu, instruction: 'hvc' | 'smc'): boolean;
}

/** Is told of each exception before it is taken; null costs nothing. `psr` is what becomes the SPSR. */
export interface ExceptionTrace {
  taken(cpu: Cpu, vector: number, returnAddress: number, psr: number): void;
}

export interface CpuParts {
  readonly machine: Machine;
  readonly registers: MmuRegisters;
  readonly bus: Bus;
  readonly code: CodeCache;
  readonly clock: Clock;
  readonly ids: CoreIds;
  /** Every core of the machine, this one included. */
  readonly cores: readonly Cpu[];
  /** A core that slept or was off runs from now on. */
  readonly woken: () => void;
}

/**
 * After how many runs a block is translated: sooner, and much is translated that soon ends; later, and loops wait. Debian's
 * armmp to its search for a root takes 9.1, 8.7 and 8.9 s of CPU time after 1,000, 2,000 and 4,000.
 */
const HOT_RUNS = 2_000;

const EMPTY_BLOCK: Block = new Block([], 0);

export class Cpu implements MemoryOwner {
  readonly index: number;
  /** r0 to r15 of the current mode, and one place more for a shifted operand. */
  readonly r: Int32Array;
  nf = 0;
  zf = 1;
  cf = 0;
  vf = 0;
  qf = 0;
  /** Four bits. */
  ge = 0;
  mode: number = MODE_SVC;
  /** CPSR bits A, I and F in their places. */
  masks: number = PSR_A | PSR_I | PSR_F;
  thumb = 0;
  /** ITSTATE between blocks. Inside of one each instruction has its own. */
  it = 0;
  /** Of the current mode. User and System mode have none. */
  spsr = 0;
  readonly mem: Memory;
  readonly fp: FpRegisters;
  readonly cp15: Cp15;
  readonly parts: CpuParts;
  /** The interrupt lines into the core, 1 asserted. */
  irq = 0;
  fiq = 0;
  state: number = RUNNING;
  /** WFE's event register. */
  event = 0;
  /** The physical address that LDREX marked, and the bytes; -1: the monitor is open. */
  exclusive = -1;
  exclusiveSize = 0;
  /** 1: leave the block after this instruction and look at interrupts, `state` and `mustYield`. */
  attention = 1;
  /** run() must return: a timer was set to an earlier time, or somebody wants to stop. */
  mustYield = false;
  firmware: Firmware | null = null;
  /** Runs of a block that are interpreted; Infinity: all. */
  translateAfter: number = HOT_RUNS;
  trace: ExceptionTrace | null = null;
  /** Of a debugger that is there; null costs nothing. */
  breakpoints: Breakpoints | null = null;
  /** Instructions executed since power-on. */
  instructions = 0;
  /** Exceptions taken since then, by vector / 4. */
  readonly exceptions: Uint32Array = new Uint32Array(8);
  /** The block in execution, the index of the instruction in it, and the page's virtual address. */
  block: Block = EMPTY_BLOCK;
  at = 0;
  pageAddress = 0;
  /** Of run(): how many instructions it may execute, and how many it has without the current pass through a block. */
  budget = 0;
  done = 0;
  /** Somebody observed at the last run(). */
  private watched = false;
  readonly eventStream: EventStream;
  /** Time at which run() began. */
  private begun = 0;
  /** r13, r14 and SPSR of the modes that are not the current one. */
  readonly bank13: Int32Array = new Int32Array(BANKS);
  readonly bank14: Int32Array = new Int32Array(BANKS);
  readonly bankSpsr: Int32Array = new Int32Array(BANKS);
  /** r8 to r12 of FIQ mode, or of the others while it is in FIQ mode. */
  readonly otherHigh: Int32Array = new Int32Array(5);

  constructor(index: number, parts: CpuParts) {
    this.index = index;
    this.parts = parts;
    this.mem = new Memory(index, this, parts.machine, parts.registers, parts.bus, parts.code);
    this.r = this.mem.words.subarray(this.mem.area + R, this.mem.area + R + REGISTERS);
    parts.code.users.push(this.mem);
    this.fp = new FpRegisters(parts.ids);
    this.cp15 = new Cp15(this, parts.ids);
    this.eventStream = new EventStream(this);
  }

  get privileged(): boolean {
    return this.mode !== MODE_USER;
  }

  // Execution.

  /**
   * Executes up to `budget` instructions; fewer where the core sleeps or must yield. Returns how many.
   * While code stays in a page and nothing calls for attention the page is not looked up again: whatever changes what an
   * address leads to sets `attention`.
   */
  run(budget: number): number {
    const { r, mem, breakpoints } = this;
    const watched = this.parts.machine.observer !== null;
    if (watched !== this.watched) {
      this.watched = watched;
      // Pages that were entered while nobody watched would not be told.
      if (watched) mem.forget();
    }
    // An observer hears of each pass through a block, a debugger stops in it; translated code does neither.
    const mayTranslate =
      !watched && (breakpoints?.none ?? true) && this.translateAfter !== Number.POSITIVE_INFINITY;
    this.begun = this.parts.clock.now;
    this.done = 0;
    this.budget = budget;
    let page: CodePage | null = null;
    let interpret = !mayTranslate;
    while (this.done < budget) {
      const pc = r[15]!;
      if (this.attention !== 0 || page === null || ((pc ^ this.pageAddress) & ~0xfff) !== 0) {
        if (this.attention !== 0) {
          if (!this.look()) break;
          page = null;
          if (this.attention !== 0 || pc !== r[15]!) continue;
        }
        page = mem.codePage(pc);
        if (page === null) {
          this.prefetchAbort();
          continue;
        }
        this.pageAddress = pc & ~0xfff;
      }
      let block = this.thumb !== 0 ? page.thumb[(pc & 0xfff) >>> 1] : page.arm[(pc & 0xfff) >>> 2];
      if (block === undefined || this.it !== 0) {
        const decoded = this.decode(page, pc);
        if (decoded === null) continue;
        block = decoded;
      }
      const { ops } = block;
      const left = budget - this.done;
      if (!interpret && block.translated !== 0 && ops.length <= left) {
        mem.enterJump(pc | this.thumb, block.translated);
        interpret = this.runTranslated(block.translated);
        page = null;
        continue;
      }
      let end = ops.length < left ? ops.length : left;
      if (breakpoints !== null) {
        end = breakpoints.reach(this.index, block, this.pageAddress, end);
        if (end === 0) break;
      }
      if (watched) mem.observeFetch(pc, block.size);
      if (mayTranslate) {
        interpret = false;
        if (++block.runs > this.translateAfter && block.translated === 0 && this.it === 0) {
          this.parts.code.translations.hot(page, this.thumb !== 0, block, this.translateAfter);
        }
      }
      this.block = block;
      this.it = 0;
      let outcome: Outcome;
      let i = 0;
      do {
        const op = ops[i]!;
        this.at = i++;
        outcome = op.run(this, op);
      } while (outcome === NEXT && i < end);
      this.leaveAt(outcome);
    }
    const { done } = this;
    this.parts.clock.now = this.begun + done;
    this.instructions += done;
    return done;
  }

  /** Counts a pass through a block that ended with the instruction at `at`, and goes on behind it where it did not branch. */
  leaveAt(outcome: Outcome): void {
    this.done += this.at + 1;
    if (outcome === BRANCHED) return;
    const op = this.block.ops[this.at]!;
    this.r[15] = this.pageAddress + op.offset + op.length;
    this.it = op.itNext;
  }

  /** Runs translated code until it has to look around. True: the next instruction must be interpreted. */
  private runTranslated(index: number): boolean {
    const { words, area } = this.mem;
    const { translations } = this.parts.code;
    words[area + LEFT] = this.budget - this.done;
    giveFlags(words, this);
    const exit = translations.run(this, index);
    const kind = exit & ~1;
    this.done = this.budget - words[area + LEFT]!;
    if (kind === EXIT_CALLED) return false;
    takeFlags(words, this);
    this.thumb = exit & 1;
    if (kind <= EXIT_LOOK) return false;
    translations.locate(this, words[area + SITE]!);
    switch (kind) {
      case EXIT_BEHIND:
        this.leaveAt(NEXT);
        return false;
      case EXIT_FAULT:
        this.leaveAt(this.dataAbort());
        return false;
      default:
        this.done += this.at;
        this.r[15] = this.pc;
        this.it = this.currentOp.it;
        return kind === EXIT_INTERPRET;
    }
  }

  /** The block at `pc`, decoded; null where fetching it faulted. */
  private decode(page: CodePage, pc: number): Block | null {
    const block = decodeBlock(this, page, pc);
    if (block === null) this.prefetchAbort();
    else this.parts.code.trace?.decoded(this, block);
    return block;
  }

  /** Takes an interrupt that is due. False: run() has to end. */
  private look(): boolean {
    this.attention = 0;
    if (this.mustYield || this.state !== RUNNING) {
      this.mustYield = false;
      this.attention = 1;
      return false;
    }
    if (this.fiq !== 0 && (this.masks & PSR_F) === 0) {
      this.enter(VECTOR_FIQ, MODE_FIQ, (this.r[15]! + 4) | 0, this.it);
    } else if (this.irq !== 0 && (this.masks & PSR_I) === 0) {
      this.enter(VECTOR_IRQ, MODE_IRQ, (this.r[15]! + 4) | 0, this.it);
    }
    return true;
  }

  /** Interrupt lines into the core. One that is asserted wakes a core that waits. */
  readonly irqLine: InterruptLine = {
    set: level => {
      this.irq = level ? 1 : 0;
      this.lineMoved(level);
    },
  };

  readonly fiqLine: InterruptLine = {
    set: level => {
      this.fiq = level ? 1 : 0;
      this.lineMoved(level);
    },
  };

  private lineMoved(level: boolean): void {
    this.attention = 1;
    if (level && (this.state === WAITING_FOR_INTERRUPT || this.state === WAITING_FOR_EVENT)) {
      this.wake();
    }
  }

  private wake(): void {
    this.state = RUNNING;
    this.eventStream.watch();
    this.parts.woken();
  }

  /** SEV on some core, or the event stream of this one's timer. */
  signalEvent(): void {
    this.event = 1;
    if (this.state === WAITING_FOR_EVENT) {
      this.wake();
      this.event = 0;
      this.attention = 1;
    }
  }

  /** Makes run() return after the current instruction. */
  yield(): void {
    this.mustYield = true;
    this.attention = 1;
  }

  /** Sets the clock to the current instruction. */
  syncClock(): void {
    this.parts.clock.now = this.begun + this.done + this.at;
  }

  // Where execution is.

  get currentOp(): Op {
    return this.block.ops[this.at]!;
  }

  /** Virtual address of the instruction in execution. */
  get pc(): number {
    return (this.pageAddress + this.currentOp.offset) >>> 0;
  }

  /** Address of the instruction behind the one in execution. */
  get nextPc(): number {
    const op = this.currentOp;
    return (this.pageAddress + op.offset + op.length) | 0;
  }

  /** BranchWritePC(): stays in the instruction set. */
  branch(address: number): Outcome {
    this.r[15] = this.thumb !== 0 ? address & ~1 : address & ~3;
    return BRANCHED;
  }

  /** BXWritePC(): bit 0 selects the instruction set. */
  branchExchange(address: number): Outcome {
    if ((address & 1) !== 0) {
      this.thumb = 1;
      this.r[15] = address & ~1;
    } else {
      this.thumb = 0;
      // Model: an A32 address that is not aligned, which is UNPREDICTABLE, is rounded down.
      this.r[15] = address & ~3;
    }
    return BRANCHED;
  }

  // Exceptions.

  /** Undefined Instruction, for the instruction in execution. */
  undefined(): Outcome {
    const { pc } = this;
    this.enter(VECTOR_UNDEFINED, MODE_UNDEFINED, (pc + (this.thumb !== 0 ? 2 : 4)) | 0, this.currentOp.it);
    return BRANCHED;
  }

  /** Data Abort, for the access that `mem` says failed. */
  dataAbort(): Outcome {
    const { mem, cp15 } = this;
    mem.failed = 0;
    const long = mem.translator.registers.format === 'long';
    cp15.dfsr = faultStatus(long, mem.fault, mem.domain, mem.faultWrite);
    if (mem.faultMaintenance && cp15.ids.longDescriptors) cp15.dfsr |= DFSR_CM;
    cp15.dfar = mem.faultAddress | 0;
    const access = mem.faultWrite ? 'store' : 'load';
    this.parts.machine.observer?.aborted(this.index, mem.faultAddress, access, cp15.dfsr);
    this.enter(VECTOR_DATA_ABORT, MODE_ABORT, (this.pc + 8) | 0, this.currentOp.it);
    return BRANCHED;
  }

  supervisorCall(): Outcome {
    this.enter(VECTOR_SVC, MODE_SVC, this.nextPc, this.currentOp.itNext);
    return BRANCHED;
  }

  /** BKPT: a debug event that nobody takes is a Prefetch Abort (C3.2.1). */
  breakpoint(fault: number): Outcome {
    this.cp15.ifsr = faultStatus(this.mem.translator.registers.format === 'long', fault, 0, false);
    tellBreakpoint(this.cp15.stored);
    this.enter(VECTOR_PREFETCH_ABORT, MODE_ABORT, (this.pc + 4) | 0, this.currentOp.it);
    return BRANCHED;
  }

  private prefetchAbort(): void {
    const { mem, cp15 } = this;
    mem.failed = 0;
    this.done++;
    cp15.ifsr = faultStatus(mem.translator.registers.format === 'long', mem.fault, mem.domain, false);
    cp15.ifar = mem.faultAddress | 0;
    this.parts.machine.observer?.aborted(this.index, mem.faultAddress, 'fetch', cp15.ifsr);
    this.enter(VECTOR_PREFETCH_ABORT, MODE_ABORT, (this.r[15]! + 4) | 0, this.it);
  }

  /** Exception entry: B1.8.3 and the pseudo-code of each exception in B1.9. */
  private enter(vector: number, mode: number, returnAddress: number, it: number): void {
    const { cp15 } = this;
    this.exceptions[vector >>> 2]!++;
    const cpsr = this.cpsr(it);
    this.trace?.taken(this, vector, returnAddress, cpsr);
    this.switchMode(mode);
    this.spsr = cpsr;
    this.r[14] = returnAddress;
    this.masks |= PSR_I;
    if (vector !== VECTOR_SVC && vector !== VECTOR_UNDEFINED) this.masks |= PSR_A;
    if (vector === VECTOR_FIQ) this.masks |= PSR_F;
    this.it = 0;
    this.thumb = cp15.thumbExceptions ? 1 : 0;
    this.mem.setBigEndian(cp15.bigEndianExceptions);
    this.exclusive = -1;
    this.r[15] = cp15.vectorBase + vector;
  }

  // Status registers.

  /** CPSR with that ITSTATE. */
  cpsr(it: number): number {
    return (
      (this.nf & PSR_N) |
      (this.zf === 0 ? PSR_Z : 0) |
      (this.cf !== 0 ? PSR_C : 0) |
      (this.vf !== 0 ? PSR_V : 0) |
      (this.qf !== 0 ? PSR_Q : 0) |
      (this.ge << 16) |
      itToPsr(it) |
      (this.mem.bigEndian ? PSR_E : 0) |
      this.masks |
      (this.thumb !== 0 ? PSR_T : 0) |
      this.mode
    );
  }

  /** The flags of APSR that instructions write: NZCVQ. */
  setFlags(psr: number): void {
    this.nf = psr & PSR_N;
    this.zf = (psr & PSR_Z) !== 0 ? 0 : 1;
    this.cf = (psr >>> 29) & 1;
    this.vf = (psr >>> 28) & 1;
    this.qf = (psr >>> 27) & 1;
  }

  /** CPSRWriteByInstr(): `bytes` has a bit for each byte of the register. B1.3.3. */
  writeCpsr(value: number, bytes: number, exceptionReturn: boolean): void {
    const { privileged } = this;
    if ((bytes & 8) !== 0) this.setFlags(value);
    if ((bytes & 4) !== 0) this.ge = (value & PSR_GE) >>> 16;
    if (exceptionReturn) {
      this.it = (bytes & 10) === 10 ? itFromPsr(value) : 0;
      this.thumb = (value & PSR_T) !== 0 ? 1 : 0;
    }
    if ((bytes & 2) !== 0) {
      this.mem.setBigEndian((value & PSR_E) !== 0);
      if (privileged) this.masks = (this.masks & ~PSR_A) | (value & PSR_A);
    }
    if ((bytes & 1) !== 0 && privileged) {
      this.masks = (this.masks & PSR_A) | (value & (PSR_I | PSR_F));
      // Model: a mode that does not exist, which is UNPREDICTABLE, is not entered.
      if (bankOf(value) >= 0) this.switchMode(value & 0x1f);
    }
    this.attention = 1;
  }

  /**
   * Returns from an exception to `address`: CPSR from `psr`, J clear. The event register is set (B1.8.13): what was
   * interrupted between its look at a lock and WFE must look again, since a WFE of the handler may have taken its event.
   */
  exceptionReturn(psr: number, address: number): Outcome {
    this.event = 1;
    this.writeCpsr(psr & ~PSR_J, 15, true);
    this.r[15] = this.thumb !== 0 ? address & ~1 : address & ~3;
    return BRANCHED;
  }

  /** User and System mode have no SPSR. */
  get hasSpsr(): boolean {
    return this.mode !== MODE_USER && this.mode !== MODE_SYSTEM;
  }

  switchMode(mode: number): void {
    if (mode === this.mode) return;
    const { r, bank13, bank14, bankSpsr } = this;
    const from = bankOf(this.mode);
    const to = bankOf(mode);
    if (from !== to) {
      bank13[from] = r[13]!;
      bank14[from] = r[14]!;
      bankSpsr[from] = this.spsr;
      if (from === BANK_FIQ || to === BANK_FIQ) this.exchangeHigh();
      r[13] = bank13[to]!;
      r[14] = bank14[to]!;
      this.spsr = bankSpsr[to]!;
    }
    this.mode = mode;
    this.mem.setPrivilege(mode !== MODE_USER);
    this.attention = 1;
    applyAccess(this);
  }

  private exchangeHigh(): void {
    for (let i = 0; i < 5; i++) {
      const kept = this.otherHigh[i]!;
      this.otherHigh[i] = this.r[8 + i]!;
      this.r[8 + i] = kept;
    }
  }

  /** Sets the core to its state after reset, at `address`: A32 or (bit 0) T32, in Supervisor mode, the MMU off. */
  powerOn(address: number, context: number): void {
    this.switchMode(MODE_SVC);
    this.masks = PSR_A | PSR_I | PSR_F;
    this.it = 0;
    this.mem.setBigEndian(false);
    this.cp15.reset();
    this.fp.fpexc = 0;
    this.exclusive = -1;
    this.event = 0;
    this.r[0] = context;
    this.branchExchange(address);
    this.wake();
    this.attention = 1;
  }

  powerOff(): void {
    this.state = POWERED_OFF;
    this.attention = 1;
  }
}
