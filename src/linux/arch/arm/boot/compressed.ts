// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the decompressor thinks that memory starts, which becomes PHYS_OFFSET: the kernel is unpacked to
 * TEXT_OFFSET above it and takes the rest from its own address.
 * Linux: arch/arm/boot/compressed/head.S (AUTO_ZRELADDR), fdt_check_mem_start.c; arch/arm/kernel/head.S
 * (v6.12, the same in v6.1).
 */

import { alignDown, alignUp, FOUR_GiB, MiB, type Paddr } from '../../../../base/address.js';
import { addressCells, sizeCells } from '../../../../devicetree/access.js';
import { readBig } from '../../../../devicetree/bytes.js';
import type { DeviceTree, DtNode } from '../../../../devicetree/tree.js';
import type { Kernel } from '../../../kernel.js';

/** Linux: arch/arm/mach-keystone/keystone.c: where the core finds its RAM as long as it has 32-bit addresses. */
export const KEYSTONE_LOW_PHYS_START = 0x80000000;

/** The program counter is masked with 0xf8000000. */
const GRANULE: number = 128 * MiB;

/**
 * PHYS_OFFSET of this boot.
 * Model: every image is built with AUTO_ZRELADDR, and patches its physical offset in
 * (CONFIG_ARM_PATCH_PHYS_VIRT) unless the configuration states CONFIG_PHYS_OFFSET. An image whose load
 * address is not given was loaded near the start of the first memory range.
 */
export function phys_offset(k: Kernel): Paddr {
  const stated = k.config.number('PHYS_OFFSET');
  if (stated !== undefined && !k.config.isEnabled('ARM_PATCH_PHYS_VIRT')) return stated;
  const { tree } = k.board;
  const window = k.mach.pv_fixup === 'keystone' ? KEYSTONE_LOW_PHYS_START : 0;
  const loaded = k.bootLoader.imageAddress ?? firstMemoryBase(tree) ?? window;
  return fdt_check_mem_start(alignDown(loaded, GRANULE), tree);
}

interface Rows {
  readonly base: bigint;
  readonly size: bigint;
}

/** Base and size of every memory range, as the decompressor reads them: any node, available or not. */
function memoryRows(tree: DeviceTree): Rows[] {
  const cells = addressCells(tree.root);
  const sizes = sizeCells(tree.root);
  const rows: Rows[] = [];
  for (const node of tree.root.walk()) {
    if (!isMemory(node)) continue;
    const reg = node.properties.get('linux,usable-memory') ?? node.properties.get('reg');
    if (!reg) continue;
    const step = (cells + sizes) * 4;
    for (let offset = 0; step > 0 && offset + step <= reg.value.length; offset += step) {
      rows.push({
        base: readBig(reg.value, offset, cells * 4),
        size: readBig(reg.value, offset + cells * 4, sizes * 4),
      });
    }
  }
  return rows;
}

function isMemory(node: DtNode): boolean {
  const type = node.properties.get('device_type')?.value;
  return type !== undefined && Buffer.from(type).toString('latin1').split('\0')[0] === 'memory';
}

function firstMemoryBase(tree: DeviceTree): Paddr | undefined {
  const row = memoryRows(tree).find(({ base, size }) => size > 0n && base < BigInt(FOUR_GiB));
  return row && Number(row.base);
}

/**
 * `mem_start` if it lies in a memory range below 4 GiB, otherwise the lowest such base rounded up to
 * 2 MiB. A 'linux,usable-memory-range' clips the ranges, and then its lowest base always wins.
 * Linux: arch/arm/boot/compressed/fdt_check_mem_start.c.
 */
function fdt_check_mem_start(mem_start: Paddr, tree: DeviceTree): Paddr {
  const cells = addressCells(tree.root);
  const sizes = sizeCells(tree.root);
  if (cells > 2 || sizes > 2) return mem_start;

  const usable = tree.root.child('chosen')?.properties.get('linux,usable-memory-range')?.value;
  const clip = usable !== undefined && usable.length >= (cells + sizes) * 4;
  let usableBase = 0;
  let usableEnd = Number.POSITIVE_INFINITY;
  if (clip) {
    usableBase = Number(readBig(usable, 0, cells * 4));
    const size = Number(readBig(usable, cells * 4, sizes * 4));
    if (size === 0 || usableBase >= FOUR_GiB) return mem_start;
    usableEnd = usableBase + size;
  }

  let lowest = Number.POSITIVE_INFINITY;
  for (const row of memoryRows(tree)) {
    let base = Number(row.base);
    let end = base + Number(row.size);
    if (row.size === 0n || base >= FOUR_GiB) continue;
    if (clip) {
      base = Math.max(base, usableBase);
      end = Math.min(end, usableEnd);
      if (end <= base) continue;
    } else if (mem_start >= base && mem_start < end) {
      return mem_start;
    }
    lowest = Math.min(lowest, base);
  }
  return lowest === Number.POSITIVE_INFINITY ? mem_start : alignUp(lowest, 2 * MiB);
}
