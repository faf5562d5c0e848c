// SPDX-License-Identifier: GPL-2.0-only
/**
 * The 32-bit cores (and 64-bit ones that run AArch32 kernels) that Linux knows by a CPU node's compatible.
 * Columns are explained in `facts.ts`. Each row names its sources: Arm's technical reference manuals by
 * number and chapter, and the kernel file that drives the core, which tells what Linux relies on.
 * Architecture and MIDR: ID scheme of the kernel's proc-*.S (`__*_proc_info`).
 * Model: `speculates` is true for every ARMv6 and ARMv7 core with a data cache: the architecture permits
 * fills of Normal memory at any time (ARM DDI 0406C, chapter A3), and Linux relies on no core to refrain from
 * it (arch/arm/mm/dma-mapping.c, arm_dma_map_page() in v6.12). Below 6 no core is known to do it.
 * Left out: instruction caches, TCMs, errata.
 */
import { KiB } from '../base/address.js';
import { invariant } from '../base/diagnostics.js';
import type { Architecture, CacheIndexing, CoreFacts } from './facts.js';

interface CoreRow {
  readonly compatibles: readonly string[];
  readonly facts: CoreFacts;
  readonly sources: string;
}

/**
 * `mp` Multiprocessing Extensions, `lpae` long descriptors, `l2` integrated second level, `nommu`,
 * `colours` a data cache that shows aliases if one of its ways is larger than a page.
 */
type Feature = 'mp' | 'lpae' | 'l2' | 'nommu' | 'colours';

/**
 * Four ways of 4 KiB: the P bit of the ARM11's Cache Type Register is set above this size (DDI 0301H, 3.2.3;
 * DDI 0211, 6.11.3). It is what Linux looks at (arch/arm/kernel/setup.c, cacheid_init() in v6.12).
 */
const ARM11_ALIAS_FREE_BYTES = 16 * KiB;

function row(
  compatibles: readonly string[],
  name: string,
  architecture: Architecture,
  cache: CacheIndexing,
  lineBytes: number,
  features: readonly Feature[],
  midr: number,
  sources: string,
): CoreRow {
  return {
    compatibles,
    sources,
    facts: {
      name,
      architecture,
      mmu: !features.includes('nommu'),
      cache,
      ...(features.includes('colours') && { aliasFreeBytes: ARM11_ALIAS_FREE_BYTES }),
      lineBytes,
      longDescriptors: features.includes('lpae'),
      multiprocessingExtensions: features.includes('mp'),
      speculates: architecture >= 6 && cache !== 'none',
      integratedL2: features.includes('l2'),
      midr,
    },
  };
}

