// SPDX-License-Identifier: GPL-2.0-only
/**
 * Caches that hold data: what a core, an instruction fetch or a bus master really sees on a machine whose
 * caches, buffers and pending maintenance may each have a value of their own.
 * This file has the fast path, hits in a data cache, and puts the parts together:
 *   cpu-side.ts         all other accesses of a core
 *   inner-caches.ts     the first level of all cores and the second, coherent with each other
 *   memory-side.ts      the outer cache, its store buffer and memory
 *   device-ports.ts     bus masters
 *   hardware-steps.ts   what the hardware does by itself
 *   saved-state.ts      saving, restoring and comparing states
 * Caches start empty. The caller translates addresses and sees to it that memory answers.
 * Model: stores through cacheable mappings wait nowhere: they are in the cache, or below it, at once.
 */
import type { Paddr, Vaddr } from '../../base/address.js';
import { Random } from '../../base/random.js';
import type { CoherencyPort } from '../dma/master.js';
import type { CacheIndexing, MachineFacts } from '../facts.js';
import { type MemoryType, MT_CACHEABLE, MT_INNER_WT } from '../mmu/memory-type.js';
import type { Barrier, InnerOperation, OuterOperation } from '../observer.js';
import type { Ram } from '../ram.js';
import { CoreCaches } from './core-caches.js';
import { CpuSide } from './cpu-side.js';
import { snoopedRead, snoopedWrite } from './device-ports.js';
import { type CacheShape, type Geometry, geometryOf } from './geometry.js';
import { type HardwareStep, HardwareSteps } from './hardware-steps.js';
import { InnerCaches } from './inner-caches.js';
import type { Candidate, LiveOptions, SpeculationSource, Step } from './live-options.js';
import type { QueuedOperation } from './maintenance-queue.js';
import { copyFromLine, MemorySide } from './memory-side.js';
import { RecentLines } from './recent-lines.js';
import { Allocation, Victims } from './replacement.js';
import { type Saved, StateKeeper } from './saved-state.js';
import { DIRTY, SetAssociative } from './set-associative.js';
import { GRANULE_BYTES } from './write-buffer.js';

export type { Candidate, LiveOptions, SpeculationSource, Step, StepKind } from './live-options.js';
export type { Saved } from './saved-state.js';

/** Chance of a hardware step per access, unless told. */
const DEFAULT_SPECULATION = 0.05;

export class LiveCaches {
  readonly geometry: Geometry;
  /** Normal non-cacheable shareable accesses are looked up in the outer cache. */
  readonly lookupNonCacheable: boolean;
  readonly inner: InnerCaches;
  readonly below: MemorySide;
  private readonly ram: Ram;
  /**
   * Before ARMv6 an operation is over with its instruction, only what it wrote may still be in the write buffer
   * (ARM926EJ-S: DDI 0198, ch. 4). Model: so an invalidate waits for nothing, and a clean for the drain.
   */
  private readonly immediate: boolean;
  private readonly cpuSide: CpuSide;
  private readonly cores: readonly CoreCaches[];
  private readonly lineBytes: number;
  private readonly automatic: boolean;
  private readonly speculation: number;
  private readonly random: Random;
  private readonly candidates: SpeculationSource;
  private readonly recent: RecentLines = new RecentLines();
  private readonly hardware: HardwareSteps;
  private readonly state: StateKeeper;
  /** Accesses until the hardware does something by itself. */
  private countdown = 0;

