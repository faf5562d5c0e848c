// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a modelled driver uses of the kernel besides the DMA API: memory of its own, registers, and the CPU's view
 * of memory. Register accesses are those of arch/arm/include/asm/io.h (v6.12).
 * Model: registers have no page-table entries; a store to one is a store to Device memory at an address where no
 * board has RAM. Loads from registers are not told to the machine.
 */
import { hex, type Vaddr } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';
import type { Random } from '../../base/random.js';
import type { Register, RegisterDevice } from '../../hw/dma/registers.js';
import { DEVICE, STRONGLY_ORDERED } from '../../hw/mmu/memory-type.js';
import { rmb, wmb } from '../../linux/arch/arm/include/asm/barrier.js';
import { __pa, page_address } from '../../linux/arch/arm/include/asm/memory.js';
import { GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { get_order, PFN_DOWN } from '../../linux/include/linux/pfn.js';
import type { Kernel } from '../../linux/kernel.js';
import { __free_pages, alloc_pages } from '../../linux/mm/page_alloc.js';

/**
 * Where registers are mapped (between the device tree's mapping and the fixmap, where ARM has nothing), and where
 * they are: in the last 64 KiB of physical addresses.
 */
const REGISTERS: Vaddr = 0xffb00000;
const REGISTERS_FROM_END = 0x10000;

/**
 * Cached lowmem, not zeroed; null without memory. Linux: mm/slab_common.c, kmalloc() (v6.12).
 * Model: whole pages, as for kmalloc()'s large sizes.
 */
export function kmalloc(k: Kernel, size: number): Vaddr | null {
  const pfn = alloc_pages(k, GFP_KERNEL, get_order(size));
  return pfn === null ? null : page_address(k, pfn);
}

/** `size`: as it was allocated. */
export function kfree(k: Kernel, vaddr: Vaddr | null, size: number): void {
  if (vaddr !== null) __free_pages(k, PFN_DOWN(__pa(k, vaddr)), get_order(size));
}

/** Orders what was stored before, and rings. Linux: writel(), with __iowmb(). */
export function writel(k: Kernel, device: RegisterDevice, register: Register, value: number): void {
  if (k.config.isEnabled('ARM_DMA_MEM_BUFFERABLE')) wmb(k);
  writel_relaxed(k, device, register, value);
}

/** Rings, and orders nothing. */
export function writel_relaxed(k: Kernel, device: RegisterDevice, register: Register, value: number): void {
  const { machine } = k;
  const type = machine.facts.core.architecture < 6 ? STRONGLY_ORDERED : DEVICE;
  const paddr = 2 ** machine.facts.physicalAddressBits - REGISTERS_FROM_END + register.offset;
  machine.live?.store(machine.cpu, REGISTERS + register.offset, paddr, 4, value, type);
  machine.observer?.cpuStore(machine.cpu, REGISTERS + register.offset, paddr, 4, type);
  device.writeRegister(register.offset, value);
}

/** What is loaded later is not older than the register's value. Linux: readl(), with __iormb(). */
export function readl(k: Kernel, device: RegisterDevice, register: Register): number {
  const value = device.readRegister(register.offset);
  if (k.config.isEnabled('ARM_DMA_MEM_BUFFERABLE')) rmb(k);
  return value;
}

/** The CPU loads a word. Drivers touch only memory that they were given, so none of these accesses faults. */
export function load(k: Kernel, vaddr: Vaddr): number {
  const value = k.machine.access.load32(vaddr);
  invariant(value >= 0, () => `a driver faulted at ${hex(vaddr)}`);
  return value;
}

export function store(k: Kernel, vaddr: Vaddr, value: number): void {
  invariant(k.machine.access.store32(vaddr, value), () => `a driver faulted at ${hex(vaddr)}`);
}

export function readBytes(k: Kernel, vaddr: Vaddr, size: number): Uint8Array {
  const bytes = k.machine.access.read(vaddr, size);
  invariant(bytes.length === size, () => `a driver faulted at ${hex(vaddr + bytes.length)}`);
  return bytes;
}

export function writeBytes(k: Kernel, vaddr: Vaddr, bytes: Uint8Array): void {
  invariant(k.machine.access.write(vaddr, bytes), () => `a driver faulted at ${hex(vaddr)} or behind it`);
}

export function randomBytes(random: Random, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, () => random.below(256));
}
