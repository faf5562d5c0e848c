// SPDX-License-Identifier: GPL-2.0-only
/**
 * A field's value in the form in which two recordings are compared: a text that is equal where the kernel did the
 * same, whatever it could not have determined (`places.ts`).
 */
import { roundUpPowerOfTwo } from '../../base/address.js';
import { PAGE_ALIGN, PAGE_SIZE } from '../../linux/include/linux/pfn.js';
import type { Kernel } from '../../linux/kernel.js';
import type { ProbeRecord } from '../../workloads/probe/record.js';
import type { Places } from './places.js';

function numberOf(text: unknown): number {
  return Number.parseInt(String(text), 16);
}

/**
 * Blocks of the page allocator are aligned to their size: the request rounded up to a power of two. Buffers behind an
 * IOMMU are made of pieces.
 */
function blockSize(record: ProbeRecord): number {
  if (record['iova_phys'] !== undefined) return PAGE_SIZE;
  const { size, count } = record as { size?: number; count?: number };
  if (size === undefined || count !== undefined) return PAGE_SIZE;
  return Math.min(roundUpPowerOfTwo(PAGE_ALIGN(size)), 4 * 1024 * 1024);
}

/** Operation, start, end and number of calls of each piece of maintenance. */
function maintenance(places: Places, list: unknown): string {
  const pieces = list as readonly (readonly [string, string, string, number])[];
  return pieces
    .map(([operation, start, end, count]) => {
      const from = numberOf(start);
      const place = operation.startsWith('l2') ? places.paddr(from) : places.vaddr(from);
      return `${operation} ${place} size ${(numberOf(end) - from).toString(16)} x${count}`;
    })
    .join(', ');
}

function distance(paddr: number, dma: number): string {
  return `memory ${paddr > dma ? '-' : '+'}${Math.abs(paddr - dma).toString(16)}`;
}

type Totals = Readonly<Record<string, readonly [number, number]>>;

/** Bytes by operation: into how many pieces a buffer behind an IOMMU falls is the page allocator's affair. */
function bytesOf(value: unknown): string {
  if (!Array.isArray(value)) {
    return JSON.stringify(
      Object.entries(value as Totals).map(([operation, [, bytes]]) => [operation, bytes]),
    );
  }
  const bytes: Record<string, number> = {};
  for (const [operation, start, end, count] of value as readonly (readonly [
    string,
    string,
    string,
    number,
  ])[]) {
    bytes[operation] = (bytes[operation] ?? 0) + (numberOf(end) - numberOf(start)) * count;
  }
  return JSON.stringify(bytes);
}

/** Entries of a scatterlist: where its pieces are, their handles, their lengths. */
function scatterlist(places: Places, list: unknown, exact: boolean): string {
  const entries = list as readonly (readonly [string, string, number])[];
  return entries
    .map(([orig, dma, length]) => {
      const [from, to] = [numberOf(orig), numberOf(dma)];
      const handle = exact || places.isReserved(to) ? to.toString(16) : distance(from, to);
      return `${places.paddr(from)} ${handle} ${length}`;
    })
    .join(', ');
}

/** Zones are [start, spanned, managed]; what is managed depends on the image. */
function zone(value: unknown): string {
  return JSON.stringify((value as readonly unknown[]).slice(0, 2));
}

/**
 * Of a handle: exactly, where the memory was determined; else how far it is from the memory it stands for. A device
 * behind an IOMMU gets its handles first-fit, so that they always count.
 */
function handle(places: Places, record: ProbeRecord, value: unknown): string {
  const dma = numberOf(value);
  const isError = /^(f{8}|f{16})$/.test(String(value));
  if (isError || record['iova_phys'] !== undefined) return String(value);
  const phys = record['phys'] ?? record['sgphys'];
  // Of a block of a pool, only the CPU's address tells where it is.
  if (phys === undefined) return record['ok'] === 1 ? `page +${dma % PAGE_SIZE}` : dma.toString(16);
  const paddr = numberOf(phys);
  return places.isDetermined(paddr) ? dma.toString(16) : distance(paddr, dma);
}

function tablePart(places: Places, part: string, value: unknown, kind: unknown, sectionSize: number): string {
  if (part === 'va') return places.vaddr(numberOf(value));
  if (part === 'pte' || part === 'hw') return places.entry(String(value), PAGE_SIZE);
  if (part !== 'l1') return JSON.stringify(value);
  // Of an entry that leads to a table, the table's place is nobody's choice: its low bits say what kind it is.
  if (kind === 'sect') return places.entry(String(value), sectionSize);
  return (BigInt(`0x${String(value)}`) & 0x3ffn).toString(16);
}

export class Normaliser {
  private readonly places: Places;
  private readonly behindIommu: ReadonlySet<string>;
  private readonly sectionSize: number;

  /** `behindIommu`: names of devices whose handles come from an IOMMU's bitmaps. */
  constructor(k: Kernel, places: Places, behindIommu: ReadonlySet<string>) {
    this.places = places;
    this.behindIommu = behindIommu;
    this.sectionSize = k.memory.SECTION_SIZE;
  }

  /** `name`: a field of `record`, or `field.part` of a page-table description. */
  text(record: ProbeRecord, name: string, value: unknown): string {
    const { places } = this;
    const [field, part] = name.split('.');
    if (part !== undefined) {
      const table = record[field!] as Record<string, unknown>;
      return tablePart(places, part, value, table['t'], this.sectionSize);
    }
    if (name.startsWith('zone_')) return zone(value);
    const isTranslated = this.behindIommu.has(record.dev);
    if (isTranslated && record.op === 'alloc_mnt') return bytesOf(value);
    switch (name) {
      case 'mnt':
        return maintenance(places, value);
      case 'sg':
        return scatterlist(places, value, isTranslated);
      case 'frag':
        return record['src'] === 'buddy' ? 'any' : String(value);
      case 'nents':
        return isTranslated && !places.isDetermined(numberOf(record['phys'])) ? 'any' : String(value);
      case 'dma':
        if (isTranslated) return numberOf(value).toString(16);
        return handle(places, record, value);
      case 'cpu':
      case 'virt':
        return places.vaddr(numberOf(value), blockSize(record));
      case 'phys':
      case 'sgphys':
      case 'iova_phys':
      case 'phys_lo':
        return places.paddr(numberOf(value), blockSize(record));
      case 'phys_hi':
        return places.paddr(numberOf(value));
      default:
        return JSON.stringify(value) ?? 'absent';
    }
  }
}
