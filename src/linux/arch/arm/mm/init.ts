// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory set-up of ARM: the DMA zone's limit, the reservations of boot, the zones, and the hand-over to the
 * page allocator. Linux: arch/arm/mm/init.c (v6.12, the same in v6.1).
 */
import { alignDown, alignUp, low32 } from '../../../../base/address.js';
import { early_init_fdt_scan_reserved_mem, reserve_initrd_mem } from '../../../drivers/of/fdt.js';
import { PAGE_SIZE, PFN_DOWN, PFN_UP } from '../../../include/linux/pfn.js';
import { U32_MAX } from '../../../include/linux/types.js';
import { dma_contiguous_reserve } from '../../../kernel/dma/contiguous.js';
import { swiotlb_init } from '../../../kernel/dma/swiotlb.js';
import type { Kernel } from '../../../kernel.js';
import {
  areReservedPages,
  free_area_init,
  free_reserved_pages,
  type MaxZonePfn,
  memblock_free_all,
} from '../../../mm/page_alloc.js';
import { __pa } from '../include/asm/memory.js';
import { machine_reserve } from '../mach-reserve.js';
import { free_initmem_perms } from './section-perms.js';

/**
 * arm_dma_limit: the last address of the DMA zone, or of everything. Without CONFIG_ZONE_DMA the two are
 * constants of arch/arm/mm/mm.h.
 * Model: with LPAE and without ZONE_DMA "everything" is 2^53 - 1.
 */
export function setup_dma_zone(k: Kernel): void {
  const { memory, config } = k;
  if (!config.isEnabled('ZONE_DMA')) {
    memory.arm_dma_limit = config.phys64 ? Number.MAX_SAFE_INTEGER : U32_MAX;
    memory.arm_dma_pfn_limit = PFN_DOWN(U32_MAX);
    return;
  }
  const { dma_zone_size, dma_zone_needs_lpae } = k.mach;
  const size = config.phys64 ? dma_zone_size : dma_zone_needs_lpae ? 0 : dma_zone_size;
  memory.arm_dma_zone_size = size;
  const limit = memory.PHYS_OFFSET + size - 1;
  memory.arm_dma_limit = size === 0 ? U32_MAX : config.phys64 ? limit : low32(limit);
  memory.arm_dma_pfn_limit = PFN_DOWN(memory.arm_dma_limit);
}

/** Linux: arch/arm/mm/mmu.c, arm_mm_memblock_reserve(). */
function arm_mm_memblock_reserve(k: Kernel): void {
  const { memory, memblock } = k;
  const swapper = __pa(k, memory.swapper_pg_dir);
  memblock.memblock_reserve(swapper, memory.SWAPPER_PG_DIR_SIZE);
  if (k.config.isEnabled('SA1111')) {
    memblock.memblock_reserve(memory.PHYS_OFFSET, swapper - memory.PHYS_OFFSET);
  }
}

/** Everything that is in use, in the kernel's order: the image, initrd, tables, machine, tree, CMA. */
export function arm_memblock_init(k: Kernel): void {
  const { image } = k.config;
  // From _stext: what lies below it in the first section is free memory.
  k.memblock.memblock_reserve(k.memory.PHYS_OFFSET + image.stext, image.end - image.stext);
  reserve_initrd_mem(k);
  arm_mm_memblock_reserve(k);
  machine_reserve(k);
  early_init_fdt_scan_reserved_mem(k);
  dma_contiguous_reserve(k, k.memory.arm_dma_limit);
}

/** Zones, once the direct map is complete. */
export function bootmem_init(k: Kernel): void {
  const { memory, memblock } = k;
  memory.min_low_pfn = PFN_UP(memblock.memblock_start_of_DRAM());
  memory.max_low_pfn = PFN_DOWN(memblock.memblock_get_current_limit());
  memory.max_pfn = PFN_DOWN(memblock.memblock_end_of_DRAM());
  zone_sizes_init(k);
}

/**
 * arm_dma_pfn_limit is the number of the last frame but used as an end, so that a DMA zone smaller than
 * lowmem lacks one page.
 */
function zone_sizes_init(k: Kernel): void {
  const { max_low_pfn, max_pfn, arm_dma_pfn_limit } = k.memory;
  const zones: MaxZonePfn[] = [];
  if (k.config.isEnabled('ZONE_DMA')) {
    zones.push({ name: 'DMA', end_pfn: Math.min(arm_dma_pfn_limit, max_low_pfn) });
  }
  zones.push({ name: 'Normal', end_pfn: max_low_pfn });
  if (k.config.isEnabled('HIGHMEM')) zones.push({ name: 'HighMem', end_pfn: max_pfn });
  free_area_init(k, zones);
}

/**
 * Bounce buffers (only kernels with LPAE make a default pool), then all that is left goes to the page
 * allocator; after this memblock hands nothing out.
 */
export function mem_init(k: Kernel): void {
  const { memory } = k;
  if (k.config.isEnabled('ARM_LPAE')) swiotlb_init(k, memory.max_pfn > memory.arm_dma_pfn_limit);
  memblock_free_all(k);
  if (k.config.isEnabled('SA1111')) {
    // The pages below the tables were only kept from early allocations.
    free_reserved_pages(k, PFN_UP(memory.PHYS_OFFSET), PFN_DOWN(__pa(k, memory.swapper_pg_dir)));
  }
}

/**
 * The initrd has been unpacked: its pages become free, unless `retain_initrd` or `keepinitrd` keeps them.
 * Linux: free_initrd_mem(); init/initramfs.c, do_populate_rootfs().
 * Model: freed memory keeps its contents (Linux fills it with undefined instructions). An initrd that a
 * contiguous area was laid over is left alone, where Linux would free its pages twice.
 */
export function free_initrd_mem(k: Kernel): void {
  const { phys_initrd_start, phys_initrd_size } = k.memory;
  if (phys_initrd_size === 0 || k.cmdline.has('retain_initrd') || k.cmdline.has('keepinitrd')) return;
  const start = PFN_DOWN(alignDown(phys_initrd_start, PAGE_SIZE));
  const end = PFN_DOWN(alignUp(phys_initrd_start + phys_initrd_size, PAGE_SIZE));
  if (!areReservedPages(k, start, end)) return;
  free_reserved_pages(k, start, end);
  k.log.pr_info(`Freeing initrd memory: ${(end - start) * 4}K`);
}

/**
 * The last step of boot: the kernel's init sections are no longer executable, and their pages become free.
 * Model: freed memory keeps its contents, as above.
 */
export function free_initmem(k: Kernel): void {
  free_initmem_perms(k);
  const { PHYS_OFFSET } = k.memory;
  const { initBegin, initEnd } = k.config.image;
  const start = PFN_UP(PHYS_OFFSET + initBegin);
  const end = PFN_DOWN(PHYS_OFFSET + initEnd);
  if (!areReservedPages(k, start, end)) return;
  free_reserved_pages(k, start, end);
  k.log.pr_info(`Freeing unused kernel image (initmem) memory: ${(end - start) * 4}K`);
}
