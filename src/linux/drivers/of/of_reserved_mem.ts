// SPDX-License-Identifier: GPL-2.0-only
/**
 * The regions of '/reserved-memory': reserving them, finding a place for those without one, and starting the
 * users of them that live in the kernel's core (contiguous areas, coherent and restricted pools).
 * Linux: drivers/of/of_reserved_mem.c, and drivers/of/fdt.c for its 6.1 part (v6.12.117 and v6.1).
 *
 * Two passes: regions with an address ('reg'), then those with only a 'size'. 6.12 starts regions of the
 * second pass at once and those of the first in unflatten_device_tree(), after the direct map is made; 6.1
 * started all of them here. Attaching devices is in kernel/dma and drivers/of/device.ts.
 */
import { hex, MiB, type Paddr } from '../../../base/address.js';
import { inputError } from '../../../base/diagnostics.js';
import { addressCells, isCompatible, sizeCells } from '../../../devicetree/access.js';
import { readBig } from '../../../devicetree/bytes.js';
import type { DtNode } from '../../../devicetree/tree.js';
import { holdsKernel } from '../../arch/arm/boot/image-fits.js';
import { SMP_CACHE_BYTES } from '../../include/linux/cache.js';
import { EBUSY, EINVAL, ENOENT, ENOMEM } from '../../include/linux/errno.js';
import { CMA_MIN_ALIGNMENT_BYTES } from '../../include/linux/pageblock-flags.js';
import { pa, phys_addr_t } from '../../include/linux/types.js';
import type { DmaCoherentMem } from '../../kernel/dma/coherent.js';
import { rmem_dma_setup } from '../../kernel/dma/coherent.js';
import { dma_contiguous_early_fixup, rmem_cma_setup } from '../../kernel/dma/contiguous.js';
import type { IoTlbMem } from '../../kernel/dma/swiotlb.js';
import { rmem_swiotlb_setup } from '../../kernel/dma/swiotlb.js';
import type { Kernel } from '../../kernel.js';
import { sort } from '../../lib/sort.js';
import type { CmaArea } from '../../mm/cma.js';
import { MEMBLOCK_ALLOC_ANYWHERE } from '../../mm/memblock.js';
import { flatRanges, of_fdt_device_is_available } from './fdt.js';

/** Linux: drivers/of/of_private.h. */
const MAX_RESERVED_REGIONS = 64;
const PREFIX = 'OF: reserved mem: ';

/** One region. Linux: include/linux/of_reserved_mem.h, struct reserved_mem. */
export interface reserved_mem {
  readonly name: string;
  readonly node: DtNode;
  base: Paddr;
  /** Bytes; 0 in 6.1 for a dynamic region that has no place yet. */
  size: number;
  /** Who looks after devices that name the region; null: nobody. */
  ops: 'cma' | 'coherent' | 'restricted' | null;
  cma: CmaArea | null;
  /** Made when the first device is attached. */
  coherent: DmaCoherentMem | null;
  /** Made when the first device is attached. */
  restricted: IoTlbMem | null;
}

export class ReservedMem {
  regions: reserved_mem[] = [];
  /** 6.12: how many regions the array has room for. */
  total_reserved_mem_cnt: number = MAX_RESERVED_REGIONS;
}

/** The region of a node, by the node's name as in Linux. */
export function of_reserved_mem_lookup(k: Kernel, node: DtNode): reserved_mem | undefined {
  return k.reserved.regions.find(region => region.name === node.name);
}

/** The node with its children, or undefined where there is none or it has another shape than the root. */
function reservedMemoryNode(k: Kernel): DtNode | undefined {
  return k.board.tree.root.child('reserved-memory');
}

/** Linux: __reserved_mem_check_root(): the root's cell counts, stated, and 'ranges'. */
function hasKnownFormat(k: Kernel, node: DtNode): boolean {
  const { root } = k.board.tree;
  const states = (name: string) => node.properties.has(name);
  return (
    states('#size-cells') &&
    states('#address-cells') &&
    states('ranges') &&
    sizeCells(node) === sizeCells(root) &&
    addressCells(node) === addressCells(root)
  );
}

