// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the kernel takes out of the device tree before it unpacks it: memory, initrd, command line,
 * reservations. Linux: drivers/of/fdt.c (v6.12; 6.1 where marked); init/initramfs.c, reserve_initrd_mem().
 * Left out: elfcorehdr, KASLR and RNG seeds, hotpluggable memory.
 */
import { alignDown, alignUp, low32 } from '../../../base/address.js';
import { addressCells, sizeCells } from '../../../devicetree/access.js';
import { readBig } from '../../../devicetree/bytes.js';
import type { DeviceTree, DtNode } from '../../../devicetree/tree.js';
import { PAGE_SIZE } from '../../include/linux/pfn.js';
import { phys_addr_t, U32_MAX } from '../../include/linux/types.js';
import type { Kernel } from '../../kernel.js';
import { fdt_init_reserved_mem, fdt_scan_reserved_mem } from './of_reserved_mem.js';

/** Linux: include/uapi/asm-generic/setup.h; arch/arm/include/uapi/asm/setup.h: 1024 on ARM. */
const COMMAND_LINE_SIZE = 1024;
/** Linux: drivers/of/fdt.c, MAX_USABLE_RANGES. */
const MAX_USABLE_RANGES = 2;

export interface FlatRange {
  readonly base: bigint;
  readonly size: bigint;
}

/** A property as (address, size) pairs of the root's cell counts; what is left at the end is ignored. */
export function flatRanges(tree: DeviceTree, value: Uint8Array): FlatRange[] {
  const addressBytes = addressCells(tree.root) * 4;
  const sizeBytes = sizeCells(tree.root) * 4;
  const step = addressBytes + sizeBytes;
  const ranges: FlatRange[] = [];
  for (let offset = 0; step > 0 && offset + step <= value.length; offset += step) {
    ranges.push({
      base: BigInt.asUintN(64, readBig(value, offset, addressBytes)),
      size: BigInt.asUintN(64, readBig(value, offset + addressBytes, sizeBytes)),
    });
  }
  return ranges;
}

/** Linux: drivers/of/fdt.c, of_fdt_device_is_available(). */
export function of_fdt_device_is_available(node: DtNode): boolean {
  const status = flatString(node, 'status');
  return status === undefined || status === 'ok' || status === 'okay';
}

/** The first string of a property, up to its NUL. */
export function flatString(node: DtNode, name: string): string | undefined {
  const value = node.properties.get(name)?.value;
  return value === undefined ? undefined : Buffer.from(value).toString('latin1').split('\0')[0];
}

function chosenNode(tree: DeviceTree): DtNode | undefined {
  return tree.root.child('chosen') ?? tree.root.child('chosen@0');
}

/** Initrd and command line, then memory, then the limits of a crash kernel. */
export function early_init_dt_scan_nodes(k: Kernel): void {
  early_init_dt_scan_chosen(k);
  early_init_dt_scan_memory(k);
  early_init_dt_check_for_usable_mem_range(k);
}

/**
 * The command line is the first of: the one that was given to this run, the tree's 'bootargs',
 * CONFIG_CMDLINE; CONFIG_CMDLINE_FORCE and _EXTEND replace and extend it.
 * Model: a command line that was given counts as the boot loader's, which overwrites 'bootargs'.
 */
function early_init_dt_scan_chosen(k: Kernel): void {
  const chosen = chosenNode(k.board.tree);
  if (chosen) check_for_initrd(k, chosen);
  const builtIn = k.config.string('CMDLINE') ?? '';
  let line = k.cmdline.text;
  if (line === '') line = (chosen && flatString(chosen, 'bootargs')) ?? '';
  if (k.config.isEnabled('CMDLINE_FORCE')) line = builtIn;
  else if (k.config.isEnabled('CMDLINE_EXTEND')) line = `${line} ${builtIn}`;
  else if (line === '') line = builtIn;
  k.cmdline.parse(line.slice(0, COMMAND_LINE_SIZE - 1));
}

function check_for_initrd(k: Kernel, chosen: DtNode): void {
  if (!k.config.isEnabled('BLK_DEV_INITRD')) return;
  const start = chosen.properties.get('linux,initrd-start')?.value;
  const end = chosen.properties.get('linux,initrd-end')?.value;
  if (!start || !end) return;
  const from = Number(readBig(start, 0, start.length));
  const to = Number(readBig(end, 0, end.length));
  if (from > to) return;
  k.memory.phys_initrd_start = phys_addr_t(k, from);
  k.memory.phys_initrd_size = low32(to - from);
}

