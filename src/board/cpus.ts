// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which core a board has, and how many: from the CPU nodes of its tree, else from its hardware file, else
 * from the root compatible, else assumed with a warning.
 * Described in the Devicetree Specification v0.4, section 3.8, and the kernel's cpus binding.
 * Model: on big.LITTLE boards every core counts as the first one listed; the others are reported.
 */
import { KiB } from '../base/address.js';
import type { Diagnostic } from '../base/diagnostics.js';
import { compatibles, isAvailable, stringOf, u32Of } from '../devicetree/access.js';
import type { DeviceTree, DtNode } from '../devicetree/tree.js';
import { coreByName, findCore, withDataCache } from '../hw/cores.js';
import type { CoreFacts } from '../hw/facts.js';
import { type StatedCaches, statedCaches } from './cache-sizes.js';
import type { HardwareFacts } from './hardware.js';

export interface Cpus {
  readonly core: CoreFacts;
  readonly count: number;
  /** Every different core, the first one included: two on big.LITTLE boards. */
  readonly cores: readonly CoreFacts[];
  /** False: nothing says which core it is, and `core` was assumed. */
  readonly known: boolean;
  /** What the tree states about the first CPU's caches. */
  readonly caches: StatedCaches;
}

/**
 * Cores of boards whose trees have no CPU nodes, by root compatible.
 * Linux: what the machine's Kconfig entry selects (v6.12): arch/arm/mach-mmp, mach-versatile, mach-ixp4xx,
 * mach-ep93xx, mach-pxa; STM32 from the vendor's part names (F4: Cortex-M4, F7 and H7: Cortex-M7).
 */
const BY_ROOT: Readonly<Record<string, string>> = {
  'mrvl,pxa168': 'Mohawk',
  'mrvl,pxa910': 'Mohawk',
  'mrvl,mmp2': 'PJ4',
  'st,stm32f429': 'Cortex-M4',
  'st,stm32f469': 'Cortex-M4',
  'st,stm32f746': 'Cortex-M7',
  'st,stm32f769': 'Cortex-M7',
  'st,stm32h743': 'Cortex-M7',
  'st,stm32h750': 'Cortex-M7',
  'arm,versatile-ab': 'ARM926EJ-S',
  'arm,versatile-pb': 'ARM926EJ-S',
  'arm,realview-eb': 'ARM926EJ-S',
  'arm,integrator-ap': 'ARM920T',
  'arm,integrator-cp': 'ARM926EJ-S',
  'cirrus,ep9301': 'ARM920T',
  'intel,ixp42x': 'XScale',
  'intel,ixp43x': 'XScale',
  'marvell,pxa250': 'XScale',
  'marvell,pxa270': 'XScale',
  'marvell,pxa300': 'XScale3',
};

/**
 * Bytes of the first-level data cache of ARM11 chips, by root compatible, for trees without 'd-cache-size'.
 * From what Linux prints on real ones: 'VIPT nonaliasing data cache' on the first two (a Raspberry Pi Zero W,
 * an AST2500 EVB), 'VIPT aliasing data cache' on a Nokia N810. QEMU's ARM1176 claims to be aliasing.
 */
const DATA_CACHE_BY_ROOT: Readonly<Record<string, number>> = {
  'brcm,bcm2835': 16 * KiB,
  'aspeed,ast2500': 16 * KiB,
  'ti,omap2420': 32 * KiB,
};

/**
 * Chips whose CPU nodes name a core by a compatible that it shares with another one, by root compatible: what
 * the compatible stands for, and what the chip has.
 */
const VARIANT_BY_ROOT: Readonly<Record<string, { readonly named: string; readonly real: string }>> = {
  'marvell,armada370': { named: 'PJ4B-MP', real: 'PJ4B' },
};

/** Taken where nothing says which core it is: the most frequent one among the kernel's boards. */
const ASSUMED = 'Cortex-A9';

/**
 * The board's CPUs. What had to be guessed is appended to `diagnostics`.
 * Linux: drivers/of/base.c, of_get_next_cpu_node() (v6.12): children of /cpus named `cpu` or with that
 * device_type.
 * Differs: only available ones count here; Linux leaves out only those with status `fail`.
 */
export function boardCpus(tree: DeviceTree, hardware: HardwareFacts, diagnostics: Diagnostic[]): Cpus {
  const nodes = cpuNodes(tree);
  const described = describedCpus(tree, nodes, hardware, diagnostics);
  const cpus = { ...described, caches: statedCaches(tree, nodes[0], described.core, diagnostics) };
  if (cpus.core.aliasFreeBytes === undefined || hardware.dataCache !== undefined) return cpus;
  const bytes = dataCacheBytes(tree, nodes[0]);
  if (bytes === undefined) {
    diagnostics.push(noDataCache(tree, cpus.core));
    return cpus;
  }
  const core = withDataCache(cpus.core, bytes);
  return { ...cpus, core, cores: cpus.cores.map(other => (other === cpus.core ? core : other)) };
}

