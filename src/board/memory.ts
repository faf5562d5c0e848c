// SPDX-License-Identifier: GPL-2.0-only
/**
 * The memory of a board: what the tree says, and what a boot loader adds before it starts the kernel.
 * Many trees leave the size out (`reg = <base 0>`) or have no memory node, because a boot loader measures
 * the memory and writes the node. Described in the Devicetree Specification v0.4, section 3.4 and 3.6;
 * a boot loader's side is Documentation/arch/arm/booting.rst.
 * What Linux then makes of it (page rounding, ignored parts) is not decided here.
 */
import { FOUR_GiB, formatSize, hex, type Range } from '../base/address.js';
import { type Diagnostic, InputError, inputError } from '../base/diagnostics.js';
import { addressCells, isAvailable, regOf, sizeCells, stringOf } from '../devicetree/access.js';
import { concatBytes, encodeStrings, storeBig } from '../devicetree/bytes.js';
import type { DeviceTree, DtNode } from '../devicetree/tree.js';
import { ramBase } from './ram-base.js';

/** One bank of physical memory. */
export type MemoryBank = Range;

/** One row of a memory node's 'reg'. */
export interface MemoryRow {
  readonly node: DtNode;
  readonly address: bigint;
  readonly size: bigint;
}

/** What the boot loader of the machine would do. */
export interface BootLoaderFacts {
  /** All of the memory. The first may leave out `base`: then it is that of the tree's memory node, or of the chip. */
  readonly memory?: readonly { readonly sizeBytes: number; readonly base?: number }[];
  readonly initrd?: { readonly address: number; readonly size: number };
  /** Where the kernel image and the tree were put, if it matters. */
  readonly imageAddress?: number;
  readonly treeAddress?: number;
  /** The command line, which goes into the tree. */
  readonly bootargs?: string;
  /** Size of the tree as the kernel finds it: boot loaders leave room for what they add. */
  readonly treeBytes?: number;
}

/** Addresses end here on 32-bit ARM with LPAE. */
const ADDRESS_LIMIT = 2n ** 40n;

const NO_SIZE_NOTE = '`--memory SIZE[@BASE]` supplies what the boot loader would';

/**
 * The rows of all memory nodes, in the tree's order, empty ones included.
 * Linux: drivers/of/fdt.c, early_init_dt_scan_memory() (v6.12): children of / with device_type `memory`
 * that are available.
 * Differs: always 'reg'; 'linux,usable-memory' restricts the kernel, not the board.
 */
export function memoryNodes(tree: DeviceTree): MemoryRow[] {
  return memoryNodesOnly(tree).flatMap(node =>
    regOf(tree, node).map(({ address, size }) => ({ node, address, size })),
  );
}

function memoryNodesOnly(tree: DeviceTree): DtNode[] {
  return tree.root.children.filter(
    node => stringOf(tree, node, 'device_type') === 'memory' && isAvailable(node),
  );
}

/**
 * All memory of the machine as sorted, disjoint banks, also what Linux will ignore. Throws an InputError
 * `memory-no-size` if there is none, `memory-overlap` if banks overlap, `memory-too-high` above 40 bits.
 */
export function physicalBanks(board: { readonly tree: DeviceTree }): MemoryBank[] {
  const { tree } = board;
  const rows = memoryNodes(tree).filter(row => row.size > 0n);
  if (rows.length === 0) noSize(tree);
  rows.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  const problems: Diagnostic[] = [];
  rows.forEach((row, index) => {
    const end = row.address + row.size;
    if (end > ADDRESS_LIMIT) {
      problems.push(memoryProblem(tree, row, 'memory-too-high', `${describe(row)} ends above 2^40`, []));
    }
    const next = rows[index + 1];
    if (next !== undefined && next.address < end) {
      const note = `the other bank is ${describe(next)} of ${next.node.path}`;
      problems.push(memoryProblem(tree, row, 'memory-overlap', `${describe(row)} overlaps a bank`, [note]));
    }
  });
  if (problems.length > 0) throw new InputError(problems);
  return rows.map(({ address, size }) => ({ start: Number(address), end: Number(address + size) }));
}

/**
 * Memory that reserved regions lie in outside every bank, as sorted, disjoint ranges: video RAM or SRAM that a
 * tree gives to a device as its own pool. Model: whatever a region with 'reg' names is memory.
 */
export function memoryBeside(tree: DeviceTree, banks: readonly MemoryBank[]): MemoryBank[] {
  const nodes = tree.root.child('reserved-memory')?.children.filter(isAvailable) ?? [];
  const regions = nodes
    .flatMap(node => regOf(tree, node))
    .filter(({ address, size }) => size > 0n && address + size <= ADDRESS_LIMIT)
    .map(({ address, size }) => ({ start: Number(address), end: Number(address + size) }))
    .sort((a, b) => a.start - b.start);
  const beside: { start: number; end: number }[] = [];
  for (const { start, end } of regions) {
    // The banks cut a region into what lies before, between and behind them.
    let at = Math.max(start, beside.at(-1)?.end ?? 0);
    for (const bank of [...banks, { start: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY }]) {
      if (bank.end <= at) continue;
      const stop = Math.min(bank.start, end);
      if (stop > at) beside.push({ start: at, end: stop });
      at = bank.end;
      if (at >= end) break;
    }
  }
  return beside;
}

/**
 * Writes into the tree what the boot loader would: memory, initrd, command line. Given memory replaces all memory of
 * the tree: it goes into the first memory node, other memory nodes are removed.
 * Throws the InputErrors of {@link physicalBanks}, and `memory-no-base` where nothing says where memory is.
 */