function unsupportedFormat(k: Kernel): void {
  k.log.pr_err(
    `${k.config.atLeast('6.12') ? PREFIX : 'OF: fdt: '}Reserved memory: unsupported node format, ignoring`,
  );
}

/** Bytes of one (address, size) pair. */
function tupleBytes(k: Kernel): number {
  const { root } = k.board.tree;
  return 4 * (addressCells(root) + sizeCells(root));
}

/** First pass, and in 6.12 the second: reserves; dynamic regions get their place. */
export function fdt_scan_reserved_mem(k: Kernel): void {
  const node = reservedMemoryNode(k);
  if (!node) return;
  if (!hasKnownFormat(k, node)) {
    unsupportedFormat(k);
    return;
  }
  const isNew = k.config.atLeast('6.12');
  const dynamic: DtNode[] = [];
  let count = 0;
  for (const child of node.children) {
    if (!of_fdt_device_is_available(child)) continue;
    const result = __reserved_mem_reserve_reg(k, child);
    if (result === 0) count++;
    if (result !== -ENOENT || !child.properties.has('size')) continue;
    if (!isNew) saveNode(k, child, 0, 0);
    else if (dynamic.length === MAX_RESERVED_REGIONS) {
      k.log.pr_err(`${PREFIX}too many defined dynamic regions, skip '${child.name}'`);
    } else dynamic.push(child);
  }
  if (!isNew) return;
  for (const child of dynamic) {
    const place = __reserved_mem_alloc_size(k, child);
    if (typeof place === 'number') continue;
    if (isReusablePool(child)) dma_contiguous_early_fixup(k, place.base, place.size);
    const region = saveNode(k, child, place.base, place.size);
    if (region) initNode(k, region);
    count++;
  }
  k.reserved.total_reserved_mem_cnt = count;
}

function isReusablePool(node: DtNode): boolean {
  return isCompatible(node, 'shared-dma-pool') && node.properties.has('reusable');
}

/** Reserves every tuple of 'reg'. 0, -ENOENT without 'reg', -EINVAL where its length is wrong. */
function __reserved_mem_reserve_reg(k: Kernel, node: DtNode): number {
  const reg = node.properties.get('reg')?.value;
  if (!reg) return -ENOENT;
  const isNew = k.config.atLeast('6.12');
  const prefix = isNew ? PREFIX : 'OF: fdt: ';
  if (reg.length % tupleBytes(k) !== 0) {
    k.log.pr_err(`${prefix}Reserved memory: invalid reg property in '${node.name}', skipping node.`);
    return -EINVAL;
  }
  const nomap = node.properties.has('no-map');
  flatRanges(k.board.tree, reg).forEach((tuple, index) => {
    const base = phys_addr_t(k, Number(tuple.base));
    const size = phys_addr_t(k, Number(tuple.size));
    if (size !== 0 && early_init_dt_reserve_memory(k, base, size, nomap) === 0) {
      if (isNew && isReusablePool(node)) dma_contiguous_early_fixup(k, base, size);
    } else {
      const mib = Math.floor(size / MiB);
      k.log.pr_err(
        `${prefix}Reserved memory: failed to reserve memory for node '${node.name}': ` +
          `base ${pa(k, base)}, size ${mib} MiB`,
      );
    }
    if (!isNew && index === 0) saveNode(k, node, base, size);
  });
  return 0;
}

/** 'no-map' takes the range out of the direct map instead, unless part of it is in use already. */
function early_init_dt_reserve_memory(k: Kernel, base: Paddr, size: number, nomap: boolean): number {
  const { memblock } = k;
  if (!nomap) return memblock.memblock_reserve(base, size);
  if (memblock.memblock_overlaps_memory(base, size) && memblock.memblock_is_region_reserved(base, size)) {
    return -EBUSY;
  }
  return memblock.memblock_mark_nomap(base, size);
}

