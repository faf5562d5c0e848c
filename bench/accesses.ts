// SPDX-License-Identifier: GPL-2.0-only
/**
 * What one CPU access costs: with nobody watching, with the rules on, and with caches that hold data; in ns per
 * access, accesses per second, and as a ratio to the same access with nobody watching, all in one run.
 * Run: `node dist/bench/accesses.js`. Machines are noisy: compare the ratios of one run.
 *
 * Each row is measured in rounds that alternate between the three machines, and the fastest round of each counts.
 * `loads`, `stores`: 32-bit words, all over 4 MiB, which is more than any of the caches holds; `one page`: the same
 * 4 KiB again and again, which they hold; `uncached`: Normal non-cacheable, a barrier each 64 words.
 */
import { MiB } from '../src/base/address.js';
import { coreByName } from '../src/hw/cores.js';
import type { MachineFacts, OuterCacheFacts } from '../src/hw/facts.js';
import { Machine } from '../src/hw/machine.js';
import { encodeSection } from '../src/hw/mmu/short-descriptor.js';
import { Sanitizer } from '../src/sanitizer/sanitizer.js';

const ROUNDS = 7;
const BASE = 0x40000000;
const TABLE = BASE + 32 * MiB;
const CACHED = 0xc0000000;
const UNCACHED = 0xf0000000;
const WORDS = (4 * MiB) / 4;
/** In a round: each word once. */
const ACCESSES = WORDS;

const pl310: OuterCacheFacts = {
  model: 'PL310',
  compatible: 'arm,pl310-cache',
  sizeBytes: MiB,
  lineBytes: 32,
  needsMaintenance: true,
  writeThrough: false,
  sharedOverride: true,
  ioCoherent: false,
  syncDisabled: false,
};

function facts(core: string, outerCache: OuterCacheFacts | null): MachineFacts {
  return {
    core: coreByName(core),
    coreCount: 1,
    outerCache,
    coherentFabric: 'unknown',
    physicalAddressBits: 32,
  };
}

/** 64 MiB, of which the first 8 are mapped cached and the next 8 uncached. */
function machineOf(of: MachineFacts): Machine {
  const machine = new Machine(of, [{ start: BASE, end: BASE + 64 * MiB }]);
  const { registers } = machine;
  registers.ttbr0 = TABLE;
  registers.ttbr1 = TABLE;
  registers.xp = of.core.architecture >= 6;
  const bit4 = of.core.architecture < 6 ? 0x10 : 0;
  for (let i = 0; i < 8; i++) {
    const cached = encodeSection(BASE + i * MiB, { ap: 1, c: 1, b: 1 });
    machine.writeTableEntry(TABLE + 4 * (0xc00 + i), cached | bit4);
    const uncached = of.core.architecture < 6 ? { ap: 1, b: 1 } : { ap: 1, tex: 1 };
    const target = BASE + (8 + i) * MiB;
    machine.writeTableEntry(TABLE + 4 * (0xf00 + i), encodeSection(target, uncached) | bit4);
  }
  return machine;
}

/** As wmb() does. */
function wait(machine: Machine): void {
  machine.barrier('dsb');
  if (machine.outerInUse) machine.barrier('outer-sync');
}

interface Row {
  readonly name: string;
  run(machine: Machine, index: number): number;
}

/** Strides over the words so that neighbouring accesses touch different pages. */
function wordAt(index: number): number {
  return 4 * (Math.imul(index, 1031) & (WORDS - 1));
}

const rows: readonly Row[] = [
  { name: 'loads', run: (machine, index) => machine.access.load32(CACHED + wordAt(index)) },
  {
    name: 'stores',
    run: (machine, index) => (machine.access.store32(CACHED + wordAt(index), index) ? 1 : 0),
  },
  { name: 'loads, one page', run: (machine, index) => machine.access.load32(CACHED + 4 * (index & 1023)) },
  {
    name: 'stores, one page',
    run: (machine, index) => (machine.access.store32(CACHED + 4 * (index & 1023), index) ? 1 : 0),
  },
  {
    name: 'loads, uncached',
    run: (machine, index) => machine.access.load32(UNCACHED + wordAt(index)),
  },
  {
    name: 'stores, uncached',
    run: (machine, index) => {
      if ((index & 63) === 0) wait(machine);
      return machine.access.store32(UNCACHED + 4 * (index & (WORDS - 1)), index) ? 1 : 0;
    },
  },
];

/** One round, in ns per access. A sum that is not a number means that nothing was accessed. */
function round(row: Row, machine: Machine): number {
  let sum = 0;
  const start = process.hrtime.bigint();
  for (let index = 0; index < ACCESSES; index++) sum += row.run(machine, index);
  const ns = Number(process.hrtime.bigint() - start) / ACCESSES;
  if (!(sum >= 0)) throw new Error(`${row.name}: an access failed`);
  return ns;
}

function report(name: string, of: MachineFacts): void {
  const plain = machineOf(of);
  const watched = machineOf(of);
  watched.observer = new Sanitizer(watched, { clean: true });
  const live = machineOf(of);
  live.attachCaches({ seed: 1, speculation: 0.01 });
  process.stdout.write(
    `${name}\n${' '.repeat(20)}${'no rules'.padStart(22)}${'rules'.padStart(30)}${'live'.padStart(30)}\n`,
  );
  for (const row of rows) {
    const best = [plain, watched, live].map(() => Number.POSITIVE_INFINITY);
    for (let i = 0; i < ROUNDS; i++) {
      for (const [at, machine] of [plain, watched, live].entries()) {
        best[at] = Math.min(best[at]!, round(row, machine));
      }
    }
    const cells = best.map((ns, at) => {
      const speed = `${ns.toFixed(1)} ns ${(1000 / ns).toFixed(1)} M/s`;
      return at === 0 ? speed.padStart(22) : `${speed} ${(ns / best[0]!).toFixed(2)} ×`.padStart(30);
    });
    process.stdout.write(`${row.name.padEnd(20)}${cells.join('')}\n`);
  }
}

report('Cortex-A9 with PL310', facts('Cortex-A9', pl310));
report('ARM926EJ-S (VIVT)', facts('ARM926EJ-S', null));
