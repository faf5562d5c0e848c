// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel's view of addresses: where physical memory starts, where the direct map and vmalloc space lie,
 * and the limits that boot works out. Linux: arch/arm/include/asm/{memory,pgtable,highmem}.h and the
 * variables of arch/arm/mm/{init,mmu}.c (v6.12).
 *
 * Boot fills the fields in: arch/arm/kernel/setup.ts, then arch/arm/mm/lowmem-bounds.ts. XIP kernels and
 * no-MMU kernels are left out.
 */
import { alignDown, FOUR_GiB, MiB, type Paddr, type Pfn, type Vaddr } from '../../../../../base/address.js';
import type { KernelConfig } from '../../../../config.js';
import { PFN_PHYS } from '../../../../include/linux/pfn.js';
import type { Kernel } from '../../../../kernel.js';

/** Linux: asm/pgtable-2level.h and -3level.h, PMD_SHIFT 21: 2 MiB in both formats. */
export const PMD_SIZE: number = 2 * MiB;
/** Linux: asm/pgtable.h. The hole between the direct map and vmalloc space is at most this. */
export const VMALLOC_OFFSET: number = 8 * MiB;

/** PAGE_OFFSET by memory split. Linux: arch/arm/Kconfig, config PAGE_OFFSET. */
function pageOffset(config: KernelConfig): Vaddr {
  const stated = config.number('PAGE_OFFSET');
  if (stated !== undefined) return stated;
  if (config.isEnabled('VMSPLIT_1G')) return 0x40000000;
  if (config.isEnabled('VMSPLIT_2G')) return 0x80000000;
  if (config.isEnabled('VMSPLIT_3G_OPT')) return 0xb0000000;
  return 0xc0000000;
}

/** Linux: asm/kasan_def.h, KASAN_SHADOW_START; the offset is Kconfig's. */
function kasanShadowStart(config: KernelConfig, pageOffsetValue: Vaddr): Vaddr {
  const offset = config.number('KASAN_SHADOW_OFFSET') ?? pageOffsetValue - 0x21000000;
  return (FOUR_GiB / 8 + offset) / 8 + offset;
}

export class MemoryLayout {
  readonly PAGE_OFFSET: Vaddr;
  /** End of user space. */
  readonly TASK_SIZE: Vaddr;
  readonly MODULES_VADDR: Vaddr;
  readonly MODULES_END: Vaddr;
  /** Persistent kernel mappings of highmem pages; meaningful with CONFIG_HIGHMEM. */
  readonly PKMAP_BASE: Vaddr;
  readonly VMALLOC_END: Vaddr = 0xff800000;
  readonly swapper_pg_dir: Vaddr;
  /** Bytes of swapper_pg_dir. Linux: arch/arm/kernel/head.S, PG_DIR_SIZE. */
  readonly SWAPPER_PG_DIR_SIZE: number;
  /** 1 MiB, or 2 MiB with long descriptors. */
  readonly SECTION_SIZE: number;

  PHYS_OFFSET: Paddr = 0;
  /** Sections that hold the kernel image. Linux: arch/arm/kernel/head.S, __create_page_tables. */
  kernel_sec_start: Paddr = 0;
  kernel_sec_end: Paddr = 0;

  /** Bytes that `vmalloc=` leaves for vmalloc space. */
  vmalloc_size: number = 240 * MiB;
  /** First physical address that is not in the direct map. Not rounded. */
  arm_lowmem_limit: Paddr = 0;
  /** `__va(arm_lowmem_limit - 1) + 1`. */
  high_memory: Vaddr = 0;
  /** Limit of early allocations until the direct map is complete. */
  memblock_limit: Paddr = 0;

  /** Inclusive limit, although the kernel passes it on as if it were the end. */
  arm_dma_limit: Paddr = 0;
  arm_dma_pfn_limit: Pfn = 0;
  arm_dma_zone_size = 0;

  min_low_pfn: Pfn = 0;
  /** End of lowmem. */
  max_low_pfn: Pfn = 0;
  /** End of memory. */
  max_pfn: Pfn = 0;

  /** Where the device tree blob lies, and its `totalsize` in bytes. */
  initial_boot_params_pa: Paddr = 0;
  fdt_totalsize = 0;
  /** Initial ramdisk as announced; size 0: none. */
  phys_initrd_start: Paddr = 0;
  phys_initrd_size = 0;

  constructor(config: KernelConfig) {
    const lpae = config.isEnabled('ARM_LPAE');
    const base = pageOffset(config);
    this.PAGE_OFFSET = base;
    this.TASK_SIZE = config.isEnabled('KASAN') ? kasanShadowStart(config, base) : base - 16 * MiB;
    this.MODULES_VADDR = base - (config.isEnabled('THUMB2_KERNEL') ? 8 : 16) * MiB;
    this.MODULES_END = config.isEnabled('HIGHMEM') ? base - PMD_SIZE : base;
    this.PKMAP_BASE = base - PMD_SIZE;
    this.SECTION_SIZE = lpae ? 2 * MiB : MiB;
    this.SWAPPER_PG_DIR_SIZE = lpae ? 0x5000 : 0x4000;
    this.swapper_pg_dir = base + config.image.textOffset - this.SWAPPER_PG_DIR_SIZE;
  }

  get VMALLOC_START(): Vaddr {
    return alignDown(this.high_memory + VMALLOC_OFFSET, VMALLOC_OFFSET);
  }
}

/** Physical address of a direct-map address. Meaningless elsewhere. */
export function __pa(k: Kernel, vaddr: Vaddr): Paddr {
  return vaddr - k.memory.PAGE_OFFSET + k.memory.PHYS_OFFSET;
}

/** Direct-map address of lowmem. Meaningless for highmem. */
export function __va(k: Kernel, paddr: Paddr): Vaddr {
  return paddr - k.memory.PHYS_OFFSET + k.memory.PAGE_OFFSET;
}

/** Is the page outside the direct map? */
export function PageHighMem(k: Kernel, pfn: Pfn): boolean {
  return k.config.isEnabled('HIGHMEM') && pfn >= k.memory.max_low_pfn;
}

/**
 * Direct-map address of a page; null for highmem.
 * Model: no page is ever kmapped.
 */
export function page_address(k: Kernel, pfn: Pfn): Vaddr | null {
  return PageHighMem(k, pfn) ? null : __va(k, PFN_PHYS(pfn));
}
