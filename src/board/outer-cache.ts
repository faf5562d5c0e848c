// SPDX-License-Identifier: GPL-2.0-only
/**
 * The outer cache that a device tree describes. Which nodes count and what their properties mean follows
 * the drivers: arch/arm/mm/cache-l2x0.c, cache-feroceon-l2.c, cache-tauros2.c, cache-uniphier.c (v6.12).
 * Left out: latencies, prefetching and parity, which do not change what software can see, and
 * the XScale3 L2, which announces itself by a register and not in the tree.
 */
import { compatibles, u32Of } from '../devicetree/access.js';
import type { DeviceTree, DtNode } from '../devicetree/tree.js';
import type { CoreFacts, OuterCacheFacts, OuterCacheModel } from '../hw/facts.js';
import type { HardwareFacts } from './hardware.js';

interface Family {
  readonly compatible: string;
  readonly model: OuterCacheModel;
  /** Maintenance by physical address has functions in the driver. */
  readonly needsMaintenance: boolean;
  /** They exist for cores before ARMv7 only; a later core's own operations reach the cache. */
  readonly followsArmv7?: boolean;
}

/**
 * Linux: arch/arm/mm/cache-l2x0.c, l2x0_ids[]: the first matching node of the tree is taken. Where one node
 * matches several rows, its most specific compatible decides, as in of_match_node().
 */
const L2X0: readonly Family[] = [
  { compatible: 'arm,l210-cache', model: 'L210', needsMaintenance: true },
  { compatible: 'arm,l220-cache', model: 'L220', needsMaintenance: true },
  { compatible: 'arm,pl310-cache', model: 'PL310', needsMaintenance: true },
  { compatible: 'brcm,bcm11351-a2-pl310-cache', model: 'PL310', needsMaintenance: true },
  { compatible: 'bcm,bcm11351-a2-pl310-cache', model: 'PL310', needsMaintenance: true },
  { compatible: 'marvell,aurora-outer-cache', model: 'Aurora', needsMaintenance: true },
  { compatible: 'marvell,aurora-system-cache', model: 'Aurora', needsMaintenance: false },
  { compatible: 'marvell,tauros3-cache', model: 'Tauros3', needsMaintenance: false },
];

/**
 * Drivers of their own, with at most one of them on a machine.
 * Linux: arch/arm/mm/cache-tauros2.c, tauros2_internal_init(): beside a PJ4 in its ARMv7 mode (MMP2, Dove)
 * Tauros2 is only switched on, since the hierarchical cache operations of the core include it; beside a
 * Mohawk (PXA910) it has functions of its own.
 */
const OTHERS: readonly Family[] = [
  { compatible: 'marvell,tauros2-cache', model: 'Tauros2', needsMaintenance: true, followsArmv7: true },
  { compatible: 'marvell,kirkwood-cache', model: 'Feroceon-L2', needsMaintenance: true },
  { compatible: 'marvell,feroceon-cache', model: 'Feroceon-L2', needsMaintenance: true },
  { compatible: 'socionext,uniphier-system-cache', model: 'UniPhier', needsMaintenance: true },
];

/** Auxiliary control bit 22: Shared Attribute Override Enable. Arm DDI 0246, 3.3.4. */
const L2C_AUX_CTRL_SHARED_OVERRIDE: number = 2 ** 22;

/** All of the l2x0 family, Tauros2 and Feroceon have 32-byte lines (CACHE_LINE_SIZE in their drivers). */
const LINE_BYTES = 32;

/**
 * The outer cache, or null. Also a node with status `disabled` counts: the drivers look nodes up with
 * of_find_matching_node(), which does not ask.
 */
export function boardOuterCache(
  tree: DeviceTree,
  hardware: HardwareFacts,
  core: CoreFacts,
): OuterCacheFacts | null {
  const found = findFamily(tree, L2X0) ?? findFamily(tree, OTHERS);
  if (found === undefined) return null;
  const { node, family } = found;
  const sizeBytes = u32Of(tree, node, 'cache-size');
  const auxiliaryControl = hardware.outerCacheAuxiliaryControl?.value;
  const declared = family.model === 'UniPhier' ? u32Of(tree, node, 'cache-line-size') : undefined;
  return {
    model: family.model,
    compatible: family.compatible,
    ...(sizeBytes && { sizeBytes }),
    ...statedWays(tree, node, sizeBytes, declared ?? LINE_BYTES),
    lineBytes: declared ?? LINE_BYTES,
    needsMaintenance: family.needsMaintenance && !(family.followsArmv7 === true && core.architecture >= 7),
    writeThrough: family.model === 'Aurora' && node.properties.has('wt-override'),
    sharedOverride: sharedOverride(node, family, hardware),
    ...(auxiliaryControl !== undefined && { auxiliaryControl }),
    ioCoherent: compatibles(node).includes('arm,pl310-cache') && node.properties.has('arm,io-coherent'),
    syncDisabled: L2X0.includes(family) && node.properties.has('arm,outer-sync-disable'),
  };
}

/**
 * From 'cache-sets' and 'cache-size'.
 * Linux: arch/arm/mm/cache-l2x0.c, l2x0_cache_size_of_parse() (v6.12).
 * Differs: the line length is the hardware's, whatever the tree says.
 */
function statedWays(
  tree: DeviceTree,
  node: DtNode,
  sizeBytes: number | undefined,
  lineBytes: number,
): { readonly ways?: number } {
  const sets = u32Of(tree, node, 'cache-sets');
  if (!sizeBytes || !sets) return {};
  const ways = sizeBytes / (sets * lineBytes);
  return Number.isInteger(ways) && ways <= 64 ? { ways } : {};
}

function findFamily(
  tree: DeviceTree,
  families: readonly Family[],
): { node: DtNode; family: Family } | undefined {
  for (const node of tree.root.walk()) {
    for (const name of compatibles(node)) {
      const family = families.find(({ compatible }) => compatible === name.toLowerCase());
      if (family !== undefined) return { node, family };
    }
  }
  return undefined;
}

/**
 * Bit 22 after firmware and tree had their say; the kernel's machine code may set it as well.
 * Linux: arch/arm/mm/cache-l2x0.c, l2x0_of_init() (v6.12): properties count only while the cache is off.
 */
function sharedOverride(node: DtNode, family: Family, hardware: HardwareFacts): boolean | 'unknown' {
  if (family.model !== 'PL310' && family.model !== 'L220' && family.model !== 'L210') return 'unknown';
  const enabled = hardware.outerCacheEnabled?.value ?? false;
  if (!enabled && node.properties.has('arm,shared-override')) return true;
  const control = hardware.outerCacheAuxiliaryControl?.value;
  if (control === undefined) return 'unknown';
  return Math.floor(control / L2C_AUX_CTRL_SHARED_OVERRIDE) % 2 === 1;
}
