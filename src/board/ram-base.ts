// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where RAM begins on chips whose trees often have no memory node, because the boot loader writes all of it.
 * Only used where neither the tree nor the user says, and said so in a note.
 */
import { isCompatible } from '../devicetree/access.js';
import type { DeviceTree } from '../devicetree/tree.js';

export interface RamBase {
  readonly compatible: string;
  readonly base: number;
}

/**
 * Sources: `[tree]`, memory nodes of other boards with the same chip in arch/arm/boot/dts (v6.12); `[u-boot]`,
 * include/configs/sunxi-common.h, CFG_SYS_SDRAM_BASE, which the 'alloc-ranges' of the chips' default CMA pool
 * confirm except for the A80; `[mach]`, arch/arm/mach-mmp/Makefile.boot of v5.0, zreladdr less 0x8000.
 */
const ramBases: readonly RamBase[] = [
  // The A80 first: its base differs from its family's. [u-boot]
  { compatible: 'allwinner,sun9i-a80', base: 0x20000000 },
  // [u-boot]
  ...[
    'allwinner,sun4i-a10',
    'allwinner,sun5i-a10s',
    'allwinner,sun5i-a13',
    'nextthing,gr8',
    'allwinner,sun6i-a31',
    'allwinner,sun6i-a31s',
    'allwinner,sun7i-a20',
    'allwinner,sun8i-a23',
    'allwinner,sun8i-a33',
    'allwinner,sun8i-a83t',
    'allwinner,sun8i-h2-plus',
    'allwinner,sun8i-h3',
    'allwinner,sun8i-r40',
    'allwinner,sun8i-v3',
    'allwinner,sun8i-v3s',
  ].map(compatible => ({ compatible, base: 0x40000000 })),
  // [tree]
  { compatible: 'fsl,imx6q', base: 0x10000000 },
  { compatible: 'fsl,imx6qp', base: 0x10000000 },
  { compatible: 'fsl,imx6dl', base: 0x10000000 },
  { compatible: 'fsl,imx6ul', base: 0x80000000 },
  { compatible: 'fsl,imx6ull', base: 0x80000000 },
  { compatible: 'fsl,imx6ulz', base: 0x80000000 },
  { compatible: 'fsl,imx7d', base: 0x80000000 },
  { compatible: 'ti,am33xx', base: 0x80000000 },
  { compatible: 'rockchip,rk3288', base: 0 },
  { compatible: 'st,stm32mp151', base: 0xc0000000 },
  { compatible: 'st,stm32mp157', base: 0xc0000000 },
  // [mach]
  { compatible: 'mrvl,pxa168', base: 0 },
  { compatible: 'mrvl,pxa910', base: 0 },
];

/** Physical address of the first RAM byte of the tree's chip; undefined where it is not known. */
export function ramBase(tree: DeviceTree): RamBase | undefined {
  return ramBases.find(({ compatible }) => isCompatible(tree.root, compatible));
}
