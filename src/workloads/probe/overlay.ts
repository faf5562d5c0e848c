// SPDX-License-Identifier: GPL-2.0-only
/**
 * Adds the probe's devices to a board: a device-tree overlay for the kernel module in `probe/`. The devices stand
 * for nothing real, and the module starts no transfer: even a coherent one on a board that is not does no harm.
 * The overlay names its targets by path, since most boards' trees have no `__symbols__`; it is merged before boot
 * (`fdtoverlay`, or a boot loader), because reserved memory must be known early.
 * Format: Documentation/devicetree/overlay-notes.rst (v6.12) and dtc's Documentation/dt-object-internal.txt:
 * phandles inside are the overlay's own, renumbered by `__local_fixups__` when it is merged.
 */
import { high32, low32, type Range } from '../../base/address.js';
import { type Diagnostic, inputError } from '../../base/diagnostics.js';
import { addressCells, sizeCells } from '../../devicetree/access.js';
import { concatBytes, encodeCells, encodeStrings } from '../../devicetree/bytes.js';
import { DeviceTree, type DtNode } from '../../devicetree/tree.js';
import { type ProbeMemory, type ProbeRegion, placeRegions, type RegionName } from './regions.js';

export interface ProbeOverlay {
  /** The overlay itself: `writeDtb` makes the .dtbo of it, `printDts` its source. */
  readonly tree: DeviceTree;
  readonly regions: readonly ProbeRegion[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface ProbeOverlayOptions {
  /** Memory that the boot loader will use and the tree does not tell of, such as an initrd. */
  readonly avoid?: readonly Range[];
}

interface ProbeDevice {
  readonly name: string;
  readonly region?: RegionName;
  readonly coherent?: boolean;
  readonly maskBits?: number;
  /** Keep the mask even if the kernel refuses it. */
  readonly forceMask?: boolean;
  /** May all its memory be allocated, if the module is asked to? */
  readonly exhaust?: boolean;
  /** What the bus of the device reaches: bus address and size. Without, the device is on the root's bus. */
  readonly window?: (memory: ProbeMemory) => { readonly bus: number; readonly size: number };
}

/** In the order in which the kernel probes them. */
const devices: readonly ProbeDevice[] = [
  { name: 'plain', exhaust: true },
  { name: 'coherent', coherent: true, exhaust: true },
  { name: 'restricted', region: 'restricted', exhaust: true },
  { name: 'restricted-coherent', region: 'restricted-coherent', coherent: true },
  { name: 'cmadev', region: 'cma', exhaust: true },
  { name: 'cmadev-coherent', region: 'cma', coherent: true },
  { name: 'nomap', region: 'nomap', exhaust: true },
  { name: 'limit', window: ({ base, scale }) => ({ bus: base, size: scale / 4 }) },
  { name: 'offset', window: ({ base, scale }) => ({ bus: otherAddress(base), size: scale }) },
  { name: 'mask24', maskBits: 24 },
  { name: 'mask24force', maskBits: 24, forceMask: true },
  { name: 'mask24bus', maskBits: 24, forceMask: true, window: ({ scale }) => ({ bus: 0, size: scale }) },
];

/** Any bus address but RAM's own. */
function otherAddress(base: number): number {
  const usual = 0x10000000;
  return base === usual ? 2 * usual : usual;
}

const regionCompatible: Readonly<Record<RegionName, string>> = {
  nomap: 'shared-dma-pool',
  cma: 'shared-dma-pool',
  restricted: 'restricted-dma-pool',
  'restricted-coherent': 'restricted-dma-pool',
};

/**
 * The overlay for a board whose tree has its memory. Throws an InputError where the probe does not fit:
 * `probe-ram-small`, `probe-no-room`, `probe-cells`, `probe-reserved-memory`, `probe-already-there`.
 */
export function probeOverlay(
  board: { readonly tree: DeviceTree },
  options: ProbeOverlayOptions = {},
): ProbeOverlay {
  const cells = rootCells(board.tree);
  checkReservedMemory(board.tree, cells);
  const memory = placeRegions(board, options.avoid);
  const overlay = new OverlayWriter(`${board.tree.file} + probe`, cells);
  overlay.reservedMemory(memory.regions, board.tree.root.child('reserved-memory'));
  // libfdt, fdt_add_subnode(): a node that is merged in becomes the first of its parent's. So the last one first.
  for (const device of devices.toReversed()) overlay.device(device, memory);
  for (const { name } of overlay.content.children) {
    if (name !== 'reserved-memory' && board.tree.root.child(name)) alreadyThere(board.tree, `/${name}`);
  }
  return { tree: overlay.tree, regions: memory.regions, diagnostics: coherentRoot(board.tree) };
}

interface Cells {
  readonly address: number;
  readonly size: number;
}

function cellsText(count: number): string {
  return `${count} cell${count === 1 ? '' : 's'}`;
}

function rootCells(tree: DeviceTree): Cells {
  const cells = { address: addressCells(tree.root), size: sizeCells(tree.root) };
  if ([cells.address, cells.size].some(count => count < 1 || count > 2)) {
    const [address, size] = [cells.address, cells.size].map(cellsText);
    const message = `addresses of ${address} and sizes of ${size}: the probe's memory needs one or two`;
    inputError('probe-cells', message, { position: { file: tree.file }, path: '/' });
  }
  return cells;
}

/** Linux: drivers/of/of_reserved_mem.c, __reserved_mem_check_root() (v6.12): otherwise all of the node is ignored. */
function checkReservedMemory(tree: DeviceTree, cells: Cells): void {
  const node = tree.root.child('reserved-memory');
  if (!node) return;
  const usable =
    addressCells(node) === cells.address && sizeCells(node) === cells.size && node.properties.has('ranges');
  if (!usable) {
    const message = "Linux ignores this node: its cell counts must be the root's, and 'ranges' must be there";
    inputError('probe-reserved-memory', message, { position: { file: tree.file }, path: node.path });
  }
  const ours = node.children.find(({ name }) => name.startsWith('armory-'));
  if (ours) alreadyThere(tree, ours.path);
}

function alreadyThere(tree: DeviceTree, path: string): never {
  return inputError('probe-already-there', 'the tree has the probe already', {
    position: { file: tree.file },
    path,
  });
}

/** Linux: drivers/of/address.c, of_dma_is_coherent() (v6.12): a device has what its buses have. */
function coherentRoot(tree: DeviceTree): Diagnostic[] {
  if (!tree.root.properties.has('dma-coherent')) return [];
  const message = 'the root is dma-coherent, and so are all devices of the probe';
  return [
    {
      severity: 'warning',
      id: 'probe-all-coherent',
      message,
      position: { file: tree.file },
      path: '/:dma-coherent',
    },
  ];
}

class OverlayWriter {
  readonly tree: DeviceTree;
  /** What is merged into the root of the board's tree. */
  readonly content: DtNode;
  private readonly fixups: DtNode;
  private readonly cells: Cells;
  private readonly phandles: Map<RegionName, number> = new Map();

  constructor(file: string, cells: Cells) {
    this.tree = new DeviceTree(file);
    this.cells = cells;
    const fragment = this.tree.root.addChild('fragment@0');
    fragment.setProperty('target-path', encodeStrings('/'));
    this.content = fragment.addChild('__overlay__');
    this.fixups = this.tree.root.addChild('__local_fixups__').addChild('fragment@0').addChild('__overlay__');
  }

  /** Adds to the board's node, or makes one. */
  reservedMemory(regions: readonly ProbeRegion[], existing: DtNode | undefined): void {
    const node = this.content.addChild('reserved-memory');
    if (!existing) this.asBus(node);
    for (const { name, start, end } of regions) {
      const region = node.addChild(`armory-${name}@${start.toString(16)}`);
      region.setProperty('compatible', encodeStrings(regionCompatible[name]));
      if (name === 'nomap') flag(region, 'no-map');
      if (name === 'cma') flag(region, 'reusable');
      region.setProperty('reg', concatBytes([this.address(start), this.size(end - start)]));
      const phandle = this.phandles.size + 1;
      region.setProperty('phandle', encodeCells(phandle));
      this.phandles.set(name, phandle);
    }
  }

  device(device: ProbeDevice, memory: ProbeMemory): void {
    const path = [`armory-${device.name}`];
    const window = device.window?.(memory);
    if (window) path.unshift(`armory-bus-${device.name}`);
    let parent = this.content;
    if (window) {
      parent = parent.addChild(path[0]!);
      parent.setProperty('compatible', encodeStrings('simple-bus'));
      this.asBus(parent);
      const parts = [this.address(window.bus), this.address(memory.base), this.size(window.size)];
      parent.setProperty('dma-ranges', concatBytes(parts));
    }
    const node = parent.addChild(`armory-${device.name}`);
    node.setProperty('compatible', encodeStrings('armory,dma-probe'));
    node.setProperty('armory,name', encodeStrings(device.name));
    if (device.maskBits !== undefined) node.setProperty('armory,dma-mask-bits', encodeCells(device.maskBits));
    if (device.forceMask) flag(node, 'armory,force-mask');
    if (device.exhaust) flag(node, 'armory,exhaust');
    if (device.coherent) flag(node, 'dma-coherent');
    if (device.region) {
      node.setProperty('memory-region', encodeCells(this.phandles.get(device.region)!));
      this.fixLocally(path, 'memory-region');
    }
  }

  private asBus(node: DtNode): void {
    node.setProperty('#address-cells', encodeCells(this.cells.address));
    node.setProperty('#size-cells', encodeCells(this.cells.size));
    flag(node, 'ranges');
  }

  /** Says that the property's first cell is a phandle of the overlay. */
  private fixLocally(path: readonly string[], property: string): void {
    let node = this.fixups;
    for (const name of path) node = node.child(name) ?? node.addChild(name);
    node.setProperty(property, encodeCells(0));
  }

  private address(value: number): Uint8Array {
    return encodeNumber(value, this.cells.address);
  }

  private size(value: number): Uint8Array {
    return encodeNumber(value, this.cells.size);
  }
}

function encodeNumber(value: number, cells: number): Uint8Array {
  return cells === 1 ? encodeCells(value) : encodeCells(high32(value), low32(value));
}

function flag(node: DtNode, name: string): void {
  node.setProperty(name, new Uint8Array(0));
}