// biome-ignore format: a table, one core a line
const ROWS: readonly CoreRow[] = [
  row(['arm,arm720t'], 'ARM720T', 4, 'VIVT', 16, [], 0x41807200, 'DDI 0192, proc-arm720.S; Model: the line length is that of the cache-v4 family'),
  row(['arm,arm920t'], 'ARM920T', 4, 'VIVT', 32, [], 0x41129200, 'DDI 0151 ch. 4, proc-arm920.S'),
  row(['arm,arm922t'], 'ARM922T', 4, 'VIVT', 32, [], 0x41029220, 'DDI 0184 ch. 4, proc-arm922.S'),
  row(['arm,arm925'], 'ARM925T', 4, 'VIVT', 16, [], 0x54029252, 'proc-arm925.S'),
  row(['faraday,fa526'], 'FA526', 4, 'VIVT', 16, [], 0x66015261, 'proc-fa526.S, cache-fa.S'),
  row(['intel,sa110'], 'SA-110', 4, 'VIVT', 32, [], 0x4401a104, 'proc-sa110.S'),
  row(['intel,sa1100'], 'SA-1100', 4, 'VIVT', 32, [], 0x4401a11b, 'proc-sa1100.S'),
  row(['arm,arm926ej-s'], 'ARM926EJ-S', 5, 'VIVT', 32, [], 0x41069265, 'DDI 0198 ch. 4, proc-arm926.S'),
  row(['arm,arm1020e', 'arm,arm1020t'], 'ARM1020E', 5, 'VIVT', 32, [], 0x4105a200, 'DDI 0177, proc-arm1020e.S'),
  row(['arm,arm1022e'], 'ARM1022E', 5, 'VIVT', 32, [], 0x4105a220, 'DDI 0237, proc-arm1022.S'),
  row(['arm,arm1026ej-s'], 'ARM1026EJ-S', 5, 'VIVT', 32, [], 0x4106a260, 'DDI 0244, proc-arm1026.S'),
  row(['marvell,feroceon', 'marvell,sheeva-v5'], 'Feroceon', 5, 'VIVT', 32, [], 0x56251311, 'proc-feroceon.S (88FR131)'),
  row(['marvell,mohawk'], 'Mohawk', 5, 'VIVT', 32, [], 0x56158400, 'proc-mohawk.S (PJ1, 88SV331x)'),
  row(['marvell,xscale'], 'XScale', 5, 'VIVT', 32, [], 0x69054110, 'Intel 273473 (XScale core), proc-xscale.S'),
  row([], 'XScale3', 5, 'VIVT', 32, [], 0x69056880, 'proc-xsc3.S, cache-xsc3l2.c'),
  row(['arm,arm1136j-s', 'arm,arm1136jf-s'], 'ARM1136JF-S', 6, 'VIPT', 32, ['colours'], 0x4107b364, 'DDI 0211 ch. 6 and 7, proc-v6.S; Model: 16 KiB of data cache unless something tells the size; CZ, which hides the rest of a larger one, is clear'),
  row(['arm,arm1176jzf-s', 'arm,arm1176jz-s', 'arm,arm1176jzf'], 'ARM1176JZF-S', 6, 'VIPT', 32, ['colours'], 0x410fb767, 'DDI 0301H, 3.2.3 and ch. 7, proc-v6.S; Model: 16 KiB of data cache unless something tells the size; CZ, which hides the rest of a larger one, is clear'),
  row(['arm,arm11mpcore'], 'ARM11 MPCore', 6, 'VIPT', 32, [], 0x410fb020, 'DDI 0360, proc-v6.S; maintenance and TLB operations are not broadcast; Model: the data cache shows no aliases'),
  row(['arm,cortex-a5'], 'Cortex-A5', 7, 'PIPT', 32, ['mp'], 0x410fc051, 'DDI 0433 ch. 7, proc-v7.S'),
  row(['arm,cortex-a7'], 'Cortex-A7', 7, 'PIPT', 64, ['mp', 'lpae', 'l2'], 0x410fc075, 'DDI 0464 ch. 6 and 7, proc-v7.S; Model: the optional L2 is present'),
  row(['arm,cortex-a8'], 'Cortex-A8', 7, 'VIPT', 64, ['l2'], 0x413fc082, 'DDI 0344 ch. 7 and 8, proc-v7.S; aliases of the data cache are resolved by hardware'),
  row(['arm,cortex-a9'], 'Cortex-A9', 7, 'PIPT', 32, ['mp'], 0x413fc090, 'DDI 0388 ch. 7, DDI 0407, proc-v7.S'),
  row(['arm,cortex-a12'], 'Cortex-A12', 7, 'PIPT', 64, ['mp', 'lpae', 'l2'], 0x410fc0d1, 'DDI 0479 ch. 6 and 7, proc-v7.S'),
  row(['arm,cortex-a15'], 'Cortex-A15', 7, 'PIPT', 64, ['mp', 'lpae', 'l2'], 0x413fc0f2, 'DDI 0438 ch. 6 and 7, proc-v7.S'),
  row(['arm,cortex-a17'], 'Cortex-A17', 7, 'PIPT', 64, ['mp', 'lpae', 'l2'], 0x410fc0e1, 'DDI 0535 ch. 6 and 7, proc-v7.S'),
  row(['arm,cortex-a53'], 'Cortex-A53', 7, 'PIPT', 64, ['mp', 'lpae', 'l2'], 0x410fd034, 'DDI 0500 ch. 6 and 7, in AArch32'),
  row(['arm,cortex-a57'], 'Cortex-A57', 7, 'PIPT', 64, ['mp', 'lpae', 'l2'], 0x411fd071, 'DDI 0488 ch. 6 and 7, in AArch32'),
  row(['arm,cortex-a72'], 'Cortex-A72', 7, 'PIPT', 64, ['mp', 'lpae', 'l2'], 0x410fd083, 'Arm 100095 ch. 6 and 7, in AArch32'),
  row(['marvell,pj4a'], 'PJ4', 7, 'VIPT', 32, [], 0x560f5815, 'proc-v7.S, cache-tauros2.c'),
  row([], 'PJ4B', 7, 'PIPT', 32, [], 0x561f5811, 'proc-v7.S, __v7_pj4b_proc_info; Armada 370: is_smp() is false (mach-mvebu/coherency.c, coherency_type()), and bit 6 of TTBR0, which the Multiprocessing Extensions added (DDI 0406C, B4.1), reads as 0 in its oopses'),
  row(['marvell,pj4b', 'marvell,sheeva-v7'], 'PJ4B-MP', 7, 'PIPT', 32, ['mp', 'lpae'], 0x562f5842, 'proc-v7.S, __v7_pj4b_proc_info (part of LPAE kernels)'),
  row(['brcm,brahma-b15'], 'Brahma-B15', 7, 'PIPT', 64, ['mp', 'lpae', 'l2'], 0x420f00f3, 'proc-v7.S, cache-b15-rac.c; Model: otherwise as Cortex-A15, including the line length'),
  row(['brcm,brahma-b53'], 'Brahma-B53', 7, 'PIPT', 64, ['mp', 'lpae', 'l2'], 0x420f1000, 'cache-b15-rac.c; Model: otherwise as Cortex-A53'),
  row(['qcom,krait'], 'Krait', 7, 'PIPT', 64, ['mp', 'l2'], 0x511f04d4, 'proc-v7.S, __krait_proc_info; Model: no LPAE, 64-byte lines'),
  row(['qcom,kryo'], 'Kryo', 7, 'PIPT', 64, ['mp', 'lpae', 'l2'], 0x511f2112, 'Model: as Cortex-A72'),
  row(['qcom,scorpion'], 'Scorpion', 7, 'VIPT', 32, ['mp', 'l2'], 0x510f02d2, 'proc-v7.S, __v7_proc_info; Model: 32-byte lines, Multiprocessing Extensions'),
  row(['arm,cortex-m3'], 'Cortex-M3', 7, 'none', 4, ['nommu'], 0x412fc231, 'DDI 0337'),
  row(['arm,cortex-m4'], 'Cortex-M4', 7, 'none', 4, ['nommu'], 0x410fc241, 'DDI 0439'),
  row(['arm,cortex-m7'], 'Cortex-M7', 7, 'PIPT', 32, ['nommu'], 0x411fc272, 'DDI 0489 ch. 5, cache-v7m.S'),
];