/** Memory nodes: children of the root with device_type `memory`. */
function early_init_dt_scan_memory(k: Kernel): void {
  const { tree } = k.board;
  for (const node of tree.root.children) {
    if (flatString(node, 'device_type') !== 'memory' || !of_fdt_device_is_available(node)) continue;
    const reg = node.properties.get('linux,usable-memory') ?? node.properties.get('reg');
    for (const { base, size } of reg ? flatRanges(tree, reg.value) : []) {
      if (size !== 0n) early_init_dt_add_memory_arch(k, base, size);
    }
  }
}

/** Adds whole pages that phys_addr_t can express and that are not below PHYS_OFFSET. */
function early_init_dt_add_memory_arch(k: Kernel, askedBase: bigint, askedSize: bigint): void {
  const page = BigInt(PAGE_SIZE);
  const max = k.config.phys64 ? 2n ** 64n - 1n : BigInt(U32_MAX);
  const phys_offset = BigInt(k.memory.PHYS_OFFSET);
  let base = askedBase;
  let size = askedSize;
  const ignoring = (what: 'block' | 'range', from: bigint, to: bigint) => {
    k.log.pr_warn(`OF: fdt: Ignoring memory ${what} 0x${from.toString(16)} - 0x${to.toString(16)}`);
  };

  const head = page - (base % page);
  if (size < head) {
    ignoring('block', base, base + size);
    return;
  }
  if (head !== page) {
    size -= head;
    base += head;
  }
  size -= size % page;
  if (base > max || base + size < phys_offset) {
    ignoring('block', base, base + size);
    return;
  }
  if (base + size - 1n > max) {
    ignoring('range', max + 1n, base + size);
    size = max - base + 1n;
  }
  if (base < phys_offset) {
    ignoring('range', base, phys_offset);
    size -= phys_offset - base;
    base = phys_offset;
  }
  // Without LPAE 4 GiB from address 0 on do not fit the parameter and become nothing.
  k.memblock.memblock_add(Number(base), phys_addr_t(k, Number(size)));
}

function early_init_dt_check_for_usable_mem_range(k: Kernel): void {
  const { tree } = k.board;
  const value = chosenNode(tree)?.properties.get('linux,usable-memory-range')?.value;
  if (!value || value.length % (addressCells(tree.root) + sizeCells(tree.root)) !== 0) return;
  const ranges = flatRanges(tree, value).slice(0, MAX_USABLE_RANGES);
  ranges.forEach(({ base, size }, index) => {
    const start = phys_addr_t(k, Number(base));
    const bytes = phys_addr_t(k, Number(size));
    if (index === 0) k.memblock.memblock_cap_memory_range(start, bytes);
    else if (bytes !== 0) k.memblock.memblock_add(start, bytes);
  });
}

/** Takes the initrd's pages, or gives up on an initrd that lies in the wrong place. */
export function reserve_initrd_mem(k: Kernel): void {
  const { memblock, memory } = k;
  if (memory.phys_initrd_size === 0) return;
  const start = alignDown(memory.phys_initrd_start, PAGE_SIZE);
  const size = alignUp(memory.phys_initrd_start - start + memory.phys_initrd_size, PAGE_SIZE);
  const shown = `0x${start.toString(16).padStart(8, '0')}+0x${size.toString(16).padStart(8, '0')}`;
  let problem: string | undefined;
  if (!memblock.memblock_is_region_memory(start, size)) problem = 'is not a memory region';
  else if (memblock.memblock_is_region_reserved(start, size)) problem = 'overlaps in-use memory region';
  if (problem === undefined) {
    memblock.memblock_reserve(start, size);
    return;
  }
  k.log.pr_err(`INITRD: ${shown} ${problem} - disabling initrd`);
  memory.phys_initrd_size = 0;
}

/** The reservation block of the tree, up to an entry of size 0. */
function reserveMemreserve(k: Kernel): void {
  for (const { address, size } of k.board.tree.memreserve) {
    if (size === 0n) break;
    k.memblock.memblock_reserve(Number(address), Number(size));
  }
}

/**
 * Reserves what the tree sets aside. 6.12 takes '/reserved-memory' before the reservation block and starts
 * only dynamic regions here; 6.1 had it the other way round and started all regions.
 */
export function early_init_fdt_scan_reserved_mem(k: Kernel): void {
  if (k.config.atLeast('6.12')) {
    fdt_scan_reserved_mem(k);
    reserveMemreserve(k);
  } else {
    reserveMemreserve(k);
    fdt_scan_reserved_mem(k);
    fdt_init_reserved_mem(k);
  }
}