/** Finds a place for a region by 'size', 'alignment' and 'alloc-ranges', and reserves it. */
function __reserved_mem_alloc_size(k: Kernel, node: DtNode): { base: Paddr; size: number } | number {
  const { root } = k.board.tree;
  const sizeValue = node.properties.get('size')?.value;
  if (!sizeValue) return -EINVAL;
  if (sizeValue.length !== sizeCells(root) * 4) {
    k.log.pr_err(`${PREFIX}invalid size property in '${node.name}' node.`);
    return -EINVAL;
  }
  const size = phys_addr_t(k, Number(readBig(sizeValue, 0, sizeValue.length)));
  let align = 0;
  const alignment = node.properties.get('alignment')?.value;
  if (alignment) {
    if (alignment.length !== addressCells(root) * 4) {
      k.log.pr_err(`${PREFIX}invalid alignment property in '${node.name}' node.`);
      return -EINVAL;
    }
    align = phys_addr_t(k, Number(readBig(alignment, 0, alignment.length)));
  }
  const nomap = node.properties.has('no-map');
  if (k.config.isEnabled('CMA') && isReusablePool(node) && !nomap) {
    align = Math.max(align, CMA_MIN_ALIGNMENT_BYTES(k));
  }

  const allowed = node.properties.get('alloc-ranges')?.value;
  if (allowed && allowed.length % tupleBytes(k) !== 0) {
    k.log.pr_err(`${PREFIX}invalid alloc-ranges property in '${node.name}', skipping node.`);
    return -EINVAL;
  }
  let base = 0;
  if (allowed) {
    for (const range of flatRanges(k.board.tree, allowed)) {
      const start = phys_addr_t(k, Number(range.base));
      const end = phys_addr_t(k, start + Number(range.size));
      base = allocInRange(k, size, align, start, end, nomap);
      if (base !== 0) break;
    }
  } else {
    base = early_init_dt_alloc_reserved_memory_arch(k, size, align, 0, 0, nomap);
  }
  if (base === 0) {
    const mib = Math.floor(size / MiB);
    k.log.pr_err(`${PREFIX}failed to allocate memory for node '${node.name}': size ${mib} MiB`);
    return -ENOMEM;
  }
  return { base, size };
}

/** A block anywhere in memory where `end` is 0: highmem, too. 0: there is none. */
function early_init_dt_alloc_reserved_memory_arch(
  k: Kernel,
  size: number,
  align: number,
  start: Paddr,
  end: Paddr,
  nomap: boolean,
): Paddr {
  const limit = end === 0 ? MEMBLOCK_ALLOC_ANYWHERE : end;
  const base = k.memblock.memblock_phys_alloc_range(size, align || SMP_CACHE_BYTES(k), start, limit);
  if (base !== 0 && nomap) k.memblock.memblock_mark_nomap(base, size);
  return base;
}

/**
 * 6.12 goes on where a known region ends: upwards from a range whose start touches one, downwards where its
 * end does. Only dynamic regions are known by then. Linux: __reserved_mem_alloc_in_range() (v6.12).
 */
function allocInRange(
  k: Kernel,
  size: number,
  align: number,
  start: Paddr,
  end: Paddr,
  nomap: boolean,
): Paddr {
  const touches = (point: Paddr) =>
    k.reserved.regions.some(
      region => region.size !== 0 && point >= region.base && point <= region.base + region.size,
    );
  const bottomUp = touches(start);
  const decided = k.config.atLeast('6.12') && bottomUp !== touches(end);
  const before = k.memblock.bottom_up;
  if (decided) k.memblock.memblock_set_bottom_up(bottomUp);
  const base = early_init_dt_alloc_reserved_memory_arch(k, size, align, start, end, nomap);
  k.memblock.memblock_set_bottom_up(before);
  return base;
}

function saveNode(k: Kernel, node: DtNode, base: Paddr, size: number): reserved_mem | undefined {
  const { regions } = k.reserved;
  const room = k.config.atLeast('6.12') ? k.reserved.total_reserved_mem_cnt : MAX_RESERVED_REGIONS;
  if (regions.length === room) {
    k.log.pr_err(`${PREFIX}not enough space for all defined regions.`);
    return undefined;
  }
  const region: reserved_mem = {
    name: node.name,
    node,
    base,
    size,
    ops: null,
    cma: null,
    coherent: null,
    restricted: null,
  };
  regions.push(region);
  return region;
}

