// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where a node's registers are for the CPU: 'reg' through the 'ranges' of every bus above.
 * Linux: drivers/of/address.c, __of_translate_address() (v6.12): a bus without 'ranges' leads nowhere.
 */
import { addressCells, readCells, regOf, sizeCells } from '../../devicetree/access.js';
import type { DeviceTree, DtNode } from '../../devicetree/tree.js';

export interface CpuRange {
  readonly start: number;
  readonly size: number;
}

/** Addresses end here on 32-bit ARM with LPAE. */
const ADDRESS_LIMIT = 2n ** 40n;

/** Each row of 'reg' that the CPU can reach; null for one that it cannot. */
export function cpuRanges(tree: DeviceTree, node: DtNode): (CpuRange | null)[] {
  return regOf(tree, node).map(({ address, size }) => {
    let at: bigint | null = address;
    for (let bus = node.parent; bus?.parent && at !== null; bus = bus.parent)
      at = throughRanges(tree, bus, at);
    if (at === null || at + size > ADDRESS_LIMIT) return null;
    return { start: Number(at), size: Number(size) };
  });
}

function throughRanges(tree: DeviceTree, bus: DtNode, address: bigint): bigint | null {
  const property = bus.properties.get('ranges');
  if (property === undefined) return null;
  if (property.value.length === 0) return address;
  const parentCells = addressCells(bus.parent ?? bus);
  for (const row of readCells(tree, bus, 'ranges', [addressCells(bus), parentCells, sizeCells(bus)])) {
    const [child = 0n, parent = 0n, size = 0n] = row;
    if (address >= child && address < child + size) return parent + (address - child);
  }
  return null;
}
