// SPDX-License-Identifier: GPL-2.0-only
/**
 * The IOMMU core, as far as ARM's DMA operations use it: domains, who is attached to which, and what they map.
 * Linux: drivers/iommu/iommu.c, drivers/iommu/of_iommu.c (v6.12; 6.1 alike). The drivers are data (drivers.ts);
 * the tables that they write are the hardware's (hw/dma/iommu.ts). On 32-bit ARM a device's default domain is the
 * identity: until somebody attaches another one, its addresses pass as they are.
 * Left out: `iommu-map` of PCI host bridges, faults told to drivers, reserved regions, groups that share an ID.
 */
import { type DmaAddr, hex, type Paddr } from '../../../base/address.js';
import { isAvailable, isCompatible, u32Of, u32sOf } from '../../../devicetree/access.js';
import type { DtNode } from '../../../devicetree/tree.js';
import { MAY_READ, MAY_WRITE, Stream, TranslationContext } from '../../../hw/dma/iommu.js';
import type { dma_iommu_mapping } from '../../arch/arm/mm/dma-iommu-mapping.js';
import type { device } from '../../include/linux/device.js';
import { EBUSY, EEXIST, EINVAL, ENODEV } from '../../include/linux/errno.js';
import type { Kernel } from '../../kernel.js';
import { IOMMU_DRIVERS, type IommuDriver } from './drivers.js';

/** Linux: include/linux/iommu.h (v6.12). */
export const IOMMU_READ: number = 1 << 0;
export const IOMMU_WRITE: number = 1 << 1;
export const IOMMU_MMIO: number = 1 << 4;
export const IOMMU_PRIV: number = 1 << 5;

/** One IOMMU that its driver has registered: struct iommu_device. */
export class iommu_device {
  readonly driver: IommuDriver;
  /** generic_single_device_group(). */
  readonly singleton_group: iommu_group = new iommu_group();
  /** What drivers with a mapping for all of their devices keep. */
  mapping: dma_iommu_mapping | null = null;

  constructor(driver: IommuDriver) {
    this.driver = driver;
  }
}

/** Devices that no IOMMU can tell apart. */
export class iommu_group {
  readonly devices: device[] = [];
}

/**
 * A device behind an IOMMU: struct dev_iommu, its group, and the hardware's side of it.
 * Model: it has one stream, however many IDs or IOMMUs 'iommus' gives it.
 */
export interface dev_iommu {
  readonly iommu_dev: iommu_device;
  readonly group: iommu_group;
  readonly stream: Stream;
}

/** IOMMU_DOMAIN_UNMANAGED: one set of tables. */
export class iommu_domain {
  /** Bytes, the smallest first. */
  readonly pgsizes: readonly number[];
  readonly context: TranslationContext = new TranslationContext();

  constructor(pgsizes: readonly number[]) {
    this.pgsizes = pgsizes;
  }
}

export class IommuState {
  /** Of these, the ones that the kernel's config builds. */
  readonly drivers: IommuDriver[] = [...IOMMU_DRIVERS];
  /** By node, each made when its first device is found. */
  readonly registered: Map<DtNode, iommu_device> = new Map();
}

/** The IOMMU at a node, if the kernel has its driver. */
function iommu_at(k: Kernel, node: DtNode): iommu_device | null {
  const known = k.iommu.registered.get(node);
  if (known !== undefined) return known;
  const driver = k.iommu.drivers.find(
    ({ symbol, compatible }) =>
      k.config.isEnabled(symbol) && compatible.some(name => isCompatible(node, name)),
  );
  if (driver === undefined) return null;
  const iommu = new iommu_device(driver);
  k.iommu.registered.set(node, iommu);
  return iommu;
}

/** All nodes that 'iommus' of `np` names; null stands for a phandle that no node has. */
function iommuNodes(k: Kernel, np: DtNode): (DtNode | null)[] {
  const { tree } = k.board;
  const cells = u32sOf(tree, np, 'iommus');
  const nodes: (DtNode | null)[] = [];
  for (let i = 0; i < cells.length; ) {
    const node = tree.nodeByPhandle(cells[i]!) ?? null;
    nodes.push(node);
    i += 1 + ((node && u32Of(tree, node, '#iommu-cells')) ?? 0);
  }
  return nodes;
}

/** Is the node enabled, and every bus above it: does Linux make a device for it? */
function isReachable(node: DtNode): boolean {
  for (let at: DtNode | null = node; at; at = at.parent) if (!isAvailable(at)) return false;
  return true;
}

/**
 * Finds the IOMMU in front of a device: 0, or -ENODEV where there is none, or one without a driver (Linux waits for
 * the driver and then goes on without it). Linux: drivers/iommu/of_iommu.c, of_iommu_configure() (v6.12).
 */
