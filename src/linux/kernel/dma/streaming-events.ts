// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the observer is told about streaming mappings. The DMA API names a mapping by its bus address only;
 * whoever watches wants to know which bytes it covers, and whose. So mappings are remembered while somebody
 * watches, and only then. Not in Linux; kernel/dma/debug.c keeps the same facts for DMA_API_DEBUG.
 */
import type { DmaAddr, Paddr } from '../../../base/address.js';
import type { Direction, StreamingBuffer } from '../../../hw/observer.js';
import type { device } from '../../include/linux/device.js';
import { dma_to_phys } from '../../include/linux/dma-direct.js';
import { DMA_ATTR_SKIP_CPU_SYNC, DMA_FROM_DEVICE, DMA_TO_DEVICE } from '../../include/linux/dma-mapping.js';
import type { Kernel } from '../../kernel.js';

function directionName(dir: number): Direction {
  if (dir === DMA_TO_DEVICE) return 'to-device';
  return dir === DMA_FROM_DEVICE ? 'from-device' : 'bidirectional';
}

/** Where an address of the device leads. */
function physOf(k: Kernel, dev: device, dmaAddr: DmaAddr): Paddr {
  return dev.dma_ops?.physOf(dev, dmaAddr) ?? dma_to_phys(k, dev, dmaAddr);
}

/** Whom the sanitizer names as the driver. */
export function driverOf(dev: device): string {
  return dev.driver || dev.name;
}

export class StreamingEvents {
  /** Live mappings of a device; several may start at one address. */
  private readonly live = new Map<device, StreamingBuffer[]>();

  /** Call it where there is an observer, after all maintenance. */
  mapped(
    k: Kernel,
    dev: device,
    dmaAddr: DmaAddr,
    original: Paddr,
    size: number,
    dir: number,
    attrs: number,
  ): void {
    const buffer = describe(k, dev, dmaAddr, original, size, dir, attrs);
    const buffers = this.live.get(dev);
    if (buffers === undefined) this.live.set(dev, [buffer]);
    else buffers.push(buffer);
    k.machine.observer?.streamingMapped(buffer);
  }

  /**
   * The mapping that an unmap call is about to end, as that call describes it; null where nobody watches.
   * A call that fits no mapping (a driver's bug) is described all the same.
   */
  ending(
    k: Kernel,
    dev: device,
    dmaAddr: DmaAddr,
    size: number,
    dir: number,
    attrs: number,
  ): StreamingBuffer | null {
    if (k.machine.observer === null) return null;
    const known = this.live.get(dev)?.[this.indexOf(dev, dmaAddr, size, directionName(dir))];
    const original = known?.original ?? physOf(k, dev, dmaAddr);
    return describe(k, dev, dmaAddr, original, size, dir, attrs);
  }

  /** It has ended. Null: nobody watched when it began to. */
  ended(k: Kernel, dev: device, buffer: StreamingBuffer | null): void {
    if (buffer === null) return;
    const index = this.indexOf(dev, buffer.dmaAddr, buffer.size, buffer.direction);
    if (index >= 0) this.live.get(dev)!.splice(index, 1);
    k.machine.observer?.streamingUnmapped(buffer);
  }

  /** Of the mapping that a call means; -1: there is none. */
  private indexOf(dev: device, dmaAddr: DmaAddr, size: number, direction: Direction): number {
    const buffers = this.live.get(dev) ?? [];
    const starts = (buffer: StreamingBuffer): boolean => buffer.dmaAddr === dmaAddr;
    const index = buffers.findIndex(
      buffer => starts(buffer) && buffer.size === size && buffer.direction === direction,
    );
    return index < 0 ? buffers.findIndex(starts) : index;
  }

  syncedForCpu(k: Kernel, dev: device, dmaAddr: DmaAddr, size: number, dir: number): void {
    if (k.machine.observer === null) return;
    const buffer = this.holding(k, dev, dmaAddr, size, dir);
    k.machine.observer.syncedForCpu(buffer, physOf(k, dev, dmaAddr), size);
  }

  syncedForDevice(k: Kernel, dev: device, dmaAddr: DmaAddr, size: number, dir: number): void {
    if (k.machine.observer === null) return;
    const buffer = this.holding(k, dev, dmaAddr, size, dir);
    k.machine.observer.syncedForDevice(buffer, physOf(k, dev, dmaAddr), size);
  }

  /** The mapping that [dmaAddr, dmaAddr + size) is part of; without one, the call's own range. */
  private holding(k: Kernel, dev: device, dmaAddr: DmaAddr, size: number, dir: number): StreamingBuffer {
    const holds = (buffer: StreamingBuffer): boolean =>
      dmaAddr >= buffer.dmaAddr && dmaAddr + size <= buffer.dmaAddr + buffer.size;
    const found = this.live.get(dev)?.find(holds);
    return found ?? describe(k, dev, dmaAddr, physOf(k, dev, dmaAddr), size, dir, 0);
  }
}

function describe(
  k: Kernel,
  dev: device,
  dmaAddr: DmaAddr,
  original: Paddr,
  size: number,
  dir: number,
  attrs: number,
): StreamingBuffer {
  return {
    device: dev.name,
    driver: driverOf(dev),
    dmaAddr,
    paddr: physOf(k, dev, dmaAddr),
    original,
    size,
    direction: directionName(dir),
    skipSync: (attrs & DMA_ATTR_SKIP_CPU_SYNC) !== 0,
  };
}
