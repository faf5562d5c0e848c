// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which nodes of a tree are DMA masters.
 *
 * A device tree does not say. Three things tell: a property that only a master has (an IOMMU in front of it,
 * a coherency statement, a reserved region of its own), being a DMA engine, and the generic node name that
 * the Devicetree Specification recommends for a kind of device (v0.4, section 2.2.2) or that older trees use.
 * Only what the CPU reaches by memory counts: a sensor called 'camera' on an I2C bus masters nothing.
 *
 * Model: a device that moves data through a DMA engine ('dmas') allocates on the engine's device in most
 * drivers, so that property alone makes no master; disabled nodes and nodes without 'compatible' are left out
 * as Linux makes no platform device for them.
 */
import { isAvailable, stringOf } from '../devicetree/access.js';
import type { DeviceTree, DtNode } from '../devicetree/tree.js';
import {
  of_reserved_mem_device_init,
  pci_dma_configure,
  platform_dma_configure,
} from '../linux/drivers/of/device.js';
import { device } from '../linux/include/linux/device.js';
import type { Kernel } from '../linux/kernel.js';
import { busWindowsOf } from './buffer-facts.js';
import { bindIommuClient } from './iommu-clients.js';

/** Properties that only a bus master carries. */
const masterProperties: readonly string[] = ['iommus', 'memory-region', 'dma-coherent', '#dma-cells'];

/** Node names, without unit address and number, of devices that master the bus themselves. */
const masterNames: ReadonlySet<string> = new Set([
  'ethernet',
  'fec',
  'ftgmac',
  'mac',
  'switch',
  'usb',
  'usb-otg',
  'hsotg',
  'ehci',
  'ohci',
  'xhci',
  'usb_otg_hs',
  'mmc',
  'sdhci',
  'sdmmc',
  'dwmmc',
  'sata',
  'ahci',
  'pci',
  'pcie',
  'dma',
  'dma-controller',
  'sdma',
  'edma',
  'pdma',
  'mdma',
  'xor',
  'gpu',
  'display-controller',
  'display',
  'lcd-controller',
  'lcdif',
  'lcdc',
  'dispc',
  'vop',
  'clcd',
  'fimd',
  'ipu',
  'epdc',
  'pxp',
  'vpu',
  'video-codec',
  'jpeg-codec',
  'codec',
  'camera',
  'csi',
  'isp',
  'fimc',
  'mixer',
  'display-frontend',
  'display-backend',
  'crypto',
  'crypto-engine',
  'jr',
  'nand-controller',
  'virtio_mmio',
  'virtio',
]);

/** Nodes whose name or property says master but which are something else. */
function isOtherThing(node: DtNode): boolean {
  // A router connects requests to channels of a DMA engine that stands elsewhere.
  return (
    node.name.startsWith('memory') || baseName(node) === 'dma-router' || node.properties.has('#phy-cells')
  );
}

function baseName(node: DtNode): string {
  return node.name.split('@')[0]!;
}

function hasMasterName(node: DtNode): boolean {
  const name = baseName(node);
  return masterNames.has(name) || masterNames.has(name.replace(/[0-9]+$/, ''));
}

/** Linux makes platform devices only below buses that are available all the way up. */
function isReachable(node: DtNode): boolean {
  for (let at: DtNode | null = node; at; at = at.parent) if (!isAvailable(at)) return false;
  return true;
}

/**
 * Does 'reg' stand for addresses of the CPU? Buses without 'ranges' (I2C, SPI, USB, MDIO) have addresses of their
 * own. Linux: drivers/of/address.c, of_translate_one() (v6.12).
 */
function isOnMemoryBus(node: DtNode): boolean {
  for (let bus = node.parent; bus?.parent; bus = bus.parent) if (!bus.properties.has('ranges')) return false;
  return true;
}

function isPci(tree: DeviceTree, node: DtNode): boolean {
  return stringOf(tree, node, 'device_type') === 'pci';
}

