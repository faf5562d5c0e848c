// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs a program: on a machine whose caches hold data, where a wrong byte is looked for, and on one that only
 * has rules, where findings are collected. A step that touches an unmapped page is left out in both, as is one that
 * the machine cannot do: so every sublist of a program is a program.
 */
import { Random } from '../../src/base/random.js';
import type { CacheShape, Geometry } from '../../src/hw/cache/geometry.js';
import type { CoherencyPort } from '../../src/hw/dma/master.js';
import type { CoherentBuffer, StreamingBuffer } from '../../src/hw/observer.js';
import type { Finding } from '../../src/sanitizer/finding.js';
import { Sanitizer } from '../../src/sanitizer/sanitizer.js';
import type { Kind } from './kinds.js';
import type { OwnershipStep, Program, Space, Step, StreamingPlace } from './program.js';
import { FlatMemory } from './undefined.js';
import { DATA, DATA_BYTES, PAGE, vaddrOf, World } from './world.js';

/** A byte that a live run got wrong: who saw it at which step, and where. */
export interface Wrong {
  /** Index of the step; the program's length for memory at the end. */
  readonly step: number;
  readonly at: number;
}

/** A finding and the step that made it. */
export interface Report {
  readonly step: number;
  readonly finding: Finding;
}

/** How often the hardware does something by itself before a step, by seed: from never to all the time. */
const RESTLESSNESS = [0.5, 0.9, 0.2, 0.75, 0, 0.97];

export class Runner {
  readonly kind: Kind;
  private readonly world: World;
  private readonly flat: FlatMemory = new FlatMemory();
  private readonly geometry: Geometry;

  constructor(kind: Kind) {
    this.kind = kind;
    this.world = new World(kind);
    this.geometry = smallGeometry(kind);
  }

  /** What goes wrong with caches that hold data: the first wrong byte of each line. */
  live(program: Program, seed: number): Wrong[] {
    const { world, flat, kind } = this;
    world.reset();
    flat.clear();
    world.expect(program);
    const random = new Random(seed);
    const live = world.machine.attachCaches({
      seed,
      geometry: this.geometry,
      speculation: random.pick([0, 0.3, 0.8]),
      candidates: world,
    });
    const restlessness = RESTLESSNESS[seed % RESTLESSNESS.length]!;
    const rest = (): void => {
      for (let left = 12; left > 0 && random.chance(restlessness); left--) live.step();
    };
    const wrong = new Map<number, Wrong>();
    const note = (step: number, bytes: readonly number[]): void => {
      for (const at of bytes) {
        const line = Math.floor(at / kind.lineBytes);
        if (!wrong.has(line)) wrong.set(line, { step, at });
      }
    };
    for (const [index, step] of program.entries()) {
      if (!this.isPossible(step)) continue;
      rest();
      const seen = this.perform(step);
      if (seen !== null) note(index, flat.wrong((step as { at: number }).at, seen));
      flat.apply(step);
    }
    rest();
    if (random.chance(0.5)) this.settle();
    // What a device wrote into caches may be given up by an invalidate: it is judged when somebody reads it.
    if (flat.byDevice.includes(1)) {
      note(program.length, flat.wrongFromDevices(world.machine.ram.readBytes(DATA, DATA_BYTES)));
    }
    return [...wrong.values()];
  }

  /** What the rules say about the program. A site is reported anew at each step. */
  rules(program: Program): Report[] {
    const { world } = this;
    world.reset();
    const { machine } = world;
    const sanitizer = new Sanitizer(machine, { clean: true });
    machine.observer = sanitizer;
    const reports: Report[] = [];
    for (const [step, each] of program.entries()) {
      if (this.isPossible(each)) this.perform(each);
      if (sanitizer.findings.length === 0) continue;
      for (const finding of sanitizer.takeFindings()) reports.push({ step, finding });
    }
    return reports;
  }

  /** Whether the machine that only has rules holds what the array does. */
  rulesMachineIsFlat(program: Program): boolean {
    const { world, flat } = this;
    world.reset();
    flat.clear();
    world.machine.observer = new Sanitizer(world.machine, { clean: true });
    for (const step of program) {
      if (!this.isPossible(step)) continue;
      this.perform(step);
      flat.apply(step);
    }
    return flat.wrong(0, world.machine.ram.readBytes(DATA, DATA_BYTES)).length === 0;
  }

  /** Everything dirty is written back, which the hardware may do at any time. */
  private settle(): void {
    const { machine } = this.world;
    for (let cpu = 0; cpu < this.kind.facts.coreCount; cpu++) {
      machine.cpu = cpu;
      machine.barrier('dsb');
      machine.innerMaintainAll('clean');
      machine.barrier('dsb');
    }
    if (this.kind.facts.outerCache !== null) {
      machine.outerMaintainAll('clean');
      machine.barrier('outer-sync');
    }
  }

  private isPossible(step: Step): boolean {
    if ('space' in step && 'at' in step) {
      return step.op === 'inner' || this.isMapped(step.space, step.at, step.size);
    }
    if (step.op === 'outer' || step.op === 'outer-all') return this.kind.facts.outerCache !== null;
    return true;
  }

