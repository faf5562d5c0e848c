// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a machine does, line by line, as QEMU's `-d` has it. Items are named as there; `exec` tells each instruction,
 * not each block.
 *
 * A machine that is not traced pays nothing: exceptions have a nullable field (`Cpu.trace`, set by whoever owns the log),
 * and for instructions each decoded one gets a function in front of its own, for which code is decoded anew when the log
 * begins and when it ends. Blocks are not translated in between.
 */

import type { Block } from '../code/block.js';
import type { BlockTrace } from '../code/code-cache.js';
import type { Cpu, ExceptionTrace } from '../cpu/cpu.js';
import { holds } from '../isa/conditions.js';
import type { Op } from '../isa/op.js';
import type { System } from '../system.js';
import { exceptionOf, exceptionText, readOp } from './exceptions.js';
import type { TraceItem } from './items.js';
import { qemuRegisters, word } from './registers.js';
import type { Symbols } from './symbols.js';

export interface TraceOptions {
  readonly items: readonly TraceItem[];
  readonly write: (text: string) => void;
  readonly symbols: Symbols | null;
}

export class TraceLog implements ExceptionTrace, BlockTrace {
  private readonly system: System;
  private readonly items: ReadonlySet<TraceItem>;
  private readonly write: (text: string) => void;
  private readonly symbols: Symbols | null;
  /** How often each core interpreted a block before it was translated. */
  private readonly translateAfter: readonly number[];
  private on = false;

  constructor(system: System, { items, write, symbols }: TraceOptions) {
    this.system = system;
    this.items = new Set(items);
    this.write = write;
    this.symbols = symbols;
    this.translateAfter = system.cpus.map(cpu => cpu.translateAfter);
  }

  /** Between two runs, as end(). */
  begin(): void {
    this.on = true;
    if (this.wantsCode) this.follow(this);
  }

  end(): void {
    if (this.on && this.wantsCode) this.follow(null);
    this.on = false;
  }

  private get wantsCode(): boolean {
    return this.items.has('exec') || this.items.has('in_asm') || this.items.has('cpu');
  }

  private follow(trace: BlockTrace | null): void {
    const { code, cpus } = this.system;
    code.trace = trace;
    code.dropAll();
    for (const cpu of cpus) {
      cpu.translateAfter = trace === null ? this.translateAfter[cpu.index]! : Number.POSITIVE_INFINITY;
    }
  }

  taken(cpu: Cpu, vector: number, returnAddress: number, psr: number): void {
    if (!this.on || !this.items.has('int')) return;
    const taken = exceptionOf(cpu, vector, returnAddress, psr);
    this.write(`cpu${cpu.index} ${taken.count}: ${exceptionText(taken, this.symbols)}\n`);
  }

  decoded(cpu: Cpu, block: Block): void {
    if (this.items.has('in_asm')) this.tellBlock(cpu, block);
    const { ops } = block;
    if (this.items.has('exec')) for (const op of ops) before(op, this.tellInstruction);
    if (this.items.has('cpu')) before(ops[0]!, this.tellRegisters);
  }

  /** QEMU: accel/tcg/translator.c. */
  private tellBlock(cpu: Cpu, { ops }: Block): void {
    const start = (cpu.pageAddress + ops[0]!.offset) >>> 0;
    const lines = ops.map(op => {
      const address = (cpu.pageAddress + op.offset) >>> 0;
      return `0x${word(address)}:  ${instruction(cpu, op, address)}`;
    });
    this.write(`----------------\nIN: ${this.symbols?.at(start) ?? ''}\n${lines.join('\n')}\n\n`);
  }

  private readonly tellInstruction = (cpu: Cpu, op: Op): void => {
    const { pc } = cpu;
    const place = this.symbols?.at(pc);
    const skipped = holds(cpu, op.cond) ? '' : '  @ condition fails';
    const count = cpu.instructions + cpu.done + cpu.at;
    this.write(
      `cpu${cpu.index} ${count}: 0x${word(pc)}: ${instruction(cpu, op, pc)}${skipped}${place === undefined ? '' : `  <${place}>`}\n`,
    );
  };

  private readonly tellRegisters = (cpu: Cpu, op: Op): void => {
    this.write(`CPU#${cpu.index}\n${qemuRegisters(cpu, cpu.pc, op.it).join('\n')}\n`);
  };
}

/** Has `tell` called each time before the instruction is executed. */
function before(op: Op, tell: (cpu: Cpu, op: Op) => void): void {
  const { run } = op;
  op.run = (cpu, op) => {
    tell(cpu, op);
    return run(cpu, op);
  };
}

/** Encoding and text, in columns. */
function instruction(cpu: Cpu, op: Op, address: number): string {
  const { encoding, text } = readOp(op, cpu.thumb !== 0, address);
  return `${encoding.padEnd(8)}  ${text}`;
}
