// SPDX-License-Identifier: GPL-2.0-only
/**
 * The lines of a probe run's `probe.jsonl` and `run.json`: what the probe module prints of each call, and the
 * constants of its script that it does not print.
 */
import { MiB } from '../../src/base/address.js';
import {
  DMA_ATTR_FORCE_CONTIGUOUS,
  DMA_ATTR_NO_KERNEL_MAPPING,
  DMA_ATTR_NO_WARN,
  DMA_ATTR_WRITE_COMBINE,
} from '../../src/linux/include/linux/dma-mapping.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../../src/linux/include/linux/gfp.js';
import { PAGE_SIZE } from '../../src/linux/include/linux/pfn.js';
import { bareHex, type Maintenance } from './maintenance-watch.js';

/** A range of the kernel's map: kind, raw entries, pages [cacheable, uncached, unmapped, by section]. */
export interface RecordedMapping {
  readonly t: string;
  readonly l1: string;
  readonly pte?: string;
  readonly hw?: string;
  readonly pg: readonly number[];
}

/** One line of `probe.jsonl`, the fields that are read here. Numbers with letters are bare hexadecimal. */
export interface ProbeRecord {
  readonly dev: string;
  readonly seq: number;
  readonly op: string;
  readonly phase?: string;
  readonly size: number;
  readonly gfp?: 'KERNEL' | 'ATOMIC';
  readonly attrs?: string;
  readonly ok?: number;
  readonly dma?: string;
  readonly phys?: string;
  readonly va?: string;
  readonly src?: string;
  readonly hm?: number;
  readonly zero?: number;
  readonly bad_handle?: number;
  readonly unreachable?: number;
  readonly cpu_pt?: RecordedMapping;
  readonly alias_pt?: RecordedMapping;
  readonly alias_after?: RecordedMapping;
  readonly vm_after?: number;
  readonly mnt?: readonly Maintenance[];
  /** Calls and bytes of each kind of maintenance. */
  readonly mtot?: Readonly<Record<string, readonly [number, number]>>;
  readonly mnt_more?: number;
  readonly cma_used?: number;
  readonly cma_dev_used?: number;
  readonly tlb_used?: number;
  readonly pools?: Readonly<Record<string, readonly [number, number]>>;
  /** Pages of the buffer to which the device's address leads elsewhere. */
  readonly iova_bad?: number;
  // Streaming mappings, and scatterlists.
  readonly off?: number;
  readonly dir?: 'BIDI' | 'TODEV' | 'FROMDEV' | number;
  readonly skip?: number;
  readonly orig?: string;
  readonly len?: number;
  readonly bounced?: number;
  readonly n?: number;
  readonly sg?: readonly (readonly [string, string, number])[];
  readonly ret?: number;
  readonly nents?: number;
  readonly sgphys?: string;
  readonly i?: number;
  // Exhaustion.
  readonly pace_ms?: number;
  readonly count?: number;
  readonly vmalloc?: number;
  readonly srcs?: Readonly<Record<string, number>>;
  readonly order?: number;
  // Of the system and the device.
  readonly name?: string;
  readonly base?: string;
  readonly used?: number;
  readonly rmem?: number;
  readonly set_mask?: number;
  readonly coherent?: number;
  readonly mask?: string;
  readonly cmask?: string;
  readonly bus_limit?: string;
  readonly range?: readonly string[];
  readonly dma_mem?: number;
  readonly io_tlb?: readonly [string, number, number, number];
  readonly max_map?: number;
  readonly req_mask?: string;
  readonly addr_lim?: number;
  readonly ops?: string;
}

export interface ProbeRun {
  readonly variant: string;
  readonly mem: string;
  readonly dtb: string;
  readonly cmdline: string;
}

/** How often the module tries at most before it calls memory inexhaustible. */
export const MOST_BUFFERS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  x_atomic: { [PAGE_SIZE]: 2048, [16 * PAGE_SIZE]: 256, [2 * PAGE_SIZE]: 1024 },
  x_atomic_paced: { [16 * PAGE_SIZE]: 128 },
  x_kernel: { [MiB]: 40, [PAGE_SIZE]: 64, [16 * PAGE_SIZE]: 600 },
};

/** What the module fills a buffer with before it frees it. */
export const FILLING = 0x5a;

/** A mask or bus address, of which 2^64 - 1 is not a number. */
export const bareMask = (mask: number): string => (mask >= 2 ** 64 ? 'f'.repeat(16) : bareHex(mask));

export function attrsOf(text = ''): number {
  const bits: Readonly<Record<string, number>> = {
    WC: DMA_ATTR_WRITE_COMBINE,
    NOKM: DMA_ATTR_NO_KERNEL_MAPPING,
    CONTIG: DMA_ATTR_FORCE_CONTIGUOUS,
    NOWARN: DMA_ATTR_NO_WARN,
  };
  return text.split(' ').reduce((attrs, name) => attrs | (bits[name] ?? 0), 0);
}

export const gfpOf = (record: ProbeRecord): number => (record.gfp === 'KERNEL' ? GFP_KERNEL : GFP_ATOMIC);
