// SPDX-License-Identifier: GPL-2.0-only
/**
 * How much memory fits the direct map. Linux: arch/arm/mm/mmu.c, early_vmalloc(), adjust_lowmem_bounds()
 * (v6.12, the same in v6.1).
 */
import { alignDown, alignUp, isAligned, MiB, type Paddr } from '../../../../base/address.js';
import { pa } from '../../../include/linux/types.js';
import type { Kernel } from '../../../kernel.js';
import { __va, PMD_SIZE, VMALLOC_OFFSET } from '../include/asm/memory.js';

/** `vmalloc=`: at least 16 MiB, and at least 32 MiB must stay for the direct map. `asked` in bytes. */
export function early_vmalloc(k: Kernel, asked: number): void {
  const { memory } = k;
  let size = asked;
  if (size < 16 * MiB) {
    size = 16 * MiB;
    k.log.pr_warn(`vmalloc area is too small, limiting to ${size / MiB}MiB`);
  }
  const max = memory.VMALLOC_END - (memory.PAGE_OFFSET + 32 * MiB + VMALLOC_OFFSET);
  if (size > max) {
    size = max;
    k.log.pr_warn(`vmalloc area is too big, limiting to ${Math.floor(size / MiB)}MiB`);
  }
  memory.vmalloc_size = size;
}

/**
 * Sets arm_lowmem_limit, high_memory and the limit of early allocations; drops memory that a kernel without
 * highmem cannot use. Run twice, as reservations may have changed what is mapped.
 */
export function adjust_lowmem_bounds(k: Kernel): void {
  const { memory, memblock } = k;
  const vmalloc_limit =
    memory.VMALLOC_END - memory.vmalloc_size - VMALLOC_OFFSET - memory.PAGE_OFFSET + memory.PHYS_OFFSET;

  // The first mapped range must start where a second-level table's reach starts.
  const first = memblock.for_each_mem_range()[0];
  if (first && !isAligned(first.start, PMD_SIZE)) {
    memblock.memblock_mark_nomap(first.start, alignUp(first.start, PMD_SIZE) - first.start);
  }

  let lowmem_limit: Paddr = 0;
  let memblock_limit: Paddr = 0;
  for (const { start, end } of memblock.for_each_mem_range()) {
    if (start >= vmalloc_limit) continue;
    if (end > lowmem_limit) lowmem_limit = Math.min(vmalloc_limit, end);
    // Early allocations stay below the first piece that will need a second-level table.
    if (memblock_limit !== 0) continue;
    if (!isAligned(start, PMD_SIZE)) memblock_limit = start;
    else if (!isAligned(end, PMD_SIZE)) memblock_limit = lowmem_limit;
  }
  memory.arm_lowmem_limit = lowmem_limit;
  memory.high_memory = __va(k, lowmem_limit - 1) + 1;
  memory.memblock_limit = alignDown(memblock_limit || lowmem_limit, PMD_SIZE);

  const end = memblock.memblock_end_of_DRAM();
  const noHighmem = !k.config.isEnabled('HIGHMEM') || k.cpu.cacheid === 'VIPT_ALIASING';
  if (noHighmem && end > lowmem_limit) {
    k.log.pr_info(`Ignoring RAM at ${pa(k, memory.memblock_limit)}-${pa(k, end)}`);
    k.log.pr_info('Consider using a HIGHMEM enabled kernel.');
    memblock.memblock_remove(memory.memblock_limit, end - memory.memblock_limit);
  }
  memblock.memblock_set_current_limit(memory.memblock_limit);
}
