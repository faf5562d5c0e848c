// SPDX-License-Identifier: GPL-2.0-only
/**
 * The life of one coherent buffer, as the simplest driver has it: the CPU writes, the device reads, the device
 * writes, the CPU reads. With caches that hold data, what either of them got is compared with what the other
 * wrote; without, the sanitizer says what may go wrong.
 */

import { invariant } from '../../base/diagnostics.js';
import { rmb, wmb } from '../../linux/arch/arm/include/asm/barrier.js';
import type { device } from '../../linux/include/linux/device.js';
import { GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PFN_PHYS } from '../../linux/include/linux/pfn.js';
import { type DmaBuffer, dma_alloc_coherent, dma_free_coherent } from '../../linux/kernel/dma/mapping.js';
import type { Kernel } from '../../linux/kernel.js';
import { mappingAt, physicalAddress, sourceOf } from '../../workloads/buffer-facts.js';
import { masterOf } from '../../workloads/masters.js';
import type { MappingFacts, Source } from '../results.js';

/** Where the buffer was, and how the CPU saw it. */
export interface BufferPlace {
  readonly source: Source;
  readonly mapping: MappingFacts;
}

export interface Exchange {
  /** Null: the kernel had no buffer. */
  readonly place: BufferPlace | null;
  /** The device got what the CPU had written. */
  readonly deviceRight: boolean;
  /** The CPU got what the device had written. */
  readonly cpuRight: boolean;
}

/** Bytes that are neither zero nor the poison of new memory, and differ from their neighbours. */
export function pattern(size: number, salt: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => ((index * 7 + salt) % 89) + 100);
}

export function equalBytes(a: Uint8Array | null, b: Uint8Array): boolean {
  return a !== null && a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** The CPU writes and tells the device to go on. */
export function cpuWrites(k: Kernel, buffer: DmaBuffer, bytes: Uint8Array): void {
  k.machine.access.write(buffer.cpu_addr, bytes);
  wmb(k);
}

/** The CPU is told that the device is done, and reads. */
export function cpuReads(k: Kernel, buffer: DmaBuffer, size: number): Uint8Array {
  rmb(k);
  return k.machine.access.read(buffer.cpu_addr, size);
}

function placeOfBuffer(k: Kernel, dev: device, buffer: DmaBuffer): BufferPlace {
  const paddr = buffer.cookie ? PFN_PHYS(buffer.cpu_addr) : physicalAddress(k.machine, buffer.cpu_addr);
  invariant(paddr !== undefined, 'a buffer that is not mapped');
  return {
    source: sourceOf(k, dev, paddr, k.dma.poolOf(buffer.cpu_addr)),
    mapping: mappingAt(k, buffer.cpu_addr),
  };
}

/** Allocates, lets both sides write and read once, and frees. */
export function exchange(k: Kernel, dev: device, size: number): Exchange {
  const buffer = dma_alloc_coherent(k, dev, size, GFP_KERNEL);
  if (buffer === null) return { place: null, deviceRight: false, cpuRight: false };
  const place = placeOfBuffer(k, dev, buffer);
  const master = masterOf(k, dev);
  const command = pattern(size, 11);
  cpuWrites(k, buffer, command);
  const deviceRight = equalBytes(master.read(buffer.dma_handle, size), command);
  const answer = pattern(size, 47);
  master.write(buffer.dma_handle, answer);
  const cpuRight = equalBytes(cpuReads(k, buffer, size), answer);
  dma_free_coherent(k, dev, size, buffer);
  return { place, deviceRight, cpuRight };
}

/** `restricted pool in vmalloc, normal inner=NC outer=NC`. */
export function placeText({ source, mapping }: BufferPlace): string {
  return `${sourceNames[source]}, ${mapping.place === 'vmalloc' ? 'mapped again' : 'in the direct map'}, ${mapping.type}`;
}

const sourceNames: Readonly<Record<Source, string>> = {
  'cma-default': 'CMA',
  'cma-dev': "the device's CMA",
  restricted: 'the restricted pool',
  declared: "the device's pool",
  atomic_pool: "ARM's pool",
  atomic_pool_kernel: 'the generic pool',
  atomic_pool_dma: 'the generic pool',
  buddy: 'the page allocator',
};