/**
 * Bytes of the data cache. The tree's word on the line length is not asked for: the BCM2835's says 16, and an
 * ARM1176 has lines of 32 bytes.
 */
function dataCacheBytes(tree: DeviceTree, node: DtNode | undefined): number | undefined {
  const stated = node && u32Of(tree, node, 'd-cache-size');
  if (stated !== undefined) return stated;
  for (const name of compatibles(tree.root)) {
    const bytes = DATA_CACHE_BY_ROOT[name];
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

function describedCpus(
  tree: DeviceTree,
  nodes: readonly DtNode[],
  hardware: HardwareFacts,
  diagnostics: Diagnostic[],
): Omit<Cpus, 'caches'> {
  const count = hardware.coreCount?.value ?? Math.max(1, nodes.length);
  const named = hardware.core && findCore([hardware.core.value]);
  if (named !== undefined) return { core: named, count, cores: [named], known: true };
  const cores = new Set<CoreFacts>();
  for (const node of nodes) {
    const core = findCore(compatibles(node));
    if (core !== undefined) cores.add(variantOf(tree, core));
    else diagnostics.push(unknownCpu(tree, node));
  }
  const [first] = cores;
  if (first === undefined) {
    const root = rootCore(tree);
    const core = root ?? coreByName(ASSUMED);
    diagnostics.push(noCpu(tree, core, root !== undefined));
    return { core, count, cores: [core], known: root !== undefined };
  }
  if (cores.size > 1) diagnostics.push(mixedCpus(tree, [...cores]));
  return { core: first, count, cores: [...cores], known: true };
}

function cpuNodes(tree: DeviceTree): DtNode[] {
  const cpus = tree.root.child('cpus');
  if (cpus === undefined) return [];
  return cpus.children.filter(
    node =>
      isAvailable(node) &&
      (node.name === 'cpu' || node.name.startsWith('cpu@') || stringOf(tree, node, 'device_type') === 'cpu'),
  );
}

function variantOf(tree: DeviceTree, core: CoreFacts): CoreFacts {
  for (const name of compatibles(tree.root)) {
    const variant = VARIANT_BY_ROOT[name];
    if (variant?.named === core.name) return coreByName(variant.real);
  }
  return core;
}

function rootCore(tree: DeviceTree): CoreFacts | undefined {
  for (const name of compatibles(tree.root)) {
    const core = BY_ROOT[name];
    if (core !== undefined) return coreByName(core);
  }
  return undefined;
}

function unknownCpu(tree: DeviceTree, node: DtNode): Diagnostic {
  const names = compatibles(node).join(', ') || 'nothing';
  return {
    severity: 'warning',
    id: 'cpu-unknown',
    message: `no known core is compatible with ${names}`,
    position: node.position ?? { file: tree.file },
    path: `${node.path}:compatible`,
    notes: ['name a known one as "core" in the hardware file'],
  };
}

function noCpu(tree: DeviceTree, core: CoreFacts, known: boolean): Diagnostic {
  return {
    severity: known ? 'note' : 'warning',
    id: known ? 'cpu-from-root' : 'cpu-assumed',
    message: known
      ? `no usable CPU node; the root's compatible implies ${core.name}`
      : `no usable CPU node and no known root compatible; ${core.name} is assumed`,
    position: { file: tree.file },
    path: '/cpus',
    notes: ['"core" and "coreCount" in the hardware file override this'],
  };
}

function noDataCache(tree: DeviceTree, core: CoreFacts): Diagnostic {
  return {
    severity: 'note',
    id: 'data-cache-assumed',
    message: `nothing says how large the data cache of the ${core.name} is; 16 KiB, hence no aliases, is assumed`,
    position: { file: tree.file },
    path: '/cpus',
    notes: [`"dataCache" in the hardware file overrides this: "VIPT-aliasing" if it is larger`],
  };
}

function mixedCpus(tree: DeviceTree, cores: readonly CoreFacts[]): Diagnostic {
  return {
    severity: 'note',
    id: 'cpu-mixed',
    message: `cores of different kinds (${cores.map(core => core.name).join(', ')}); all count as ${cores[0]?.name}`,
    position: { file: tree.file },
    path: '/cpus',
  };
}