export function applyBootLoader(
  board: { readonly tree: DeviceTree; readonly diagnostics?: Diagnostic[] },
  facts: BootLoaderFacts,
): void {
  const { tree } = board;
  if (facts.memory !== undefined) writeMemory(tree, facts.memory, note => board.diagnostics?.push(note));
  if (facts.initrd !== undefined) writeInitrd(tree, facts.initrd);
  if (facts.bootargs !== undefined) chosenOf(tree).setProperty('bootargs', encodeStrings(facts.bootargs));
  physicalBanks(board);
}

function writeMemory(
  tree: DeviceTree,
  memory: NonNullable<BootLoaderFacts['memory']>,
  report: (note: Diagnostic) => void,
): void {
  const known = memoryNodesOnly(tree);
  // U-Boot, common/fdt_support.c, fdt_fixup_memory_banks(): a node named memory is used even if it
  // lacks its device_type, which is added; without one, a node is made.
  const existing = known[0] ?? tree.root.child('memory');
  const stated = existing && regOf(tree, existing)[0]?.address;
  const banks = memory.map(({ sizeBytes, base }, index) => {
    const knownBase = (): bigint | undefined => stated ?? chipBase(tree, report);
    const address = base === undefined ? (index === 0 ? knownBase() : undefined) : BigInt(base);
    return { address: address ?? noBase(tree, index), size: BigInt(sizeBytes) };
  });
  const node = existing ?? tree.root.addChild(`memory@${(banks[0]?.address ?? 0n).toString(16)}`);
  for (const other of known.slice(1)) tree.root.removeChild(other);
  node.setProperty('device_type', encodeStrings('memory'));
  const rows = banks.map(({ address, size }) => encodeReg(tree, node, address, size));
  node.setProperty('reg', concatBytes(rows));
}

function chipBase(tree: DeviceTree, report: (note: Diagnostic) => void): bigint | undefined {
  const known = ramBase(tree);
  if (known === undefined) return undefined;
  report({
    severity: 'note',
    id: 'memory-base-of-chip',
    message: `the memory is taken to begin at ${hex(known.base)}, as with every ${known.compatible}`,
    position: { file: tree.file },
    path: '/memory',
    notes: ['`--memory SIZE@BASE` says otherwise'],
  });
  return BigInt(known.base);
}

function chosenOf(tree: DeviceTree): DtNode {
  return tree.root.child('chosen') ?? tree.root.addChild('chosen');
}

function writeInitrd(tree: DeviceTree, initrd: NonNullable<BootLoaderFacts['initrd']>): void {
  const chosen = chosenOf(tree);
  const cells = addressCells(tree.root);
  const start = BigInt(initrd.address);
  chosen.setProperty('linux,initrd-start', encodeCell(tree, chosen, start, cells));
  chosen.setProperty('linux,initrd-end', encodeCell(tree, chosen, start + BigInt(initrd.size), cells));
}

function encodeReg(tree: DeviceTree, node: DtNode, address: bigint, size: bigint): Uint8Array {
  const addressPart = encodeCell(tree, node, address, addressCells(tree.root));
  const bytes = concatBytes([addressPart, encodeCell(tree, node, size, sizeCells(tree.root))]);
  const end = address + size;
  // A kernel with 32 bits of addresses would cut it off in silence.
  if (addressCells(tree.root) === 1 && end > FOUR_GiB) {
    const bank = `${formatSize(Number(size))} from ${hex(Number(address))} on end at ${hex(Number(end))}`;
    inputError('memory-beyond-cells', `${bank}; addresses of one cell end at ${hex(FOUR_GiB)}`, {
      position: { file: tree.file },
      path: node.path,
      notes: [`--memory takes at most ${formatSize(FOUR_GiB - Number(address))} from there on`],
    });
  }
  return bytes;
}

/** `value` in `cells` cells; an InputError where it does not fit. */
function encodeCell(tree: DeviceTree, node: DtNode, value: bigint, cells: number): Uint8Array {
  if (value >= 2n ** BigInt(32 * cells)) {
    const room = `${cells} cell${cells === 1 ? '' : 's'} of the root node`;
    inputError('value-too-wide', `0x${value.toString(16)} does not fit ${room}`, {
      position: { file: tree.file },
      path: node.path,
      ...(cells === 1 && {
        notes: [
          'one cell holds less than 4 GiB: give less memory, or several banks below that (SIZE@BASE,SIZE@BASE)',
        ],
      }),
    });
  }
  const bytes = new Uint8Array(4 * cells);
  storeBig(bytes, 0, bytes.length, value);
  return bytes;
}

function describe(row: MemoryRow): string {
  return `bank ${hex(Number(row.address))} + ${hex(Number(row.size))}`;
}

function memoryProblem(
  tree: DeviceTree,
  row: MemoryRow,
  id: string,
  message: string,
  notes: readonly string[],
): Diagnostic {
  const position = row.node.properties.get('reg')?.position ?? { file: tree.file };
  return { severity: 'error', id, message, position, path: `${row.node.path}:reg`, notes };
}

function noSize(tree: DeviceTree): never {
  const node = memoryNodesOnly(tree)[0];
  const message = node === undefined ? 'no node has device_type "memory"' : 'the memory node has size 0';
  return inputError('memory-no-size', message, {
    position: node?.properties.get('reg')?.position ?? { file: tree.file },
    path: node === undefined ? '/memory' : `${node.path}:reg`,
    notes: [NO_SIZE_NOTE],
  });
}

function noBase(tree: DeviceTree, index: number): never {
  const message =
    index === 0
      ? 'the tree has no memory node, so the base of the memory must be given'
      : `the base of memory bank ${index + 1} must be given`;
  return inputError('memory-no-base', message, {
    position: { file: tree.file },
    path: '/memory',
    notes: ['`--memory SIZE@BASE` says both'],
  });
}
