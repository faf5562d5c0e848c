// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the hardware may do next without being asked: every single thing, for an explorer, and one at random.
 *   evict     any valid line goes; a dirty one is written down, and where a level below does not have it,
 *             that level takes it or not: one step for each
 *   fill      on a core that speculates, a line of a usable cacheable mapping comes in
 *   drain     a buffered store leaves
 *   maintain  a queued operation is done
 * A step is good for the state that it was listed for: it names slots and positions.
 */
import { hex } from '../../base/address.js';
import type { Random } from '../../base/random.js';
import { MT_CACHEABLE } from '../mmu/memory-type.js';
import type { CoreCaches } from './core-caches.js';
import type { InnerCaches } from './inner-caches.js';
import type { Candidate, Step, StepKind } from './live-options.js';
import type { MaintenanceQueue } from './maintenance-queue.js';
import { ALLOCATE_L2, ALLOCATE_OUTER, type Allocation } from './replacement.js';
import { DIRTY, INVALID, type SetAssociative } from './set-associative.js';
import type { BufferedStore, WriteBuffer } from './write-buffer.js';

/** A cache and how one of its lines is evicted. */
interface Level {
  readonly cache: SetAssociative;
  /** Null: the outer cache, the L2. */
  readonly core: CoreCaches | null;
  readonly evict: (slot: number) => void;
  /** The L2 is the next level. */
  readonly aboveL2: boolean;
  /** Evictions go to memory at once. */
  readonly last: boolean;
}

/** Steps are made by the dozen and mostly not looked at: the words are put together on demand. */
export class HardwareStep implements Step {
  readonly kind: StepKind;
  /** ALLOCATE_…, or-ed, while the step is done; null: no level has a choice. */
  readonly allocate: number | null;
  readonly run: () => void;
  private readonly describe: () => string;

  constructor(kind: StepKind, allocate: number | null, run: () => void, describe: () => string) {
    this.kind = kind;
    this.allocate = allocate;
    this.run = run;
    this.describe = describe;
  }

  get text(): string {
    if (this.allocate === null) return this.describe();
    const to = ['memory', 'the L2', 'the outer cache'][this.allocate]!;
    return `${this.describe()}, into ${to}`;
  }
}

/** The outcomes of a step that has no choice. */
const NO_CHOICE: readonly (number | null)[] = [null];

export class HardwareSteps {
  private readonly inner: InnerCaches;
  private readonly allocation: Allocation;
  private readonly speculates: boolean;
  private readonly levels: readonly Level[];

  constructor(inner: InnerCaches, allocation: Allocation, speculates: boolean) {
    this.inner = inner;
    this.allocation = allocation;
    this.speculates = speculates;
    this.levels = levelsOf(inner);
  }

  /** Everything that may happen now. `candidates`: the usable cacheable mappings. */
  possible(candidates: readonly Candidate[]): HardwareStep[] {
    const steps: HardwareStep[] = [];
    for (const level of this.levels) {
      for (let slot = 0; slot < level.cache.slots; slot++) {
        if (level.cache.states[slot] !== INVALID) this.pushEvictions(steps, level, slot);
      }
    }
    if (this.speculates) for (const candidate of candidates) this.pushFill(steps, candidate);
    for (const core of this.inner.cores) {
      const name = `the write buffer of CPU ${core.cpu}`;
      this.pushDrains(steps, core.buffer, name, index => this.drainCore(core, index));
      this.pushMaintenance(steps, core.queue, `for CPU ${core.cpu}`, this.inner.l2 !== null);
    }
    const { below } = this.inner;
    this.pushDrains(steps, below.storeBuffer, 'the store buffer', index => below.drain(index));
    this.pushMaintenance(steps, below.queue, 'in the outer cache', false);
    return steps;
  }

  apply(step: HardwareStep): void {
    this.allocation.forced = step.allocate;
    step.run();
    this.allocation.forced = null;
  }

  /** The entry at `index` of a core's write buffer, which may leave, does. */
  drainCore(core: CoreCaches, index: number): void {
    this.inner.below.writeUncached(core.buffer.remove(index));
  }

  /** A core takes a line in by itself. Nothing, where it has it or does not speculate. */
  speculate({ cpu, vaddr, paddr, type }: Candidate): void {
    const core = this.inner.cores[cpu]!;
    if (!this.mayFill(core, vaddr, paddr, type.bits)) return;
    this.inner.fill(core, vaddr, paddr, type.bits);
  }

  /** Evicts a valid line near a random slot of a random cache, if there is one. */
  evictAny(random: Random): void {
    if (this.levels.length === 0) return;
    const { cache, evict } = random.pick(this.levels);
    const start = random.below(cache.slots);
    for (let i = 0; i < Math.min(cache.slots, 64); i++) {
      const slot = (start + i) % cache.slots;
      if (cache.states[slot] === INVALID) continue;
      evict(slot);
      return;
    }
  }

  /** Evicts the line of an address from a random one of the levels that have it. */
  evictLine(random: Random, vaddr: number, paddr: number): void {
    const having = this.levels.filter(({ cache }) => cache.find(vaddr, paddr) >= 0);
    if (having.length === 0) return;
    const { cache, evict } = random.pick(having);
    evict(cache.find(vaddr, paddr));
  }

