// SPDX-License-Identifier: GPL-2.0-only
/** Programs of all sequences of a design on a cache kind: boots twice for each place of contiguous memory. */
import { invariant } from '../../base/diagnostics.js';
import type { Design } from '../../designs/design.js';
import type { MachineFacts } from '../../hw/facts.js';
import { maintainedOuterCache } from '../../linux/arch/arm/mm/cache.js';
import type { device } from '../../linux/include/linux/device.js';
import type { Kernel } from '../../linux/kernel.js';
import { bootKind, prepareKind, probe } from './boot.js';
import { type CacheKind, type Contiguous, hasRestrictedPools, unsuitable } from './kinds.js';
import type { Program } from './program.js';
import { Recorder } from './recorder.js';
import { Scout } from './scout.js';
import type { Sequence } from './sequence.js';
import { type Scouted, Stage } from './stage.js';

/** What became of one sequence. */
export interface Recording {
  readonly sequence: Sequence;
  /** The machine as the booted kernel uses it: an outer cache that nobody switched on is not there. */
  readonly facts: MachineFacts;
  /** Null: nothing to explore, for `reason`. */
  readonly program: Program | null;
  readonly reason: string | null;
}

const PLACES: readonly Contiguous[] = ['lowmem', 'highmem', 'none'];

/** Records `wanted` under a design. The design must be buildable for the kind. */
export function record(kind: CacheKind, design: Design, wanted: readonly Sequence[]): Recording[] {
  const recordings: Recording[] = [];
  for (const place of PLACES) {
    const here = wanted.filter(({ contiguous }) => contiguous === place);
    if (here.length > 0) recordings.push(...recordPlace(kind, design, place, here));
  }
  const order = new Map(wanted.map((sequence, index) => [sequence, index]));
  return recordings.sort((a, b) => order.get(a.sequence)! - order.get(b.sequence)!);
}

/** Sequences that start at boot come first: the first of them is recorded from there on. */
function recordPlace(
  kind: CacheKind,
  design: Design,
  place: Contiguous,
  wanted: readonly Sequence[],
): Recording[] {
  const facts = prepareKind(kind, 'none').board.machineFacts();
  const none = (sequence: Sequence, reason: string): Recording => {
    return { sequence, facts, program: null, reason };
  };
  const reason = unsuitable(kind, place);
  if (reason !== null) return wanted.map(sequence => none(sequence, reason));
  const whyNot = ({ restricted, twoLines }: Sequence): string | null => {
    if (restricted && !hasRestrictedPools(kind)) return 'no restricted pools in this kernel';
    return twoLines && !isSmall(facts) ? 'too many states' : null;
  };
  const possible = wanted.filter(sequence => whyNot(sequence) === null);
  const impossible = wanted
    .filter(sequence => !possible.includes(sequence))
    .map(sequence => none(sequence, whyNot(sequence)!));
  const ordered = possible.toSorted((a, b) => Number(b.fromBoot) - Number(a.fromBoot));
  if (ordered.length === 0) return impossible;
  const found = scoutAll(kind, design, place, ordered);
  return [...impossible, ...recordAll(kind, design, place, ordered, found)];
}

/** One data cache and at most one level behind it, or several data caches and none. */
function isSmall({ core, coreCount, outerCache }: MachineFacts): boolean {
  return coreCount === 1 || (outerCache === null && !core.integratedL2);
}

function devicesOf(k: Kernel): (sequence: Sequence) => device {
  const plain = probe(k, '/plain');
  const pooled = probe(k, '/pooled');
  return ({ restricted }) => (restricted ? pooled : plain);
}

/** First pass. */
function scoutAll(
  kind: CacheKind,
  design: Design,
  place: Contiguous,
  ordered: readonly Sequence[],
): (Scouted | string)[] {
  let scout: Scout | null = null;
  const k = bootKind(prepareKind(kind, place), design, booting => {
    scout = new Scout(booting);
    return scout;
  });
  invariant(scout !== null, 'nobody watched');
  const deviceFor = devicesOf(k);
  return ordered.map(sequence => {
    const stage = new Stage(k, kind.port, scout!);
    return sequence.run(stage, deviceFor(sequence)) ?? stage.scouted();
  });
}

/** Second pass. */
function recordAll(
  kind: CacheKind,
  design: Design,
  place: Contiguous,
  ordered: readonly Sequence[],
  found: readonly (Scouted | string)[],
): Recording[] {
  let first: { recorder: Recorder; stage: Stage } | null = null;
  const begin = (k: Kernel, scouted: Scouted | string): { recorder: Recorder; stage: Stage } => {
    const { lines, pages } = typeof scouted === 'string' ? { lines: [], pages: new Map() } : scouted;
    const recorder = new Recorder(k, lines, pages);
    return { recorder, stage: new Stage(k, kind.port, recorder) };
  };
  const k = bootKind(prepareKind(kind, place), design, booting => {
    first = begin(booting, found[0]!);
    const { recorder, stage } = first;
    if (ordered[0]!.fromBoot) {
      recorder.onAllocated = () => stage.previousOwner();
      recorder.onlyInside = 'atomic_pool_init';
    }
    return recorder;
  });
  const deviceFor = devicesOf(k);
  const facts = { ...k.machine.facts, outerCache: maintainedOuterCache(k) };
  return ordered.map((sequence, index) => {
    const { recorder, stage } = index === 0 ? first! : begin(k, found[index]!);
    k.machine.observer = recorder;
    recorder.onlyInside = null;
    const reason = sequence.run(stage, deviceFor(sequence));
    const program = reason === null ? recorder.program() : null;
    return { sequence, facts, program, reason };
  });
}
