// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which device answers at a physical address. Where none does, an access ends in an external abort.
 */
import { hex, type Paddr } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';
import type { AccessSize, MmioDevice } from './device.js';

/** What a read returns where no device answers. No read value is negative. */
export const NO_DEVICE = -1;

/** A device in its place, and how often cores have read and written there. */
export interface Region {
  readonly start: Paddr;
  readonly end: Paddr;
  readonly device: MmioDevice;
  reads: number;
  writes: number;
}

export class Bus {
  private regions: Region[] = [];
  private recent: Region | undefined;

  attach(start: Paddr, size: number, device: MmioDevice): void {
    const end = start + size;
    for (const region of this.regions) {
      invariant(
        end <= region.start || start >= region.end,
        () => `${device.name} at ${hex(start)} overlaps ${region.device.name}`,
      );
    }
    this.regions.push({ start, end, device, reads: 0, writes: 0 });
    this.regions.sort((a, b) => a.start - b.start);
  }

  /** Every device with its place, in order. */
  get devices(): readonly Readonly<Region>[] {
    return this.regions;
  }

  read(paddr: Paddr, size: AccessSize, cpu: number): number {
    const region = this.find(paddr);
    if (region === undefined) return NO_DEVICE;
    region.reads++;
    return region.device.read(paddr - region.start, size, cpu) >>> 0;
  }

  /** False: no device there. */
  write(paddr: Paddr, size: AccessSize, value: number, cpu: number): boolean {
    const region = this.find(paddr);
    if (region === undefined) return false;
    region.writes++;
    region.device.write(paddr - region.start, size, value >>> 0, cpu);
    return true;
  }

  private find(paddr: Paddr): Region | undefined {
    const { recent } = this;
    if (recent !== undefined && paddr >= recent.start && paddr < recent.end) return recent;
    for (const region of this.regions) {
      if (paddr >= region.start && paddr < region.end) {
        this.recent = region;
        return region;
      }
    }
    return undefined;
  }
}
