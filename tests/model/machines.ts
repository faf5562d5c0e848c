// SPDX-License-Identifier: GPL-2.0-only
/**
 * The machines that the model-based test runs on: each way in which caches and memory differ for the DMA API once,
 * with a device for each way in which the kernel can provide memory. Kernels are those of the presets, with small
 * areas and pools, so that they run out.
 */
import { MiB } from '../../src/base/address.js';
import { Board } from '../../src/board/board.js';
import type { Design } from '../../src/designs/design.js';
import { parseDts } from '../../src/devicetree/load.js';
import type { LiveOptions } from '../../src/hw/cache/live-caches.js';
import { bootWatched, type Watched } from '../../src/lab/boot.js';
import { prepareBoard } from '../../src/lab/job.js';
import type { KconfigValue, KernelVersion } from '../../src/linux/config.js';

export interface Kind {
  readonly name: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly preset: string;
  readonly symbols?: Readonly<Record<string, KconfigValue | undefined>>;
  readonly cmdline?: string;
  /** Properties of the node of a PL310; undefined: there is none. */
  readonly pl310?: string;
  /** Properties of the nodes of the cores. */
  readonly cpuProperties?: string;
  /** The PL310 answers non-cacheable accesses: a cacheable alias of a coherent buffer shows old bytes. */
  readonly looksUp?: boolean;
  /** There is a device that snoops. */
  readonly snooping?: boolean;
  /** The kernel can have a restricted pool. */
  readonly restricted?: boolean;
  readonly highmem?: boolean;
}

/** Any kernel with XEN has bounce buffers, and may have restricted pools. */
const RESTRICTED = { SWIOTLB: true, DMA_RESTRICTED_POOL: true };
const A9 = { cpu: 'arm,cortex-a9', cpus: 2, preset: 'multi_v7', symbols: RESTRICTED, restricted: true };

export const KINDS: readonly Kind[] = [
  {
    name: 'ARM926, VIVT, write-back',
    cpu: 'arm,arm926ej-s',
    cpus: 1,
    preset: 'multi_v5',
    symbols: { CPU_DCACHE_WRITETHROUGH: undefined },
  },
  {
    name: 'ARM1176 with aliases',
    cpu: 'arm,arm1176jzf-s',
    cpus: 1,
    preset: 'rpi-v6',
    cpuProperties: 'd-cache-size = <0x8000>;',
  },
  {
    name: 'Cortex-A8',
    cpu: 'arm,cortex-a8',
    cpus: 1,
    preset: 'multi_v7',
    symbols: RESTRICTED,
    restricted: true,
  },
  { ...A9, name: 'two Cortex-A9, PL310 with override', pl310: 'arm,shared-override;' },
  { ...A9, name: 'two Cortex-A9, PL310 that looks up', pl310: '', looksUp: true },
  {
    name: 'two Cortex-A15, LPAE, a snooping device',
    cpu: 'arm,cortex-a15',
    cpus: 2,
    preset: 'multi_v7-lpae-restricted',
    snooping: true,
    restricted: true,
  },
  {
    name: 'Cortex-A7, contiguous memory in highmem',
    cpu: 'arm,cortex-a7',
    cpus: 1,
    preset: 'multi_v7',
    symbols: RESTRICTED,
    cmdline: 'vmalloc=920M',
    restricted: true,
    highmem: true,
  },
];

export const RAM = 0x60000000;
export const RAM_BYTES: number = 128 * MiB;
/** The part of RAM that the device of the limited bus reaches. */
export const LIMIT_BYTES: number = 64 * MiB;
/** The kernel maps the device tree cached, in sections: not over an area that is to become uncached. */
const TREE = 0x63000000;
/** Bus addresses of the device behind an offset. */
export const OFFSET_START = 0x10000000;

export const DEVICES = {
  plain: '/plain',
  offset: '/bus/offset',
  limit: '/narrow/limit',
  area: '/area',
  pool: '/pool',
  restricted: '/restricted',
  snooping: '/snooping',
} as const;
export type DeviceName = keyof typeof DEVICES;

/** The devices that a kind has. */
export function devicesOf(kind: Kind): DeviceName[] {
  return (Object.keys(DEVICES) as DeviceName[]).filter(name => {
    if (name === 'restricted') return kind.restricted === true;
    return name !== 'snooping' || kind.snooping === true;
  });
}

function source(kind: Kind): string {
  const cells = '#address-cells = <1>; #size-cells = <1>;';
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const cpus = Array.from(
    { length: kind.cpus },
    (_, i) => `cpu@${i} { device_type = "cpu"; compatible = "${kind.cpu}"; reg = <${i}>;
      ${kind.pl310 === undefined ? '' : 'next-level-cache = <&l2>;'} ${kind.cpuProperties ?? ''} };`,
  );
  const bounce = `bounce: bounce@65000000 { compatible = "restricted-dma-pool"; reg = <0x65000000 0x80000>; };`;
  const outer = `l2: cache-controller@10138000 { compatible = "arm,pl310-cache"; reg = <0x10138000 0x1000>;
    cache-unified; cache-level = <2>; ${kind.pl310 ?? ''} };`;
  return `/dts-v1/;
    / {
      ${cells} compatible = "model,board"; model = "Model";
      cpus { #address-cells = <1>; #size-cells = <0>; ${cpus.join('\n')} };
      memory@60000000 { device_type = "memory"; reg = <${hex(RAM)} ${hex(RAM_BYTES)}>; };
      reserved-memory { ${cells} ranges;
        area: area@64000000 { compatible = "shared-dma-pool"; reusable; reg = <0x64000000 0x400000>; };
        pool: pool@64800000 { compatible = "shared-dma-pool"; no-map; reg = <0x64800000 0x20000>; };
        ${kind.restricted ? bounce : ''} };
      ${kind.pl310 === undefined ? '' : outer}
      plain { };
      area { memory-region = <&area>; };
      pool { memory-region = <&pool>; };
      ${kind.restricted ? 'restricted { memory-region = <&bounce>; };' : ''}
      ${kind.snooping ? 'snooping { dma-coherent; };' : ''}
      bus { ${cells} ranges; dma-ranges = <${hex(OFFSET_START)} ${hex(RAM)} ${hex(RAM_BYTES)}>; offset { }; };
      narrow { ${cells} ranges; dma-ranges = <${hex(RAM)} ${hex(RAM)} ${hex(LIMIT_BYTES)}>; limit { }; };
    };`;
}

/** Boots `design` on a machine of the kind, the sanitizer on watch; with `live`, its caches hold data. */
export function boot(kind: Kind, design: Design, version: KernelVersion, live: LiveOptions | null): Watched {
  const board = new Board(kind.name, parseDts(source(kind), 'model.dts'));
  const prepared = prepareBoard(board, {
    path: 'model.dts',
    preset: kind.preset,
    baseline: version,
    treeAddress: TREE,
    cmdline: `cma=4M coherent_pool=64K ${kind.cmdline ?? ''}`,
    designs: [],
  });
  // Page blocks of 4 MiB. Before 6.4 the largest order was given plus one.
  const order = version === '6.12' ? 10 : 11;
  const config = prepared.config.with({ ARCH_FORCE_MAX_ORDER: order, ...kind.symbols });
  return bootWatched({ ...prepared, config }, design, { ...(live && { live }), stacks: false });
}
