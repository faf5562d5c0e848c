// SPDX-License-Identifier: GPL-2.0-only
/**
 * An IOMMU between DMA masters and memory: tables that turn a master's address into a physical one and say whether
 * it may read and write there. Arm IHI 0062D (SMMUv2), 1.3, has the vocabulary: a master is a stream, and a stream
 * goes through a translation context or bypasses translation.
 * Model: tables lie beside memory, not in it; a larger page is so many entries of 4 KiB; there is no IOTLB, so that
 * an address stops working when it is unmapped, as after an invalidation that software waits for. What comes out
 * goes straight to memory: windows of a bus are on neither side.
 * Next: `master.ts`, whose accesses go through here.
 */
import type { DmaAddr, Paddr } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';

const PAGE_BYTES = 4096;
/** Entries of one table: 4 MiB of addresses. */
const TABLE_ENTRIES = 1024;

/** What an entry allows. */
export const MAY_READ = 1;
export const MAY_WRITE = 2;

/** Answers of `translate` that are no addresses. */
export const NOT_MAPPED = -1;
export const NOT_ALLOWED = -2;

/**
 * One set of tables.
 *
 *   tables  number of a 4 MiB range of addresses -> 1024 entries
 *   entry   physical frame number << 3 | valid << 2 | MAY_WRITE | MAY_READ     (frames of 40-bit addresses: 28 bits)
 */
export class TranslationContext {
  private readonly tables = new Map<number, Uint32Array>();

  /** Enters `size` bytes from `dmaAddr` on as `size` bytes of memory from `paddr` on; all are whole pages. */
  map(dmaAddr: DmaAddr, paddr: Paddr, size: number, access: number): void {
    invariant((dmaAddr % PAGE_BYTES) + (paddr % PAGE_BYTES) + (size % PAGE_BYTES) === 0, 'not whole pages');
    const first = dmaAddr / PAGE_BYTES;
    const frame = paddr / PAGE_BYTES;
    for (let page = 0; page < size / PAGE_BYTES; page++) {
      const number = Math.floor((first + page) / TABLE_ENTRIES);
      let table = this.tables.get(number);
      if (table === undefined) {
        table = new Uint32Array(TABLE_ENTRIES);
        this.tables.set(number, table);
      }
      table[(first + page) % TABLE_ENTRIES] = (frame + page) * 8 + 4 + access;
    }
  }

  /** Clears the entries of [dmaAddr, dmaAddr + size), those that are there. */
  unmap(dmaAddr: DmaAddr, size: number): void {
    for (let at = dmaAddr; at < dmaAddr + size; at += PAGE_BYTES) {
      const page = Math.floor(at / PAGE_BYTES);
      const table = this.tables.get(Math.floor(page / TABLE_ENTRIES));
      if (table !== undefined) table[page % TABLE_ENTRIES] = 0;
    }
  }

  /** Where an access that needs all of `access` (0: none) ends, or NOT_MAPPED or NOT_ALLOWED. */
  translate(dmaAddr: DmaAddr, access: number): number {
    const page = Math.floor(dmaAddr / PAGE_BYTES);
    const entry = this.tables.get(Math.floor(page / TABLE_ENTRIES))?.[page % TABLE_ENTRIES] ?? 0;
    if (entry === 0) return NOT_MAPPED;
    if ((entry & access) !== access) return NOT_ALLOWED;
    return Math.floor(entry / 8) * PAGE_BYTES + (dmaAddr % PAGE_BYTES);
  }

  /** Bytes from `dmaAddr` on, `size` at most, that are one run of memory. At least the page's rest. */
  runLength(dmaAddr: DmaAddr, size: number, access: number): number {
    const start = this.translate(dmaAddr, access);
    let bytes = PAGE_BYTES - (dmaAddr % PAGE_BYTES);
    while (bytes < size && this.translate(dmaAddr + bytes, access) === start + bytes) bytes += PAGE_BYTES;
    return Math.min(bytes, size);
  }
}

/** A master's way into an IOMMU. Software changes what happens there while the master works. */
export class Stream {
  /** Null: addresses pass as they are. */
  context: TranslationContext | null = null;
}
