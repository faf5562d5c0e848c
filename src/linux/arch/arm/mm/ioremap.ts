// SPDX-License-Identifier: GPL-2.0-only
/**
 * Static mappings that exist before vmalloc does (the list that vmalloc_init() imports), and ioremap().
 * Linux: arch/arm/mm/ioremap.c; arch/arm/mm/mmu.c, iotable_init(), vm_reserve_area_early(), fill_pmd_gaps(),
 * pci_reserve_io() (v6.12).
 * Model: no driver maps its registers, so vmalloc space is emptier than on a running system by that much;
 * the only user of ioremap here is a device's own coherent pool.
 */
import { FOUR_GiB, type Paddr, type Vaddr } from '../../../../base/address.js';
import { PAGE_ALIGN, PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { __free_pages } from '../../../mm/page_alloc.js';
import {
  find_vm_area,
  flush_cache_vmap,
  get_vm_area_caller,
  mapArea,
  VM_IOREMAP,
  vunmap,
} from '../../../mm/vmalloc.js';
import type { pgprot_t } from '../include/asm/pgtable.js';
import { flush_tlb_kernel_range } from '../include/asm/tlbflush.js';
import { create_mapping, type MapDesc, pmd_off_k } from './mmu.js';
import type { MemTypeName } from './mmu-types.js';

/** asm/io.h. */
const PCI_IO_VIRT_BASE: Vaddr = 0xfee00000;
const PCI_IO_SIZE = 0x200000;

/** struct static_vm: an area of kernel addresses that was taken during boot. */
export interface StaticVm {
  readonly addr: Vaddr;
  readonly size: number;
  /** Null: addresses only, nothing is mapped (VM_ARM_EMPTY_MAPPING). */
  readonly phys_addr: Paddr | null;
  /** VM_ARM_MTYPE. */
  readonly mtype: MemTypeName | null;
  /** VM_IOREMAP; what maps RAM of the direct map carries it too. */
  readonly flags: number;
  /** Function that took it. */
  readonly caller: string;
}

/** Bytes of struct static_vm, which comes from memblock. Linux: include/linux/vmalloc.h, struct vm_struct. */
function staticVmBytes(k: Kernel): number {
  if (k.config.phys64) return 48;
  return k.config.atLeast('6.12') ? 44 : 40;
}

/** A record's memory; it comes before that of the tables. */
function allocStaticVm(k: Kernel): void {
  k.memblock.memblock_alloc(staticVmBytes(k), k.config.phys64 ? 8 : 4);
}

/** Enters a record, in ascending order. */
function add_static_vm_early(k: Kernel, svm: StaticVm): void {
  const list = k.mmu.static_vmlist;
  const next = list.findIndex(other => other.addr > svm.addr);
  list.splice(next < 0 ? list.length : next, 0, svm);
}

function find_static_vm_vaddr(k: Kernel, vaddr: Vaddr): StaticVm | undefined {
  return k.mmu.static_vmlist.find(svm => svm.addr <= vaddr && svm.addr + svm.size > vaddr);
}

/** A static mapping that already covers the range with this type. */
function find_static_vm_paddr(
  k: Kernel,
  paddr: Paddr,
  size: number,
  mtype: MemTypeName,
): StaticVm | undefined {
  return k.mmu.static_vmlist.find(
    svm =>
      svm.phys_addr !== null &&
      svm.mtype === mtype &&
      svm.phys_addr <= paddr &&
      paddr + size <= svm.phys_addr + svm.size,
  );
}

/** Maps `md` and enters it as a static mapping. Linux: iotable_init() for one entry. */
export function iotable_init(k: Kernel, md: MapDesc): void {
  allocStaticVm(k);
  create_mapping(k, md);
  add_static_vm_early(k, {
    addr: md.virtual - (md.virtual % PAGE_SIZE),
    size: PAGE_ALIGN(md.length + (md.virtual % PAGE_SIZE)),
    phys_addr: PFN_PHYS(md.pfn),
    mtype: md.type,
    flags: VM_IOREMAP,
    caller: 'iotable_init',
  });
}

function vm_reserve_area_early(k: Kernel, addr: Vaddr, size: number, caller: string): void {
  allocStaticVm(k);
  add_static_vm_early(k, { addr, size, phys_addr: null, mtype: null, flags: VM_IOREMAP, caller });
}

/**
 * Where a static mapping uses one half of a 2 MiB pair, the empty half is taken too: vmalloc could not put a
 * table there. Short descriptors only.
 */
export function fill_pmd_gaps(k: Kernel): void {
  const { PMD_SIZE, SECTION_SIZE } = k.mmu.pgtable;
  const isEmpty = (vaddr: Vaddr): boolean => {
    const entry = k.mmu.pgtable.section_offset(pmd_off_k(k, vaddr), vaddr);
    return k.mmu.pgtable.readEntry(k, entry).lo === 0;
  };
  let next = 0;
  for (const svm of [...k.mmu.static_vmlist]) {
    if (svm.addr < next) continue;
    const pair = svm.addr - (svm.addr % PMD_SIZE);
    if (svm.addr % PMD_SIZE === SECTION_SIZE && isEmpty(pair)) {
      vm_reserve_area_early(k, pair, SECTION_SIZE, 'pmd_empty_section_gap');
    }
    const end = svm.addr + svm.size;
    if (end % PMD_SIZE === SECTION_SIZE && isEmpty(end)) {
      vm_reserve_area_early(k, end, SECTION_SIZE, 'pmd_empty_section_gap');
    }
    next = Math.ceil(end / PMD_SIZE) * PMD_SIZE;
  }
}

/** The window of PCI I/O space, on kernels with PCI. */
export function pci_reserve_io(k: Kernel): void {
  if (!k.config.isEnabled('PCI') || k.config.isEnabled('NEED_MACH_IO_H')) return;
  if (find_static_vm_vaddr(k, PCI_IO_VIRT_BASE) !== undefined) return;
  vm_reserve_area_early(k, PCI_IO_VIRT_BASE, PCI_IO_SIZE, 'pci_reserve_io');
}

/**
 * Maps [phys, phys + size) with a memory type, in vmalloc space; null when addresses or memory are out, or
 * when the range is RAM of the kernel's own. Linux: __arm_ioremap_caller(), __arm_ioremap_pfn_caller().
 */
function __arm_ioremap_caller(
  k: Kernel,
  phys: Paddr,
  size: number,
  mtype: MemTypeName,
  caller: string,
): Vaddr | null {
  // Neither empty nor around the end of the address space.
  if (size === 0 || (!k.config.phys64 && phys + size > FOUR_GiB)) return null;
  const offset = phys % PAGE_SIZE;
  const paddr = phys - offset;
  const bytes = PAGE_ALIGN(offset + size);
  const fixed = find_static_vm_paddr(k, paddr, bytes, mtype);
  if (fixed !== undefined) return fixed.addr + (paddr - fixed.phys_addr!) + offset;
  if (k.memblock.memblock_is_map_memory(paddr) && mtype !== 'MT_MEMORY_RW') {
    k.log.WARN('__arm_ioremap_pfn_caller: RAM with other attributes');
    return null;
  }
  const area = get_vm_area_caller(k, bytes, VM_IOREMAP, caller);
  if (area === null) return null;
  const type = k.mmu.mem_types[mtype];
  if (usesSections(k, area.addr, paddr, bytes)) mapSections(k, area.addr, paddr, bytes, type.prot_sect);
  else if (!mapArea(k, area, PFN_DOWN(paddr), bytes / PAGE_SIZE, type.prot_pte)) return null;
  return area.addr + offset;
}

/** Kernels without SMP and LPAE: other CPUs would not see such a change before their next process switch. */
function usesSections(k: Kernel, vaddr: Vaddr, paddr: Paddr, size: number): boolean {
  if (k.config.isEnabled('SMP') || k.mmu.pgtable.levels === 3) return false;
  const { PMD_SIZE } = k.mmu.pgtable;
  return vaddr % PMD_SIZE === 0 && paddr % PMD_SIZE === 0 && size % PMD_SIZE === 0;
}

/** Linux: remap_area_sections(). A table that stood there is dropped, the processes are told. */
function mapSections(k: Kernel, vaddr: Vaddr, paddr: Paddr, size: number, prot: pgprot_t): void {
  unmap_area_sections(k, vaddr, size);
  const { PMD_SIZE } = k.mmu.pgtable;
  for (let at = vaddr; at < vaddr + size; at += PMD_SIZE) {
    k.mmu.pgtable.map_init_section(k, pmd_off_k(k, at), at, at + PMD_SIZE, paddr + (at - vaddr), prot);
  }
  flush_cache_vmap(k);
}

/** Model: no process is the current one; each copies the change when it is switched to. */
function unmap_area_sections(k: Kernel, vaddr: Vaddr, size: number): void {
  const format = k.mmu.pgtable;
  const end = vaddr + size - (size % format.SECTION_SIZE);
  for (let at = vaddr; at < end; at += format.PMD_SIZE) {
    const pmdp = pmd_off_k(k, at);
    const { lo } = format.pmd_val(k, pmdp);
    if (lo === 0) continue;
    const table = format.pmd_table(lo) ? PFN_DOWN(format.pte_offset(k, pmdp, at)) : null;
    format.pmd_clear(k, pmdp);
    k.mmu.init_mm.vmalloc_seq++;
    if (table !== null) {
      __free_pages(k, table, 0);
      k.mmu.tablePages--;
    }
  }
  flush_tlb_kernel_range(k, vaddr, end);
}

/** Registers of a device: Device memory from ARMv6 on, uncached before. */
export function ioremap(k: Kernel, phys: Paddr, size: number): Vaddr | null {
  return __arm_ioremap_caller(k, phys, size, 'MT_DEVICE', 'ioremap');
}

/** Write-combining: Normal non-cacheable memory from ARMv6 on, uncached and bufferable before. */
export function ioremap_wc(k: Kernel, phys: Paddr, size: number): Vaddr | null {
  return __arm_ioremap_caller(k, phys, size, 'MT_DEVICE_WC', 'ioremap_wc');
}

/** Gives an ioremap area back; a static mapping stays. */
export function iounmap(k: Kernel, vaddr: Vaddr): void {
  const addr = vaddr - (vaddr % PAGE_SIZE);
  if (find_static_vm_vaddr(k, addr) !== undefined) return;
  const area = find_vm_area(k, addr);
  if (area !== undefined && k.mmu.pgtable.pmd_leaf(k.mmu.pgtable.pmd_val(k, pmd_off_k(k, addr)).lo)) {
    unmap_area_sections(k, area.addr, area.size);
  }
  vunmap(k, addr);
}
