// SPDX-License-Identifier: GPL-2.0-only
/**
 * Bus addresses in the device tree: which of them a device may use for DMA and what they are to the CPU.
 * Linux: drivers/of/address.c (v6.12; 6.1 alike for the properties read here): 'dma-ranges', with the PCI,
 * ISA and plain bus translators; 'dma-coherent'. Left out: 'ranges' and logical PIO, which DMA does not use.
 * Cell numbers come from the nearest ancestor that states them, as everywhere in Linux.
 */
import {
  addressCells,
  isCompatible,
  sizeCells,
  stringsOf,
  u32Of,
  u32sOf,
} from '../../../devicetree/access.js';
import type { DtNode } from '../../../devicetree/tree.js';
import type { BusDmaRegion } from '../../include/linux/device.js';
import { toDmaAddr, toPhysAddr } from '../../include/linux/dma-direct.js';
import { EINVAL, ENODEV } from '../../include/linux/errno.js';
import type { Kernel } from '../../kernel.js';

/** Cells of one address, most significant first. Not longer than OF_MAX_ADDR_CELLS. */
type Cells = number[];

const OF_MAX_ADDR_CELLS = 4;

/** What a kind of bus does with addresses. `flagCells`: leading cells that are no part of the number. */
interface OfBus {
  readonly flagCells: 0 | 1;
  /** Cells of addresses and sizes of the children of `bus`. */
  counts(bus: DtNode): { na: number; ns: number };
  /** Do an address and a range's start speak of the same space? */
  sameSpace(address: Cells, rangeStart: Cells): boolean;
  /** Two ranges merge only where these agree. */
  flags(address: Cells): number;
}

function inheritedCounts(bus: DtNode): { na: number; ns: number } {
  return { na: addressCells(bus), ns: sizeCells(bus) };
}

const MEMORY = 2;
const IO = 1;

/** Linux: drivers/of/address.c, of_bus_pci_get_flags() (v6.12): space code and the prefetchable bit. */
function pciFlags(address: Cells): number {
  const word = address[0] ?? 0;
  const space = (word >>> 24) & 3;
  const kind = space === 0 ? 0 : space === 1 ? IO : MEMORY;
  return kind + (space === 3 ? 4 : 0) + ((word & 0x40000000) !== 0 ? 8 : 0);
}

const pciBus: OfBus = {
  flagCells: 1,
  counts: () => ({ na: 3, ns: 2 }),
  sameSpace: (address, start) => ((pciFlags(address) ^ pciFlags(start)) & (MEMORY | IO)) === 0,
  flags: pciFlags,
};

const isaBus: OfBus = {
  flagCells: 1,
  counts: () => ({ na: 2, ns: 1 }),
  sameSpace: (address, start) => (((address[0] ?? 0) ^ (start[0] ?? 0)) & 1) === 0,
  flags: address => (((address[0] ?? 0) & 1) !== 0 ? IO : MEMORY),
};

/** Three address cells on a bus that is not PCI: the first must be equal. */
const flaggedBus: OfBus = {
  flagCells: 1,
  counts: inheritedCounts,
  sameSpace: (address, start) => address[0] === start[0],
  flags: address => address[0] ?? 0,
};

const plainBus: OfBus = { flagCells: 0, counts: inheritedCounts, sameSpace: () => true, flags: () => MEMORY };

const PCI_TYPES: readonly string[] = ['pci', 'pciex', 'vci', 'ht'];

/** Linux: drivers/of/address.c, of_match_bus() (v6.12). A node called "pcie" counts without its type. */
function of_match_bus(k: Kernel, bus: DtNode): OfBus {
  const baseName = bus.name.split('@')[0] ?? '';
  const type = stringsOf(k.board.tree, bus, 'device_type')[0] ?? '';
  if (k.config.isEnabled('PCI') && (PCI_TYPES.includes(type) || baseName === 'pcie')) return pciBus;
  if (baseName === 'isa') return isaBus;
  return addressCells(bus) === 3 ? flaggedBus : plainBus;
}

