// SPDX-License-Identifier: GPL-2.0-only
/**
 * Generates programs of legal ownership steps on correct operations: what drivers and a kernel without mistakes do.
 * A state machine over pages and buffers. It knows, for each byte, who may touch it and whether its value may be
 * relied on; for each line, whether a device may write into it behind the caches, and then nobody else makes it dirty.
 * Correct maintenance is in `sequences.ts`.
 * Left out: buffers over more than one page.
 */
import type { Random } from '../../src/base/random.js';
import type { CoherencyPort } from '../../src/hw/dma/master.js';
import type { Direction } from '../../src/hw/observer.js';
import type { Kind } from './kinds.js';
import { DISCARDED, isAtDevice, LegalBytes, RELIABLE, type Streaming, VOID } from './legal-bytes.js';
import type { Mapping, Place, Space, Step } from './program.js';
import {
  cleanAway,
  drain,
  type Family,
  familiesOf,
  forCpu,
  forDevice,
  forgetMapping,
  inner,
} from './sequences.js';
import { HOT_BYTES, PAGE, PAGES } from './world.js';

interface Page {
  role: 'free' | 'normal' | 'coherent';
  /** Coherent: the mapping that the CPU uses, and whose device it is. */
  space: Space;
  port: CoherencyPort;
  user: boolean;
  /** Caches with aliases: through which mapping the CPU uses the page now. */
  view: 'K' | 'U';
}

export interface LegalProgram {
  readonly steps: readonly Step[];
  /** It has a fill window that Linux has as well: severity `window` is right, and so is a wrong byte. */
  readonly window: boolean;
}

export function legalProgram(kind: Kind, random: Random): LegalProgram {
  const generator = new Generator(kind, random);
  return generator.generate(6 + random.below(18));
}

class Generator {
  private readonly kind: Kind;
  private readonly random: Random;
  private readonly family: Family;
  private readonly steps: Step[] = [];
  private readonly pages: Page[];
  private readonly bytes: LegalBytes;
  /** CPUs with stores to non-cacheable memory since their last drain. */
  private readonly pending: Set<number> = new Set();
  private window = false;
  private value = 1;
  private cpu = 0;
  /** Where something happened last: the next thing is likely to happen there too. */
  private lastPage = 0;
  private last: Place = { at: 0, size: 1 };

  constructor(kind: Kind, random: Random) {
    this.kind = kind;
    this.random = random;
    this.family = random.pick(familiesOf(kind));
    this.bytes = new LegalBytes(kind.lineBytes);
    this.pages = Array.from({ length: PAGES }, () => ({
      role: 'free',
      space: 'K',
      port: 'none',
      user: false,
      view: 'K',
    }));
  }

  generate(actions: number): LegalProgram {
    this.allocate(0);
    for (let i = 0; i < actions; i++) {
      this.cpu = this.random.below(this.kind.facts.coreCount);
      this.act();
    }
    return { steps: this.steps, window: this.window };
  }

  private act(): void {
    const { random } = this;
    if (random.chance(0.35)) this.lastPage = random.below(PAGES);
    const number = this.lastPage;
    const page = this.pages[number]!;
    const choice = random.below(100);
    if (page.role === 'free') {
      if (choice < 50) this.allocate(number);
      else this.allocateCoherent(number, page);
    } else if (page.role === 'coherent') {
      if (choice < 85) this.useCoherent(number, page);
      else this.freeCoherent(number, page);
    } else if (choice < 40) this.useNormal(number, page);
    else if (choice < 80) this.stream(number, page);
    else if (choice < 90) this.changeUser(number, page);
    else if (choice < 95) this.freeNormal(number, page);
    else this.harmless(number, page);
  }

  // Pages

  private allocate(number: number): void {
    this.pages[number]!.role = 'normal';
    this.push({ op: 'allocate', page: number });
    mark(this.bytes.worth, number * PAGE, PAGE, VOID);
  }

  private freeNormal(number: number, page: Page): void {
    if (page.user || this.bytes.buffers.some(each => pageOf(each.at) === number)) return;
    this.free(number, page);
  }

  private free(number: number, page: Page): void {
    page.role = 'free';
    this.push({ op: 'free', page: number });
    mark(this.bytes.worth, number * PAGE, PAGE, VOID);
  }