  constructor(facts: MachineFacts, ram: Ram, options: LiveOptions) {
    this.ram = ram;
    this.random = new Random(options.seed);
    this.automatic = options.automatic ?? true;
    this.speculation = options.speculation ?? DEFAULT_SPECULATION;
    this.candidates = options.candidates ?? this.recent;
    this.geometry = reshaped(geometryOf(facts), options.geometry ?? {});
    const { data, instruction, l2, outer } = this.geometry;
    const allocation = new Allocation(this.automatic ? this.random.fork() : null);
    const { core, outerCache } = facts;
    this.lookupNonCacheable =
      outer !== null && outerCache?.model === 'PL310' && outerCache.sharedOverride !== true;
    this.below = new MemorySide(
      ram,
      this.cache('the outer cache', outer, 'PIPT'),
      this.lookupNonCacheable,
      allocation,
    );
    this.inner = new InnerCaches(
      this.cache('the L2', l2, 'PIPT'),
      this.below,
      core.multiprocessingExtensions,
      allocation,
    );
    const fetchIndexing = core.cache === 'VIVT' ? 'VIVT' : 'PIPT';
    for (let cpu = 0; cpu < facts.coreCount; cpu++) {
      this.inner.cores.push(
        new CoreCaches(
          cpu,
          this.cache(`the data cache of CPU ${cpu}`, data, core.cache),
          this.cache(`the instruction cache of CPU ${cpu}`, instruction, fetchIndexing),
          (from, entry) => this.inner.perform(from, entry),
        ),
      );
    }
    this.cores = this.inner.cores;
    this.lineBytes = data?.lineBytes ?? GRANULE_BYTES;
    this.immediate = core.architecture < 6;
    this.cpuSide = new CpuSide(this.inner, this.recent, this.lineBytes, this.immediate);
    this.hardware = new HardwareSteps(this.inner, allocation, core.speculates);
    this.state = new StateKeeper(this.inner, ram, options.watched ?? []);
    if (this.automatic) this.wind();
  }

  /** `size` 1, 2 or 4 bytes inside one line, as an unsigned number. */
  load(cpu: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): number {
    if (this.automatic && --this.countdown <= 0) this.turn();
    const core = this.cores[cpu]!;
    const cache = core.data;
    if (cache === null || (type.bits & MT_CACHEABLE) === 0) {
      return this.cpuSide.loadUncached(core, paddr, size, type);
    }
    if (core.queue.entries.length > 0) this.cpuSide.completeLine(core, vaddr, paddr);
    let slot = cache.find(vaddr, paddr);
    if (slot < 0) slot = this.cpuSide.miss(core, vaddr, paddr, type);
    return cache.load(slot, paddr & (cache.lineBytes - 1), size);
  }

  /** `size` 1, 2 or 4 bytes inside one line. */
  store(cpu: number, vaddr: Vaddr, paddr: Paddr, size: number, value: number, type: MemoryType): void {
    if (this.automatic && --this.countdown <= 0) this.turn();
    const core = this.cores[cpu]!;
    const cache = core.data;
    if (
      cache !== null &&
      (type.bits & (MT_CACHEABLE | MT_INNER_WT)) === MT_CACHEABLE &&
      core.queue.entries.length === 0 &&
      core.buffer.entries.length === 0
    ) {
      const slot = cache.find(vaddr, paddr);
      if (slot >= 0 && cache.states[slot] === DIRTY) {
        cache.store(slot, paddr & (cache.lineBytes - 1), size, value);
        return;
      }
    }
    this.cpuSide.storeScalar(core, vaddr, paddr, size, value, type);
  }

  /** Any number of bytes, line after line. */
  read(cpu: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): Uint8Array {
    const core = this.cores[cpu]!;
    const bytes = new Uint8Array(size);
    for (let done = 0; done < size; ) {
      const piece = Math.min(size - done, this.lineBytes - ((paddr + done) % this.lineBytes));
      this.maybeTurn();
      this.cpuSide.load(core, vaddr + done, paddr + done, bytes, done, piece, type);
      done += piece;
    }
    return bytes;
  }

  write(cpu: number, vaddr: Vaddr, paddr: Paddr, bytes: Uint8Array, type: MemoryType): void {
    const core = this.cores[cpu]!;
    for (let done = 0; done < bytes.length; ) {
      const piece = Math.min(bytes.length - done, this.lineBytes - ((paddr + done) % this.lineBytes));
      this.maybeTurn();
      this.cpuSide.store(core, vaddr + done, paddr + done, bytes, done, piece, type);
      done += piece;
    }
  }

