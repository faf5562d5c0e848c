// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the probe's reserved memory goes on a board: into lowmem, behind what boot loaders put at the start of
 * RAM, and where the tree has nothing else. Sizes follow the size of RAM. What no tree tells, such as where a
 * boot loader will put an initrd, the caller gives as ranges to avoid. Next: `overlay.ts`.
 */
import {
  alignDown,
  alignUp,
  FOUR_GiB,
  formatSize,
  hex,
  MiB,
  overlapBytes,
  type Range,
} from '../../base/address.js';
import { inputError } from '../../base/diagnostics.js';
import { physicalBanks } from '../../board/memory.js';
import { isAvailable, regOf } from '../../devicetree/access.js';
import { readBig } from '../../devicetree/bytes.js';
import type { DeviceTree } from '../../devicetree/tree.js';

export type RegionName = 'nomap' | 'cma' | 'restricted' | 'restricted-coherent';

export interface ProbeRegion extends Range {
  readonly name: RegionName;
}

export interface ProbeMemory {
  /** Where RAM begins: what the probe's buses translate from. */
  readonly base: number;
  /** RAM that sizes are taken from: a power of two, 64 to 256 MiB. */
  readonly scale: number;
  readonly regions: readonly ProbeRegion[];
}

/** With less, the regions would leave too little to boot from. */
const LEAST_RAM = 64 * MiB;
const MOST_SCALE = 256 * MiB;

/**
 * The regions must be lowmem: a restricted pool is refused elsewhere, a CMA area elsewhere is not mapped in place.
 * With the smallest share of addresses for the kernel that is common (VMSPLIT_3G), lowmem is 760 MiB.
 */
const LOWMEM_SURE = 512 * MiB;

/** Two sections of short descriptors, or a block of long ones. */
const REGION_ALIGN = 2 * MiB;

/**
 * Linux: kernel/dma/contiguous.c, rmem_cma_setup() (v6.12): base and size must be multiples of a pageblock, which
 * is 4 MiB by default and 8 MiB in Debian's armmp.
 */
const CMA_ALIGN = 8 * MiB;

/** What each region is at 256 MiB of RAM, and its least size. In the order of their addresses. */
const wanted: readonly { name: RegionName; share: number; least: number; align: number }[] = [
  { name: 'nomap', share: 64, least: 2 * MiB, align: REGION_ALIGN },
  { name: 'cma', share: 16, least: CMA_ALIGN, align: CMA_ALIGN },
  { name: 'restricted', share: 32, least: 2 * MiB, align: REGION_ALIGN },
  { name: 'restricted-coherent', share: 64, least: 2 * MiB, align: REGION_ALIGN },
];

/**
 * The probe's memory on a board whose tree has its memory. Throws an InputError `probe-ram-small` or `probe-no-room`
 * where it does not fit, and those of `physicalBanks`.
 */
export function placeRegions(
  board: { readonly tree: DeviceTree },
  avoid: readonly Range[] = [],
): ProbeMemory {
  const { tree } = board;
  const bank = firstBank(board);
  const base = alignUp(bank.start, REGION_ALIGN);
  const end = Math.min(bank.end, base + LOWMEM_SURE, FOUR_GiB);
  if (end - base < LEAST_RAM) {
    const message = `${formatSize(bank.end - bank.start)} of RAM at ${hex(bank.start)} are too little, ${formatSize(LEAST_RAM)} are needed`;
    inputError('probe-ram-small', message, { position: { file: tree.file }, path: '/memory' });
  }
  let scale = MOST_SCALE;
  while (scale > end - base) scale /= 2;
  const taken = [...occupied(tree), ...avoid];
  // Below 9/16 stay kernel, tree and initrd where boot loaders put them: QEMU's initrd starts at the middle.
  const starts = [base + (scale * 9) / 16, base + scale / 4];
  for (const start of starts) {
    const regions = placeFrom(start, { start: base, end }, scale, taken);
    if (regions) return { base, scale, regions };
  }
  return inputError('probe-no-room', `no room for the probe's memory in ${hex(base)} to ${hex(end)}`, {
    position: { file: tree.file },
    path: '/reserved-memory',
    notes: takenNotes(taken),
  });
}

/** A range may be taken twice: by a reservation and by a node. */
function takenNotes(taken: readonly Range[]): string[] {
  const sorted = [...taken].sort((a, b) => a.start - b.start);
  return [...new Set(sorted.map(range => `taken: ${hex(range.start)} to ${hex(range.end)}`))];
}

/** The lowest memory, banks that adjoin being one. */
function firstBank(board: { readonly tree: DeviceTree }): Range {
  const [first, ...others] = physicalBanks(board);
  let end = first!.end;
  for (const bank of others) if (bank.start === end) end = bank.end;
  return { start: first!.start, end };
}

function placeFrom(
  start: number,
  within: Range,
  scale: number,
  taken: readonly Range[],
): ProbeRegion[] | undefined {
  const regions: ProbeRegion[] = [];
  let at = start;
  for (const { name, share, least, align } of wanted) {
    const size = Math.max(scale / share, least);
    const free = lowestFree(at, within.end, size, align, taken);
    if (free === undefined) return undefined;
    regions.push({ name, start: free, end: free + size });
    at = free + size;
  }
  return regions;
}

function lowestFree(
  from: number,
  end: number,
  size: number,
  align: number,
  taken: readonly Range[],
): number | undefined {
  let start = alignUp(from, align);
  while (start + size <= end) {
    const candidate = { start, end: start + size };
    const obstacle = taken.find(range => overlapBytes(range, candidate) > 0);
    if (!obstacle) return start;
    start = alignUp(obstacle.end, align);
  }
  return undefined;
}

/** What the tree says is in use: reservations, reserved memory with a place, the initrd. Widened to whole regions. */
function occupied(tree: DeviceTree): Range[] {
  const rows = tree.memreserve.map(({ address, size }) => ({ address, size }));
  for (const node of tree.root.child('reserved-memory')?.children ?? []) {
    if (isAvailable(node)) rows.push(...regOf(tree, node));
  }
  const start = chosenAddress(tree, 'linux,initrd-start');
  const end = chosenAddress(tree, 'linux,initrd-end');
  if (start !== undefined && end !== undefined) rows.push({ address: start, size: end - start });
  return rows
    .filter(({ size }) => size > 0n)
    .map(({ address, size }) => ({
      start: alignDown(Number(address), REGION_ALIGN),
      end: alignUp(Number(address + size), REGION_ALIGN),
    }));
}

/** Linux: drivers/of/fdt.c, early_init_dt_check_for_initrd() (v6.12): one cell or two, as long as the value is. */
function chosenAddress(tree: DeviceTree, name: string): bigint | undefined {
  const value = tree.root.child('chosen')?.properties.get(name)?.value;
  return value && value.length > 0 ? readBig(value, 0, value.length) : undefined;
}
