// SPDX-License-Identifier: GPL-2.0-only
/**
 * How large the caches of a core and the outer caches are and how they are divided, by core and by model.
 * Each row names the manual; the document numbers of Arm's cores are in `../cores.ts` too.
 * Model, for all rows: where the size is the chip maker's choice, the one that most chips have; a board's tree
 * may say better. LRU counts as round-robin, and where a bit selects between round-robin and pseudo-random,
 * the reset value counts. All data caches and second levels write back, but for those marked.
 * Left out: caches of level 0, mini-caches, read-ahead caches, lockdown.
 */
import { KiB } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';
import type { CoreFacts, MachineFacts, OuterCacheFacts, OuterCacheModel } from '../facts.js';
import type { Replacement } from './replacement.js';

/** One cache. `sets` and `lineBytes` are powers of two; `ways` need not be. */
export interface CacheShape {
  readonly sets: number;
  readonly ways: number;
  readonly lineBytes: number;
  readonly replacement: Replacement;
  /** It never holds data that the level below lacks. */
  readonly writeThrough: boolean;
}

/** The caches of a machine; null: there is none. */
export interface Geometry {
  /** Per core. */
  readonly data: CacheShape | null;
  /** Per core; null beside a data cache: that one is unified. */
  readonly instruction: CacheShape | null;
  /** Shared by the cores, reached by their maintenance: an integrated L2, or an outer cache that follows. */
  readonly l2: CacheShape | null;
  /** Maintained by physical address. */
  readonly outer: CacheShape | null;
}

interface Part {
  readonly kib: number;
  readonly ways: number;
  /** Absent: that of the core's data cache. */
  readonly lineBytes?: number;
}

interface CoreCachesRow {
  readonly data: Part;
  readonly instruction: Part | null;
  readonly l2: Part | null;
  readonly replacement: Replacement;
  readonly writeThrough: boolean;
  readonly sources: string;
}

function part(kib: number, ways: number, lineBytes?: number): Part {
  return lineBytes === undefined ? { kib, ways } : { kib, ways, lineBytes };
}

function row(
  replacement: Replacement,
  data: Part,
  instruction: Part | null,
  l2: Part | null,
  sources: string,
  writeThrough = false,
): CoreCachesRow {
  return { data, instruction, l2, replacement, writeThrough, sources };
}

const ROUND = 'round-robin';
const RANDOM = 'pseudo-random';