/** The cells as one number of 64 bits. Linux: include/linux/of.h, of_read_number() (v6.12). */
function of_read_number(cells: Cells): bigint {
  return cells.reduce((value, cell) => BigInt.asUintN(64, (value << 32n) | BigInt(cell)), 0n);
}

/** Adds `offset` below the flag cells, keeping the number of cells. */
function translated(cells: Cells, flagCells: number, offset: bigint): Cells {
  const sum = BigInt.asUintN(64, of_read_number(cells.slice(flagCells)) + offset);
  const width = cells.length - flagCells;
  const result = cells.slice(0, flagCells);
  for (let index = 0; index < width; index++) {
    const shift = BigInt(32 * (width - 1 - index));
    result.push(shift >= 64n ? 0 : Number((sum >> shift) & 0xffffffffn));
  }
  return result;
}

/**
 * The node that carries a device's DMA: the interconnect called 'dma-mem' where there is one, else the parent.
 * Linux: drivers/of/address.c, __of_get_dma_parent() (v6.12).
 */
export function of_get_dma_parent(k: Kernel, node: DtNode): DtNode | null {
  const { tree } = k.board;
  const index = stringsOf(tree, node, 'interconnect-names').indexOf('dma-mem');
  if (index < 0) return node.parent;
  const cells = u32sOf(tree, node, 'interconnects');
  let current = 0;
  for (let position = 0; position < cells.length; current++) {
    const target = tree.nodeByPhandle(cells[position] ?? 0);
    if (!target) return node.parent;
    if (current === index) return target;
    position += 1 + (u32Of(tree, target, '#interconnect-cells') ?? cells.length);
  }
  return node.parent;
}

/** One row of 'dma-ranges': child address, parent address, size. */
interface RangeRow {
  readonly child: Cells;
  readonly parent: Cells;
  readonly size: bigint;
}

/** The rows that are complete; null without the property. */
function dmaRangeRows(
  k: Kernel,
  node: DtNode,
  counts: { na: number; pna: number; ns: number },
): RangeRow[] | null {
  if (!node.properties.has('dma-ranges')) return null;
  const cells = u32sOf(k.board.tree, node, 'dma-ranges');
  const { na, pna, ns } = counts;
  const rows: RangeRow[] = [];
  for (let start = 0; start + na + pna + ns <= cells.length; start += na + pna + ns) {
    rows.push({
      child: cells.slice(start, start + na),
      parent: cells.slice(start + na, start + na + pna),
      size: of_read_number(cells.slice(start + na + pna, start + na + pna + ns)),
    });
  }
  return rows;
}

/** One level up; null where the bus does not pass the address. Linux: of_translate_one() (v6.12). */
function of_translate_one(
  k: Kernel,
  node: DtNode,
  bus: OfBus,
  parentBus: OfBus,
  address: Cells,
  counts: { na: number; pna: number; ns: number },
): Cells | null {
  const rows = dmaRangeRows(k, node, counts);
  if (rows === null || node.properties.get('dma-ranges')?.value.length === 0) {
    // Missing and empty both mean 1:1; flag cells pass.
    const base = Array.from({ length: counts.pna }, (_, i) =>
      i < parentBus.flagCells ? (address[i] ?? 0) : 0,
    );
    return translated(base, parentBus.flagCells, of_read_number(address));
  }
  const wanted = of_read_number(address.slice(bus.flagCells));
  for (const row of rows) {
    const start = of_read_number(row.child.slice(bus.flagCells));
    if (!bus.sameSpace(address, row.child) || wanted < start || wanted >= start + row.size) continue;
    return translated(row.parent, parentBus.flagCells, wanted - start);
  }
  return null;
}

function validCounts(na: number, ns: number): boolean {
  return na > 0 && na <= OF_MAX_ADDR_CELLS && ns > 0;
}

/**
 * Physical address of an address on the bus that `node` is a child of; null where it has none.
 * Linux: drivers/of/address.c, of_translate_dma_address() (v6.12).
 */