export function of_iommu_configure(k: Kernel, dev: device, np: DtNode | null): number {
  // A PCI device has no node of its own; its bridge's 'iommus' are the bridge's.
  if (np === null || np !== dev.of_node) return -ENODEV;
  if (dev.iommu !== null) return 0;
  const nodes = iommuNodes(k, np);
  const found = nodes.map(node => (node && isReachable(node) ? iommu_at(k, node) : null));
  const iommu_dev = found[0];
  // One driver serves all of them.
  if (!iommu_dev || found.some(other => other?.driver !== iommu_dev.driver)) return -ENODEV;
  const group = iommu_dev.driver.group === 'iommu' ? iommu_dev.singleton_group : new iommu_group();
  group.devices.push(dev);
  dev.iommu = { iommu_dev, group, stream: new Stream() };
  return 0;
}

/** Linux: drivers/iommu/iommu.c, iommu_paging_domain_alloc() (v6.12); before, iommu_domain_alloc(). */
export function iommu_paging_domain_alloc(dev: device): iommu_domain | null {
  return dev.iommu && new iommu_domain(dev.iommu.iommu_dev.driver.pgsizes);
}

/**
 * 0, or -errno: a group of several devices is attached as a whole, which this call does not do; a device that is
 * attached already must be detached first. Linux: drivers/iommu/iommu.c, iommu_attach_device(), __iommu_attach_group()
 * (v6.12; 6.1 alike).
 */
export function iommu_attach_device(domain: iommu_domain, dev: device): number {
  if (dev.iommu === null) return -ENODEV;
  const { group, stream } = dev.iommu;
  if (group.devices.length !== 1) return -EINVAL;
  if (stream.context !== null) return -EBUSY;
  stream.context = domain.context;
  return 0;
}

/** Back to the identity. Linux: drivers/iommu/iommu.c, iommu_detach_device() (v6.12). */
export function iommu_detach_device(dev: device): void {
  if (dev.iommu !== null) dev.iommu.stream.context = null;
}

/** The largest page that fits at the start of a range. Linux: drivers/iommu/iommu.c, iommu_pgsize() (v6.12). */
export function iommu_pgsize(domain: iommu_domain, iova: DmaAddr, paddr: Paddr, size: number): number {
  const fits = (bytes: number): boolean => bytes <= size && iova % bytes === 0 && paddr % bytes === 0;
  return domain.pgsizes.findLast(fits)!;
}

function isAligned(domain: iommu_domain, ...values: readonly number[]): boolean {
  return values.every(value => value % domain.pgsizes[0]! === 0);
}

/**
 * Enters a range, or nothing: 0 or -errno. Linux: drivers/iommu/iommu.c, iommu_map() (v6.12).
 * Model: tables cost no memory, and so `gfp` is not asked for. The complaint about sleeping is made whether or not
 * DEBUG_ATOMIC_SLEEP is set; 6.1 has it at the same place.
 */
export function iommu_map(
  k: Kernel,
  domain: iommu_domain,
  iova: DmaAddr,
  paddr: Paddr,
  size: number,
  prot: number,
): number {
  if (k.dma.irqs_disabled) k.log.WARN('BUG: sleeping function called from invalid context in iommu_map');
  if (!isAligned(domain, iova, paddr, size)) {
    const min = hex(domain.pgsizes[0]!);
    k.log.pr_err(`unaligned: iova ${hex(iova)} pa ${hex(paddr, 8)} size ${hex(size)} min_pagesz ${min}`);
    return -EINVAL;
  }
  const access = ((prot & IOMMU_READ) !== 0 ? MAY_READ : 0) + ((prot & IOMMU_WRITE) !== 0 ? MAY_WRITE : 0);
  for (let done = 0; done < size; ) {
    if (domain.context.translate(iova + done, 0) >= 0) {
      iommu_unmap(domain, iova, done);
      return -EEXIST;
    }
    const bytes = iommu_pgsize(domain, iova + done, paddr + done, size - done);
    domain.context.map(iova + done, paddr + done, bytes, access);
    done += bytes;
  }
  return 0;
}

/**
 * Bytes that are not mapped any more; stops at the first hole. The hardware has forgotten them when it returns.
 * Linux: drivers/iommu/iommu.c, iommu_unmap() (v6.12).
 */
export function iommu_unmap(domain: iommu_domain, iova: DmaAddr, size: number): number {
  if (!isAligned(domain, iova, size)) return 0;
  let done = 0;
  while (done < size && domain.context.translate(iova + done, 0) >= 0) {
    const bytes = domain.pgsizes[0]!;
    domain.context.unmap(iova + done, bytes);
    done += bytes;
  }
  return done;
}

/** 0 where nothing is mapped. Linux: drivers/iommu/iommu.c, iommu_iova_to_phys() (v6.12). */
export function iommu_iova_to_phys(domain: iommu_domain, iova: DmaAddr): Paddr {
  return Math.max(0, domain.context.translate(iova, 0));
}