/** By CoreFacts.name: data, instruction, integrated L2. */
// biome-ignore format: a table, one core a line
const BY_CORE: Readonly<Record<string, CoreCachesRow>> = {
  'ARM720T': row(RANDOM, part(8, 4), null, null, 'DDI 0192, ch. 4: 8 KB unified, write-through', true),
  'ARM920T': row(RANDOM, part(16, 64), part(16, 64), null, 'DDI 0151, ch. 4; proc-arm920.S'),
  'ARM922T': row(RANDOM, part(8, 64), part(8, 64), null, 'DDI 0184, ch. 4; proc-arm922.S'),
  'ARM925T': row(RANDOM, part(8, 2), part(16, 2), null, 'proc-arm925.S: 2 segments of 256 lines; Model: 16 KB of instructions'),
  'FA526': row(RANDOM, part(16, 2), part(16, 2), null, 'cache-fa.S: 16 KB; Model: 2 ways'),
  'SA-110': row(ROUND, part(16, 32), part(16, 32), null, 'Intel SA-110 technical reference manual; cache-v4wb.S'),
  'SA-1100': row(ROUND, part(8, 32), part(16, 32), null, 'Intel SA-1100 manual, 1.4.4 and 1.4.5; cache-v4wb.S'),
  'ARM926EJ-S': row(RANDOM, part(16, 4), part(16, 4), null, 'DDI 0198, ch. 4: 4 to 128 KB in 4 ways; Model: 16 KB'),
  'ARM1020E': row(RANDOM, part(32, 64), part(32, 64), null, 'DDI 0177; proc-arm1020e.S: 16 segments of 64 lines'),
  'ARM1022E': row(RANDOM, part(16, 64), part(16, 64), null, 'DDI 0237; Model: 64 ways as the ARM1020E'),
  'ARM1026EJ-S': row(RANDOM, part(16, 4), part(16, 4), null, 'DDI 0244: size is a build option; Model: 16 KB'),
  'Feroceon': row(RANDOM, part(16, 4), part(16, 4), null, 'proc-feroceon.S: 4 ways; Model: 16 KB, as the 88F6281'),
  'Mohawk': row(RANDOM, part(32, 4), part(32, 4), null, 'Model: 32 KB in 4 ways'),
  'XScale': row(ROUND, part(32, 32), part(32, 32), null, 'Intel 273473, ch. 4 and 6; proc-xscale.S'),
  'XScale3': row(ROUND, part(32, 4), part(32, 4), null, 'proc-xsc3.S: 32 KB; Model: 4 ways'),
  'ARM1136JF-S': row(RANDOM, part(16, 4), part(16, 4), null, 'DDI 0211, ch. 7: 4 to 64 KB in 4 ways; Model: 16 KB'),
  'ARM1176JZF-S': row(RANDOM, part(16, 4), part(16, 4), null, 'DDI 0301H, ch. 7: 4 to 64 KB in 4 ways; Model: 16 KB'),
  'ARM11 MPCore': row(RANDOM, part(32, 4), part(32, 4), null, 'DDI 0360, ch. 7: 16 to 64 KB in 4 ways; Model: 32 KB'),
  'Cortex-A5': row(RANDOM, part(32, 4), part(32, 2), null, 'DDI 0433, ch. 7: 4 to 64 KB; Model: 32 KB'),
  'Cortex-A7': row(RANDOM, part(32, 4), part(32, 2, 32), part(512, 8), 'DDI 0464, ch. 6 and 7: 8 to 64 KB, L2 up to 1 MB; Model: 32 and 512 KB'),
  'Cortex-A8': row(RANDOM, part(32, 4), part(32, 4), part(256, 8), 'DDI 0344, ch. 7 and 8: 16 or 32 KB, L2 up to 1 MB; Model: 32 and 256 KB'),
  'Cortex-A9': row(RANDOM, part(32, 4), part(32, 4), null, 'DDI 0388, ch. 7: 16 to 64 KB; Model: 32 KB'),
  'Cortex-A12': row(RANDOM, part(32, 4), part(32, 4), part(1024, 16), 'DDI 0479, ch. 6 and 7; Model: 32 KB and 1 MB, as the Cortex-A17'),
  'Cortex-A15': row(ROUND, part(32, 2), part(32, 2), part(1024, 16), 'DDI 0438, ch. 6 and 7: L2 512 KB to 4 MB; Model: 1 MB'),
  'Cortex-A17': row(RANDOM, part(32, 4), part(32, 4), part(1024, 16), 'DDI 0535, ch. 6 and 7: L2 256 KB to 8 MB; Model: 1 MB'),
  'Cortex-A53': row(RANDOM, part(32, 4), part(32, 2), part(512, 16), 'DDI 0500, ch. 6 and 7: 8 to 64 KB, L2 128 KB to 2 MB; Model: 32 and 512 KB'),
  'Cortex-A57': row(ROUND, part(32, 2), part(48, 3), part(1024, 16), 'DDI 0488, ch. 6 and 7: L2 512 KB to 2 MB; Model: 1 MB'),
  'Cortex-A72': row(ROUND, part(32, 2), part(48, 3), part(1024, 16), 'Arm 100095, ch. 6 and 7: L2 512 KB to 4 MB; Model: 1 MB'),
  'PJ4': row(RANDOM, part(32, 4), part(32, 4), null, 'Model: 32 KB in 4 ways'),
  'PJ4B': row(RANDOM, part(32, 8), part(32, 4), null, 'Model: 32 KB, data in 8 ways, instructions in 4'),
  'PJ4B-MP': row(RANDOM, part(32, 8), part(32, 4), null, 'Model: as PJ4B'),
  'Brahma-B15': row(ROUND, part(32, 2), part(32, 2), part(1024, 16), 'Model: as Cortex-A15'),
  'Brahma-B53': row(RANDOM, part(32, 4), part(32, 2), part(512, 16), 'Model: as Cortex-A53'),
  'Krait': row(RANDOM, part(16, 4), part(16, 4), part(1024, 8), 'Model: 16 KB in 4 ways, 1 MB in 8 ways; its lines of 128 bytes count as two, since maintenance goes by 64'),
  'Kryo': row(ROUND, part(32, 2), part(48, 3), part(1024, 16), 'Model: as Cortex-A72'),
  'Scorpion': row(RANDOM, part(32, 4), part(32, 4), part(256, 8), 'Model: 32 KB in 4 ways, 256 KB in 8 ways with the lines of the first level'),
  'Cortex-M7': row(RANDOM, part(16, 4), part(16, 2), null, 'DDI 0489, ch. 5: 4 to 64 KB; Model: 16 KB'),
};

