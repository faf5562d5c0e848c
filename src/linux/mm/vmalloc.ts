// SPDX-License-Identifier: GPL-2.0-only
/**
 * Vmalloc space: who has which kernel addresses between VMALLOC_START and VMALLOC_END, and the pages mapped
 * there. Linux: mm/vmalloc.c (v6.12; 6.1 where it says so).
 * The lowest address that fits is taken. An area ends with an unmapped guard page. What vunmap() gives back
 * is unmapped at once but can be handed out again only after a purge, which flushes the TLB.
 * Model: boot-time and driver users of the space (ioremap of registers, kernel stacks, modules outside their
 * own window) are not there; there is no slab, so the bookkeeping itself never fails.
 */
import { ilog2, isAligned, type Pfn, roundUpPowerOfTwo, type Vaddr } from '../../base/address.js';
import type { pgprot_t } from '../arch/arm/include/asm/pgtable.js';
import { flush_tlb_kernel_range } from '../arch/arm/include/asm/tlbflush.js';
import { flush_cache_all } from '../arch/arm/mm/cache.js';
import { arch_sync_kernel_mappings } from '../arch/arm/mm/fault.js';
import { pmd_off_k, pte_alloc_kernel } from '../arch/arm/mm/mmu.js';
import { PAGE_ALIGN, PAGE_SIZE } from '../include/linux/pfn.js';
import { num_online_cpus } from '../kernel/cpu.js';
import type { Kernel } from '../kernel.js';
import { AddressSpace } from './vmap-space.js';

/** Flags of struct vm_struct. Linux: include/linux/vmalloc.h. */
export const VM_IOREMAP = 0x1;
export const VM_MAP = 0x4;
export const VM_DMA_COHERENT = 0x10;

/** asm/memory.h: the largest alignment of an ioremap area, 16 MiB. */
const IOREMAP_MAX_ORDER = 24;

/** struct vm_struct with its vmap_area. */
export interface VmArea {
  readonly addr: Vaddr;
  /** Includes the guard page; a static mapping has none. */
  readonly size: number;
  readonly flags: number;
  readonly caller: string;
  /** The pages, where somebody wants to know them again (kernel/dma/remap.ts). */
  pages: readonly Pfn[] | null;
}

export class VmallocState {
  /** Free and lazily freed addresses; null until vmalloc_init(). */
  space: AddressSpace | null = null;
  /** By start. Static mappings of the direct map's contiguous areas are in it too, as in the kernel. */
  readonly areas: Map<Vaddr, VmArea> = new Map();
  /** Unmapped, not yet flushed. */
  readonly lazy: { readonly start: Vaddr; readonly end: Vaddr }[] = [];
  /** vmap_lazy_nr, in pages. */
  lazyPages = 0;
  purges = 0;
}

/**
 * Imports the static mappings of boot; everything else between VMALLOC_START and VMALLOC_END is free.
 * Called by the first user where boot has not.
 */
function vmalloc_init(k: Kernel): void {
  const { VMALLOC_START, VMALLOC_END } = k.memory;
  const space = new AddressSpace(VMALLOC_START, VMALLOC_END);
  for (const svm of k.mmu.static_vmlist) {
    const { addr, size, flags, caller } = svm;
    k.vmalloc.areas.set(addr, { addr, size, flags, caller, pages: null });
    space.take(svm.addr, svm.addr + svm.size);
  }
  k.vmalloc.space = space;
}

function spaceOf(k: Kernel): AddressSpace {
  if (k.vmalloc.space === null) vmalloc_init(k);
  return k.vmalloc.space!;
}

/** The area that holds `vaddr`, its guard page included. */
export function find_vm_area(k: Kernel, vaddr: Vaddr): VmArea | undefined {
  spaceOf(k);
  const { areas } = k.vmalloc;
  const exact = areas.get(vaddr);
  if (exact !== undefined) return exact;
  for (const area of areas.values()) if (vaddr >= area.addr && vaddr < area.addr + area.size) return area;
  return undefined;
}

export function is_vmalloc_addr(k: Kernel, vaddr: Vaddr): boolean {
  return vaddr >= k.memory.VMALLOC_START && vaddr < k.memory.VMALLOC_END;
}

/** Lazily freed pages that are too many: 32 MiB for each power of two of CPUs. */
export function lazy_max_pages(k: Kernel): number {
  return (ilog2(num_online_cpus(k)) + 1) * ((32 * 1024 * 1024) / PAGE_SIZE);
}

/** Flushes the TLB over everything freed lazily and makes it allocatable. */
export function purge_vmap_area_lazy(k: Kernel): void {
  const { lazy } = k.vmalloc;
  if (lazy.length === 0) return;
  let start = Number.MAX_SAFE_INTEGER;
  let end = 0;
  for (const range of lazy) {
    start = Math.min(start, range.start);
    end = Math.max(end, range.end);
  }
  flush_tlb_kernel_range(k, start, end);
  for (const range of lazy) spaceOf(k).give(range.start, range.end);
  lazy.length = 0;
  k.vmalloc.lazyPages = 0;
  k.vmalloc.purges++;
}

