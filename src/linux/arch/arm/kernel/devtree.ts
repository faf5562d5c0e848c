// SPDX-License-Identifier: GPL-2.0-only
/**
 * How many CPUs the kernel is prepared for, by the tree: each gets per-CPU memory, whether it exists or not.
 * Linux: arch/arm/kernel/devtree.c, arm_dt_init_cpu_maps(); arch/arm/mach-imx/platsmp.c, imx_smp_init_cpus()
 * (v6.12, v6.1). Left out: the other machines' smp_init_cpus(), which only add CPUs that the tree has, too.
 */
import { stringOf, u32Of } from '../../../../devicetree/access.js';
import type { DtNode } from '../../../../devicetree/tree.js';
import type { Kernel } from '../../../kernel.js';

/** Linux: drivers/of/base.c, of_get_next_cpu_node(): those with the status `fail` are left out. */
function cpuNodes(k: Kernel): DtNode[] {
  const { tree } = k.board;
  return (tree.root.child('cpus')?.children ?? []).filter(node => {
    const isCpu = node.name.split('@')[0] === 'cpu' || stringOf(tree, node, 'device_type') === 'cpu';
    return isCpu && stringOf(tree, node, 'status')?.startsWith('fail') !== true;
  });
}

/**
 * Sets num_possible_cpus. A kernel that does not run as on a multiprocessor looks for a node with number 0, one that
 * does for that of the CPU that it runs on; Model: the first. Without CPU nodes the number of the machine's cores stays.
 */
export function arm_dt_init_cpu_maps(k: Kernel): void {
  if (!k.config.isEnabled('SMP')) return;
  const nodes = cpuNodes(k);
  if (nodes.length === 0) return;
  const ids = nodes.map(node => u32Of(k.board.tree, node, 'reg') ?? 0);
  const isBootCpuListed = k.cpu.is_smp || ids.includes(0);
  const most = k.cpu.nr_cpu_ids;
  k.cpu.num_possible_cpus = isBootCpuListed ? Math.min(nodes.length, most) : 1;
  // The i.MX6 asks its snoop control unit.
  const isImx6 = k.config.isEnabled('SOC_IMX6Q') && k.board.rootCompatibles.some(name => IMX6.includes(name));
  if (k.cpu.is_smp && isImx6) {
    k.cpu.num_possible_cpus = Math.min(k.cpu.num_possible_cpus, k.machine.facts.coreCount);
  }
}

const IMX6: readonly string[] = ['fsl,imx6q', 'fsl,imx6qp', 'fsl,imx6dl'];