/**
 * Asks the users of the region's compatible, in link order, until one takes it. What they all refuse is given
 * back. Linux: fdt_init_reserved_mem_node(), __reserved_mem_init_node() (v6.12).
 */
function initNode(k: Kernel, region: reserved_mem): void {
  const { node } = region;
  const nomap = node.properties.has('no-map');
  const result = callSetup(k, region);
  if (result !== 0 && result !== -ENOENT) {
    k.log.pr_info(`${PREFIX}node ${region.name} compatible matching fail`);
    if (nomap) k.memblock.memblock_clear_nomap(region.base, region.size);
    else giveBack(k, region);
    return;
  }
  if (region.ops === 'coherent' || region.ops === 'restricted') requireMemory(k, region);
  if (!k.config.atLeast('6.12')) return;
  const last = region.base + region.size - 1;
  const kib = Math.floor(region.size / 1024);
  const reusable = node.properties.has('reusable') ? 'reusable' : 'non-reusable';
  k.log.pr_info(
    `${PREFIX}${pa(k, region.base)}..${pa(k, last)} (${kib} KiB) ${nomap ? 'nomap' : 'map'} ${reusable} ${region.name}`,
  );
}

/** A pool lies in memory; its address may be cut to 32 bits, or lie above what a machine can have. */
function requireMemory(k: Kernel, { node, base, size }: reserved_mem): void {
  if (k.machine.ram.contains(base, size)) return;
  inputError('area-not-memory', `the pool ${hex(base)}-${hex(base + size)} is not all memory of the board`, {
    position: node.properties.get('reg')?.position ?? { file: k.board.tree.file },
    path: node.path,
    ...(!k.config.phys64 && { notes: ['this kernel has no LPAE: it keeps the low 32 bits of an address'] }),
  });
}

/**
 * The region becomes free memory. Linux does not look at what else lies in it, and dies of it later.
 * Model: a tree that nobody has given an address would not have been put there.
 */
function giveBack(k: Kernel, { node, base, size }: reserved_mem): void {
  const { initial_boot_params_pa, fdt_totalsize, phys_initrd_start, phys_initrd_size } = k.memory;
  const range = { start: base, end: base + size };
  const holds = (start: Paddr, bytes: number) => range.start < start + bytes && start < range.end;
  const lost: string[] = [];
  if (holdsKernel(k, range)) lost.push('the kernel itself');
  if (phys_initrd_size > 0 && holds(phys_initrd_start, phys_initrd_size)) lost.push('the initrd');
  if (k.bootLoader.treeAddress !== undefined && holds(initial_boot_params_pa, fdt_totalsize)) {
    lost.push('the device tree');
  }
  if (lost.length > 0) {
    const setup = "none of the kernel's users of such regions takes it (its log says why)";
    inputError(
      'kernel-panic',
      `the kernel frees ${hex(range.start)}-${hex(range.end)}, which holds ${lost.join(' and ')}`,
      {
        position: node.properties.get('reg')?.position ?? { file: k.board.tree.file },
        path: node.path,
        notes: [`${setup}, so that Linux gives back the whole region, whatever else is in it`],
      },
    );
  }
  k.memblock.memblock_phys_free(base, size);
}

interface RegionUser {
  readonly symbol: string;
  readonly compatible: string;
  readonly ops: NonNullable<reserved_mem['ops']>;
  readonly setup: (k: Kernel, region: reserved_mem) => number;
}

/** In link order. Linux: RESERVEDMEM_OF_DECLARE() in kernel/dma/{contiguous,coherent,swiotlb}.c. */
const regionUsers: readonly RegionUser[] = [
  { symbol: 'DMA_CMA', compatible: 'shared-dma-pool', ops: 'cma', setup: rmem_cma_setup },
  { symbol: 'DMA_DECLARE_COHERENT', compatible: 'shared-dma-pool', ops: 'coherent', setup: rmem_dma_setup },
  {
    symbol: 'DMA_RESTRICTED_POOL',
    compatible: 'restricted-dma-pool',
    ops: 'restricted',
    setup: rmem_swiotlb_setup,
  },
];

