// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a GIC remembers, and which interrupt a core should take next. ARM IHI 0048B, Generic Interrupt Controller
 * architecture version 2, chapters 2 and 3. Interrupt IDs 0 … 15 are software generated (SGI), 16 … 31 private to
 * a core (PPI), from 32 on shared (SPI). One bit for each interrupt, 32 in a word; word 0 is banked:
 *
 *   words of an array:   core 0: IDs 0-31 | core 1: IDs 0-31 | … | IDs 32-63 | IDs 64-95 | …
 *
 * Model: an implementation without the Security Extensions, which is also what secure software sees of one with
 * them: two groups, no banking by security state. 32 priorities, as in Cortex-A9 and Cortex-A15.
 * Next: `gic-distributor.ts` and `gic-cpu-interface.ts`, the registers; `gic.ts` puts them together.
 */
import { invariant } from '../../base/diagnostics.js';

export const SGI_COUNT = 16;
/** IDs below are banked: a core has its own. */
export const PRIVATE_COUNT = 32;
/** Interrupt IDs that are none. IHI 0048B, 3.2.5. */
export const SPURIOUS = 1023;
export const SPURIOUS_GROUP1 = 1022;
/** Bits of a priority that are implemented: 32 levels. DDI 0438, table 8-10; DDI 0407, 3.3. */
export const PRIORITY_MASK = 0xf8;
/** GICC_RPR while nothing is active. IHI 0048B, 4.4.6. */
export const IDLE_PRIORITY = 0xff;

export interface GicState {
  readonly words: Uint32Array;
  readonly priorities: Uint8Array;
  readonly targets: Uint8Array;
  readonly sgiSources: Uint8Array;
  readonly distributor: number;
  readonly interfaces: Uint32Array;
}

/** Fields of one core's interface in `interfaces`. */
export const CTLR = 0;
export const PMR = 1;
export const BPR = 2;
export const ABPR = 3;
/** Active priorities of group 0 and 1: bit n is priority 8 n. */
export const APR = 4;
export const NSAPR = 5;
const INTERFACE_WORDS = 6;

/** Bits of GICD_CTLR. */
export const ENABLE_GROUP0 = 1;
export const ENABLE_GROUP1 = 2;
/** Bits of GICC_CTLR; the first two as in GICD_CTLR. IHI 0048B, table 4-31. */
export const ACK_CTL: number = 1 << 2;
export const FIQ_EN: number = 1 << 3;
export const CBPR: number = 1 << 4;
export const EOI_MODE: number = 1 << 9;

/** Smallest binary points with 32 priorities. DDI 0438, table 8-10. */
export const MIN_BPR = 2;
export const MIN_ABPR = 3;

export class GicCore {
  readonly cores: number;
  /** Interrupt IDs, a multiple of 32. */
  readonly lines: number;
  readonly enabled: Uint32Array;
  /** Set by an edge, or by software. */
  readonly latched: Uint32Array;
  /** What the wires say. */
  readonly wires: Uint32Array;
  readonly active: Uint32Array;
  readonly edge: Uint32Array;
  readonly group1: Uint32Array;
  /** One byte for each: 32 of each core, then the shared ones. */
  readonly priorities: Uint8Array;
  /** Bit n: core n. Only of shared interrupts; by ID. */
  readonly targets: Uint8Array;
  /** Which cores have sent an SGI that is pending: of (core, ID). */
  readonly sgiSources: Uint8Array;
  /** GICD_CTLR. */
  distributor = 0;
  readonly interfaces: Uint32Array;
  private readonly words: Uint32Array;

  constructor(cores: number, lines: number) {
    invariant(cores >= 1 && cores <= 8, 'a GIC has 1 to 8 CPU interfaces');
    invariant(lines % 32 === 0 && lines >= 32 && lines <= 1024, 'a GIC has 32 to 1024 interrupt IDs');
    this.cores = cores;
    this.lines = lines;
    const words = cores - 1 + lines / 32;
    this.words = new Uint32Array(6 * words);
    const part = (index: number): Uint32Array => this.words.subarray(index * words, (index + 1) * words);
    this.enabled = part(0);
    this.latched = part(1);
    this.wires = part(2);
    this.active = part(3);
    this.edge = part(4);
    this.group1 = part(5);
    this.priorities = new Uint8Array((cores - 1) * PRIVATE_COUNT + lines);
    this.targets = new Uint8Array(lines);
    this.sgiSources = new Uint8Array(cores * SGI_COUNT);
    this.interfaces = new Uint32Array(cores * INTERFACE_WORDS);
    for (let core = 0; core < cores; core++) {
      // SGIs are edges, and always enabled. DDI 0438, table 8-2.
      this.enabled[core] = 0xffff;
      this.edge[core] = 0xffff;
      this.setField(core, BPR, MIN_BPR);
      this.setField(core, ABPR, MIN_ABPR);
    }
  }

  /** The index of the word with interrupts 32 `word` … as `core` sees them. */
  wordOf(core: number, word: number): number {
    return word === 0 ? core : this.cores - 1 + word;
  }

  /** The index of one interrupt's priority as `core` sees it. */
  priorityOf(core: number, id: number): number {
    return id < PRIVATE_COUNT ? core * PRIVATE_COUNT + id : (this.cores - 1) * PRIVATE_COUNT + id;
  }

