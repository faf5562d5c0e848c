// SPDX-License-Identifier: GPL-2.0-only
/** Rule `wild-dma`: a device reaches memory that nobody mapped for it. */
import type { Rule } from './rule.js';

export const wildDma: Rule = {
  id: 'wild-dma',
  severity: 'error',
  summary: 'a device reaches memory that nobody mapped for it',
  explanation: [
    'A device may reach the bytes of its streaming mappings, in their direction and while they are its own, and its coherent buffers. This one reached other memory, or put an address on its bus that leads to none, or that its IOMMU does not let through.',
    "Three causes are common: a length or an address that the driver computed itself, a transfer that goes on after the buffer was unmapped, and a device tree whose 'dma-ranges' does not say what the bus really does, so that the handle which the kernel gave out leads elsewhere. The last one can hide for years: Integrator/AP's display went dark when 6.0 began to believe the tree.",
    "On a board: memory corruption far from any driver, or a device that reads nothing but ones. Reported is the device's access. As long as nobody has told of any buffer, only addresses without memory behind them are reported.",
  ],
  missing:
    "The mapping's own address and length, only until it is unmapped; 'dma-ranges' that say what the bus does.",
  references: [
    'Documentation/core-api/dma-api.rst, part Id',
    'Devicetree Specification v0.4, 2.3.9 (dma-ranges)',
    'drivers/of/address.c, of_dma_get_range() (v6.12)',
  ],
};
