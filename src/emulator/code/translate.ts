// SPDX-License-Identifier: GPL-2.0-only
/**
 * One function of a region. Its blocks are nested as its dominators are: a block that several branches lead to comes behind a
 * WebAssembly block that they leave, a block that is branched back to is a loop, any other one stands where the one
 * branch to it is.
 */
import { runConditional } from '../isa/conditions.js';
import { B_CONDITIONAL, cbz } from '../isa/execute-branch.js';
import { preload } from '../isa/execute-load-store.js';
import type { Execute, Op } from '../isa/op.js';
import { nop, runReadingAlignedPc, runReadingPc } from '../isa/operands.js';
import { emitAccess, emitMultiple } from './emit-access.js';
import { emitBranch } from './emit-branch.js';
import { emitData, emitOther } from './emit-data.js';
import { Emitter, EXIT_BEHIND, Uses } from './emitter.js';
import { branchTarget, fallsTo, type Node, type Region } from './region.js';
import type { FunctionBody } from './wasm.js';
import { op as wasm } from './wasm.js';

class Translation {
  private readonly e: Emitter;
  private readonly region: Region;
  /** How many WebAssembly blocks are open outside of what leads to a block by a branch. */
  private readonly labels: Map<Node, number> = new Map();
  /** Nothing follows the instruction that was made last. */
  private ended = false;

  constructor(e: Emitter) {
    this.e = e;
    this.region = e.region;
  }

  /** A block and all that it dominates. */
  tree(node: Node): void {
    const { code, flags } = this.e;
    if (node.isLoop) {
      flags.settle();
      this.labels.set(node, code.depth);
      code.loop();
    }
    // The last one in order comes last, behind all that may branch forwards to it: its WebAssembly block is the outermost.
    const merges = node.dominated
      .filter(({ isMerge }) => isMerge)
      .sort((one, other) => other.order - one.order);
    for (const merge of merges) {
      this.labels.set(merge, code.depth);
      code.block();
    }
    this.block(node);
    for (const merge of merges.reverse()) {
      code.end();
      flags.settled();
      this.tree(merge);
    }
    if (node.isLoop) code.end();
  }

  private block(node: Node): void {
    const { e } = this;
    const { ops } = node.block;
    e.node = node;
    e.at = 0;
    e.begin();
    for (const [at, op] of ops.entries()) {
      e.node = node;
      e.at = at;
      e.op = op;
      e.alignedPc = false;
      this.ended = false;
      this.instruction(op);
    }
    if (this.ended) return;
    const next = fallsTo(node.block);
    if (next !== undefined) this.goTo(next);
    else e.leaveAtSite(EXIT_BEHIND);
  }

  private instruction(op: Op): void {
    const { e } = this;
    const target = branchTarget(op);
    if (target !== undefined) {
      this.branch(op, target);
      return;
    }
    if (op.run !== runConditional) {
      this.unconditional(op);
      return;
    }
    e.flags.condition(op.cond);
    const before = e.flags.save();
    e.code.if();
    this.ended = false;
    this.unconditional(op);
    if (this.ended || e.flags.save() === before) {
      e.code.end();
      e.flags.restore(before);
    } else {
      // Both ways lead on from here with flags of their own.
      e.flags.settle();
      e.code.else();
      e.flags.restore(before);
      e.flags.settle();
      e.code.end();
    }
    this.ended = false;
  }

  private unconditional(op: Op): void {
    if (op.body !== op.execute || !this.known(op, op.execute)) this.e.callExecute();
  }

  /** Makes an instruction by itself; false: it must be called. */
  private known(op: Op, execute: Execute): boolean {
    const { e } = this;
    if (execute === nop || execute === preload) return true;
    if (execute === runReadingPc) return this.known(op, op.inner);
    if (execute === runReadingAlignedPc) {
      e.alignedPc = true;
      return this.known(op, op.inner);
    }
    if (emitData(e, op, execute) || emitAccess(e, op, execute)) return true;
    if (emitMultiple(e, op, execute) || emitOther(e, op, execute)) return true;
    this.ended = emitBranch(e, op, execute, () => this.known(op, op.inner));
    return this.ended;
  }

  private branch(op: Op, target: number): void {
    const { e } = this;
    const { code } = e;
    const before = e.flags.save();
    // CBZ is UNPREDICTABLE in an IT block, B may be its last instruction.
    const conditional = op.execute === cbz || B_CONDITIONAL.includes(op.run);
    if (op.execute === cbz) {
      e.get(op.rn);
      if (op.n === 0) code.do(wasm.i32_eqz);
    } else if (conditional) {
      e.flags.condition(op.cond);
    }
    if (conditional) code.if();
    e.giveBack(e.behind);
    this.goTo(target);
    if (conditional) code.end();
    e.flags.restore(before);
    this.ended = !conditional;
  }

  /** Goes on at `offset` of the page. */
  private goTo(offset: number): void {
    const { e } = this;
    const { code, flags } = e;
    const from = e.node;
    const to = this.region.target(from, offset);
    if (to === undefined) {
      e.setTarget(offset);
      e.leave();
    } else if (to.order <= from.order || to.isMerge) {
      flags.settle();
      code.branch(this.labels.get(to)!);
    } else {
      const { op, at, alignedPc } = e;
      this.tree(to);
      e.node = from;
      e.op = op;
      e.at = at;
      e.alignedPc = alignedPc;
    }
  }
}

/** The function of a region that becomes number `index` of the table. */
export function translateRegion(region: Region, index: number): FunctionBody {
  let uses = new Uses();
  for (let round = 0; ; round++) {
    const seen = new Uses();
    const e = new Emitter(region, index, uses, seen);
    const body = e.function(() => new Translation(e).tree(region.entry));
    if (round === 1) return body;
    uses = seen;
  }
}
