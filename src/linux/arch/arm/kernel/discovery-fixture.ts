// SPDX-License-Identifier: GPL-2.0-only
/**
 * Kernels for tests of memory discovery: a small board written as a device tree, a configuration given as
 * symbols, and boot up to paging_init() or, without page tables, up to the page allocator.
 */
import { Board } from '../../../../board/board.js';
import type { HardwareFacts } from '../../../../board/hardware.js';
import { type BootLoaderFacts, physicalBanks } from '../../../../board/memory.js';
import { parseDts } from '../../../../devicetree/load.js';
import { Machine } from '../../../../hw/machine.js';
import { type KconfigValue, KernelConfig, type KernelVersion } from '../../../config.js';
import { unflatten_device_tree } from '../../../drivers/of/unflatten.js';
import { Kernel } from '../../../kernel.js';
import { cma_init_reserved_areas } from '../../../mm/cma.js';
import { mem_init } from '../mm/init.js';
import { bootmem_init, setup_arch_memory } from './setup.js';

export interface DiscoveryOptions {
  /** Rows of the memory node: address and size. */
  readonly memory?: readonly (readonly [number, number])[];
  /** Compatible of the CPU nodes, and how many there are. */
  readonly core?: string;
  readonly cores?: number;
  /** More of the root node, as source. Two address and two size cells. */
  readonly dts?: string;
  /** `/memreserve/` lines. */
  readonly header?: string;
  readonly compatible?: string;
  readonly symbols?: Readonly<Record<string, KconfigValue>>;
  readonly version?: KernelVersion;
  readonly cmdline?: string;
  readonly bootLoader?: BootLoaderFacts;
  readonly hardware?: HardwareFacts;
}

/** The image of Debian's 6.1 armmp kernel: tables at 0x204000, text to end 3 MiB to 22 MiB. */
const IMAGE = {
  textOffset: 0x208000,
  stext: 0x300000,
  rodataStart: 0xe00000,
  initBegin: 0x1200000,
  initEnd: 0x1400000,
  sdata: 0x1400000,
  end: 0x1607588,
  perCpuBytes: 0,
};

const SYMBOLS: Readonly<Record<string, KconfigValue>> = {
  ARM: true,
  MMU: true,
  SMP: true,
  SMP_ON_UP: true,
  CPU_V7: true,
  HIGHMEM: true,
  ZONE_DMA: true,
  CMA: true,
  DMA_CMA: true,
  DMA_DECLARE_COHERENT: true,
  CMA_SIZE_SEL_MBYTES: true,
  CMA_SIZE_MBYTES: 16,
  BLK_DEV_INITRD: true,
};

function cells(value: number): string {
  return `0x${Math.floor(value / 2 ** 32).toString(16)} 0x${(value % 2 ** 32).toString(16)}`;
}

/** The kernel before it has looked at anything. */
export function discoveryKernel(options: DiscoveryOptions = {}): Kernel {
  const memory = options.memory ?? [[0x40000000, 0x10000000]];
  const core = options.core ?? 'arm,cortex-a15';
  const cpus = Array.from(
    { length: options.cores ?? 2 },
    (_, index) => `cpu@${index} { device_type = "cpu"; compatible = "${core}"; reg = <${index}>; };`,
  );
  const text = `/dts-v1/;
${options.header ?? ''}
/ {
  #address-cells = <2>; #size-cells = <2>;
  compatible = "${options.compatible ?? 'test,board'}"; model = "test";
  cpus { #address-cells = <1>; #size-cells = <0>; ${cpus.join(' ')} };
  memory@0 { device_type = "memory"; reg = <${memory.map(([a, s]) => `${cells(a)} ${cells(s)}`).join(' ')}>; };
  ${options.dts ?? ''}
};`;
  const board = new Board('test', parseDts(text, 'test.dts'), options.hardware);
  const config = new KernelConfig({
    name: 'test',
    version: options.version ?? '6.12',
    symbols: new Map(Object.entries({ ...SYMBOLS, ...options.symbols })),
    cmdline: options.cmdline ?? '',
    image: IMAGE,
  });
  const machine = new Machine(board.machineFacts(), physicalBanks(board));
  const arch = { name: 'test', atomic_pool_init: () => undefined };
  return new Kernel(machine, board, options.bootLoader ?? {}, config, arch);
}

/** Right before paging_init(). */
export function discovered(options: DiscoveryOptions = {}): Kernel {
  const k = discoveryKernel(options);
  setup_arch_memory(k);
  return k;
}

/** With zones, free pages and active contiguous areas, but without page tables. */
export function bootedWithoutPaging(options: DiscoveryOptions = {}): Kernel {
  const k = discovered(options);
  k.memblock.memblock_set_current_limit(k.memory.arm_lowmem_limit);
  bootmem_init(k);
  unflatten_device_tree(k);
  mem_init(k);
  cma_init_reserved_areas(k);
  return k;
}

/** The kernel's log, one line each. */
export function logText(k: Kernel): string {
  return k.log.lines.map(line => line.text).join('\n');
}