  private changeUser(number: number, page: Page): void {
    const { cpu } = this;
    if (!page.user) {
      page.user = true;
      page.view = 'K';
      this.push({ op: 'map', space: 'U', page: number, to: 'C' }, { op: 'barrier', cpu, kind: 'dsb' });
    } else if (this.random.chance(0.6) && this.kind.aliasing) {
      this.look(number, page, page.view === 'K' ? 'U' : 'K');
    } else {
      this.look(number, page, 'K');
      page.user = false;
      this.push({ op: 'map', space: 'U', page: number, to: '-' }, ...forgetMapping(cpu, 'U', number));
    }
  }

  /** The CPU goes on through another mapping: nothing newer stays behind, nothing older waits there. */
  private look(number: number, page: Page, view: 'K' | 'U'): void {
    if (!this.kind.aliasing || page.view === view) return;
    const at = number * PAGE;
    this.push(...inner(this.cpu, 'clean-invalidate', page.view, at, HOT_BYTES));
    this.push(...inner(this.cpu, 'clean-invalidate', view, at, HOT_BYTES));
    page.view = view;
  }

  private harmless(number: number, page: Page): void {
    const { random, cpu } = this;
    const space = this.kind.aliasing ? page.view : 'K';
    const { at, size } = this.range(number);
    if (random.chance(0.5)) this.push(...inner(cpu, 'clean', space, at, size));
    else if (this.kind.facts.coreCount > 1) this.push(...cleanAway(this.kind, cpu, 0, 0, true));
    else this.push({ op: 'barrier', cpu, kind: random.pick(['dsb', 'dmb', 'isb'] as const) });
  }

  // Cacheable memory

  private useNormal(number: number, page: Page): void {
    const { random, cpu } = this;
    const space: Space = !page.user ? 'K' : this.kind.aliasing ? page.view : random.pick(['K', 'U'] as const);
    this.use(space, random.chance(0.3) ? this.range(number) : this.word(number), cpu);
  }

  private use(space: Space, { at, size }: Place, cpu: number): void {
    const { random } = this;
    const single = size <= 4 && (size & (size - 1)) === 0 && at % size === 0;
    if (random.chance(0.5)) {
      if (!this.cpuMayStore(at, size)) return;
      this.push({
        op: single ? 'store' : 'fill',
        cpu,
        space,
        at,
        size,
        value: this.nextValue(single ? size : 1),
      });
      mark(this.bytes.worth, at, size, RELIABLE);
      mark(this.bytes.dirty, at, size, 1);
    } else {
      if (!this.cpuMayLoad(at, size)) return;
      const op = single ? 'load' : random.chance(0.8) ? 'read' : 'scan';
      this.push({ op, cpu, space, at, size });
    }
  }

  private cpuMayStore(at: number, size: number): boolean {
    return this.bytes.overlapping(at, size).length === 0 && !this.bytes.sharesLineWithWriter(at, size, false);
  }

  private cpuMayLoad(at: number, size: number): boolean {
    if (!this.bytes.isWorth(at, size)) return false;
    if (this.bytes.overlapping(at, size).some(each => each.direction !== 'to-device')) return false;
    return this.family !== 'before' || !this.bytes.sharesLineWithWriter(at, size, false);
  }

  // Streaming mappings

  private stream(number: number, page: Page): void {
    const { random } = this;
    const mine = this.bytes.buffers.filter(each => pageOf(each.at) === number);
    if (mine.length === 0 || random.chance(0.12)) {
      this.mapStreaming(number, page);
      return;
    }
    const buffer = random.pick(mine);
    const choice = random.below(100);
    if (choice < 45) this.transfer(buffer);
    else if (choice < 70) this.synchronize(buffer, page);
    else this.unmapStreaming(buffer, page);
  }

  private mapStreaming(number: number, page: Page): void {
    const { random } = this;
    const { at, size } = this.range(number);
    const port = random.pick(this.kind.ports);
    const direction = random.pick(['to-device', 'from-device', 'bidirectional'] as const);
    const others = this.bytes.buffersAt(at, size);
    const shared = others.every(each => each.direction === 'to-device' && !each.skip && isAtDevice(each));
    if (!(direction === 'to-device' ? shared : others.length === 0)) return;
    if (direction !== 'to-device' && this.bytes.sharesLineWithWriter(at, size, port === 'none')) return;
    const skip = others.length === 0 && random.chance(0.15);
    const buffer = { port, at, size, direction, skip, cpuStart: at, cpuEnd: skip ? at + size : at };
    if (!skip) this.give(buffer, page, at, size);
    this.bytes.buffers.push(buffer);
    this.push({ op: 'mapped', port, at, size, direction, skip });
  }

