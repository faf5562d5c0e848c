// SPDX-License-Identifier: GPL-2.0-only
/** Which entry of a tree's 'dma-ranges' contradicts the true bus map of the board's hardware file. */
import { basename } from 'node:path';
import { hex, type Paddr } from '../../base/address.js';
import type { DtNode } from '../../devicetree/tree.js';
import { of_get_dma_parent } from '../../linux/drivers/of/address.js';
import type { device } from '../../linux/include/linux/device.js';
import type { Kernel } from '../../linux/kernel.js';
import { busWindowsOf } from '../../workloads/buffer-facts.js';

/** The node whose 'dma-ranges' Linux takes for the device: the first above it that has entries. */
function rangesNode(k: Kernel, dev: device): DtNode | null {
  for (let node = dev.of_node && of_get_dma_parent(k, dev.of_node); node; node = of_get_dma_parent(k, node)) {
    const ranges = node.properties.get('dma-ranges');
    if (ranges && ranges.value.length > 0) return node;
  }
  return null;
}

/**
 * In words, `file:line:col: /node:dma-ranges: what`, each entry that maps a bus address elsewhere than the bus
 * does, and that none reaches `paddr`, if so. Empty where the tree is right, or where nothing is known of the bus.
 */
export function wrongRanges(k: Kernel, dev: device, paddr: Paddr): string[] {
  const node = rangesNode(k, dev);
  const windows = busWindowsOf(k, dev);
  const entries = dev.dma_range_map ?? [];
  if (node === null || windows.length === 0) return [];
  const at = node.properties.get('dma-ranges')?.position;
  const file = basename(at?.file ?? k.board.tree.file);
  const place = at?.line === undefined ? file : `${file}:${at.line}:${at.column ?? 1}`;
  const where = `${place}: ${node.path}:dma-ranges`;
  const texts = entries.flatMap(({ cpu_start, dma_start, size }, index) => {
    const window = windows.find(
      ({ dmaStart, size: bytes }) => dma_start >= dmaStart && dma_start < dmaStart + bytes,
    );
    const real = window && dma_start - window.dmaStart + window.cpuStart;
    if (real === cpu_start) return [];
    const leads = real === undefined ? 'nowhere' : `to ${hex(real, 8)}`;
    return [
      `${where}: entry ${index + 1} says that bus address ${hex(dma_start, 8)} (${hex(size)} bytes) is ${hex(cpu_start, 8)}; the bus leads ${leads}`,
    ];
  });
  const reached = entries.some(({ cpu_start, size }) => paddr >= cpu_start && paddr < cpu_start + size);
  return reached ? texts : [...texts, `${where}: no entry reaches ${hex(paddr, 8)}`];
}