  /** One entry of a buffer leaves or one queued operation is done, if there is one. */
  progress(random: Random): void {
    const { below, cores } = this.inner;
    const core = random.pick(cores);
    const queue = random.chance(0.5) ? core.queue : below.queue;
    const buffer = random.chance(0.5) ? core.buffer : below.storeBuffer;
    if (queue.entries.length > 0 && (buffer.entries.length === 0 || random.chance(0.5))) {
      const index = random.below(queue.entries.length);
      if (queue.mayComplete(index)) queue.complete(index);
    } else if (buffer.entries.length > 0) {
      const index = random.below(buffer.entries.length);
      if (!buffer.mayDrain(index)) return;
      if (buffer === below.storeBuffer) below.drain(index);
      else this.drainCore(core, index);
    }
  }

  private mayFill(core: CoreCaches, vaddr: number, paddr: number, bits: number): boolean {
    const cache = core.data;
    return this.speculates && cache !== null && (bits & MT_CACHEABLE) !== 0 && cache.find(vaddr, paddr) < 0;
  }

  private pushEvictions(steps: HardwareStep[], level: Level, slot: number): void {
    const { cache } = level;
    const dirty = cache.states[slot] === DIRTY;
    const paddr = cache.paddrs[slot]!;
    const choices = dirty && !level.last ? this.choices(paddr, cache.bits[slot]!, level.aboveL2) : NO_CHOICE;
    for (const allocate of choices) {
      steps.push(
        new HardwareStep(
          'evict',
          allocate,
          () => level.evict(slot),
          () => `${cache.name} evicts the ${dirty ? 'dirty' : 'clean'} line ${hex(paddr)}`,
        ),
      );
    }
  }

  private pushFill(steps: HardwareStep[], candidate: Candidate): void {
    const core = this.inner.cores[candidate.cpu]!;
    if (!this.mayFill(core, candidate.vaddr, candidate.paddr, candidate.type.bits)) return;
    steps.push(
      new HardwareStep(
        'fill',
        null,
        () => this.speculate(candidate),
        () => {
          const line = candidate.paddr - (candidate.paddr % core.data!.lineBytes);
          return `${core.data!.name} fills line ${hex(line)} through ${hex(candidate.vaddr)}`;
        },
      ),
    );
  }

  private pushDrains(
    steps: HardwareStep[],
    buffer: WriteBuffer,
    name: string,
    drain: (index: number) => void,
  ): void {
    for (const [index, entry] of buffer.entries.entries()) {
      if (!buffer.mayDrain(index)) continue;
      const describe = (): string => `${name} lets ${describeStore(entry)} go`;
      steps.push(new HardwareStep('drain', null, () => drain(index), describe));
    }
  }

  private pushMaintenance(
    steps: HardwareStep[],
    queue: MaintenanceQueue,
    where: string,
    throughL2: boolean,
  ): void {
    for (const [index, entry] of queue.entries.entries()) {
      if (!queue.mayComplete(index)) continue;
      const { operation, all, paddr } = entry;
      const what = all ? `${operation} of everything` : `${operation} of line ${hex(paddr)}`;
      for (const allocate of this.maintenanceChoices(queue, index, throughL2)) {
        steps.push(
          new HardwareStep(
            'maintain',
            allocate,
            () => queue.complete(index),
            () => `${what} is done ${where}`,
          ),
        );
      }
    }
  }

  /** A clean of a dirty line may allocate in the outer cache, or on its way to unification in the L2. */
  private maintenanceChoices(
    queue: MaintenanceQueue,
    index: number,
    throughL2: boolean,
  ): readonly (number | null)[] {
    const { operation, all, vaddr, paddr } = queue.entries[index]!;
    if (all || operation === 'invalidate' || operation === 'instruction') return NO_CHOICE;
    for (const { cache, last } of this.levels) {
      const slot = last ? -1 : cache.find(vaddr, paddr);
      if (slot < 0 || cache.states[slot] !== DIRTY) continue;
      return this.choices(paddr, cache.bits[slot]!, throughL2 && operation === 'clean-to-pou');
    }
    return NO_CHOICE;
  }

  /** What can become of a line that is written down. */
  private choices(paddr: number, bits: number, intoL2: boolean): readonly (number | null)[] {
    const { l2, below } = this.inner;
    const missesL2 = intoL2 && l2 !== null && l2.find(0, paddr) < 0;
    if (intoL2 && l2 !== null && !missesL2) return NO_CHOICE;
    const choices: number[] = missesL2 ? [ALLOCATE_L2] : [];
    if (below.wouldMiss(paddr, bits)) return [...choices, ALLOCATE_OUTER, 0];
    return missesL2 ? [...choices, 0] : NO_CHOICE;
  }
}

function levelsOf(inner: InnerCaches): Level[] {
  const levels: Level[] = [];
  for (const core of inner.cores) {
    const { data, instruction } = core;
    if (data !== null) {
      const evict = (slot: number): void => inner.evictData(core, slot);
      levels.push({ cache: data, core, evict, aboveL2: inner.l2 !== null, last: false });
    }
    if (instruction !== null) {
      const evict = (slot: number): void => instruction.drop(slot);
      levels.push({ cache: instruction, core, evict, aboveL2: false, last: false });
    }
  }
  const { l2, below } = inner;
  if (l2 !== null) {
    levels.push({ cache: l2, core: null, evict: slot => inner.evictL2(slot), aboveL2: false, last: false });
  }
  if (below.cache !== null) {
    const evict = (slot: number): void => below.evict(slot);
    levels.push({ cache: below.cache, core: null, evict, aboveL2: false, last: true });
  }
  return levels;
}

function describeStore({ paddr, bytes }: BufferedStore): string {
  return `the store of ${bytes.length} bytes at ${hex(paddr)}`;
}