/** Start of `size` free bytes, or null after one purge and one more try. Linux: alloc_vmap_area(). */
function alloc_vmap_area(k: Kernel, size: number, align: number): Vaddr | null {
  const space = spaceOf(k);
  let addr = space.allocate(size, align);
  if (addr === null) {
    purge_vmap_area_lazy(k);
    addr = space.allocate(size, align);
  }
  if (addr !== null) return addr;
  const { VMALLOC_START, VMALLOC_END } = k.memory;
  k.log.pr_warn(
    k.config.atLeast('6.12')
      ? `vmalloc_node_range for size ${size} failed: Address range restricted to 0x${VMALLOC_START.toString(16)} - 0x${VMALLOC_END.toString(16)}`
      : `vmap allocation for size ${size} failed: use vmalloc=<size> to increase size`,
  );
  return null;
}

/**
 * Addresses for `size` bytes and a guard page, nothing mapped yet; null when there is no room.
 * VM_IOREMAP aligns to the size, up to 16 MiB; everything else to a page.
 * Linux: get_vm_area_caller(), __get_vm_area_node() (v6.12).
 */
export function get_vm_area_caller(k: Kernel, size: number, flags: number, caller: string): VmArea | null {
  const bytes = PAGE_ALIGN(size);
  if (bytes === 0) return null;
  let align = PAGE_SIZE;
  if ((flags & VM_IOREMAP) !== 0) {
    align = Math.min(Math.max(roundUpPowerOfTwo(bytes), PAGE_SIZE), 2 ** IOREMAP_MAX_ORDER);
  }
  const addr = alloc_vmap_area(k, bytes + PAGE_SIZE, align);
  if (addr === null) return null;
  const area: VmArea = { addr, size: bytes + PAGE_SIZE, flags, caller, pages: null };
  k.vmalloc.areas.set(addr, area);
  return area;
}

/** Writes the entries of `count` pages in a row. 0 or a negative number: no memory for a page table. */
function vmapPages(k: Kernel, start: Vaddr, pfn: Pfn, count: number, prot: pgprot_t): number {
  const format = k.mmu.pgtable;
  const end = start + count * PAGE_SIZE;
  let isSyncDue = false;
  let result = 0;
  for (let addr = start; addr < end && result === 0; ) {
    const next = Math.min(addr - (addr % format.PMD_SIZE) + format.PMD_SIZE, end);
    const pmdp = pmd_off_k(k, addr);
    if (format.pmd_val(k, pmdp).lo === 0) isSyncDue = true;
    const ptep = pte_alloc_kernel(k, pmdp, addr);
    if (ptep === null) result = -1;
    else {
      format.set_pte_range(k, ptep, pfn + (addr - start) / PAGE_SIZE, (next - addr) / PAGE_SIZE, prot);
    }
    addr = next;
  }
  if (isSyncDue) arch_sync_kernel_mappings(k, start, end);
  return result;
}

/** Clears the entries of [start, end); tables stay. Linux: vunmap_range_noflush(). */
function vunmapPages(k: Kernel, start: Vaddr, end: Vaddr): void {
  const format = k.mmu.pgtable;
  for (let addr = start; addr < end; ) {
    const next = Math.min(addr - (addr % format.PMD_SIZE) + format.PMD_SIZE, end);
    const pmdp = pmd_off_k(k, addr);
    if (format.pmd_table(format.pmd_val(k, pmdp).lo)) {
      const ptep = format.pte_offset(k, pmdp, addr);
      format.pte_clear_range(k, ptep, (next - addr) / PAGE_SIZE);
    }
    addr = next;
  }
}

/** Caches in which the same memory can stand under two addresses. Linux: asm/cachetype.h. */
function hasAliases(k: Kernel): boolean {
  return k.cpu.cacheid === 'VIVT' || k.cpu.cacheid === 'VIPT_ALIASING';
}

/** Linux: arch/arm/include/asm/cacheflush.h, flush_cache_vmap(). */
export function flush_cache_vmap(k: Kernel): void {
  if (hasAliases(k)) flush_cache_all(k);
  else k.machine.barrier('dsb');
}

function flush_cache_vunmap(k: Kernel): void {
  if (hasAliases(k)) flush_cache_all(k);
}

/** Maps `count` pages from `pfn` on into `area`; unmaps it again and returns false when memory is out. */
export function mapArea(k: Kernel, area: VmArea, pfn: Pfn, count: number, prot: pgprot_t): boolean {
  const result = vmapPages(k, area.addr, pfn, count, prot);
  flush_cache_vmap(k);
  if (result === 0) return true;
  vunmap(k, area.addr);
  return false;
}

