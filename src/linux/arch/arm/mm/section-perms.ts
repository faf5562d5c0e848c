// SPDX-License-Identifier: GPL-2.0-only
/**
 * CONFIG_STRICT_KERNEL_RWX: the kernel's own sections lose the permissions that they need only during boot.
 * Linux: arch/arm/mm/init.c, nx_perms[], ro_perms[], set_section_perms(), fix_kernmem_perms(),
 * mark_rodata_ro() (v6.12).
 * Sections are copied into every process, so every process's table is changed; the kernel does so with all
 * other CPUs stopped.
 */
import type { Vaddr } from '../../../../base/address.js';
import type { Kernel } from '../../../kernel.js';
import { orBits, type pgprot_t } from '../include/asm/pgtable.js';
import { local_flush_tlb_kernel_range } from '../include/asm/tlbflush.js';
import type { mm_struct } from './pgd.js';
import { cpu_architecture, hasExtendedPages } from './proc-info.js';

/** struct section_perm: sections of [start, end) get `prot`. */
interface SectionPermission {
  readonly name: string;
  readonly start: Vaddr;
  readonly end: Vaddr;
  readonly prot: pgprot_t;
}

const CPU_ARCH_ARMv6 = 6;

/** Sections are changed only with extended page tables. */
function arch_has_strict_perms(k: Kernel): boolean {
  return cpu_architecture(k) >= CPU_ARCH_ARMv6 && hasExtendedPages(k);
}

function section_update(k: Kernel, addr: Vaddr, prot: pgprot_t, mm: mm_struct): void {
  const format = k.mmu.pgtable;
  const entry = format.section_offset(format.pmd_offset(k, mm.pgd, addr)!, addr);
  format.writeEntry(k, entry, orBits(format.readEntry(k, entry), prot));
  local_flush_tlb_kernel_range(k, addr, addr + format.SECTION_SIZE);
}

function set_section_perms(k: Kernel, perms: readonly SectionPermission[], mm: mm_struct): void {
  if (!arch_has_strict_perms(k)) return;
  const { SECTION_SIZE } = k.mmu.pgtable;
  for (const perm of perms) {
    if (perm.start % SECTION_SIZE !== 0 || perm.end % SECTION_SIZE !== 0) {
      const range = `${perm.start.toString(16)}-${perm.end.toString(16)}`;
      k.log.pr_err(`BUG: ${perm.name} section ${range} not aligned to ${SECTION_SIZE.toString(16)}`);
      continue;
    }
    for (let addr = perm.start; addr < perm.end; addr += SECTION_SIZE) section_update(k, addr, perm.prot, mm);
  }
}

function update_sections_early(k: Kernel, perms: readonly SectionPermission[]): void {
  for (const mm of k.mmu.processes) set_section_perms(k, perms, mm);
  set_section_perms(k, perms, k.mmu.init_mm);
}

/** Everything but the text becomes execute-never. Linux: free_initmem() → fix_kernmem_perms(). */
export function free_initmem_perms(k: Kernel): void {
  if (!k.config.isEnabled('STRICT_KERNEL_RWX')) return;
  const { image } = k.config;
  const base = k.memory.PAGE_OFFSET;
  const prot = k.mmu.pgtable.bits.PMD_SECT_XN;
  update_sections_early(k, [
    { name: 'pre-text NX', start: base, end: base + image.stext, prot },
    { name: 'init NX', start: base + image.initBegin, end: base + image.sdata, prot },
    { name: 'rodata NX', start: base + image.rodataStart, end: base + image.initBegin, prot },
  ]);
}

/** Text and read-only data become read-only. */
export function mark_rodata_ro(k: Kernel): void {
  if (!k.config.isEnabled('STRICT_KERNEL_RWX')) return;
  const { image } = k.config;
  const base = k.memory.PAGE_OFFSET;
  update_sections_early(k, [
    {
      name: 'text/rodata RO',
      start: base + image.stext,
      end: base + image.initBegin,
      prot: k.mmu.pgtable.bits.sectionReadOnly,
    },
  ]);
}
