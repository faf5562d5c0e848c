// SPDX-License-Identifier: GPL-2.0-only
/**
 * A real board's tree with other devices: memory, reserved memory, cores and caches stay as they are, everything else
 * makes room for Armory's block of devices. What a kernel does with memory and caches is then that board's; what it
 * drives is modelled.
 * Model: the machine's own code in the kernel does not run, since the root's 'compatible' is that of a virtual
 * machine; where that code sets bits of the outer cache's control register, it is said in a note.
 */
import { hex, type Range } from '../../base/address.js';
import { type Diagnostic, inputError } from '../../base/diagnostics.js';
import { Board } from '../../board/board.js';
import { memoryBeside, physicalBanks } from '../../board/memory.js';
import { addressCells, compatibles, isAvailable, sizeCells } from '../../devicetree/access.js';
import type { DeviceTree, DtNode } from '../../devicetree/tree.js';
import { coreIds, emulatedCores } from '../cpu/ids.js';
import { addDeviceBlock, BLOCK_BYTES } from './device-block.js';
import { cpuRanges } from './tree-address.js';
import { addNode, regCells, setProperties } from './tree-builder.js';

/** Where the block goes if nothing of the board is there: as on the `virt` machine. */
const PREFERRED = 0x0800_0000;
const VIRTIO_SLOTS = 8;
/** Properties of a CPU node that a kernel needs; the rest leads to clocks, regulators and the like. */
const CPU_PROPERTIES = ['device_type', 'compatible', 'reg', 'next-level-cache', 'phandle', 'linux,phandle'];
const CACHE_PROPERTY = /^([di]-)?cache-/;

export interface GraftOptions {
  /** The first so many cores; default: all that the tree has. */
  readonly cores?: number;
  readonly dmaCoherent?: boolean;
}

/** Whether the machine that a tree describes is one whose devices are modelled. */
export function isModelledMachine(tree: DeviceTree): boolean {
  const names = compatibles(tree.root);
  return names.includes('linux,dummy-virt') || names.includes('arm,vexpress,v2p-ca9');
}

/** Changes the tree, which must have its memory. What a user should know is returned. */
export function graft(tree: DeviceTree, options: GraftOptions = {}): Diagnostic[] {
  const { root } = tree;
  const board = new Board('board', tree);
  const notes: Diagnostic[] = [...board.diagnostics];
  const { core } = board.cpus;
  if (!emulatedCores().includes(core.name)) {
    inputError('core-not-emulated', `a ${core.name} cannot be emulated`, {
      position: { file: tree.file },
      path: '/cpus',
      notes: [`emulated are ${emulatedCores().join(', ')}`],
    });
  }
  const outer = board.machineFacts().outerCache;
  const cacheNode = outer === null ? undefined : findNode(root, outer.compatible);
  const cacheRange = cacheNode && cpuRanges(tree, cacheNode)[0];
  const was = compatibles(root)[0] ?? 'unknown';
  const cpus = trimCpus(tree, board.cpus.count, core.name, options.cores);

  const memory = physicalBanks({ tree });
  const occupied: Range[] = [...memory, ...memoryBeside(tree, memory)];
  if (cacheRange) occupied.push({ start: cacheRange.start, end: cacheRange.start + cacheRange.size });
  for (const child of [...root.children]) if (!isKept(child)) root.removeChild(child);
  setProperties(root, { compatible: 'linux,dummy-virt' });
  root.properties.delete('interrupt-parent');

  // First, so that its phandle, which the cores have, stays its own.
  if (cacheNode && cacheRange && outer?.model === 'PL310') moveCache(root, cacheNode, cacheRange.start);

  const base = freeBlock(tree, occupied);
  addDeviceBlock(root, {
    base,
    core: coreIds(core.name),
    coreCount: cpus.length,
    virtioSlots: VIRTIO_SLOTS,
    dmaCoherent: options.dmaCoherent ?? false,
    pl310: false,
    conduit: 'smc',
  });
  if (outer !== null && outer.model !== 'PL310') {
    notes.push(
      note('outer-cache-not-modelled', `the ${outer.model} has no registers here: a kernel does not find it`),
    );
  }
  notes.push(note('devices-grafted', `the devices of ${was} make room for Armory's, from ${hex(base)} on`));
  if (outer?.model === 'PL310') {
    notes.push(
      note('machine-code-absent', `what the kernel's code for ${was} does to the outer cache is not done`),
    );
  }
  return notes;
}

function note(id: string, message: string): Diagnostic {
  return { severity: 'note', id, message };
}

function isKept(node: DtNode): boolean {
  const name = node.name.split('@')[0];
  return name === 'memory' || name === 'cpus' || name === 'reserved-memory' || name === 'chosen';
}

/** The cores that stay, numbered as the machine numbers them. */
function trimCpus(tree: DeviceTree, count: number, core: string, wanted: number | undefined): DtNode[] {
  const { root } = tree;
  let cpus = root.child('cpus');
  if (cpus === undefined) {
    cpus = addNode(root, 'cpus', { '#address-cells': [1], '#size-cells': [0] });
    for (let index = 0; index < count; index++) {
      addNode(cpus, `cpu@${index}`, { device_type: 'cpu', compatible: `arm,${core.toLowerCase()}` });
    }
  }
  const cores = cpus.children.filter(node => node.name.split('@')[0] === 'cpu' && isAvailable(node));
  const kept = cores.slice(0, wanted ?? cores.length);
  for (const child of [...cpus.children]) {
    const isCache = compatibles(child).includes('cache');
    if (!kept.includes(child) && !isCache) cpus.removeChild(child);
  }
  setProperties(cpus, { '#address-cells': [1], '#size-cells': [0] });
  cpus.properties.delete('enable-method');
  for (const [index, node] of kept.entries()) {
    for (const name of [...node.properties.keys()]) {
      if (!CPU_PROPERTIES.includes(name) && !CACHE_PROPERTY.test(name)) node.properties.delete(name);
    }
    node.name = `cpu@${index}`;
    setProperties(node, { reg: [index], 'enable-method': 'psci' });
  }
  return kept;
}

/** Room for the block below 4 GiB. */
function freeBlock(tree: DeviceTree, occupied: readonly Range[]): number {
  const isFree = (base: number): boolean =>
    occupied.every(({ start, end }) => base >= end || base + BLOCK_BYTES <= start);
  for (let base = PREFERRED; base + BLOCK_BYTES <= 2 ** 32; base += BLOCK_BYTES)
    if (isFree(base)) return base;
  return inputError(
    'no-room-for-devices',
    `no ${hex(BLOCK_BYTES)} bytes are free between memory below 4 GiB`,
    {
      position: { file: tree.file },
      path: '/memory',
    },
  );
}

/** The outer cache stays at its address, below the root. */
function moveCache(root: DtNode, cache: DtNode, start: number): void {
  const name = `cache-controller@${start.toString(16)}`;
  const copy = addNode(root, name);
  for (const [property, { value }] of cache.properties) {
    if (!property.startsWith('interrupt') && !property.startsWith('clock')) copy.setProperty(property, value);
  }
  setProperties(copy, { reg: regCells(addressCells(root), sizeCells(root), [start, 0x1000]) });
}

function findNode(root: DtNode, compatible: string): DtNode | undefined {
  for (const node of root.walk()) {
    if (compatibles(node).some(name => name.toLowerCase() === compatible)) return node;
  }
  return undefined;
}