const BY_COMPATIBLE: ReadonlyMap<string, CoreFacts> = new Map(
  ROWS.flatMap(({ compatibles, facts }) => compatibles.map(name => [name, facts] as const)),
);

/** The core that a CPU node describes: the first compatible that is known. */
export function findCore(compatibles: readonly string[]): CoreFacts | undefined {
  for (const name of compatibles) {
    const facts = BY_COMPATIBLE.get(name.toLowerCase());
    if (facts !== undefined) return facts;
  }
  return undefined;
}

/** The core with a data cache of `bytes`, which on an ARM11 decides whether it shows aliases. */
export function withDataCache(core: CoreFacts, bytes: number): CoreFacts {
  if (core.aliasFreeBytes === undefined) return core;
  return { ...core, cache: bytes > core.aliasFreeBytes ? 'VIPT-aliasing' : 'VIPT' };
}

/** The core of that name (`Cortex-A9`), which must be one of the table. */
export function coreByName(name: string): CoreFacts {
  const found = ROWS.find(({ facts }) => facts.name === name);
  invariant(found !== undefined, () => `no core ${name}`);
  return found.facts;
}

/** Every compatible of the table with its core and what the row rests on. */
export function knownCores(): { compatible: string; facts: CoreFacts; sources: string }[] {
  return ROWS.flatMap(({ compatibles, facts, sources }) =>
    compatibles.map(compatible => ({ compatible, facts, sources })),
  );
}
