// SPDX-License-Identifier: GPL-2.0-only
/**
 * What becomes of a coherent buffer while a driver has it, and of its memory afterwards, in as few steps as show
 * every way in which its caches can be wrong: the CPU fills it, the device reads it, the device fills it, the CPU
 * reads it; later the pages go to somebody who uses them through the cache.
 */
import type { Paddr } from '../base/address.js';
import type { DmaMaster } from '../hw/dma/master.js';
import { Translation } from '../hw/mmu/translation.js';
import { WALK_OK } from '../hw/mmu/walker.js';
import { rmb, wmb } from '../linux/arch/arm/include/asm/barrier.js';
import { page_address } from '../linux/arch/arm/include/asm/memory.js';
import { PFN_DOWN } from '../linux/include/linux/pfn.js';
import type { DmaBuffer } from '../linux/kernel/dma/mapping.js';
import type { Kernel } from '../linux/kernel.js';
import { kmap_atomic, kunmap_atomic } from '../linux/mm/highmem.js';
import { runsOf } from './buffer-facts.js';
import type { Source } from './outcome.js';

const FROM_CPU = 0xc5;
const FROM_DEVICE = 0xd6;

/** CPU and device take turns. A buffer without a mapping belongs to the device alone. */
export function useBuffer(k: Kernel, master: DmaMaster, buffer: DmaBuffer, size: number): void {
  const { access } = k.machine;
  if (!buffer.cookie) {
    access.fill(buffer.cpu_addr, size, FROM_CPU);
    wmb(k);
    master.scan(buffer.dma_handle, size);
  }
  // A device that does not reach its buffer must not write over somebody else's memory.
  if (reaches(k, master, buffer, size)) master.fill(buffer.dma_handle, size, FROM_DEVICE);
  else master.scan(buffer.dma_handle, size);
  if (buffer.cookie) {
    master.scan(buffer.dma_handle, size);
  } else {
    rmb(k);
    access.scan(buffer.cpu_addr, size);
  }
}

/** Does the device reach the first byte of each run, and the run as one? */
function reaches(k: Kernel, master: DmaMaster, buffer: DmaBuffer, size: number): boolean {
  return runsOf(k, buffer, size).every(
    run => master.translate(buffer.dma_handle + run.offset, run.size) === run.paddr,
  );
}

/**
 * The next owner of freed pages writes all of them through the cache and frees them again. Pages of a pool that
 * the kernel keeps uncached stay as they are.
 */
export function leaveDirty(k: Kernel, paddr: Paddr, size: number, source: Source, byte: number): void {
  const { machine } = k;
  if (source === 'declared' || source.startsWith('atomic_pool')) {
    machine.ram.fill(paddr, size, byte);
    return;
  }
  const vaddr = page_address(k, PFN_DOWN(paddr));
  if (vaddr !== null) machine.access.fill(vaddr, size, byte);
  else leaveDirtyHighmem(k, paddr, size, byte);
  machine.observer?.pagesFreed(paddr, size);
}

/** Model: one process has mapped all of the pages in a row, as the kernel maps cached memory. */
function leaveDirtyHighmem(k: Kernel, paddr: Paddr, size: number, byte: number): void {
  const { machine } = k;
  const window = kmap_atomic(k, PFN_DOWN(paddr));
  const found = new Translation();
  const mapped = machine.walker.walk(window, found) === WALK_OK;
  machine.ram.fill(paddr, size, byte);
  if (mapped) machine.observer?.fill(machine.cpu, window, paddr, size, byte, found.memoryType);
  kunmap_atomic(k, window);
}
