// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kinds of machine that the relation test runs on: each way in which caches differ for software once.
 * A kind is facts about a core, the cores' number, an outer cache, and what the kernel's tables ask for:
 * format, cacheable type and shareability. `inPlaceWindow` and its like are conclusions that the generator of
 * legal programs needs; they are drawn here from the facts, not from the code that is tested.
 */
import { KiB } from '../../src/base/address.js';
import { coreByName, withDataCache } from '../../src/hw/cores.js';
import type { CoherencyPort } from '../../src/hw/dma/master.js';
import type { CoreFacts, MachineFacts, OuterCacheFacts } from '../../src/hw/facts.js';

export type CacheablePolicy = 'WB' | 'WBWA' | 'WT';

export interface Kind {
  readonly name: string;
  readonly facts: MachineFacts;
  readonly format: 'short' | 'long';
  readonly cacheable: CacheablePolicy;
  /** The S bit (or SH) of every Normal mapping. */
  readonly shareable: boolean;
  /** Ports of the masters that the machine has; the first is 'none'. */
  readonly ports: readonly CoherencyPort[];
  /** Two virtual addresses of one page can hold different bytes in the data cache. */
  readonly aliasing: boolean;
  /** Non-cacheable accesses look into the outer cache. */
  readonly looksUp: boolean;
  /** Bytes of the largest line of any level: what shares a line may go down together. */
  readonly lineBytes: number;
  /**
   * Correct programs exist. They do not where cores cannot maintain each other's caches, since a line may move
   * from one to another between the operations of both.
   */
  readonly hasLegal: boolean;
}

interface Choice {
  readonly name: string;
  readonly core: CoreFacts;
  readonly cpus?: number;
  readonly outer?: Partial<OuterCacheFacts>;
  readonly format?: 'short' | 'long';
  readonly cacheable?: CacheablePolicy;
  readonly ports?: readonly CoherencyPort[];
}

function kind(choice: Choice): Kind {
  const { core, cpus = 1, outer, cacheable = 'WBWA' } = choice;
  const outerCache: OuterCacheFacts | null = outer
    ? {
        model: 'PL310',
        compatible: 'test',
        lineBytes: 32,
        needsMaintenance: true,
        writeThrough: false,
        sharedOverride: 'unknown',
        ioCoherent: false,
        syncDisabled: false,
        ...outer,
      }
    : null;
  const shareable = core.architecture >= 6 && cpus > 1;
  return {
    name: choice.name,
    facts: {
      core,
      coreCount: cpus,
      outerCache,
      coherentFabric: false,
      physicalAddressBits: core.longDescriptors ? 40 : 32,
    },
    format: choice.format ?? 'short',
    cacheable,
    shareable,
    ports: ['none', ...(choice.ports ?? [])],
    aliasing: core.cache === 'VIVT' || core.cache === 'VIPT-aliasing',
    looksUp: outerCache?.model === 'PL310' && outerCache.sharedOverride !== true && shareable,
    lineBytes: Math.max(core.lineBytes, outerCache?.lineBytes ?? 0),
    hasLegal: cpus === 1 || core.multiprocessingExtensions,
  };
}

const arm926 = coreByName('ARM926EJ-S');
const arm1136 = coreByName('ARM1136JF-S');
const a9 = coreByName('Cortex-A9');

export const KINDS: readonly Kind[] = [
  kind({ name: 'VIVT write-back', core: arm926, cacheable: 'WB' }),
  kind({ name: 'VIVT write-through', core: arm926, cacheable: 'WT' }),
  kind({
    name: 'VIVT and Feroceon L2',
    core: coreByName('Feroceon'),
    cacheable: 'WB',
    outer: { model: 'Feroceon-L2' },
  }),
  kind({ name: 'aliasing VIPT', core: withDataCache(arm1136, 32 * KiB), cacheable: 'WB' }),
  kind({ name: 'VIPT', core: withDataCache(arm1136, 16 * KiB), cacheable: 'WB' }),
  kind({ name: 'two ARM11 MPCore', core: coreByName('ARM11 MPCore'), cpus: 2, cacheable: 'WBWA' }),
  kind({ name: 'A9', core: a9 }),
  kind({ name: 'A9 and PL310, S=0', core: a9, outer: { sharedOverride: false } }),
  kind({ name: 'two A9 and PL310, override', core: a9, cpus: 2, outer: { sharedOverride: true } }),
  kind({ name: 'two A9 and PL310, no override', core: a9, cpus: 2, outer: { sharedOverride: false } }),
  kind({ name: 'two A9, ACP and PL310', core: a9, cpus: 2, outer: { sharedOverride: true }, ports: ['acp'] }),
  kind({ name: 'A7, long descriptors', core: coreByName('Cortex-A7'), format: 'long', ports: ['l2'] }),
  kind({
    name: 'two A15, long descriptors',
    core: coreByName('Cortex-A15'),
    cpus: 2,
    format: 'long',
    ports: ['ace-lite', 'l2'],
  }),
  kind({
    name: 'two PJ4B and Aurora',
    core: coreByName('PJ4B-MP'),
    cpus: 2,
    outer: { model: 'Aurora' },
    ports: ['ace-lite'],
  }),
  kind({
    name: 'PJ4B and write-through Aurora',
    core: coreByName('PJ4B'),
    outer: { model: 'Aurora', writeThrough: true },
  }),
  kind({
    name: 'two A9 and UniPhier',
    core: a9,
    cpus: 2,
    outer: { model: 'UniPhier', lineBytes: 128 },
  }),
];