/** A device behind a PCI host bridge. The bridge stands for all of them: Linux asks only it about DMA. */
function isBehindPci(tree: DeviceTree, node: DtNode): boolean {
  for (let at = node.parent; at; at = at.parent) if (isPci(tree, at)) return true;
  return false;
}

function isDmaMaster(tree: DeviceTree, node: DtNode): boolean {
  const { properties } = node;
  if (!hasMasterName(node) && !masterProperties.some(name => properties.has(name))) return false;
  if (!properties.has('reg') || !properties.has('compatible') || isOtherThing(node)) return false;
  if (node.path.startsWith('/cpus') || node.path.startsWith('/reserved-memory')) return false;
  return isReachable(node) && isOnMemoryBus(node) && !isBehindPci(tree, node);
}

/** The DMA masters of a tree, in its own order. */
export function findDmaMasters(tree: DeviceTree): DtNode[] {
  return [...tree.root.walk()].filter(node => isDmaMaster(tree, node));
}

/** Used where a tree names no master without IOMMU, so that what designs change has something to run on. */
export const GENERIC_MASTER = 'generic master (the tree names none)';

/**
 * The devices of a booted kernel as the driver core makes them: masks and ranges from the bus, then the
 * regions that their drivers claim. A PCI host bridge stands for the devices behind it.
 * Model: whoever names regions claims the first; drivers that take several by name, or that load firmware there
 * (remoteproc on STM32MP1), differ.
 */
export function probeDevices(k: Kernel): device[] {
  const { tree } = k.board;
  const nodes = findDmaMasters(tree);
  if (nodes.length === 0) return [new device(GENERIC_MASTER, null)];
  return nodes.map(node => {
    if (isPci(tree, node)) {
      const endpoint = new device(node.path, null);
      pci_dma_configure(k, endpoint, node);
      return endpoint;
    }
    const dev = new device(node.path, node);
    platform_dma_configure(k, dev);
    bindIommuClient(k, dev);
    if (node.properties.has('memory-region')) of_reserved_mem_device_init(k, dev);
    return dev;
  });
}

export interface DeviceGroup {
  /** Stands for all of them. */
  readonly dev: device;
  /** Paths, `dev` first. */
  readonly names: readonly string[];
}

/**
 * Devices that dma_alloc_attrs() cannot tell apart: same masks, limits, ranges, coherency and memory of their
 * own; behind an IOMMU, the same operations and addresses. One of each group is run, since the kernel's answer depends
 * on nothing else of the device.
 */
export function groupAlike(k: Kernel, devices: readonly device[]): DeviceGroup[] {
  const groups: { dev: device; names: string[] }[] = [];
  for (const dev of devices) {
    const group = groups.find(({ dev: other }) => alike(k, dev, other));
    if (group) group.names.push(dev.name);
    else groups.push({ dev, names: [dev.name] });
  }
  if (!groups.some(({ dev }) => dev.dma_ops === null)) {
    groups.push({ dev: new device(GENERIC_MASTER, null), names: [GENERIC_MASTER] });
  }
  return groups;
}

function alike(k: Kernel, a: device, b: device): boolean {
  return (
    JSON.stringify(busWindowsOf(k, a)) === JSON.stringify(busWindowsOf(k, b)) &&
    a.dma_mask === b.dma_mask &&
    a.coherent_dma_mask === b.coherent_dma_mask &&
    a.bus_dma_limit === b.bus_dma_limit &&
    JSON.stringify(a.dma_range_map) === JSON.stringify(b.dma_range_map) &&
    a.dma_coherent === b.dma_coherent &&
    a.cma_area === b.cma_area &&
    a.dma_mem === b.dma_mem &&
    a.dma_io_tlb_mem === b.dma_io_tlb_mem &&
    a.dma_ops === b.dma_ops &&
    a.mapping?.base === b.mapping?.base &&
    a.mapping?.bits === b.mapping?.bits &&
    a.mapping?.extensions === b.mapping?.extensions
  );
}
