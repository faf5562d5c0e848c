// SPDX-License-Identifier: GPL-2.0-only
/**
 * The translated regions of a machine: WebAssembly functions in one table, which call each other through it, and what they
 * call. Cores share them, as they share decoded blocks.
 *
 * An instruction in a region is known by a site: index in the table << 10 | place among the region's instructions.
 */
import { CF, CORE_BYTES, LEFT, NF, PAGE, SITE, STOP, VF, ZF } from '../cpu/core-area.js';
import type { Cpu } from '../cpu/cpu.js';
import type { Memory } from '../cpu/memory.js';
import { NEXT, type Outcome } from '../isa/op.js';
import type { Block } from './block.js';
import type { CodePage } from './code-cache.js';
import { EXIT_BEHIND, EXIT_FAULT, IMPORTS, type ImportName, TYPES } from './emitter.js';
import { Region } from './region.js';
import { translateRegion } from './translate.js';
import { Code, encodeModule, type FunctionBody, I32, op as wasm } from './wasm.js';

/** Regions that become one module. */
const BATCH = 16;

/** Runs functions of the table one after the other until one says that there is none to go on with. */
function entrance(): FunctionBody {
  const code = new Code();
  code.loop();
  code.get(0).get(1).callIndirect(0).tee(2).i32(0).do(wasm.i32_lt_s).if();
  code.get(2).i32(-1).do(wasm.i32_xor).set(1).branch(0);
  code.end().end().get(2);
  return { type: 4, locals: [I32], code: code.bytes.contents };
}

export class Translations {
  /** How many functions were made, for those who measure. */
  made = 0;
  private readonly cpus: readonly Cpu[];
  private readonly table: WebAssembly.Table = new WebAssembly.Table({ initial: 64, element: 'anyfunc' });
  /** By index in the table. */
  private readonly regions: (Region | null)[] = [null];
  private readonly free: number[] = [];
  private readonly dropped: number[] = [];
  private readonly waiting: Map<Block, { readonly page: CodePage; readonly thumb: boolean }> = new Map();
  private memoryPages = 0;
  private words: Int32Array = new Int32Array(0);
  private imports: WebAssembly.Imports = {};
  private entrance: (area: number, index: number) => number = () => 0;

  /** `cpus`: every core, some of which are yet to come. */
  constructor(cpus: readonly Cpu[]) {
    this.cpus = cpus;
  }

  /** The storage of the machine, `bytes` or more, in which translated code works. */
  allocate(bytes: number): ArrayBuffer {
    this.memoryPages = Math.ceil(bytes / 65536);
    const memory = new WebAssembly.Memory({ initial: this.memoryPages, maximum: this.memoryPages });
    this.words = new Int32Array(memory.buffer);
    this.imports = { a: { memory, table: this.table, ...this.functions() } };
    this.entrance = this.instantiate([entrance()], true)['f0']!;
    return memory.buffer;
  }

  /** Runs function `index` of the table, and others behind it, for `cpu`; returns EXIT_… and the instruction set. */
  run(cpu: Cpu, index: number): number {
    return this.entrance(4 * cpu.mem.area, index);
  }

  /** Indices of dropped functions may be used again: none of them runs. */
  private release(): void {
    for (const index of this.dropped) this.regions[index] = null;
    this.free.push(...this.dropped);
    this.dropped.length = 0;
  }

  /**
   * A block was interpreted more than `after` times: it becomes the beginning of a region. Regions wait for others, since
   * one module of several costs much less than as many modules, but not for longer than as many runs again.
   */
  hot(page: CodePage, thumb: boolean, block: Block, after: number): void {
    const { waiting } = this;
    waiting.set(block, { page, thumb });
    if (waiting.size < BATCH && block.runs <= 2 * after) return;
    this.release();
    const bodies: FunctionBody[] = [];
    const entries: { readonly first: Block; readonly page: CodePage; readonly index: number }[] = [];
    for (const [first, place] of waiting) {
      if (first.stale) continue;
      const region = new Region(place.page, place.thumb, first, (after >>> 5) + 1);
      const index = this.free.pop() ?? this.regions.length;
      this.regions[index] = region;
      bodies.push(translateRegion(region, index));
      entries.push({ first, page: place.page, index });
    }
    waiting.clear();
    const exports = this.instantiate(bodies, false);
    for (const [i, { first, page, index }] of entries.entries()) {
      while (index >= this.table.length) this.table.grow(this.table.length);
      this.table.set(index, exports[`f${i}`]!);
      first.translated = index;
      page.translated.push(index);
    }
    this.made += bodies.length;
  }

