// SPDX-License-Identifier: GPL-2.0-only
/**
 * The tables that the kernel builds before its MMU is on. Linux: arch/arm/kernel/head.S,
 * __create_page_tables() (v6.12), together with the set-up functions of arch/arm/mm/proc-*.S.
 * Result: the kernel's image mapped with sections in swapper_pg_dir, and kernel_sec_start/end, which
 * map_lowmem() and map_kernel() work with.
 * Left out: the identity map of the instructions that switch the MMU on, and the early map of the device
 * tree: paging_init() removes both before anything else could see them.
 */
import { high32, low32 } from '../../../../base/address.js';
import type { Kernel } from '../../../kernel.js';
import { __pa } from '../include/asm/memory.js';
import { L_PGD_SWAPPER_HIGH } from '../include/asm/pgtable-3level.js';
import { mm_mmuflags, setup_mmu_registers } from '../mm/proc-info.js';

/** Needs PHYS_OFFSET, swapper_pg_dir and the format; fills in kernel_sec_start and kernel_sec_end. */
export function create_page_tables(k: Kernel): void {
  const format = k.mmu.pgtable;
  const { memory, machine } = k;
  const pgd = __pa(k, memory.swapper_pg_dir);
  k.mmu.init_mm.pgd = pgd;
  machine.ram.fill(pgd, format.PG_DIR_SIZE, 0);
  machine.tablesWritten(pgd, format.PG_DIR_SIZE);
  if (format.levels === 3) {
    for (let i = 0; i < 4; i++) {
      const table = pgd + 0x1000 * (i + 1);
      machine.writeTableEntry64(pgd + i * 8, low32(table) + 3, L_PGD_SWAPPER_HIGH + high32(table));
    }
  }
  const sections = Math.floor((k.config.image.end - 1) / format.SECTION_SIZE) + 1;
  const flags = mm_mmuflags(k);
  for (let i = 0; i < sections; i++) {
    const vaddr = memory.PAGE_OFFSET + i * format.SECTION_SIZE;
    const pmdp = format.pmd_offset(k, pgd, vaddr)!;
    const phys = memory.PHYS_OFFSET + i * format.SECTION_SIZE;
    format.map_init_section(k, pmdp, vaddr, vaddr + format.SECTION_SIZE, phys, flags);
  }
  memory.kernel_sec_start = memory.PHYS_OFFSET;
  memory.kernel_sec_end = memory.PHYS_OFFSET + sections * format.SECTION_SIZE;
  setup_mmu_registers(k, pgd);
}
