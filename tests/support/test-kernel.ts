// SPDX-License-Identifier: GPL-2.0-only
/**
 * A small board with a booted kernel, for tests of what a kernel does with memory. Cortex-A15, one bank of RAM
 * at 0x40000000; the symbols are those of a plain ARMv7 kernel with CMA and restricted pools.
 */
import assert from 'node:assert/strict';
import { MiB } from '../../src/base/address.js';
import { Board } from '../../src/board/board.js';
import { physicalBanks } from '../../src/board/memory.js';
import { designByName } from '../../src/designs/index.js';
import { parseDts } from '../../src/devicetree/load.js';
import { Machine } from '../../src/hw/machine.js';
import { type KconfigValue, KernelConfig, type KernelVersion } from '../../src/linux/config.js';
import { of_reserved_mem_device_init, platform_dma_configure } from '../../src/linux/drivers/of/device.js';
import { device } from '../../src/linux/include/linux/device.js';
import { start_kernel } from '../../src/linux/init/main.js';
import { Kernel } from '../../src/linux/kernel.js';

const SYMBOLS: Readonly<Record<string, KconfigValue>> = {
  MMU: true,
  SMP: true,
  CPU_V7: true,
  CPU_CACHE_V7: true,
  ARM_DMA_MEM_BUFFERABLE: true,
  CACHE_L2X0: true,
  OUTER_CACHE: true,
  STRICT_KERNEL_RWX: true,
  HIGHMEM: true,
  VMSPLIT_3G: true,
  FLATMEM: true,
  ARCH_FORCE_MAX_ORDER: 10,
  CMA: true,
  CMA_AREAS: 8,
  DMA_CMA: true,
  CMA_SIZE_MBYTES: 16,
  CMA_SIZE_SEL_MBYTES: true,
  CMA_ALIGNMENT: 8,
  DMA_NONCOHERENT_MMAP: true,
  DMA_DECLARE_COHERENT: true,
  SWIOTLB: true,
  DMA_RESTRICTED_POOL: true,
};

/** As the linker lays out a 6 MiB kernel. */
const IMAGE = {
  textOffset: 0x8000,
  stext: 0x100000,
  rodataStart: 0x400000,
  initBegin: 0x500000,
  initEnd: 0x600000,
  sdata: 0x600000,
  end: 0x700000,
  perCpuBytes: 0,
};

/** What every byte of RAM holds before the kernel starts. */
export const POISON = 0x5a;

export interface TestKernelOptions {
  readonly design: string;
  readonly version?: KernelVersion;
  readonly memoryMiB?: number;
  readonly cmdline?: string;
  /** Changes to the symbols above; undefined removes one. */
  readonly symbols?: Readonly<Record<string, KconfigValue | undefined>>;
  /** More nodes of the root, and of /reserved-memory. */
  readonly nodes?: string;
  readonly reserved?: string;
}

function source(options: TestKernelOptions): string {
  const bytes = (options.memoryMiB ?? 256) * MiB;
  return `/dts-v1/;
    / {
      #address-cells = <1>; #size-cells = <1>; compatible = "test,board"; model = "Test board";
      cpus { #address-cells = <1>; #size-cells = <0>;
        cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a15"; reg = <0>; };
        cpu@1 { device_type = "cpu"; compatible = "arm,cortex-a15"; reg = <1>; }; };
      memory@40000000 { device_type = "memory"; reg = <0x40000000 0x${bytes.toString(16)}>; };
      reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges; ${options.reserved ?? ''} };
      plain { };
      snooping { dma-coherent; };
      ${options.nodes ?? ''}
    };`;
}

/** Boots the design's kernel. */
export function bootTestKernel(options: TestKernelOptions): Kernel {
  const board = new Board('test', parseDts(source(options), 'test.dts'));
  const banks = physicalBanks(board);
  const machine = new Machine(board.machineFacts(), banks);
  for (const { start, end } of banks) machine.ram.fill(start, end - start, POISON);
  const design = designByName(options.design);
  const version = options.version ?? '6.12';
  // Before 6.4 the largest order was given plus one.
  const order = version === '6.12' ? 10 : 11;
  const config = new KernelConfig({
    name: 'test',
    version,
    symbols: new Map(Object.entries({ ...SYMBOLS, ARCH_FORCE_MAX_ORDER: order })),
    cmdline: options.cmdline ?? '',
    image: IMAGE,
  }).with({ ...options.symbols, ...design.kconfig(version) });
  const k = new Kernel(machine, board, {}, config, design.hooks);
  start_kernel(k);
  return k;
}

/** The device at a path, as its driver finds it; it has claimed its first reserved region, if any. */
export function probeDevice(k: Kernel, path: string): device {
  const node = k.board.tree.nodeByPath(path);
  assert.ok(node, `no node ${path}`);
  const dev = new device(path, node);
  assert.equal(platform_dma_configure(k, dev), 0);
  if (node.properties.has('memory-region')) of_reserved_mem_device_init(k, dev);
  return dev;
}

/** Texts of the log from line `from` on. */
export function logTexts(k: Kernel, from = 0): string[] {
  return k.log.lines.slice(from).map(line => line.text);
}