interface OuterRow {
  readonly kib: number;
  readonly ways: number;
  readonly replacement: Replacement;
  readonly sources: string;
}

// biome-ignore format: a table, one cache a line
const BY_MODEL: Readonly<Record<OuterCacheModel, OuterRow>> = {
  'L210': { kib: 128, ways: 8, replacement: RANDOM, sources: 'DDI 0284: up to 8 ways; Model: 128 KB' },
  'L220': { kib: 128, ways: 8, replacement: RANDOM, sources: 'DDI 0329: up to 8 ways; Model: 128 KB' },
  'PL310': { kib: 512, ways: 8, replacement: ROUND, sources: 'DDI 0246, 3.3.4: 8 or 16 ways of 16 to 512 KB, round-robin at reset; Model: 512 KB in 8' },
  'Aurora': { kib: 1024, ways: 32, replacement: RANDOM, sources: 'cache-l2x0.c, __l2c_init(): 4 to 32 ways; Model: 1 MB in 32' },
  'Tauros2': { kib: 512, ways: 8, replacement: RANDOM, sources: 'Model: 512 KB in 8 ways, as on the Dove' },
  'Tauros3': { kib: 512, ways: 8, replacement: RANDOM, sources: 'cache-l2x0.c takes 8 ways where it knows no better; Model: 512 KB' },
  'Feroceon-L2': { kib: 256, ways: 4, replacement: RANDOM, sources: 'Model: 256 KB in 4 ways, as on the 88F6281' },
  'XSC3-L2': { kib: 512, ways: 8, replacement: RANDOM, sources: 'cache-xsc3l2.c: 8 ways; Model: 512 KB' },
  'UniPhier': { kib: 512, ways: 16, replacement: RANDOM, sources: 'Model: as the LD4 (512 KB, 256 sets, lines of 128 bytes)' },
};

/** PL310 auxiliary control (DDI 0246, 3.3.4): bit 16, 16 ways; bits 17 to 19, way size of 8 KiB << n. */
const PL310_WAYS_16: number = 1 << 16;

/** The caches of a machine: what its facts state, the tables for the rest. */
export function geometryOf(facts: MachineFacts): Geometry {
  const { core, outerCache } = facts;
  const outer = outerCache === null ? null : outerShape(outerCache);
  const follows = outerCache !== null && !outerCache.needsMaintenance;
  const row = core.cache === 'none' ? undefined : BY_CORE[core.name];
  const l2 = row === undefined || row.l2 === null || !core.integratedL2 ? null : row.l2;
  const base = row === undefined ? null : { replacement: row.replacement, lineBytes: core.lineBytes };
  return {
    data: base === null ? null : { ...dataShape(facts, row!), ...base, writeThrough: row!.writeThrough },
    instruction:
      base === null || row!.instruction === null
        ? null
        : partShape(row!.instruction, base, facts.instructionCacheBytes),
    // Model: a core with an L2 of its own has no follower behind it.
    l2: base !== null && l2 !== null ? partShape(l2, base, facts.l2Bytes) : follows ? outer : null,
    outer: follows ? null : outer,
  };
}