  /** Stores `byte` `size` times. */
  fill(cpu: number, vaddr: Vaddr, paddr: Paddr, size: number, byte: number, type: MemoryType): void {
    const core = this.cores[cpu]!;
    const line = new Uint8Array(this.lineBytes).fill(byte);
    for (let done = 0; done < size; ) {
      const piece = Math.min(size - done, this.lineBytes - ((paddr + done) % this.lineBytes));
      this.maybeTurn();
      this.cpuSide.store(core, vaddr + done, paddr + done, line, 0, piece, type);
      done += piece;
    }
  }

  /** Instruction fetch: through the instruction cache, from the point of unification. */
  fetch(cpu: number, vaddr: Vaddr, paddr: Paddr, size: number, type: MemoryType): Uint8Array {
    const core = this.cores[cpu]!;
    const bytes = new Uint8Array(size);
    const shape = this.geometry.instruction ?? this.geometry.data;
    const line = shape?.lineBytes ?? GRANULE_BYTES;
    for (let done = 0; done < size; ) {
      const at = paddr + done;
      const piece = Math.min(size - done, line - (at % line));
      if (shape === null || (type.bits & MT_CACHEABLE) === 0) {
        this.inner.below.read(at, piece, type.bits, bytes, done);
      } else {
        const { cache, slot } = this.inner.fetch(core, vaddr + done, at, type.bits);
        copyFromLine(cache, slot, at, piece, bytes, done);
      }
      done += piece;
    }
    return bytes;
  }

  deviceRead(port: CoherencyPort, paddr: Paddr, size: number): Uint8Array {
    this.maybeTurn();
    return port === 'none' ? this.ram.readBytes(paddr, size) : snoopedRead(this.inner, paddr, size);
  }

  deviceWrite(port: CoherencyPort, paddr: Paddr, bytes: Uint8Array): void {
    this.maybeTurn();
    if (port === 'none') this.ram.writeBytes(paddr, bytes);
    else snoopedWrite(this.inner, port, paddr, bytes);
  }

  /** By address to the point of coherency, all lines that the range touches. Done by this CPU's next DSB. */
  innerMaintain(cpu: number, operation: InnerOperation, vaddr: Vaddr, paddr: Paddr, size: number): void {
    if (this.geometry.data !== null) this.queueLines(cpu, operation, vaddr, paddr, size, this.lineBytes);
  }

  /** By set and way: this core's data cache and the L2. Done by this CPU's next DSB. */
  innerMaintainAll(cpu: number, operation: InnerOperation): void {
    if (this.geometry.data === null) return;
    const { queue } = this.cores[cpu]!;
    queue.push({ operation, all: true, vaddr: 0, paddr: 0 });
    if (operation === 'invalidate' && this.immediate) queue.completeAll();
    this.maybeTurn();
  }

  /** Data cleaned to where instruction fetches look. Done by this CPU's next DSB. */
  cleanToPou(cpu: number, vaddr: Vaddr, paddr: Paddr, size: number): void {
    if (this.geometry.data !== null) this.queueLines(cpu, 'clean-to-pou', vaddr, paddr, size, this.lineBytes);
  }

  /** Done by this CPU's next DSB. */
  instructionInvalidate(cpu: number, vaddr: Vaddr, paddr: Paddr, size: number): void {
    const shape = this.geometry.instruction;
    if (shape !== null) this.queueLines(cpu, 'instruction', vaddr, paddr, size, shape.lineBytes);
  }

  /** `broadcast`: on all cores. Done at once. */
  instructionInvalidateAll(cpu: number, broadcast = false): void {
    for (const { cpu: other, instruction } of this.cores) {
      if (instruction === null || (other !== cpu && !broadcast)) continue;
      for (let slot = 0; slot < instruction.slots; slot++) instruction.drop(slot);
    }
  }

  /** All lines of the outer cache that the range touches. Done by the next `outer-sync`. */
  outerMaintain(operation: OuterOperation, paddr: Paddr, size: number): void {
    const cache = this.below.cache;
    if (cache === null) return;
    for (let line = paddr - (paddr % cache.lineBytes); line < paddr + size; line += cache.lineBytes) {
      this.below.queue.push({ operation, all: false, vaddr: line, paddr: line });
      this.maybeTurn();
    }
  }