function callSetup(k: Kernel, region: reserved_mem): number {
  let result = -ENOENT;
  for (const { symbol, compatible, ops, setup } of regionUsers) {
    if (!k.config.isEnabled(symbol) || !isCompatible(region.node, compatible)) continue;
    result = setup(k, region);
    if (result !== 0) continue;
    region.ops = ops;
    k.log.pr_info(`${PREFIX}initialized node ${region.name}, compatible id ${compatible}`);
    break;
  }
  return result;
}

/** 6.1: finds places for dynamic regions and starts all. Linux: fdt_init_reserved_mem() (v6.1). */
export function fdt_init_reserved_mem(k: Kernel): void {
  checkOverlap(k);
  for (const region of k.reserved.regions) {
    if (region.size === 0) {
      const place = __reserved_mem_alloc_size(k, region.node);
      if (typeof place === 'number') continue;
      region.base = place.base;
      region.size = place.size;
    }
    initNode(k, region);
  }
}

/** sizeof(struct reserved_mem) with 32-bit pointers. */
function recordBytes(k: Kernel): number {
  return k.config.phys64 ? 40 : 24;
}

/**
 * 6.12: starts the regions with 'reg', once the direct map exists.
 * Linux: fdt_scan_reserved_mem_reg_nodes() (v6.12), called by unflatten_device_tree().
 */
export function fdt_scan_reserved_mem_reg_nodes(k: Kernel): void {
  const node = reservedMemoryNode(k);
  if (!node) {
    k.log.pr_info(`${PREFIX}Reserved memory: No reserved-memory node in the DT`);
    return;
  }
  const total = k.reserved.total_reserved_mem_cnt;
  if (total > 0 && k.memblock.memblock_alloc(total * recordBytes(k), SMP_CACHE_BYTES(k)) === 0) {
    k.log.pr_err(`${PREFIX}Failed to allocate memory for reserved_mem array with err: ${-ENOMEM}`);
    k.reserved.regions = [];
    return;
  }
  if (!hasKnownFormat(k, node)) {
    unsupportedFormat(k);
    return;
  }
  for (const child of node.children) {
    const reg = child.properties.get('reg')?.value;
    if (!reg || !of_fdt_device_is_available(child)) continue;
    if (reg.length % tupleBytes(k) !== 0) {
      k.log.pr_err(`${PREFIX}Reserved memory: invalid reg property in '${child.name}', skipping node.`);
      continue;
    }
    const tuples = flatRanges(k.board.tree, reg);
    if (tuples.length > 1) {
      k.log.pr_warn(
        `${PREFIX}fdt_scan_reserved_mem_reg_nodes() ignores ${tuples.length - 1} regions in node '${child.name}'`,
      );
    }
    const size = phys_addr_t(k, Number(tuples[0]?.size ?? 0n));
    if (size === 0) continue;
    const region = saveNode(k, child, phys_addr_t(k, Number(tuples[0]!.base)), size);
    if (region) initNode(k, region);
  }
  checkOverlap(k);
}

/**
 * Sorts the regions and reports those that overlap; nothing else is done about them. In 6.1 this comes before
 * dynamic regions have a place, and the order in which they get one is what the sort makes of equal elements;
 * 6.12 puts those in the tree's order. Linux: __rmem_check_for_overlap(), __rmem_cmp().
 */
function checkOverlap(k: Kernel): void {
  const { regions } = k.reserved;
  if (regions.length < 2) return;
  const compare = (a: reserved_mem, b: reserved_mem) => a.base - b.base || a.size - b.size;
  if (k.config.atLeast('6.12')) regions.sort(compare);
  else sort(regions, compare);
  regions.forEach((region, index) => {
    const next = regions[index + 1];
    const end = region.base + region.size;
    if (!next || end <= next.base) return;
    const nextEnd = next.base + next.size;
    k.log.pr_err(
      `${PREFIX}OVERLAP DETECTED!\n${region.name} (${pa(k, region.base)}--${pa(k, end)}) overlaps with ` +
        `${next.name} (${pa(k, next.base)}--${pa(k, nextEnd)})`,
    );
  });
}
