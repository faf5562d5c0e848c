// SPDX-License-Identifier: GPL-2.0-only
/**
 * A kernel for tests of paging: real memory, memblock, page tables and page allocator on a machine of a given
 * core, but no board, no device tree and no discovery of memory. Everything that boot would have worked out
 * before build_mem_type_table() is set by hand from the options.
 */
import { alignDown, MiB, type Range } from '../../../../base/address.js';
import { coreByName } from '../../../../hw/cores.js';
import { Machine } from '../../../../hw/machine.js';
import { type KconfigValue, KernelConfig, type KernelImage, type KernelVersion } from '../../../config.js';
import { PFN_DOWN } from '../../../include/linux/pfn.js';
import { Workqueue } from '../../../kernel/workqueue.js';
import type { Kernel } from '../../../kernel.js';
import { Cmdline } from '../../../lib/cmdline.js';
import { CmaState } from '../../../mm/cma.js';
import { Memblock } from '../../../mm/memblock.js';
import { free_area_init, memblock_free_all, PageAllocator } from '../../../mm/page_alloc.js';
import { VmallocState } from '../../../mm/vmalloc.js';
import { Printk } from '../../../printk.js';
import { __pa, __va, MemoryLayout } from '../include/asm/memory.js';
import { genericMachine } from '../mach.js';
import { build_mem_type_table, MmuState, paging_init } from './mmu.js';

export interface PagingOptions {
  /** A name of the table of cores. */
  readonly core?: string;
  readonly cores?: number;
  readonly memory?: readonly Range[];
  /** Parts of `memory` that are not to be mapped. */
  readonly nomap?: readonly Range[];
  readonly lowmemLimit?: number;
  readonly symbols?: Readonly<Record<string, KconfigValue>>;
  readonly cmdline?: string;
  readonly version?: KernelVersion;
  /** Contiguous areas as dma_contiguous_early_fixup() records them. */
  readonly contiguous?: readonly { base: number; size: number }[];
}

/** A small kernel: text from 2 MiB, read-only data from 4, init from 6, data from 8, end at 8.5 MiB. */
export const FIXTURE_IMAGE: KernelImage = {
  textOffset: 0x208000,
  stext: 2 * MiB + 2 * MiB,
  rodataStart: 6 * MiB,
  initBegin: 8 * MiB,
  initEnd: 10 * MiB,
  sdata: 10 * MiB,
  end: 10.5 * MiB,
  perCpuBytes: 0,
};

const CACHE_IDS = {
  VIVT: 'VIVT',
  'VIPT-aliasing': 'VIPT_ALIASING',
  VIPT: 'VIPT_NONALIASING',
  PIPT: 'PIPT',
  none: 'PIPT',
} as const;

/** A kernel right before build_mem_type_table(). By default: two Cortex-A15, 256 MiB at 0x40000000. */
export function pagingKernel(options: PagingOptions = {}): Kernel {
  const core = coreByName(options.core ?? 'Cortex-A15');
  const coreCount = options.cores ?? 2;
  const banks = options.memory ?? [{ start: 0x40000000, end: 0x50000000 }];
  const config = new KernelConfig({
    name: 'fixture',
    version: options.version ?? '6.12',
    symbols: new Map<string, KconfigValue>(
      Object.entries({
        SMP: core.architecture >= 7,
        MMU: true,
        HIGHMEM: true,
        ARM_DMA_MEM_BUFFERABLE: core.architecture >= 6,
        STRICT_KERNEL_RWX: core.architecture >= 7,
        KUSER_HELPERS: true,
        VMAP_STACK: core.architecture >= 7,
        PCI: true,
        ...options.symbols,
      }),
    ),
    cmdline: options.cmdline ?? '',
    image: FIXTURE_IMAGE,
  });
  const machine = new Machine(
    {
      core,
      coreCount,
      outerCache: null,
      coherentFabric: false,
      physicalAddressBits: core.longDescriptors ? 40 : 32,
    },
    banks,
  );
  const memory = new MemoryLayout(config);
  const memblock = new Memblock(config.phys64);
  for (const bank of banks) memblock.memblock_add(bank.start, bank.end - bank.start);
  for (const hole of options.nomap ?? []) memblock.memblock_mark_nomap(hole.start, hole.end - hole.start);
  const log = new Printk();
  const k = {
    config,
    machine,
    memory,
    memblock,
    log,
    mach: genericMachine,
    cmdline: new Cmdline(config.cmdline),
    cpu: {
      cpu_architecture: core.architecture,
      is_smp: config.isEnabled('SMP') && coreCount > 1 && core.multiprocessingExtensions,
      cacheid: CACHE_IDS[core.cache],
      num_possible_cpus: coreCount,
    },
    cma: new CmaState(),
    mmu: new MmuState(),
    pages: new PageAllocator(),
    vmalloc: new VmallocState(),
    workqueue: new Workqueue(),
  } as unknown as Kernel;
  memory.PHYS_OFFSET = banks[0]!.start;
  const lastEnd = Math.max(...banks.map(bank => bank.end));
  memory.arm_lowmem_limit = Math.min(lastEnd, options.lowmemLimit ?? memory.PHYS_OFFSET + 768 * MiB);
  memory.high_memory = __va(k, memory.arm_lowmem_limit - 1) + 1;
  memory.max_low_pfn = PFN_DOWN(memory.arm_lowmem_limit);
  memory.max_pfn = PFN_DOWN(lastEnd);
  memory.initial_boot_params_pa = memory.PHYS_OFFSET + 0x1000000 + 0x1000;
  memory.fdt_totalsize = 0x4000;
  memblock.memblock_reserve(__pa(k, memory.swapper_pg_dir), memory.SWAPPER_PG_DIR_SIZE);
  memblock.memblock_reserve(
    memory.PHYS_OFFSET + FIXTURE_IMAGE.stext,
    FIXTURE_IMAGE.end - FIXTURE_IMAGE.stext,
  );
  memblock.memblock_reserve(memory.initial_boot_params_pa, memory.fdt_totalsize);
  for (const area of options.contiguous ?? []) {
    memblock.memblock_reserve(area.base, area.size);
    k.cma.early.push(area);
  }
  memblock.memblock_set_current_limit(alignDown(memory.arm_lowmem_limit, 2 * MiB));
  return k;
}

/** The same after paging_init(), with the page allocator running. */
export function bootedPagingKernel(options: PagingOptions = {}): Kernel {
  const k = pagingKernel(options);
  build_mem_type_table(k);
  paging_init(k);
  free_area_init(k, [
    { name: 'Normal', end_pfn: k.memory.max_low_pfn },
    { name: 'HighMem', end_pfn: k.memory.max_pfn },
  ]);
  memblock_free_all(k);
  return k;
}