/**
 * A second mapping of `count` contiguous pages for a coherent buffer; null when addresses or memory are out.
 * Linux: kernel/dma/remap.c, dma_common_contiguous_remap() → vmap() (v6.12).
 * Left out: the array of page pointers that the kernel allocates on the way, and the case that this fails.
 */
export function vmap_contiguous(
  k: Kernel,
  pfn: Pfn,
  count: number,
  prot: pgprot_t,
  caller: string,
): Vaddr | null {
  const area = get_vm_area_caller(k, count * PAGE_SIZE, VM_DMA_COHERENT, caller);
  if (area === null) return null;
  return mapArea(k, area, pfn, count, prot) ? area.addr : null;
}

/**
 * The same for `pages` from anywhere. Linux: mm/vmalloc.c, vmap() (v6.12).
 * Model: tables that are new are told to the processes run by run of contiguous pages, not once in the end.
 */
export function vmap(k: Kernel, pages: readonly Pfn[], prot: pgprot_t, caller: string): Vaddr | null {
  const area = get_vm_area_caller(k, pages.length * PAGE_SIZE, VM_DMA_COHERENT, caller);
  if (area === null) return null;
  let result = 0;
  for (let first = 0; first < pages.length && result === 0; ) {
    const count = contiguousPages(pages, first);
    result = vmapPages(k, area.addr + first * PAGE_SIZE, pages[first]!, count, prot);
    first += count;
  }
  flush_cache_vmap(k);
  if (result === 0) return area.addr;
  vunmap(k, area.addr);
  return null;
}

/** Pages from the one with index `first` on that follow one another in memory. */
export function contiguousPages(pages: readonly Pfn[], first: number): number {
  let count = 1;
  while (first + count < pages.length && pages[first + count] === pages[first]! + count) count++;
  return count;
}

/** Unmaps the area that holds `vaddr`. Its addresses become free with the next purge. */
export function vunmap(k: Kernel, vaddr: Vaddr | null): void {
  if (vaddr === null) return;
  const hexAddress = vaddr.toString(16).padStart(8, '0');
  const name = k.config.atLeast('6.12') ? 'vunmap' : 'vfree';
  if (!isAligned(vaddr, PAGE_SIZE)) k.log.WARN(`Trying to vfree() bad address (${hexAddress})`);
  const area = isAligned(vaddr, PAGE_SIZE) ? find_vm_area(k, vaddr) : undefined;
  if (area === undefined) {
    k.log.WARN(`Trying to ${name}() nonexistent vm area (${hexAddress})`);
    return;
  }
  k.vmalloc.areas.delete(area.addr);
  flush_cache_vunmap(k);
  vunmapPages(k, area.addr, area.addr + area.size);
  k.vmalloc.lazy.push({ start: area.addr, end: area.addr + area.size });
  k.vmalloc.lazyPages += area.size / PAGE_SIZE;
  if (k.vmalloc.lazyPages > lazy_max_pages(k)) {
    k.workqueue.schedule_work('drain_vmap_work', () => purge_vmap_area_lazy(k));
  }
}

/** Bytes of vmalloc space in areas, guard pages included; what was freed lazily is not counted. */
export function vmalloc_used(k: Kernel): number {
  spaceOf(k);
  let used = 0;
  for (const area of k.vmalloc.areas.values()) if (is_vmalloc_addr(k, area.addr)) used += area.size;
  return used;
}

export interface VmallocUsage {
  /** In areas, guard pages included. */
  readonly used: number;
  /** Freed lazily: unmapped, but not allocatable before a purge. */
  readonly lazy: number;
  /** VMALLOC_END - VMALLOC_START. */
  readonly total: number;
  /** Largest free run, after a purge as an allocation would make it. */
  readonly largestFree: number;
}

export function vmallocUsage(k: Kernel): VmallocUsage {
  const { VMALLOC_START, VMALLOC_END } = k.memory;
  const purged = spaceOf(k).copy();
  for (const range of k.vmalloc.lazy) purged.give(range.start, range.end);
  return {
    used: vmalloc_used(k),
    lazy: k.vmalloc.lazyPages * PAGE_SIZE,
    total: VMALLOC_END - VMALLOC_START,
    largestFree: purged.largest(),
  };
}

/**
 * Takes all of vmalloc space, mapping nothing, as if other users held it, and returns the addresses that
 * vunmap() gives back. A hole of one page stays: no area fits into it.
 */
export function fillVmallocSpace(k: Kernel): Vaddr[] {
  purge_vmap_area_lazy(k);
  const taken: Vaddr[] = [];
  for (;;) {
    const size = spaceOf(k).largest() - PAGE_SIZE;
    const area = size > 0 ? get_vm_area_caller(k, size, VM_MAP, 'fillVmallocSpace') : null;
    if (area === null) return taken;
    taken.push(area.addr);
  }
}