  private isMapped(space: Space, at: number, size: number): boolean {
    for (let page = Math.floor(at / PAGE); page * PAGE < at + size; page++) {
      if (this.world.mappingOf(space, page) === '-') return false;
    }
    return true;
  }

  /** Does a step. What it reads, if it does. */
  private perform(step: Step): Uint8Array | null {
    const { world } = this;
    const { machine } = world;
    if ('cpu' in step) machine.cpu = step.cpu;
    switch (step.op) {
      case 'load':
        return loaded(world, vaddrOf(step.space, step.at), step.size);
      case 'read':
        return machine.access.read(vaddrOf(step.space, step.at), step.size);
      case 'scan':
        machine.access.scan(vaddrOf(step.space, step.at), step.size);
        return null;
      case 'store':
        store(world, vaddrOf(step.space, step.at), step.size, step.value);
        return null;
      case 'fill':
        machine.access.fill(vaddrOf(step.space, step.at), step.size, step.value);
        return null;
      case 'inner':
        machine.innerMaintain(step.kind, vaddrOf(step.space, step.at), step.size);
        return null;
      case 'inner-all':
        machine.innerMaintainAll(step.kind);
        return null;
      case 'outer':
        machine.outerMaintain(step.kind, DATA + step.at, step.size);
        return null;
      case 'outer-all':
        machine.outerMaintainAll(step.kind);
        return null;
      case 'barrier':
        machine.barrier(step.kind);
        return null;
      case 'map':
        world.map(step.space, step.page, step.to);
        return null;
      case 'tlb':
        world.tlbFlush(step.cpu, step.kind, step.space, step.page, step.broadcast);
        return null;
      case 'doorbell':
        machine.access.store32(world.doorbell, 1);
        return null;
      case 'device-read':
        return world.master(step.port).read(DATA + step.at, step.size);
      case 'device-write': {
        const bytes = Uint8Array.from({ length: step.size }, (_, i) => step.value + i);
        world.master(step.port).write(DATA + step.at, bytes);
        return null;
      }
      default:
        this.tellOwner(step);
        return null;
    }
  }

  /** Who owns which bytes: what a kernel tells. */
  private tellOwner(step: OwnershipStep): void {
    const { observer } = this.world.machine;
    if (observer === null) return;
    switch (step.op) {
      case 'allocate':
        observer.pagesAllocated(DATA + step.page * PAGE, PAGE);
        break;
      case 'free':
        observer.pagesFreed(DATA + step.page * PAGE, PAGE);
        break;
      case 'coherent':
        observer.coherentAllocated(this.coherentBuffer(step));
        break;
      case 'coherent-free':
        observer.coherentFreed(this.coherentBuffer(step));
        break;
      case 'mapped':
        observer.streamingMapped(this.streamingBuffer(step, step.skip));
        break;
      case 'unmapped':
        observer.streamingUnmapped(this.streamingBuffer(step, step.skip));
        break;
      case 'sync-cpu':
        observer.syncedForCpu(this.streamingBuffer(step, false), DATA + step.from, step.bytes);
        break;
      case 'sync-device':
        observer.syncedForDevice(this.streamingBuffer(step, false), DATA + step.from, step.bytes);
    }
  }

  private coherentBuffer({
    port,
    page,
    space,
  }: {
    port: CoherencyPort;
    page: number;
    space: Space;
  }): CoherentBuffer {
    const { name: device, driver } = this.world.master(port);
    const paddr = DATA + page * PAGE;
    const vaddr = vaddrOf(space, page * PAGE);
    return { device, driver, vaddr, dmaAddr: paddr, paddr, size: PAGE, coherent: port !== 'none' };
  }

  private streamingBuffer({ port, at, size, direction }: StreamingPlace, skipSync: boolean): StreamingBuffer {
    const { name: device, driver } = this.world.master(port);
    const paddr = DATA + at;
    return { device, driver, dmaAddr: paddr, paddr, original: paddr, size, direction, skipSync };
  }
}

function loaded(world: World, vaddr: number, size: number): Uint8Array {
  const { access } = world.machine;
  const value = size === 1 ? access.load8(vaddr) : size === 2 ? access.load16(vaddr) : access.load32(vaddr);
  return Uint8Array.from({ length: size }, (_, i) => value >>> (8 * i));
}

function store(world: World, vaddr: number, size: number, value: number): void {
  const { access } = world.machine;
  if (size === 1) access.store8(vaddr, value & 0xff);
  else if (size === 2) access.store16(vaddr, value & 0xffff);
  else access.store32(vaddr, value >>> 0);
}

/** Few lines each, so that they are evicted. */
function smallGeometry({ facts }: Kind): Geometry {
  const { core, outerCache } = facts;
  const shape = (sets: number, lineBytes: number, writeThrough = false): CacheShape => {
    return { sets, ways: 2, lineBytes, replacement: 'pseudo-random', writeThrough };
  };
  // With physical tags a colour is a bit of the page number in the index: the index must reach it.
  const dataSets = core.cache === 'VIPT-aliasing' ? (2 * PAGE) / core.lineBytes : 2;
  return {
    data: shape(dataSets, core.lineBytes),
    instruction: null,
    l2: core.integratedL2 ? shape(2, core.lineBytes) : null,
    outer: outerCache && shape(2, outerCache.lineBytes, outerCache.writeThrough),
  };
}
