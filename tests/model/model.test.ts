// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random sequences of calls of the DMA API and of legal accesses, on every kind of machine and under every design,
 * against plain models: who owns which memory, where the next allocation lies, what each byte holds. The sanitizer
 * watches; in a share of the runs the caches hold data, speculate and evict.
 *
 * ARMORY_MODEL_RUNS: sequences for each kind, design and kernel (default 3; a failure is made shorter first).
 * ARMORY_MODEL_SEED: the seed; ARMORY_MODEL_PATH and ARMORY_MODEL_REPLAY: a failure's path and commands.
 * ARMORY_MODEL_ONLY: part of a name, `two Cortex-A9 … step1 6.12`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { designs } from '../../src/designs/index.js';
import type { KernelVersion } from '../../src/linux/config.js';
import * as coherent from './coherent-commands.js';
import { commandOf, type DmaCommand } from './command.js';
import { belongingsOf, finish } from './finish.js';
import { KINDS, type Kind } from './machines.js';
import * as pools from './pool-commands.js';
import { Reference, type Tally } from './reference.js';
import type { Setup } from './rules.js';
import * as streams from './stream-commands.js';
import { System } from './system.js';

const RUNS = Number(process.env['ARMORY_MODEL_RUNS'] ?? 3);
const SEED = Number(process.env['ARMORY_MODEL_SEED'] ?? 1);
const PATH = process.env['ARMORY_MODEL_PATH'];
const REPLAY = process.env['ARMORY_MODEL_REPLAY'];
const ONLY = process.env['ARMORY_MODEL_ONLY'] ?? '';
const VERSIONS: readonly KernelVersion[] = ['6.12', '6.1'];
const MOST_COMMANDS = 200;

type Run = [boolean, number, Iterable<DmaCommand>];

/** What is used often stands often. */
const COMMANDS: fc.Arbitrary<DmaCommand>[] = [
  commandOf(coherent.allocate),
  commandOf(coherent.allocate),
  commandOf(coherent.useCoherent),
  commandOf(coherent.useCoherent),
  commandOf(coherent.useCoherent),
  commandOf(coherent.free),
  commandOf(coherent.mmap),
  commandOf(coherent.sgtable),
  commandOf(coherent.runWork),
  commandOf(streams.newPages),
  commandOf(streams.allocateCached),
  commandOf(streams.map),
  commandOf(streams.map),
  commandOf(streams.mapMany),
  commandOf(streams.useStream),
  commandOf(streams.useStream),
  commandOf(streams.useStream),
  commandOf(streams.exchange),
  commandOf(streams.exchange),
  commandOf(streams.sync),
  commandOf(streams.unmap),
  commandOf(streams.freePages),
  commandOf(pools.createPool),
  commandOf(pools.allocateBlocks),
  commandOf(pools.allocateBlocks),
  commandOf(pools.useBlock),
  commandOf(pools.useBlock),
  commandOf(pools.freeBlock),
  commandOf(pools.destroyPool),
];

function property(kind: Kind, design: string, version: KernelVersion, tally: Tally): fc.IProperty<Run> {
  const commands = fc.commands(COMMANDS, {
    maxCommands: MOST_COMMANDS,
    size: 'max',
    ...(REPLAY !== undefined && { replayPath: REPLAY }),
  });
  return fc.property(fc.boolean(), fc.nat(0xffff), commands, (live, seed, sequence) => {
    const setup: Setup = { kind, design, version, live };
    tally.sequences++;
    if (live) tally.live++;
    let finished: (() => void) | undefined;
    fc.modelRun(() => {
      const real = new System(setup, seed);
      const before = belongingsOf(real);
      const model = new Reference(setup, real, tally);
      finished = () => finish(model, real, before);
      return { model, real };
    }, sequence);
    finished?.();
  });
}

/** A failure with everything that brings it back. */
function hint(name: string, { seed, counterexamplePath, counterexample }: fc.RunDetails<Run>): string {
  const replay = /replayPath="([^"]*)"/.exec(String(counterexample?.[2]))?.[1] ?? '';
  return [
    `ARMORY_MODEL_ONLY='${name}'`,
    `ARMORY_MODEL_SEED=${seed}`,
    `ARMORY_MODEL_PATH='${counterexamplePath}'`,
    `ARMORY_MODEL_REPLAY='${replay}'`,
    'npm test -- tests/model',
  ].join(' ');
}

/** Other sequences for each kind, design and kernel, unless one is to be found again. */
function seedOf(name: string): number {
  if (PATH !== undefined) return SEED;
  let hash = SEED;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) % 0x7fffffff;
  return hash;
}

function check(name: string, kind: Kind, design: string, version: KernelVersion, tally: Tally): void {
  const details = fc.check(property(kind, design, version, tally), {
    numRuns: RUNS,
    seed: seedOf(name),
    ...(PATH !== undefined && { path: PATH }),
  });
  if (!details.failed) return;
  const { errorInstance } = details;
  const cause = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  throw new Error(
    `${name}\n${fc.defaultReportMessage(details)}\n${cause}\nTo replay:\n${hint(name, details)}`,
  );
}

for (const kind of KINDS) {
  const all = designs.flatMap(({ name: design }) => VERSIONS.map(version => ({ design, version })));
  const chosen = all.filter(({ design, version }) => `${kind.name} ${design} ${version}`.includes(ONLY));
  if (chosen.length === 0) continue;
  test(`${kind.name}: every design keeps its promises`, context => {
    const tally: Tally = { sequences: 0, live: 0, commands: 0, facts: new Map() };
    for (const { design, version } of chosen)
      check(`${kind.name} ${design} ${version}`, kind, design, version, tally);
    const { sequences, live, commands, facts } = tally;
    context.diagnostic(`${sequences} sequences, ${live} of them on caches with data, ${commands} commands`);
    assert.ok(REPLAY !== undefined || commands > 5 * sequences, 'the sequences do too little');
    for (const [fact, count] of facts) context.diagnostic(`known fact: ${fact}: ${count} findings`);
  });
}