  field(core: number, field: number): number {
    return this.interfaces[core * INTERFACE_WORDS + field]!;
  }

  setField(core: number, field: number, value: number): void {
    this.interfaces[core * INTERFACE_WORDS + field] = value;
  }

  isGroup1(core: number, id: number): boolean {
    return ((this.group1[this.wordOf(core, id >>> 5)]! >>> (id & 31)) & 1) === 1;
  }

  isActive(core: number, id: number): boolean {
    return ((this.active[this.wordOf(core, id >>> 5)]! >>> (id & 31)) & 1) === 1;
  }

  setActive(core: number, id: number, active: boolean): void {
    const index = this.wordOf(core, id >>> 5);
    const bit = 1 << (id & 31);
    this.active[index] = active ? this.active[index]! | bit : this.active[index]! & ~bit;
  }

  /** Pending bits of a word: latched, or a level that is there. */
  pending(index: number): number {
    return (this.latched[index]! | (this.wires[index]! & ~this.edge[index]!)) >>> 0;
  }

  /** A wire has a level. */
  drive(core: number, id: number, level: boolean): void {
    const index = this.wordOf(core, id >>> 5);
    const bit = 1 << (id & 31);
    const before = (this.wires[index]! & bit) !== 0;
    if (level === before) return;
    this.wires[index] = this.wires[index]! ^ bit;
    if (level && (this.edge[index]! & bit) !== 0) this.latched[index] = this.latched[index]! | bit;
  }

  /** Core `source` sends SGI `id` to `target`. */
  raiseSgi(target: number, id: number, sources: number): void {
    const at = target * SGI_COUNT + id;
    this.sgiSources[at] = this.sgiSources[at]! | sources;
    if (this.sgiSources[at] !== 0) this.latched[target] = this.latched[target]! | (1 << id);
  }

  withdrawSgi(target: number, id: number, sources: number): void {
    const at = target * SGI_COUNT + id;
    this.sgiSources[at] = this.sgiSources[at]! & ~sources;
    if (this.sgiSources[at] === 0) this.latched[target] = this.latched[target]! & ~(1 << id);
  }

  /**
   * The interrupt that the Distributor forwards to `core`: pending, not active, enabled, its group enabled,
   * of the highest priority; of equals the one with the lowest ID. SPURIOUS: none. IHI 0048B, 3.3.
   */
  highestPending(core: number): number {
    const { distributor, cores, lines } = this;
    if ((distributor & (ENABLE_GROUP0 | ENABLE_GROUP1)) === 0) return SPURIOUS;
    const notGroup0 = (distributor & ENABLE_GROUP0) === 0;
    const notGroup1 = (distributor & ENABLE_GROUP1) === 0;
    let best = SPURIOUS;
    let bestPriority = 0x100;
    for (let word = 0; word < lines / 32; word++) {
      const index = this.wordOf(core, word);
      let candidates = this.pending(index) & this.enabled[index]! & ~this.active[index]!;
      if (notGroup0) candidates &= this.group1[index]!;
      if (notGroup1) candidates &= ~this.group1[index]!;
      while (candidates !== 0) {
        const bit = candidates & -candidates;
        candidates ^= bit;
        const id = 32 * word + 31 - Math.clz32(bit);
        const priority = this.priorities[this.priorityOf(core, id)]!;
        if (priority >= bestPriority) continue;
        if (word > 0 && cores > 1 && ((this.targets[id]! >>> core) & 1) === 0) continue;
        best = id;
        bestPriority = priority;
      }
    }
    return best;
  }

  /** GICC_RPR: the highest active priority. */
  runningPriority(core: number): number {
    const both = this.field(core, APR) | this.field(core, NSAPR);
    return both === 0 ? IDLE_PRIORITY : 8 * (31 - Math.clz32(both & -both));
  }

  /** The bits of a priority that decide about preemption. IHI 0048B, table 3-2. */
  groupMask(core: number, group1: boolean): number {
    const common = (this.field(core, CTLR) & CBPR) !== 0;
    const lowest = group1 && !common ? this.field(core, ABPR) : this.field(core, BPR) + 1;
    return (0xff << lowest) & 0xff;
  }

  /**
   * Whether `core` would take that interrupt now: above the mask, and in its group priority above all that is
   * active. IHI 0048B, 3.3.2 and 3.3.3.
   */
  isSufficient(core: number, id: number): boolean {
    const priority = this.priorities[this.priorityOf(core, id)]!;
    if (priority >= this.field(core, PMR)) return false;
    const running = this.runningPriority(core);
    if (running === IDLE_PRIORITY) return true;
    const mask = this.groupMask(core, this.isGroup1(core, id));
    return (priority & mask) < (running & mask);
  }

  save(): GicState {
    const { words, priorities, targets, sgiSources, interfaces, distributor } = this;
    return {
      words: words.slice(),
      priorities: priorities.slice(),
      targets: targets.slice(),
      sgiSources: sgiSources.slice(),
      interfaces: interfaces.slice(),
      distributor,
    };
  }

  restore(state: GicState): void {
    this.words.set(state.words);
    this.priorities.set(state.priorities);
    this.targets.set(state.targets);
    this.sgiSources.set(state.sgiSources);
    this.interfaces.set(state.interfaces);
    this.distributor = state.distributor;
  }
}