  private unmapStreaming(buffer: Streaming, page: Page): void {
    const { port, at, size, direction, skip } = buffer;
    const whole = buffer.cpuEnd - buffer.cpuStart === size;
    if (skip ? !whole : !isAtDevice(buffer)) return;
    if (!skip) this.take(buffer, page, at, size);
    this.bytes.buffers = this.bytes.buffers.filter(each => each !== buffer);
    this.push({ op: 'unmapped', port, at, size, direction, skip });
  }

  private synchronize(buffer: Streaming, page: Page): void {
    const { random } = this;
    const { port, at, size, direction } = buffer;
    // A part that two buffers have would go back and forth for both.
    if (this.bytes.buffersAt(at, size).length > 1) return;
    if (isAtDevice(buffer)) {
      const whole = buffer.skip || random.chance(0.5);
      const from = whole ? at : at + random.below(size);
      const bytes = whole ? size : 1 + random.below(at + size - from);
      this.take(buffer, page, from, bytes);
      this.push({ op: 'sync-cpu', port, at, size, direction, from, bytes });
      buffer.cpuStart = from;
      buffer.cpuEnd = from + bytes;
      return;
    }
    const from = buffer.cpuStart;
    const bytes = buffer.cpuEnd - from;
    if (direction !== 'to-device' && this.dirtyForeignLine(buffer, from, bytes)) return;
    this.give(buffer, page, from, bytes);
    this.push({ op: 'sync-device', port, at, size, direction, from, bytes });
    buffer.cpuEnd = buffer.cpuStart;
  }

  /** Another master writes behind the caches into a line that this device would make dirty, or the reverse. */
  private dirtyForeignLine(buffer: Streaming, at: number, size: number): boolean {
    return this.bytes.sharesLineWithWriter(at, size, buffer.port === 'none', buffer);
  }

  private give(buffer: Streaming, page: Page, at: number, size: number): void {
    if (buffer.port !== 'none') return;
    this.look(pageOf(at), page, 'K');
    this.push(...forDevice(this.kind, this.family, this.cpu, buffer.direction, at, size));
    for (let i = at; i < at + size; i++) {
      const lost =
        buffer.direction === 'from-device' && this.bytes.dirty[i] === 1 && this.bytes.worth[i] === RELIABLE;
      if (lost) this.bytes.worth[i] = DISCARDED;
    }
    mark(this.bytes.dirty, at, size, 0);
  }

  private take(buffer: Streaming, page: Page, at: number, size: number): void {
    if (buffer.port !== 'none') return;
    this.look(pageOf(at), page, 'K');
    this.push(...forCpu(this.kind, this.family, this.cpu, buffer.direction, at, size));
  }

  private transfer(buffer: Streaming): void {
    const { random } = this;
    const at = buffer.at + random.below(buffer.size);
    const size = 1 + random.below(buffer.at + buffer.size - at);
    if (at < buffer.cpuEnd && at + size > buffer.cpuStart) return;
    if (random.chance(0.3)) this.push({ op: 'doorbell', cpu: this.cpu });
    this.deviceAccess(buffer.port, at, size, buffer.direction);
  }

  private deviceAccess(port: CoherencyPort, at: number, size: number, direction: Direction): void {
    const writes = direction === 'from-device' || (direction === 'bidirectional' && this.random.chance(0.5));
    if (writes) {
      this.push({ op: 'device-write', port, at, size, value: this.nextValue(1) });
      mark(this.bytes.worth, at, size, RELIABLE);
      if (port !== 'none') mark(this.bytes.dirty, at, size, 1);
    } else if (this.bytes.isWorth(at, size)) {
      this.push({ op: 'device-read', port, at, size });
    }
  }

  // Coherent memory

