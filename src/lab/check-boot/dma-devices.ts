// SPDX-License-Identifier: GPL-2.0-only
/** The recorded lines about devices themselves: masks, limits, ranges, coherency, memory of their own. */
import { hex } from '../../base/address.js';
import { of_reserved_mem_device_init, platform_dma_configure } from '../../linux/drivers/of/device.js';
import { DMA_BIT_MASK, device } from '../../linux/include/linux/device.js';
import {
  dma_addressing_limited,
  dma_get_required_mask,
  dma_max_mapping_size,
  dma_set_coherent_mask,
  dma_set_mask,
  dma_set_mask_and_coherent,
} from '../../linux/kernel/dma/mapping.js';
import type { Kernel } from '../../linux/kernel.js';
import { type DmaLine, hexOf } from './dma-lines.js';
import { flagText, type Told } from './dma-told.js';

/** Values above 2^53 are imprecise and mean "everything". */
const maskText = (value: number): string => (value >= 2 ** 53 ? 'all' : hex(value));

/** The devices of a recording, made as the driver core makes them when a line first names them. */
export class RecordedDevices {
  private readonly k: Kernel;
  private readonly told: Told;
  /** Paths of nodes by device; a device without one is the recorder's own platform device. */
  private readonly nodes: ReadonlyMap<string, string>;
  private readonly devices = new Map<string, device>();

  constructor(k: Kernel, told: Told, lines: readonly DmaLine[]) {
    this.k = k;
    this.told = told;
    const described = lines.filter(({ word, asked }) => word === 'device' && asked['node'] !== '(null)');
    this.nodes = new Map(described.map(({ asked }) => [asked['dev'] ?? '', asked['node'] ?? '']));
  }

  /** Null: the tree has no such node. */
  device(line: DmaLine): device | null {
    const name = line.asked['dev'] ?? '';
    const known = this.devices.get(name);
    if (known) return known;
    const path = this.nodes.get(name);
    const node = path === undefined ? null : this.k.board.tree.nodeByPath(path);
    if (node === undefined) {
      this.told.add(`${name} node`, path ?? '', 'not in the tree');
      return null;
    }
    const made = new device(name, node);
    platform_dma_configure(this.k, made);
    this.devices.set(name, made);
    return made;
  }

  reserved(line: DmaLine, dev: device): void {
    const ret = of_reserved_mem_device_init(this.k, dev);
    const recorded = line.asked['of_reserved_mem_device_init'] ?? '';
    this.told.add(`${dev.name} of_reserved_mem_device_init`, recorded, String(ret));
  }

  setMask(line: DmaLine, dev: device): void {
    const bits = Number(line.asked['bits']);
    const ret = dma_set_mask_and_coherent(this.k, dev, DMA_BIT_MASK(bits));
    this.told.add(`${dev.name} ${bits} bits`, line.result ?? '', String(ret));
  }

  masks(line: DmaLine, dev: device): void {
    const mask = DMA_BIT_MASK(Number(line.asked['bits']));
    const both = [dma_set_mask(this.k, dev, mask), dma_set_coherent_mask(this.k, dev, mask)];
    const recorded = [line.asked['set_mask'], line.asked['set_coherent_mask']];
    this.told.add(`${dev.name} mask of ${line.asked['bits']} bits`, recorded.join(' '), both.join(' '));
  }

  /** The recorder tries masks on its own device and gives it 32 bits again before it describes it. */
  describe(line: DmaLine, dev: device): void {
    const { k } = this;
    if (!this.nodes.has(dev.name)) dma_set_mask_and_coherent(k, dev, DMA_BIT_MASK(32));
    const masks: Readonly<Record<string, number>> = {
      dma_mask: dev.dma_mask ?? 0,
      coherent_mask: dev.coherent_dma_mask,
      bus_limit: dev.bus_dma_limit,
      required: dma_get_required_mask(k, dev),
      max_map: dma_max_mapping_size(k, dev),
    };
    for (const [key, value] of Object.entries(masks)) {
      const recorded = line.asked[key];
      if (recorded !== undefined)
        this.told.add(`${dev.name} ${key}`, maskText(hexOf(recorded)), maskText(value));
    }
    const flags: Readonly<Record<string, boolean>> = {
      coherent: dev.dma_coherent,
      addressing_limited: dma_addressing_limited(k, dev),
    };
    for (const [key, value] of Object.entries(flags)) {
      const recorded = line.asked[key];
      if (recorded !== undefined) this.told.add(`${dev.name} ${key}`, recorded, flagText(value));
    }
  }

  range(line: DmaLine, dev: device): void {
    const { cpu, dma, size } = line.asked;
    const recorded = [cpu, dma, size].map(text => hex(hexOf(text))).join(' ');
    const found = dev.dma_range_map?.find(({ cpu_start }) => cpu_start === hexOf(cpu));
    const modelled = found
      ? [found.cpu_start, found.dma_start, found.size].map(value => hex(value))
      : ['none'];
    this.told.add(`${dev.name} range`, recorded, modelled.join(' '));
  }
}
