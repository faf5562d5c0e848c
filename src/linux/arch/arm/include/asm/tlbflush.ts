// SPDX-License-Identifier: GPL-2.0-only
/**
 * TLB maintenance for kernel addresses. Linux: arch/arm/include/asm/tlbflush.h, arch/arm/kernel/smp_tlb.c
 * (v6.12). The per-page operations are the machine's; what a stale TLB entry does is the observer's business.
 */
import type { Vaddr } from '../../../../../base/address.js';
import { alignDown } from '../../../../../base/address.js';
import { PAGE_SIZE } from '../../../../include/linux/pfn.js';
import type { Kernel } from '../../../../kernel.js';

/** On this CPU, or on all of them where the core's own operations do not reach further. */
export function flush_tlb_kernel_range(k: Kernel, start: Vaddr, end: Vaddr): void {
  k.kprobe?.('flush_kern_tlb_range', start, end);
  flush(k, start, end, k.cpu.is_smp);
}

/**
 * For callers that run on all CPUs, or alone. In spite of its name it reaches the other CPUs on an ARMv7
 * multiprocessor. Linux: arch/arm/mm/tlb-v7.S, v7wbi_flush_kern_tlb_range() (v6.12).
 */
export function local_flush_tlb_kernel_range(k: Kernel, start: Vaddr, end: Vaddr): void {
  k.kprobe?.('flush_kern_tlb_range', start, end);
  flush(k, start, end, k.cpu.is_smp && k.machine.facts.core.multiprocessingExtensions);
}

/** One page, on this CPU. Linux: arch/arm/include/asm/tlbflush.h, local_flush_tlb_kernel_page() (v6.12). */
export function local_flush_tlb_kernel_page(k: Kernel, vaddr: Vaddr): void {
  flush(k, vaddr, vaddr + PAGE_SIZE, false);
}

/**
 * Page by page, with barriers around it.
 * Model: where the core does not broadcast (11MPCore), the kernel's interrupt to the other cores is shown as
 * a broadcast; so is erratum 798181's extra interrupt, which adds nothing visible.
 */
function flush(k: Kernel, start: Vaddr, end: Vaddr, broadcast: boolean): void {
  if (start >= end) return;
  const first = alignDown(start, PAGE_SIZE);
  k.machine.barrier('dsb');
  k.machine.tlbFlush('mva', first, end - first, broadcast);
  k.machine.barrier('dsb');
  k.machine.barrier('isb');
}