  /** By way. Done by the next `outer-sync`. */
  outerMaintainAll(operation: OuterOperation): void {
    if (this.below.cache === null) return;
    this.below.queue.push({ operation, all: true, vaddr: 0, paddr: 0 });
    this.maybeTurn();
  }

  barrier(cpu: number, kind: Barrier): void {
    this.maybeTurn();
    const core = this.cores[cpu]!;
    switch (kind) {
      case 'dsb':
        this.cpuSide.synchronize(core);
        break;
      case 'dmb':
        if (core.buffer.entries.length + this.below.storeBuffer.entries.length > 0) core.epoch++;
        break;
      case 'outer-sync':
        this.below.sync();
        break;
      case 'isb':
        break;
    }
  }

  /** One thing that the hardware does by itself, chosen by the seed. */
  step(): void {
    const random = this.random;
    const choice = random.below(4);
    if (choice === 0) {
      const candidate = this.candidates.pick(random, this);
      if (candidate !== null) this.hardware.speculate(candidate);
    } else if (choice === 1) {
      this.hardware.progress(random);
    } else if (choice === 2) {
      const line = this.recent.pick(random);
      if (line !== null) this.hardware.evictLine(random, line.vaddr, line.paddr);
    } else {
      this.hardware.evictAny(random);
    }
  }

  /** Every single thing that the hardware could do now. `candidates`: the usable cacheable mappings. */
  possibleSteps(candidates: readonly Candidate[]): Step[] {
    return this.hardware.possible(candidates);
  }

  /** Does a step that possibleSteps() listed for the present state. */
  apply(step: Step): void {
    this.hardware.apply(step as HardwareStep);
  }

  /** A key that two states share when they are equal. Not meant for reading. */
  snapshot(): string {
    return this.state.snapshot();
  }

  save(): Saved {
    return this.state.save();
  }

  restore(saved: Saved): void {
    this.state.restore(saved);
  }

  private cache(name: string, shape: CacheShape | null, indexing: CacheIndexing): SetAssociative | null {
    if (shape === null || indexing === 'none') return null;
    const policy = this.automatic ? shape.replacement : 'lowest-address';
    const victims = new Victims(policy, shape.sets, shape.ways, this.random.fork());
    return new SetAssociative(name, shape, indexing, victims);
  }

  private queueLines(
    cpu: number,
    operation: QueuedOperation,
    vaddr: Vaddr,
    paddr: Paddr,
    size: number,
    lineBytes: number,
  ): void {
    const queue = this.cores[cpu]!.queue;
    const within = paddr % lineBytes;
    for (let done = -within; done < size; done += lineBytes) {
      queue.push({ operation, all: false, vaddr: vaddr + done, paddr: paddr + done });
      if (operation === 'invalidate' && this.immediate) queue.completeLine(vaddr + done, paddr + done);
      this.maybeTurn();
    }
  }

  private maybeTurn(): void {
    if (this.automatic && --this.countdown <= 0) this.turn();
  }

  private turn(): void {
    this.step();
    this.wind();
  }

  /** Draws the number of accesses until the next turn, so that each has the chance that was asked for. */
  private wind(): void {
    const { speculation } = this;
    if (speculation <= 0) this.countdown = Number.MAX_SAFE_INTEGER;
    else if (speculation >= 1) this.countdown = 1;
    else {
      const uniform = (this.random.next() + 1) / 2 ** 32;
      this.countdown = 1 + Math.floor(Math.log(uniform) / Math.log(1 - speculation));
    }
  }
}

/** The machine's caches with other shapes. A machine does not get caches that it lacks. */
function reshaped(own: Geometry, shapes: Partial<Geometry>): Geometry {
  const shape = (name: keyof Geometry): CacheShape | null => {
    const other = shapes[name];
    return own[name] === null || other === undefined ? own[name] : other;
  };
  return {
    data: shape('data'),
    instruction: shape('instruction'),
    l2: shape('l2'),
    outer: shape('outer'),
  };
}
