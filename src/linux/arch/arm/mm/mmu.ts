// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel's own page tables: sections and pages of the direct map, vectors, device tree, static mappings.
 * Linux: arch/arm/mm/mmu.c (v6.12; 6.1 maps the same).
 * Everything lands as real descriptors in the modelled RAM.
 * Left out: supersections (device memory above 4 GiB only), XIP, KASAN shadow, TCM.
 * Read next: `mmu-types.ts` (memory types), then `pgd.ts` (how processes get copies).
 */
import { alignUp, hex, type Paddr, type Pfn, type Vaddr } from '../../../../base/address.js';
import { inputError } from '../../../../base/diagnostics.js';
import { earlyConsole } from '../../../drivers/tty/serial/earlycon.js';
import { GFP_KERNEL } from '../../../include/linux/gfp.js';
import { PAGE_ALIGN, PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../../include/linux/pfn.js';
import type { Kernel } from '../../../kernel.js';
import { alloc_pages } from '../../../mm/page_alloc.js';
import { __va } from '../include/asm/memory.js';
import { NO_BITS, type PgtableFormat, type pgprot_t } from '../include/asm/pgtable.js';
import { machine_map_io } from '../mach-map-io.js';
import { dma_contiguous_remap } from './dma-contiguous-remap.js';
import { fill_pmd_gaps, pci_reserve_io, type StaticVm } from './ioremap.js';
import type { MemType, MemTypeName, MemTypes } from './mmu-types.js';
import { mm_struct } from './pgd.js';

export { countMapping, pageTableBytes } from './mapping-count.js';
export { build_mem_type_table } from './mmu-types.js';

const FDT_FIXED_BASE = 0xff800000;
const FIXADDR_START = 0xffc80000;
const FIXADDR_TOP = 0xfff00000 - PAGE_SIZE;
/** The only fixed mapping that outlives boot. */
const FIX_EARLYCON_MEM_BASE = FIXADDR_TOP;
const VECTORS_BASE = 0xffff0000;

/** What mmu.c and its neighbours keep in global variables. */
export class MmuState {
  /** Format and set_pte_ext() of this kernel; set by build_mem_type_table(), like the fields below. */
  pgtable!: PgtableFormat;
  mem_types!: MemTypes;
  pgprot_kernel: pgprot_t = NO_BITS;
  pgprot_user: pgprot_t = NO_BITS;
  /** By VM_READ 1, VM_WRITE 2, VM_EXEC 4, VM_SHARED 8. */
  protection_map: readonly pgprot_t[] = [];
  /** `writeback` and so on. */
  cachePolicy = '';
  /** _PAGE_KERNEL_TABLE: low bits of an entry that points to a table made at run time. */
  kernelTable = 0;

  readonly init_mm: mm_struct = new mm_struct('init_mm');
  /** Tables of processes, in the order of creation. */
  readonly processes: mm_struct[] = [];
  /** static_vmlist, ascending. */
  readonly static_vmlist: StaticVm[] = [];
  /** 4 KiB pages of page tables that were allocated beside swapper_pg_dir. */
  tablePages = 0;
  /** Page that holds the vectors; the next one holds the stubs. */
  vectorsPfn: Pfn = 0;
  zeroPagePfn: Pfn = 0;
}

export interface MapDesc {
  readonly virtual: Vaddr;
  readonly pfn: Pfn;
  readonly length: number;
  readonly type: MemTypeName;
}

/** How a page for a page table is obtained; null: none left. */
type TableAllocator = (k: Kernel) => Paddr | null;

/** A kernel that dies while it boots: the input describes a machine on which it cannot run. */
function panic(k: Kernel, text: string): never {
  k.log.pr_err(`Kernel panic - not syncing: ${text}`);
  return inputError('kernel-panic', `the kernel panics while it sets up paging: ${text}`);
}

/** `size` is also the alignment. The memory is cleared. */
function early_alloc(k: Kernel, size: number): Paddr {
  const paddr = k.memblock.memblock_alloc(size, size);
  if (paddr === 0) panic(k, `early_alloc: Failed to allocate ${size} bytes align=${hex(size)}`);
  k.machine.ram.fill(paddr, size, 0);
  return paddr;
}

function earlyTable(k: Kernel): Paddr {
  k.mmu.tablePages++;
  return early_alloc(k, PAGE_SIZE);
}

/**
 * [paddr, paddr + size) becomes tables, which are written to memory past all caches: where caches hold data, what its
 * last user left there goes first. Linux clears such pages through the cache and cleans them.
 */
export function leaveCaches(k: Kernel, paddr: Paddr, size: number): void {
  const { live, cpu } = k.machine;
  if (live === null) return;
  live.innerMaintain(cpu, 'clean-invalidate', __va(k, paddr), paddr, size);
  live.barrier(cpu, 'dsb');
  live.outerMaintain('clean-invalidate', paddr, size);
  live.barrier(cpu, 'outer-sync');
}

/** pte_alloc_one_kernel(): a cleared page from the buddy allocator. */
export function lateTable(k: Kernel): Paddr | null {
  const pfn = alloc_pages(k, GFP_KERNEL, 0);
  if (pfn === null) return null;
  k.mmu.tablePages++;
  leaveCaches(k, PFN_PHYS(pfn), PAGE_SIZE);
  k.machine.ram.fill(PFN_PHYS(pfn), PAGE_SIZE, 0);
  return PFN_PHYS(pfn);
}

/** pmd_off_k(): the kernel's own entry or pair; its tables have one for every address. */
export function pmd_off_k(k: Kernel, vaddr: Vaddr): Paddr {
  return k.mmu.pgtable.pmd_offset(k, k.mmu.init_mm.pgd, vaddr)!;
}

/** Linux: arm_pte_alloc() with `prot` in the new entry. Null: no page for the table. */
function arm_pte_alloc(
  k: Kernel,
  pmdp: Paddr,
  vaddr: Vaddr,
  prot: number,
  alloc: TableAllocator,
): Paddr | null {
  const format = k.mmu.pgtable;
  const { lo } = format.pmd_val(k, pmdp);
  if (lo === 0) {
    const table = alloc(k);
    if (table === null) return null;
    format.pmd_populate(k, pmdp, table, prot);
  } else if (!format.pmd_table(lo)) {
    panic(k, `BUG_ON(pmd_bad(*pmd)) at ${hex(vaddr, 8)}: pages are to be mapped where a section stands`);
  }
  return format.pte_offset(k, pmdp, vaddr);
}

/** pte_alloc_kernel(): the entry of `vaddr` in the kernel's table, or null when memory is out. */
export function pte_alloc_kernel(k: Kernel, pmdp: Paddr, vaddr: Vaddr): Paddr | null {
  return arm_pte_alloc(k, pmdp, vaddr, k.mmu.kernelTable, lateTable);
}

/**
 * One piece of at most 2 MiB: sections if the type has them and addresses, end and target are all aligned,
 * else one table of pages for the whole piece. Linux: alloc_init_pmd(), __map_init_section(),
 * alloc_init_pte() (v6.12).
 */
function mapPiece(k: Kernel, addr: Vaddr, end: Vaddr, phys: Paddr, type: MemType): void {
  const format = k.mmu.pgtable;
  const pmdp = pmd_off_k(k, addr);
  const { SECTION_SIZE } = format;
  const isAligned = addr % SECTION_SIZE === 0 && end % SECTION_SIZE === 0 && phys % SECTION_SIZE === 0;
  if (type.prot_sect.lo !== 0 && isAligned) {
    format.map_init_section(k, pmdp, addr, end, phys, type.prot_sect);
    return;
  }
  const ptep = arm_pte_alloc(k, pmdp, addr, type.prot_l1, earlyTable)!;
  format.set_pte_range(k, ptep, PFN_DOWN(phys), (end - addr) / PAGE_SIZE, type.prot_pte);
}

/** Linux: create_mapping(), __create_mapping() (v6.12). */
export function create_mapping(k: Kernel, md: MapDesc): void {
  const { memory } = k;
  const { SECTION_SIZE, PMD_SIZE } = k.mmu.pgtable;
  const type = k.mmu.mem_types[md.type];
  const target = PFN_PHYS(md.pfn);
  const where = `0x${target.toString(16).padStart(8, '0')} at 0x${md.virtual.toString(16).padStart(8, '0')}`;
  if (md.virtual < memory.TASK_SIZE) {
    k.log.pr_warn(`BUG: not creating mapping for ${where} in user region`);
    return;
  }
  const isOutside = md.virtual < memory.VMALLOC_START || md.virtual >= memory.VMALLOC_END;
  if (
    md.type === 'MT_DEVICE' &&
    isOutside &&
    md.virtual >= memory.PAGE_OFFSET &&
    md.virtual < FIXADDR_START
  ) {
    k.log.pr_warn(`BUG: mapping for ${where} out of vmalloc space`);
  }
  const addr = md.virtual - (md.virtual % PAGE_SIZE);
  const end = addr + PAGE_ALIGN(md.length + (md.virtual % PAGE_SIZE));
  const isAligned = [addr, target, end - addr].every(value => value % SECTION_SIZE === 0);
  if (type.prot_l1 === 0 && !isAligned) {
    k.log.pr_warn(`BUG: map for ${where} can not be mapped using pages, ignoring.`);
    return;
  }
  for (let at = addr; at < end; ) {
    const next = Math.min(at - (at % PMD_SIZE) + PMD_SIZE, end);
    mapPiece(k, at, next, target + (at - addr), type);
    at = next;
  }
}

/** Clears every first-level entry (second-level with LPAE) of [start, end), in steps of 2 MiB. */
export function clearKernelEntries(k: Kernel, start: Vaddr, end: Vaddr): void {
  for (let at = start; at < end; at += k.mmu.pgtable.PMD_SIZE) k.mmu.pgtable.pmd_clear(k, pmd_off_k(k, at));
}

/** Only the first memory region and what lies above vmalloc space survive. */
function prepare_page_table(k: Kernel): void {
  const { memory } = k;
  clearKernelEntries(k, 0, memory.PAGE_OFFSET);
  const firstEnd = k.memblock.memory[0]?.end ?? 0;
  const end = __va(k, Math.min(firstEnd, memory.arm_lowmem_limit));
  clearKernelEntries(k, end, memory.VMALLOC_START);
}

function mapLinear(k: Kernel, start: Paddr, end: Paddr, type: MemTypeName): void {
  if (start >= end) return;
  create_mapping(k, { pfn: PFN_DOWN(start), virtual: __va(k, start), length: end - start, type });
}

/**
 * Every lowmem range without the kernel's sections, which map_kernel() maps. Linux: map_lowmem() (v6.12),
 * including its `break`s: a kernel strictly inside a range ends the loop.
 * Differs: where the kernel fills a range exactly nothing is left to map; there the kernel's length underflows.
 */
function map_lowmem(k: Kernel): void {
  const { kernel_sec_start: kernelStart, kernel_sec_end: kernelEnd, arm_lowmem_limit } = k.memory;
  for (const range of k.memblock.for_each_mem_range()) {
    let start = range.start;
    let end = Math.min(range.end, arm_lowmem_limit);
    if (start >= end) break;
    if (start > kernelStart && end < kernelEnd) break;
    if (kernelStart >= start && kernelStart <= end) {
      if (start < kernelStart && end > kernelEnd) {
        mapLinear(k, start, kernelStart, 'MT_MEMORY_RW');
        mapLinear(k, kernelEnd, end, 'MT_MEMORY_RW');
        break;
      }
      if (kernelStart === start) start = kernelEnd;
      if (kernelEnd === end) end = kernelStart;
    } else if (kernelStart < start && kernelEnd > start && kernelEnd < end) {
      start = kernelEnd;
    }
    mapLinear(k, start, end, 'MT_MEMORY_RW');
  }
}

/** Executable up to the section that holds `__init_end`, the rest not. Linux: map_kernel() (v6.12). */
function map_kernel(k: Kernel): void {
  const { kernel_sec_start, kernel_sec_end, PHYS_OFFSET } = k.memory;
  const executableEnd = alignUp(PHYS_OFFSET + k.config.image.initEnd, k.mmu.pgtable.SECTION_SIZE);
  mapLinear(k, kernel_sec_start, executableEnd, 'MT_MEMORY_RWX');
  mapLinear(k, executableEnd, kernel_sec_end, 'MT_MEMORY_RW');
}

/**
 * Vectors, device tree and reserved windows. Linux: devicemaps_init() (v6.12).
 * Model: vectors are always high (only SA-110 cannot do that).
 */
function devicemaps_init(k: Kernel): void {
  const { SECTION_SIZE, PMD_SIZE } = k.mmu.pgtable;
  const vectors = early_alloc(k, PAGE_SIZE * 2);
  k.mmu.vectorsPfn = PFN_DOWN(vectors);
  clearKernelEntries(k, k.memory.VMALLOC_START, FIXADDR_TOP - (FIXADDR_TOP % PMD_SIZE));

  const tree = k.memory.initial_boot_params_pa;
  if (k.memory.fdt_totalsize !== 0) {
    create_mapping(k, {
      pfn: PFN_DOWN(tree - (tree % SECTION_SIZE)),
      virtual: FDT_FIXED_BASE,
      length: 2 * SECTION_SIZE,
      type: 'MT_MEMORY_RO',
    });
  }
  create_mapping(k, {
    pfn: k.mmu.vectorsPfn,
    virtual: VECTORS_BASE,
    length: PAGE_SIZE,
    type: k.config.isEnabled('KUSER_HELPERS') ? 'MT_HIGH_VECTORS' : 'MT_LOW_VECTORS',
  });
  create_mapping(k, {
    pfn: k.mmu.vectorsPfn + 1,
    virtual: VECTORS_BASE + PAGE_SIZE,
    length: PAGE_SIZE,
    type: 'MT_LOW_VECTORS',
  });
  machine_map_io(k);
  if (k.mmu.pgtable.levels === 2) fill_pmd_gaps(k);
  pci_reserve_io(k);
  k.machine.tlbFlush('all', 0, 0, false);
  k.machine.innerMaintainAll('clean-invalidate');
}

/** The early table of the fixed mappings is part of the image and goes; an early console gets another. */
function early_fixmap_shutdown(k: Kernel): void {
  k.mmu.pgtable.pmd_clear(k, pmd_off_k(k, FIXADDR_TOP));
  const registers = earlyConsole(k);
  if (registers === undefined) return;
  const pfn = PFN_DOWN(registers);
  create_mapping(k, { pfn, virtual: FIX_EARLYCON_MEM_BASE, length: PAGE_SIZE, type: 'MT_DEVICE' });
}

/** Tables for the persistent and the fixed mappings, empty. */
function kmap_init(k: Kernel): void {
  const windows = k.config.isEnabled('HIGHMEM') ? [k.memory.PKMAP_BASE, FIXADDR_START] : [FIXADDR_START];
  for (const vaddr of windows) arm_pte_alloc(k, pmd_off_k(k, vaddr), vaddr, k.mmu.kernelTable, earlyTable);
}

/**
 * Builds the final kernel map. Linux: paging_init() (v6.12).
 * Differs: bootmem_init(), which stands at its end, is called by whoever calls this.
 */
export function paging_init(k: Kernel): void {
  prepare_page_table(k);
  map_lowmem(k);
  k.memblock.memblock_set_current_limit(k.memory.arm_lowmem_limit);
  map_kernel(k);
  dma_contiguous_remap(k);
  early_fixmap_shutdown(k);
  devicemaps_init(k);
  kmap_init(k);
  k.mmu.zeroPagePfn = PFN_DOWN(early_alloc(k, PAGE_SIZE));
}