  private allocateCoherent(number: number, page: Page): void {
    const { random, kind, cpu } = this;
    const at = number * PAGE;
    this.allocate(number);
    page.role = 'coherent';
    page.port = random.pick(kind.ports);
    this.push({ op: 'fill', cpu, space: 'K', at, size: HOT_BYTES, value: 0 });
    mark(this.bytes.worth, at, HOT_BYTES, RELIABLE);
    if (page.port !== 'none') {
      page.space = 'K';
      mark(this.bytes.dirty, at, HOT_BYTES, 1);
    } else {
      const all = kind.facts.coreCount === 1 && random.chance(0.3);
      this.push(...cleanAway(kind, cpu, at, HOT_BYTES, all));
      mark(this.bytes.dirty, at, HOT_BYTES, 0);
      const to: Mapping = kind.facts.core.architecture < 6 && random.chance(0.5) ? 'S' : 'N';
      page.space = kind.looksUp || random.chance(0.5) ? 'K' : 'N';
      this.push({ op: 'map', space: page.space, page: number, to });
      if (page.space === 'K') {
        this.push(...forgetMapping(cpu, 'K', number));
        // What was filled since it was cleaned goes, where somebody could see it. Linux does not do this.
        if (!kind.looksUp || random.chance(0.9)) this.push(...cleanAway(kind, cpu, at, HOT_BYTES, false));
        else this.window = true;
      } else this.push({ op: 'barrier', cpu, kind: 'dsb' });
    }
    this.push({ op: 'coherent', port: page.port, space: page.space, page: number });
  }

  private useCoherent(number: number, page: Page): void {
    const { random, cpu } = this;
    if (random.chance(0.6)) {
      if (page.port === 'none') for (const other of this.pending) if (other !== cpu) this.drain(other);
      const place = random.chance(0.3) ? this.range(number) : this.word(number);
      this.use(page.space, place, cpu);
      if (page.port === 'none') this.pending.add(cpu);
      mark(this.bytes.dirty, number * PAGE, PAGE, page.port === 'none' ? 0 : 1);
      return;
    }
    for (const other of this.pending) this.drain(other);
    if (random.chance(0.2)) this.push({ op: 'doorbell', cpu });
    const { at, size } = this.range(number);
    this.deviceAccess(page.port, at, size, 'bidirectional');
  }

  /** A CPU's stores reach memory before what follows. */
  private drain(cpu: number): void {
    if (this.kind.facts.outerCache === null && this.random.chance(0.4)) {
      this.push({ op: 'barrier', cpu, kind: 'dmb' }, { op: 'doorbell', cpu });
    } else this.push(...drain(this.kind, cpu));
    this.pending.delete(cpu);
  }

  private freeCoherent(number: number, page: Page): void {
    const { cpu } = this;
    for (const other of this.pending) this.drain(other);
    this.push({ op: 'coherent-free', port: page.port, space: page.space, page: number });
    if (page.port === 'none') {
      const to: Mapping = page.space === 'K' ? 'C' : '-';
      this.push(
        { op: 'map', space: page.space, page: number, to },
        ...forgetMapping(cpu, page.space, number),
      );
    }
    this.free(number, page);
  }

  // Places

  private word(number: number): Place {
    const { random, last } = this;
    const size = random.pick([1, 2, 4]);
    const near = pageOf(last.at) === number && random.chance(0.6);
    const at = near ? last.at + random.below(last.size) : number * PAGE + random.below(HOT_BYTES / 2);
    return { at: at - (at % size), size };
  }

  /** Often whole lines, often not. */
  private range(number: number): Place {
    const { random, last } = this;
    if (pageOf(last.at) === number && random.chance(0.4)) return last;
    const limit = Math.max(128, 2 * this.kind.lineBytes);
    const unit = random.chance(0.5) ? this.kind.facts.core.lineBytes : 1;
    const first = random.below(limit / unit);
    const count = 1 + random.below(Math.min(limit / unit - first, random.chance(0.7) ? 96 / unit : limit));
    this.last = { at: number * PAGE + unit * first, size: unit * count };
    return this.last;
  }

  private nextValue(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = (value * 256 + (this.value++ % 251) + 1) >>> 0;
    return value;
  }

  private push(...steps: Step[]): void {
    this.steps.push(...steps);
  }
}

function pageOf(at: number): number {
  return Math.floor(at / PAGE);
}

function mark(array: Uint8Array, at: number, size: number, value: number): void {
  array.fill(value, at, at + size);
}
