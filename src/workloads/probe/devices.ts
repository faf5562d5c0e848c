// SPDX-License-Identifier: GPL-2.0-only
/**
 * The devices that the probe binds to: nodes of compatible 'armory,dma-probe', in the order in which Linux makes
 * platform devices of them. The lab's own module, of which recordings exist, binds to 'lab,dmaprobe' and has the same
 * properties under another prefix:
 *   PREFIX,name           how records call the device; the device's name without it
 *   PREFIX,dma-mask-bits  what the driver asks for; 32 without it
 *   PREFIX,force-mask     set that mask even if the kernel refuses it
 *   PREFIX,exhaust        run the exhaustion phases, where they are wanted at all
 *   PREFIX,skip-sgt       behind an IOMMU: leave out the scatter table of an atomic buffer, which oopses
 */
import { isAvailable, isCompatible, stringOf, u32Of } from '../../devicetree/access.js';
import type { DeviceTree, DtNode } from '../../devicetree/tree.js';

export interface ProbeNode {
  readonly node: DtNode;
  readonly name: string;
  readonly maskBits: number;
  readonly forceMask: boolean;
  readonly exhaust: boolean;
  readonly skipTable: boolean;
}

const PREFIXES: Readonly<Record<string, string>> = { 'armory,dma-probe': 'armory', 'lab,dmaprobe': 'lab' };

function probeNode(tree: DeviceTree, node: DtNode): ProbeNode | null {
  const compatible = Object.keys(PREFIXES).find(name => isCompatible(node, name));
  if (compatible === undefined || !isReachable(node)) return null;
  const prefix = PREFIXES[compatible]!;
  return {
    node,
    name: stringOf(tree, node, `${prefix},name`) ?? node.name,
    maskBits: u32Of(tree, node, `${prefix},dma-mask-bits`) ?? 32,
    forceMask: node.properties.has(`${prefix},force-mask`),
    exhaust: node.properties.has(`${prefix},exhaust`),
    skipTable: node.properties.has(`${prefix},skip-sgt`),
  };
}

/**
 * Buses whose children become platform devices. Linux: drivers/of/platform.c, of_default_bus_match_table (v6.12).
 */
const BUSES: readonly string[] = ['simple-bus', 'simple-mfd', 'isa', 'arm,amba-bus'];

/** Linux: drivers/of/platform.c, of_platform_bus_create() (v6.12). */
function isReachable(node: DtNode): boolean {
  for (let at: DtNode | null = node; at?.parent; at = at.parent) {
    if (!isAvailable(at)) return false;
    if (at !== node && !BUSES.some(name => isCompatible(at!, name))) return false;
  }
  return true;
}

export function findProbeNodes(tree: DeviceTree): ProbeNode[] {
  return [...tree.root.walk()].map(node => probeNode(tree, node)).filter(found => found !== null);
}
