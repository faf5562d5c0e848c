// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which function of Linux to read when a field of a call disagrees. By operation and field; `*` stands for every
 * operation or field that has no line of its own. Names of v6.12.
 */
const ALLOC =
  'kernel/dma/direct.c, dma_direct_alloc(); arch/arm/mm/dma-mapping.c, __dma_alloc() where the design has it';
const PAGES = 'kernel/dma/direct.c, __dma_direct_alloc_pages()';
const STREAM = 'kernel/dma/direct.h, dma_direct_map_page(); kernel/dma/swiotlb.c, swiotlb_map()';
const SYNC =
  'arch/arm/mm/dma-mapping.c, __dma_page_cpu_to_dev() and __dma_page_dev_to_cpu(); kernel/dma/swiotlb.c, swiotlb_bounce()';

const FUNCTIONS: readonly (readonly [op: RegExp, field: RegExp, look: string])[] = [
  [/^(sys|sysmem)$/, /./, 'arch/arm/mm/mmu.c, adjust_lowmem_bounds(); arch/arm/mm/init.c, zone_sizes_init()'],
  [/^cma$/, /^pt/, 'arch/arm/mm/dma-mapping.c, dma_contiguous_remap()'],
  [/^cma$/, /./, 'mm/cma.c, cma_declare_contiguous_nid(), cma_activate_area()'],
  [/^pool$/, /./, 'arch/arm/mm/dma-mapping.c, atomic_pool_init(); kernel/dma/pool.c, atomic_pool_expand()'],
  [
    /^probe$/,
    /set_mask/,
    'kernel/dma/mapping.c, dma_set_mask(); kernel/dma/direct.c, dma_direct_supported()',
  ],
  [/^probe$/, /./, 'drivers/of/of_reserved_mem.c, of_reserved_mem_device_init_by_idx()'],
  [/^device$/, /io_tlb|max_map/, 'kernel/dma/swiotlb.c, rmem_swiotlb_device_init()'],
  [/^device$/, /./, 'drivers/of/device.c, of_dma_configure_id()'],
  [/^free$/, /^alias_after/, 'arch/arm/mm/dma-mapping.c, __dma_remap()'],
  [/^free$/, /./, 'kernel/dma/direct.c, dma_direct_free(); arch/arm/mm/dma-mapping.c, __arm_dma_free()'],
  [/./, /^src$|^phys|^cma_|^first_buddy/, `${PAGES}; mm/cma.c, cma_alloc(); ${ALLOC}`],
  [/./, /^(bad_handle|unreachable|dma)$/, `kernel/dma/direct.c, dma_coherent_ok(); ${ALLOC}`],
  [/./, /^zero$/, 'arch/arm/mm/dma-mapping.c, __dma_clear_buffer(); kernel/dma/direct.c, dma_direct_alloc()'],
  [/./, /^(cpu_pt|alias_)/, 'kernel/dma/mapping.c, dma_pgprot(); arch/arm/mm/dma-mapping.c, __dma_remap()'],
  [/./, /^tlb_used$/, 'kernel/dma/swiotlb.c, swiotlb_find_slots(), swiotlb_release_slots()'],
  [/./, /^pools$/, 'lib/genalloc.c, gen_pool_alloc_algo(); kernel/dma/pool.c, atomic_pool_expand()'],
  [/^(map|sync|unmap)_/, /^(mnt|mtot|dcache_clean)/, SYNC],
  [/^(map|sync|unmap)_/, /./, STREAM],
  [/^alloc_(pages|noncoherent|noncontiguous)$/, /./, PAGES],
  [/^get_sgtable$/, /./, 'kernel/dma/mapping.c, dma_get_sgtable_attrs(), dma_can_mmap()'],
  [/^dma_pool_/, /./, 'mm/dmapool.c, dma_pool_alloc(), pool_alloc_page()'],
  [/./, /./, ALLOC],
];

export function lookAt(op: string, field: string): string {
  return FUNCTIONS.find(([ops, fields]) => ops.test(op) && fields.test(field))![2];
}
