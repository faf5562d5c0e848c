// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kinds of caches that 32-bit ARM Linux runs on, as far as cache maintenance can tell them apart, and a
 * small board for each. A kind is a core, how many of them, an outer cache, and whether devices snoop; the kernel
 * is a preset. Which kind behaves as which comes from the board's facts, nothing is repeated here.
 * Next: `boot.ts`, which boots a design on a kind.
 */
import type { HardwareFacts } from '../../board/hardware.js';
import type { CoherencyPort } from '../../hw/dma/master.js';
import type { KconfigValue } from '../../linux/config.js';

export interface CacheKind {
  /** For commands and file names. */
  readonly id: string;
  /** For tables. */
  readonly title: string;
  /** 'compatible' of the CPU nodes, and of the root where the chip decides. */
  readonly core: string;
  readonly root?: string;
  readonly cores: number;
  /** Properties of every CPU node. */
  readonly cpuProperties?: string;
  /** Properties of the outer cache's node; absent: none. */
  readonly outerCache?: string;
  readonly hardware?: HardwareFacts;
  readonly preset: string;
  readonly symbols?: Readonly<Record<string, KconfigValue | undefined>>;
  /** Where the device's accesses enter, and whether the kernel is told ('dma-coherent'). */
  readonly port: CoherencyPort;
  readonly coherent: boolean;
}

const KIND = 'a board of this kind, not one in particular';

function pl310(bit22: boolean): Pick<CacheKind, 'outerCache' | 'hardware'> {
  return {
    outerCache: `compatible = "arm,pl310-cache"; ${bit22 ? 'arm,shared-override;' : ''}`,
    hardware: { outerCacheAuxiliaryControl: { value: bit22 ? 2 ** 22 : 0, source: KIND } },
  };
}

/** Without LPAE, only Xen selects SWIOTLB, which restricted pools need (arch/arm/Kconfig, v6.12). */
const WITH_POOLS = { XEN: true, SWIOTLB: true, DMA_RESTRICTED_POOL: true } as const;
const NOT_COHERENT = { port: 'none', coherent: false } as const;

export const cacheKinds: readonly CacheKind[] = [
  {
    id: 'vivt',
    title: 'VIVT write-back (ARM926)',
    core: 'arm,arm926ej-s',
    cores: 1,
    preset: 'multi_v5',
    symbols: { CPU_DCACHE_WRITETHROUGH: undefined },
    ...NOT_COHERENT,
  },
  {
    id: 'vivt-wt',
    title: 'VIVT write-through (ARM926)',
    core: 'arm,arm926ej-s',
    cores: 1,
    preset: 'multi_v5',
    ...NOT_COHERENT,
  },
  {
    id: 'vivt-l2',
    title: 'VIVT + Feroceon L2 (Kirkwood)',
    core: 'marvell,feroceon',
    cores: 1,
    outerCache: 'compatible = "marvell,kirkwood-cache";',
    preset: 'multi_v5',
    symbols: { CPU_DCACHE_WRITETHROUGH: undefined },
    ...NOT_COHERENT,
  },
  {
    id: 'vipt-aliasing',
    title: 'VIPT aliasing (ARM1136, 32 KiB)',
    core: 'arm,arm1136jf-s',
    cpuProperties: 'd-cache-size = <0x8000>;',
    cores: 1,
    preset: 'rpi-v6',
    ...NOT_COHERENT,
  },
  {
    id: 'vipt',
    title: 'VIPT (ARM1176, 16 KiB)',
    core: 'arm,arm1176jzf-s',
    cores: 1,
    preset: 'rpi-v6',
    ...NOT_COHERENT,
  },
  {
    id: 'arm11-l210',
    title: 'ARM1136 + L210',
    core: 'arm,arm1136jf-s',
    cores: 1,
    outerCache: 'compatible = "arm,l210-cache";',
    preset: 'rpi-v6',
    ...NOT_COHERENT,
  },
  {
    id: 'a8',
    title: 'Cortex-A8 (integrated L2)',
    core: 'arm,cortex-a8',
    cores: 1,
    preset: 'multi_v7',
    symbols: WITH_POOLS,
    ...NOT_COHERENT,
  },
  {
    id: 'a9',
    title: '2 × A9, no outer cache',
    core: 'arm,cortex-a9',
    cores: 2,
    preset: 'multi_v7',
    symbols: WITH_POOLS,
    ...NOT_COHERENT,
  },
  {
    id: 'a9-override',
    title: '2 × A9 + PL310, bit 22 set',
    core: 'arm,cortex-a9',
    cores: 2,
    ...pl310(true),
    preset: 'multi_v7',
    symbols: WITH_POOLS,
    ...NOT_COHERENT,
  },
  {
    id: 'a9-lookup',
    title: '2 × A9 + PL310, bit 22 clear',
    core: 'arm,cortex-a9',
    cores: 2,
    ...pl310(false),
    preset: 'multi_v7',
    symbols: WITH_POOLS,
    ...NOT_COHERENT,
  },
  {
    id: 'a9-single',
    title: '1 × A9 + PL310, bit 22 clear (S = 0)',
    core: 'arm,cortex-a9',
    cores: 1,
    ...pl310(false),
    preset: 'multi_v7',
    symbols: WITH_POOLS,
    ...NOT_COHERENT,
  },
  {
    id: 'a7',
    title: '2 × A7 (integrated L2), short descriptors',
    core: 'arm,cortex-a7',
    cores: 2,
    preset: 'multi_v7',
    symbols: WITH_POOLS,
    ...NOT_COHERENT,
  },
  {
    id: 'a15-lpae',
    title: '2 × A15 (integrated L2), long descriptors',
    core: 'arm,cortex-a15',
    cores: 2,
    preset: 'multi_v7-lpae-restricted',
    ...NOT_COHERENT,
  },
  {
    id: 'pj4b-aurora',
    title: 'PJ4B + Aurora write-through (Armada 370)',
    core: 'marvell,sheeva-v7',
    root: 'marvell,armada370',
    cores: 1,
    outerCache: 'compatible = "marvell,aurora-outer-cache"; wt-override;',
    preset: 'multi_v7',
    symbols: WITH_POOLS,
    ...NOT_COHERENT,
  },
  {
    id: 'pj4b-aurora-wb',
    title: 'PJ4B + Aurora write-back',
    core: 'marvell,sheeva-v7',
    root: 'marvell,armada370',
    cores: 1,
    outerCache: 'compatible = "marvell,aurora-outer-cache";',
    preset: 'multi_v7',
    symbols: WITH_POOLS,
    ...NOT_COHERENT,
  },
  {
    id: 'a9-acp',
    title: '2 × A9 + PL310, coherent device (ACP)',
    core: 'arm,cortex-a9',
    cores: 2,
    ...pl310(true),
    preset: 'multi_v7',
    symbols: WITH_POOLS,
    port: 'acp',
    coherent: true,
  },
  {
    id: 'a15-ace',
    title: '2 × A15, coherent device (ACE-Lite)',
    core: 'arm,cortex-a15',
    cores: 2,
    preset: 'multi_v7-lpae-restricted',
    port: 'ace-lite',
    coherent: true,
  },
  {
    id: 'a9-acp-untold',
    title: '2 × A9 + PL310, device snoops (ACP), kernel not told',
    core: 'arm,cortex-a9',
    cores: 2,
    ...pl310(true),
    preset: 'multi_v7',
    symbols: WITH_POOLS,
    port: 'acp',
    coherent: false,
  },
];

