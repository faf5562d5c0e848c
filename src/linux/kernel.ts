// SPDX-License-Identifier: GPL-2.0-only
/**
 * One modelled kernel: the state that a real kernel keeps in its global variables, gathered by the file that
 * owns it. Every function of `src/linux` that mirrors a kernel function takes this object first and is called
 * what the kernel calls it. Boot order stands in `init/main.ts`; read that next.
 *
 * Model: one CPU runs the kernel; there is no scheduler, no reclaim, no migration of pages.
 */
import type { Board } from '../board/board.js';
import type { BootLoaderFacts } from '../board/memory.js';
import type { Machine } from '../hw/machine.js';
import { MemoryLayout } from './arch/arm/include/asm/memory.js';
import { CpuState } from './arch/arm/kernel/setup.js';
import { type MachineDesc, machineDescFor } from './arch/arm/mach.js';
import { MmuState } from './arch/arm/mm/mmu.js';
import type { KernelConfig } from './config.js';
import { IommuState } from './drivers/iommu/iommu.js';
import { ReservedMem } from './drivers/of/of_reserved_mem.js';
import type { ArchDma } from './kernel/dma/arch.js';
import { DmaState } from './kernel/dma/state.js';
import type { KprobeHandler } from './kernel/kprobes.js';
import { Workqueue } from './kernel/workqueue.js';
import { Cmdline } from './lib/cmdline.js';
import { CmaState } from './mm/cma.js';
import { Memblock } from './mm/memblock.js';
import { PageAllocator } from './mm/page_alloc.js';
import { VmallocState } from './mm/vmalloc.js';
import { Printk } from './printk.js';

export class Kernel {
  readonly config: KernelConfig;
  readonly board: Board;
  readonly bootLoader: BootLoaderFacts;
  readonly machine: Machine;
  /** What the design gives the generic DMA code. */
  readonly arch: ArchDma;

  readonly log: Printk = new Printk();
  readonly cmdline: Cmdline;
  readonly cpu: CpuState;
  readonly mach: MachineDesc;
  readonly memory: MemoryLayout;
  readonly memblock: Memblock;
  readonly reserved: ReservedMem = new ReservedMem();
  readonly cma: CmaState = new CmaState();
  readonly mmu: MmuState = new MmuState();
  readonly pages: PageAllocator = new PageAllocator();
  readonly vmalloc: VmallocState = new VmallocState();
  readonly dma: DmaState = new DmaState();
  readonly iommu: IommuState = new IommuState();
  readonly workqueue: Workqueue = new Workqueue();
  /** Told of each call of a maintenance function; null: nobody asks. */
  kprobe: KprobeHandler | null = null;

  constructor(
    machine: Machine,
    board: Board,
    bootLoader: BootLoaderFacts,
    config: KernelConfig,
    arch: ArchDma,
  ) {
    this.machine = machine;
    this.board = board;
    this.bootLoader = bootLoader;
    this.config = config;
    this.arch = arch;
    this.cmdline = new Cmdline(config.cmdline);
    this.cpu = new CpuState(board.machineFacts(), config);
    this.mach = machineDescFor(board.rootCompatibles, config);
    this.memory = new MemoryLayout(config);
    this.memblock = new Memblock(config.phys64);
  }
}
