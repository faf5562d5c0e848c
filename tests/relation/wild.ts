// SPDX-License-Identifier: GPL-2.0-only
/**
 * Generates programs that keep no rule: short ones of random steps on two or three lines, and legal ones with a
 * mistake or two, which is where missing reports hide. Who owns what is not told: only the hardware's rules count.
 */
import type { Random } from '../../src/base/random.js';
import type { Kind } from './kinds.js';
import { legalProgram } from './legal.js';
import type { Mapping, Program, Space, Step } from './program.js';
import { PAGE, PAGES } from './world.js';

const OPERATIONS = ['clean', 'invalidate', 'clean-invalidate'] as const;
const BARRIERS = ['dsb', 'dmb', 'outer-sync', 'dsb', 'dsb'] as const;
const OWNERSHIP = new Set(['mapped', 'unmapped', 'sync-cpu', 'sync-device', 'coherent', 'coherent-free']);

export function wildProgram(kind: Kind, random: Random): Program {
  return random.chance(0.5) ? randomProgram(kind, random) : mutatedProgram(kind, random);
}

function randomProgram(kind: Kind, random: Random): Program {
  const steps: Step[] = [{ op: 'allocate', page: 0 }];
  if (random.chance(0.5)) steps.push({ op: 'map', space: 'N', page: 0, to: random.chance(0.2) ? 'S' : 'N' });
  if (random.chance(0.4)) steps.push({ op: 'map', space: 'U', page: 0, to: 'C' });
  const spaces: Space[] = steps.flatMap(step => (step.op === 'map' ? [step.space] : []));
  const place = new Place(kind, random, ['K', ...spaces]);
  if (random.chance(0.6)) steps.push(place.look(0));
  for (let left = 3 + random.below(12); left > 0; left--) steps.push(...place.some());
  for (let left = random.below(4); left > 0; left--) steps.push(place.look(0));
  return steps;
}

/** Leaves steps out, exchanges neighbours, puts random ones in. */
function mutatedProgram(kind: Kind, random: Random): Program {
  const legal = legalProgram(kind, random).steps;
  const steps = legal.filter(step => !OWNERSHIP.has(step.op));
  const spaces: Space[] = ['K', ...steps.flatMap(step => (step.op === 'map' ? [step.space] : []))];
  const place = new Place(kind, random, spaces);
  for (let left = 1 + random.below(3); left > 0 && steps.length > 2; left--) {
    const at = random.below(steps.length - 1);
    const choice = random.below(10);
    if (choice < 6) {
      // A missing operation is the commonest mistake: look for one near by.
      const near = steps.findIndex((step, index) => index >= at && isOperation(step));
      steps.splice(near < 0 ? at : near, 1);
    } else if (choice < 7) {
      // The right operations in the wrong order: each with its barrier, usually.
      const moved = steps.splice(at, random.chance(0.3) ? 1 : 2);
      steps.splice(at + 1 + random.below(3), 0, ...moved);
    } else steps.splice(at, 0, ...place.some());
  }
  for (let left = random.below(4); left > 0; left--) steps.push(place.look(random.below(PAGES)));
  return steps;
}

function isOperation({ op }: Step): boolean {
  return op === 'inner' || op === 'outer' || op === 'barrier' || op === 'tlb';
}

class Place {
  private readonly kind: Kind;
  private readonly random: Random;
  private readonly spaces: readonly Space[];
  private value = 1;

  constructor(kind: Kind, random: Random, spaces: readonly Space[]) {
    this.kind = kind;
    this.random = random;
    this.spaces = spaces;
  }

  /** A step, or a few that belong together. */
  some(): Step[] {
    const { random, kind } = this;
    const step = this.step();
    const cpu = random.below(kind.facts.coreCount);
    if (step.op === 'inner' && random.chance(0.5))
      return [step, { op: 'barrier', cpu: step.cpu, kind: 'dsb' }];
    if (step.op === 'outer' && random.chance(0.5)) return [step, { op: 'barrier', cpu, kind: 'outer-sync' }];
    if (step.op === 'map' && random.chance(0.7)) {
      return [step, { op: 'tlb', cpu, kind: 'all', space: step.space, page: step.page, broadcast: true }];
    }
    return [step];
  }

  private step(): Step {
    const { random, kind } = this;
    const cpu = random.below(kind.facts.coreCount);
    const space = random.pick(this.spaces);
    const operation = random.pick(OPERATIONS);
    const port = random.pick(kind.ports);
    const choice = random.below(100);
    if (choice < 16) return { op: 'load', cpu, space, ...this.word() };
    if (choice < 19) return { op: random.chance(0.8) ? 'read' : 'scan', cpu, space, ...this.range() };
    if (choice < 34) {
      const { at, size } = this.word();
      return { op: 'store', cpu, space, at, size, value: this.nextValue(size) };
    }
    if (choice < 37) return { op: 'fill', cpu, space, ...this.range(), value: this.nextValue(1) };
    if (choice < 49) return { op: 'inner', cpu, kind: operation, space, ...this.range() };
    if (choice < 51) return { op: 'inner-all', cpu, kind: operation };
    if (choice < 62) return { op: 'barrier', cpu, kind: random.pick(BARRIERS) };
    if (choice < 66) return this.change(cpu, space);
    if (choice < 69) return { op: 'doorbell', cpu };
    if (choice < 70) return { op: random.pick(['free', 'allocate'] as const), page: 0 };
    if (choice < 80) return { op: 'device-read', port, ...this.range() };
    if (choice < 90) return { op: 'device-write', port, ...this.range(), value: this.nextValue(1) };
    if (kind.facts.outerCache === null) return { op: 'inner', cpu, kind: operation, space, ...this.range() };
    if (choice < 98) return { op: 'outer', kind: operation, ...this.range() };
    return { op: 'outer-all', kind: operation };
  }

  /** Somebody reads the lines where most things happen. */
  look(page: number): Step {
    const { random, kind } = this;
    const bytes = { at: page * PAGE, size: 2 * kind.facts.core.lineBytes };
    if (random.chance(0.3)) return { op: 'device-read', port: random.pick(kind.ports), ...bytes };
    return { op: 'read', cpu: random.below(kind.facts.coreCount), space: random.pick(this.spaces), ...bytes };
  }

  private change(cpu: number, space: Space): Step {
    const { random } = this;
    if (random.chance(0.3)) {
      const kind = random.pick(['mva', 'mva', 'all', 'asid'] as const);
      return { op: 'tlb', cpu, kind, space, page: 0, broadcast: random.chance(0.7) };
    }
    const to: Mapping = random.pick(['C', 'C', 'N', '-']);
    return { op: 'map', space, page: 0, to };
  }

  /** Most of them in one line, so that they meet. */
  private word(): { at: number; size: number } {
    const { random } = this;
    const size = random.pick([1, 2, 4]);
    const limit = random.chance(0.7) ? 16 : 2 * this.kind.lineBytes;
    return { at: size * random.below(limit / size), size };
  }

  private range(): { at: number; size: number } {
    const { random } = this;
    if (random.chance(0.5)) return this.word();
    const line = this.kind.facts.core.lineBytes;
    if (random.chance(0.5)) return { at: line * random.below(2), size: line * (1 + random.below(2)) };
    const at = random.below(line);
    return { at, size: 1 + random.below(2 * line) };
  }

  private nextValue(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = (value * 256 + (this.value++ % 251) + 1) >>> 0;
    return value;
  }
}