/** Where the default contiguous area lies. */
export type Contiguous = 'lowmem' | 'highmem' | 'none';

const RAM_START = 0x4000_0000;
const POOL = '0x48000000 0x1000000';

/** More memory than lowmem holds: 768 MiB at most with a 3 GiB split, 1.75 GiB with a 2 GiB split (LPAE). */
function ramBytes({ preset }: CacheKind): number {
  if (preset.includes('lpae')) return 0xc000_0000;
  return preset.startsWith('multi_v7') ? 0x4000_0000 : 0x1000_0000;
}

function hasHighmem({ preset }: CacheKind): boolean {
  return preset.startsWith('multi_v7');
}

/** Can the kind's kernel have restricted pools? */
export function hasRestrictedPools(kind: CacheKind): boolean {
  return kind.preset.endsWith('restricted') || kind.symbols?.['DMA_RESTRICTED_POOL'] === true;
}

/** Why there is no such board; null: there is. */
export function unsuitable(kind: CacheKind, contiguous: Contiguous): string | null {
  return contiguous === 'highmem' && !hasHighmem(kind) ? 'no highmem' : null;
}

/** `cma=` of the kind's kernel. */
export function commandLine(kind: CacheKind, contiguous: Contiguous): string {
  const cma = {
    lowmem: hasHighmem(kind) ? 'cma=16M@0-0x60000000' : 'cma=16M',
    highmem: `cma=16M@0x${(RAM_START + ramBytes(kind) - 0x800_0000).toString(16)}`,
    none: 'cma=0',
  };
  return cma[contiguous];
}

/** The device tree of a kind. Devices `/plain` and `/pooled`; the second has a restricted pool. */
export function treeSource(kind: CacheKind): string {
  const cpu = (n: number): string =>
    `cpu@${n} { device_type = "cpu"; compatible = "${kind.core}"; reg = <${n}>; ${kind.cpuProperties ?? ''} };`;
  const cpus = Array.from({ length: kind.cores }, (_, n) => cpu(n)).join(' ');
  const bytes = ramBytes(kind);
  const root = kind.root === undefined ? '"armory,explorer"' : `"armory,explorer", "${kind.root}"`;
  const pool = hasRestrictedPools(kind)
    ? `pool: pool@48000000 { compatible = "restricted-dma-pool"; reg = <${POOL}>; };`
    : '';
  const coherent = kind.coherent ? 'dma-coherent;' : '';
  return `/dts-v1/;
    / {
      #address-cells = <1>; #size-cells = <1>; compatible = ${root}; model = "${kind.title}";
      cpus { #address-cells = <1>; #size-cells = <0>; ${cpus} };
      memory@${RAM_START.toString(16)} { device_type = "memory"; reg = <${RAM_START} ${bytes}>; };
      reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges; ${pool} };
      ${kind.outerCache === undefined ? '' : `cache-controller@10000000 { reg = <0x10000000 0x1000>; ${kind.outerCache} };`}
      plain { ${coherent} };
      pooled { ${coherent} ${pool === '' ? '' : 'memory-region = <&pool>;'} };
    };`;
}