/** Each core of the table, and what its row rests on. */
export function geometrySources(): { name: string; sources: string }[] {
  return [...Object.entries(BY_CORE), ...Object.entries(BY_MODEL)].map(([name, { sources }]) => ({
    name,
    sources,
  }));
}

/**
 * Sets and ways of a cache of `bytes`: in `ways` if that makes a power of two of sets, else in the next
 * larger number of ways that does. Null: no number up to 64 does.
 */
export function divide(
  bytes: number,
  lineBytes: number,
  ways: number,
): { readonly sets: number; readonly ways: number } | null {
  for (let n = ways; n <= 64; n++) {
    const sets = bytes / (n * lineBytes);
    if (sets >= 1 && Number.isInteger(Math.log2(sets))) return { sets, ways: n };
  }
  return null;
}

function dataShape(facts: MachineFacts, row: CoreCachesRow): { sets: number; ways: number } {
  const { core } = facts;
  const stated = facts.dataCacheBytes ?? row.data.kib * KiB;
  const bytes = isTooSmallToAlias(core, stated) ? 2 * core.aliasFreeBytes! : stated;
  const ways = facts.dataCacheWays ?? row.data.ways;
  return divide(bytes, core.lineBytes, ways) ?? required(row.data.kib * KiB, core.lineBytes, row.data.ways);
}

/** A core that is known to show aliases, of a size that could not. */
function isTooSmallToAlias(core: CoreFacts, bytes: number): boolean {
  return core.cache === 'VIPT-aliasing' && core.aliasFreeBytes !== undefined && bytes <= core.aliasFreeBytes;
}

function partShape(
  { kib, ways, lineBytes }: Part,
  base: { replacement: Replacement; lineBytes: number },
  bytes: number | undefined,
): CacheShape {
  const line = lineBytes ?? base.lineBytes;
  const stated = bytes === undefined ? null : divide(bytes, line, ways);
  const { replacement } = base;
  return {
    ...(stated ?? required(kib * KiB, line, ways)),
    lineBytes: line,
    replacement,
    writeThrough: false,
  };
}

function outerShape(facts: OuterCacheFacts): CacheShape {
  const { kib, ways, replacement } = BY_MODEL[facts.model];
  const { lineBytes, writeThrough } = facts;
  const control = facts.model === 'PL310' ? pl310Size(facts.auxiliaryControl) : null;
  const bytes = facts.sizeBytes ?? control?.bytes;
  const stated = bytes === undefined ? null : divide(bytes, lineBytes, facts.ways ?? control?.ways ?? ways);
  return { ...(stated ?? required(kib * KiB, lineBytes, ways)), lineBytes, replacement, writeThrough };
}

function pl310Size(control: number | undefined): { bytes: number; ways: number } | null {
  if (control === undefined) return null;
  const size = Math.floor(control / 2 ** 17) % 8;
  if (size === 0 || size === 7) return null;
  const ways = (control & PL310_WAYS_16) !== 0 ? 16 : 8;
  return { bytes: ways * ((8 * KiB) << size), ways };
}

/** The division that a row of the tables states. */
function required(bytes: number, lineBytes: number, ways: number): { sets: number; ways: number } {
  const shape = divide(bytes, lineBytes, ways);
  invariant(shape !== null, () => `${bytes} bytes in ${ways} ways with lines of ${lineBytes}`);
  return shape;
}