  /** The page's functions are no more. One of them may be running, and then says where it is for the last time. */
  drop(page: CodePage): void {
    for (const index of page.translated) {
      this.table.set(index, null);
      this.dropped.push(index);
    }
  }

  /**
   * Sets where the core is: at a site. The instructions before its block are counted. The core may have come there from
   * a region of the other instruction set, without a look around.
   */
  locate(cpu: Cpu, site: number): void {
    const { words } = this;
    const region = this.regions[site >>> 10]!;
    const node = region.nodeAt(site & 0x3ff);
    const area = cpu.mem.area;
    cpu.thumb = region.thumb ? 1 : 0;
    cpu.block = node.block;
    cpu.at = (site & 0x3ff) - node.firstSite;
    cpu.pageAddress = words[area + PAGE]!;
    cpu.done = cpu.budget - words[area + LEFT]! - node.block.ops.length;
  }

  private instantiate(bodies: readonly FunctionBody[], table: boolean): WebAssembly.Exports {
    const { memoryPages } = this;
    const bytes = encodeModule(TYPES, { functions: IMPORTS, memoryPages, table }, bodies);
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), this.imports).exports;
  }

  private at(area: number): Cpu {
    return this.cpus[area / CORE_BYTES]!;
  }

  private functions(): Record<ImportName, (...operands: number[]) => number | void> {
    const { words } = this;
    /** An access of the instruction at a site, which says in STOP how the block is to be left. */
    const access =
      (make: (mem: Memory, vaddr: number, value: number) => number | void) =>
      (area: number, site: number, vaddr: number, value: number): number | void => {
        const cpu = this.at(area);
        this.locate(cpu, site);
        const result = make(cpu.mem, vaddr, value);
        words[cpu.mem.area + SITE] = site;
        if (cpu.mem.failed !== 0) words[cpu.mem.area + STOP] = EXIT_FAULT;
        else words[cpu.mem.area + STOP] = cpu.attention !== 0 ? EXIT_BEHIND : 0;
        return result;
      };
    return {
      load32: access((mem, vaddr) => mem.load32(vaddr)),
      load16: access((mem, vaddr) => mem.load16(vaddr)),
      load8: access((mem, vaddr) => mem.load8(vaddr)),
      store32: access((mem, vaddr, value) => mem.store32(vaddr, value)),
      store16: access((mem, vaddr, value) => mem.store16(vaddr, value)),
      store8: access((mem, vaddr, value) => mem.store8(vaddr, value)),
      prepareLoad: (area, vaddr) => this.at(area!).mem.prepare(vaddr! >>> 0, false),
      prepareStore: (area, vaddr) => this.at(area!).mem.prepare(vaddr! >>> 0, true),
      execute: (area, site) => {
        const cpu = this.at(area!);
        this.locate(cpu, site!);
        return this.execute(cpu);
      },
    };
  }

  /** Executes an instruction whose condition holds. 0: the region goes on behind it. */
  private execute(cpu: Cpu): number {
    const { words } = this;
    const { area } = cpu.mem;
    const op = cpu.block.ops[cpu.at]!;
    takeFlags(words, cpu);
    let outcome = op.body(cpu, op);
    if (outcome === NEXT) {
      outcome = cpu.attention as Outcome;
      if (outcome === NEXT) {
        giveFlags(words, cpu);
        return 0;
      }
    }
    cpu.leaveAt(outcome);
    words[area + LEFT] = cpu.budget - cpu.done;
    return 1;
  }
}

/** Flags from the core's area to the core, and back. */
export function takeFlags(words: Int32Array, cpu: Cpu): void {
  const { area } = cpu.mem;
  cpu.nf = words[area + NF]!;
  cpu.zf = words[area + ZF]!;
  cpu.cf = words[area + CF]!;
  cpu.vf = words[area + VF]!;
}

export function giveFlags(words: Int32Array, cpu: Cpu): void {
  const { area } = cpu.mem;
  words[area + NF] = cpu.nf;
  words[area + ZF] = cpu.zf;
  words[area + CF] = cpu.cf;
  words[area + VF] = cpu.vf;
}