function of_translate_dma_address(k: Kernel, node: DtNode, start: Cells): bigint | null {
  let dev = of_get_dma_parent(k, node);
  if (dev === null) return null;
  let bus = of_match_bus(k, dev);
  let { na, ns } = bus.counts(node.parent ?? node);
  if (!validCounts(na, ns)) return null;
  let address = start.slice(0, na);
  for (;;) {
    const parent = of_get_dma_parent(k, dev);
    if (parent === null) return of_read_number(address);
    const parentBus = of_match_bus(k, parent);
    const { na: pna, ns: pns } = parentBus.counts(dev.parent ?? dev);
    if (!validCounts(pna, pns)) {
      k.log.pr_err(`OF: Bad cell count for ${dev.path}`);
      return null;
    }
    const next = of_translate_one(k, dev, bus, parentBus, address, { na, pna, ns });
    if (next === null) return null;
    address = next;
    bus = parentBus;
    na = pna;
    ns = pns;
    dev = parent;
  }
}

/** A range with neighbours merged. `cpu`: null where it leads nowhere. */
interface MergedRange {
  readonly bus: bigint;
  readonly cpu: bigint | null;
  readonly flags: number;
  size: bigint;
}

/** Linux: drivers/of/address.c, of_pci_range_parser_one() (v6.12). */
function parseDmaRanges(k: Kernel, node: DtNode): MergedRange[] {
  const kind = of_match_bus(k, node);
  const counts = { na: addressCells(node), pna: addressCells(node.parent ?? node), ns: sizeCells(node) };
  const merged: MergedRange[] = [];
  for (const row of dmaRangeRows(k, node, counts) ?? []) {
    const bus = of_read_number(row.child.slice(kind.flagCells));
    const cpu = of_translate_dma_address(k, node, row.parent);
    const flags = kind.flags(row.child);
    const last = merged.at(-1);
    const adjoins = last && last.flags === flags && last.cpu !== null && cpu === last.cpu + last.size;
    if (adjoins && bus === last.bus + last.size) last.size += row.size;
    else merged.push({ bus, cpu, flags, size: row.size });
  }
  return merged;
}

/**
 * What the bus that `start` stands for lets through; -ENODEV where no 'dma-ranges' says, -EINVAL where
 * nothing of it can be translated. The nearest property that is not empty counts; an empty one is 1:1.
 * Linux: drivers/of/address.c, of_dma_get_range() (v6.12).
 */
export function of_dma_get_range(k: Kernel, start: DtNode | null): readonly BusDmaRegion[] | number {
  let node = start;
  let seen = false;
  for (; node; node = of_get_dma_parent(k, node)) {
    const property = node.properties.get('dma-ranges');
    if (property && property.value.length > 0) break;
    // Once one level has been passed, a missing property is an error.
    if (seen && !property) return -ENODEV;
    seen = true;
  }
  if (!node) return -ENODEV;

  const usable: BusDmaRegion[] = [];
  for (const range of parseDmaRanges(k, node)) {
    if (range.cpu === null) {
      const bus = range.bus.toString(16);
      k.log.pr_err(`OF: translation of DMA address(${bus}) to CPU address failed node(${node.path})`);
      continue;
    }
    usable.push({
      cpu_start: toPhysAddr(k, Number(range.cpu)),
      dma_start: toDmaAddr(k, Number(range.bus)),
      size: Number(range.size),
    });
  }
  if (usable.length === 0) return -EINVAL;
  // An entry of size 0 ends the kernel's array.
  const end = usable.findIndex(region => region.size === 0);
  return end < 0 ? usable : usable.slice(0, end);
}

/**
 * Linux: drivers/of/address.c, of_dma_is_coherent() (v6.12). The nearest of the two properties counts; not
 * coherent where there is none (dma_default_coherent is false on ARM).
 */
export function of_dma_is_coherent(k: Kernel, start: DtNode | null): boolean {
  for (let node = start; node; node = of_get_dma_parent(k, node)) {
    if (node.properties.has('dma-coherent')) return true;
    if (node.properties.has('dma-noncoherent')) return false;
  }
  return false;
}

/** The first node of the tree with one of these compatibles. Linux: drivers/of/base.c (v6.12). */
export function of_find_matching_node(k: Kernel, names: readonly string[]): DtNode | undefined {
  for (const node of k.board.tree.root.walk()) {
    if (names.some(name => isCompatible(node, name))) return node;
  }
  return undefined;
}
