// SPDX-License-Identifier: GPL-2.0-only
/**
 * Makes the DMA calls of a recording on the modelled kernel, in their order, on the devices of the same nodes, and
 * tells of each what the recorder wrote and what the model did. Formats: dma-lines.ts; what is told of an address:
 * dma-place.ts. Buffers stay allocated unless the line says `freed=1`, as in the recorder.
 *
 * Left out: `task_pgd` (which process ran), `ops` (a kernel pointer), addresses of cookies and in vmalloc space, the
 * place of bounce buffers in the default pool (each CPU has its part, and nobody recorded which ran).
 */
import { hex } from '../../base/address.js';
import { PageHighMem } from '../../linux/arch/arm/include/asm/memory.js';
import type { device } from '../../linux/include/linux/device.js';
import { dma_to_phys } from '../../linux/include/linux/dma-direct.js';
import {
  DMA_ATTR_NO_KERNEL_MAPPING,
  DMA_ATTR_NO_WARN,
  DMA_BIDIRECTIONAL,
  DMA_MAPPING_ERROR,
  DMA_TO_DEVICE,
} from '../../linux/include/linux/dma-mapping.js';
import { GFP_ATOMIC, GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../linux/include/linux/pfn.js';
import {
  type DmaBuffer,
  dma_alloc_attrs,
  dma_alloc_pages,
  dma_free_attrs,
  dma_map_page_attrs,
  dma_unmap_page_attrs,
} from '../../linux/kernel/dma/mapping.js';
import type { Kernel } from '../../linux/kernel.js';
import { zone_of_pfn } from '../../linux/mm/page_alloc.js';
import { is_vmalloc_addr } from '../../linux/mm/vmalloc.js';
import { descriptorsAt, descriptorText, recordedDescriptors } from './dma-descriptors.js';
import { RecordedDevices } from './dma-devices.js';
import { type DmaLine, hexOf, isUnderstood, parseDmaLine } from './dma-lines.js';
import { handleText, Places } from './dma-place.js';
import { flagText, Told } from './dma-told.js';
import { tellAddress } from './kernel-addresses.js';
import type { Recording } from './recording.js';

/** By kind of call. */
export interface DmaReplay {
  readonly devices: Told;
  readonly allocations: Told;
  readonly mappings: Told;
  readonly atomicCounts: Told;
  readonly addresses: Told;
}

/** No pool has that many pages: a block of MAX_PAGE_ORDER is smaller. */
const MOST_ATOMIC_BUFFERS = 1 << 16;

class Replay {
  readonly told: DmaReplay = {
    devices: new Told(),
    allocations: new Told(),
    mappings: new Told(),
    atomicCounts: new Told(),
    addresses: new Told(),
  };
  private readonly k: Kernel;
  private readonly devices: RecordedDevices;
  private readonly places: Places;
  /** The one that `atomicfirst` told. */
  private firstAtomic: DmaBuffer | null = null;

  constructor(k: Kernel, recording: Recording, lines: readonly DmaLine[]) {
    this.k = k;
    this.devices = new RecordedDevices(k, this.told.devices, lines);
    this.places = new Places(k, recording, lines);
  }

  play(line: DmaLine): void {
    if (line.word === 'va') tellAddress(this.k, this.told.addresses, line);
    const dev = line.asked['dev'] === undefined ? null : this.devices.device(line);
    if (dev === null) return;
    if (line.word === 'reserved') this.devices.reserved(line, dev);
    else if (line.word === 'setmask') this.devices.setMask(line, dev);
    else if (line.word === 'mask') this.devices.masks(line, dev);
    else if (line.word === 'device') this.devices.describe(line, dev);
    else if (line.word === 'range') this.devices.range(line, dev);
    else if (line.word === 'alloc') this.alloc(line, dev);
    else if (line.word === 'atomicfirst') this.atomicFirst(line, dev);
    else if (line.word === 'atomiccount') this.atomicCount(line, dev);
    else if (line.word === 'allocpages') this.allocPages(line, dev);
    else if (line.word === 'map') this.map(line, dev);
  }

  /** The recorder's tags of calls that may not sleep contain `atomic`. */
  private alloc(line: DmaLine, dev: device): void {
    const { tag = '' } = line.asked;
    const size = Number(line.asked['size']);
    const attrs = hexOf(line.asked['attrs']);
    const gfp = tag.includes('atomic') ? GFP_ATOMIC : GFP_KERNEL;
    const buffer = dma_alloc_attrs(this.k, dev, size, gfp, attrs | DMA_ATTR_NO_WARN);
    this.tellBuffer(line, dev, `${dev.name} ${tag} ${size} attrs ${hex(attrs)}`, buffer, size, attrs);
    if (buffer && line.got['freed'] === '1') this.free(dev, buffer, size, attrs);
  }

  private tellBuffer(
    line: DmaLine,
    dev: device,
    head: string,
    buffer: DmaBuffer | null,
    size: number,
    attrs: number,
  ): void {
    const recorded = line.result === 'FAIL' ? 'fails' : this.recordedBuffer(line, dev, size);
    const modelled = buffer ? this.modelledBuffer(dev, buffer, size, attrs) : 'fails';
    this.told.allocations.add(head, recorded, modelled);
  }

  private recordedBuffer(line: DmaLine, dev: device, size: number): string {
    const { k } = this;
    const got = { ...line.asked, ...line.got };
    const handle = hexOf(got['dma']);
    const parts: string[] = [];
    let paddr = hexOf(got['pa']);
    if (got['cookie_pfn'] !== undefined) {
      // An address that is no cookie, read as one, leads nowhere: see modelledBuffer().
      const pfn = hexOf(got['cookie_pfn']);
      const isCookie = zone_of_pfn(k, pfn) !== undefined;
      paddr = isCookie ? PFN_PHYS(pfn) : dma_to_phys(k, dev, handle);
      parts.push(isCookie ? 'cookie' : 'address');
    } else parts.push(got['in'] ?? '');
    const place = this.places.recorded(dev, paddr, size);
    parts.push(place.text, handleText(k, dev, handle, paddr));
    if (got['cookie_pfn'] === undefined) {
      parts.push(this.addressText(hexOf(got['va']), place.exact));
      parts.push(descriptorText(k, recordedDescriptors(got), place.exact));
    }
    if (got['contiguous'] === '0') parts.push('not contiguous');
    return parts.join(' ');
  }

  /** Where no mapping is asked for, the recorder takes what it gets for a cookie and does not look further. */
  private modelledBuffer(dev: device, buffer: DmaBuffer, size: number, attrs: number): string {
    const { k } = this;
    const { cookie, cpu_addr, dma_handle } = buffer;
    const paddr = this.paddrOf(buffer);
    const place = this.places.modelled(dev, paddr, size);
    const wantsMapping = (attrs & DMA_ATTR_NO_KERNEL_MAPPING) === 0;
    const mapped = !wantsMapping ? 'address' : is_vmalloc_addr(k, cpu_addr) ? 'vmalloc' : 'lowmem';
    const parts = [cookie ? 'cookie' : mapped, place.text, handleText(k, dev, dma_handle, paddr)];
    if (wantsMapping) {
      parts.push(this.addressText(cpu_addr, place.exact));
      parts.push(descriptorText(k, descriptorsAt(k, cpu_addr), place.exact));
    }
    if (!cookie && !this.isContiguous(cpu_addr, paddr, size)) parts.push('not contiguous');
    return parts.join(' ');
  }

  /** An address of the direct map follows from that of the pages; one in vmalloc space depends on its other users. */
  private addressText(vaddr: number, exact: boolean): string {
    return exact && !is_vmalloc_addr(this.k, vaddr) ? hex(vaddr) : 'mapped';
  }

  private paddrOf(buffer: DmaBuffer): number {
    if (buffer.cookie) return PFN_PHYS(buffer.cpu_addr);
    return this.k.mmu.pgtable.mappingAt(this.k, buffer.cpu_addr).paddr;
  }

  private isContiguous(vaddr: number, paddr: number, size: number): boolean {
    const { k } = this;
    for (let offset = 0; offset < size; offset += PAGE_SIZE) {
      if (k.mmu.pgtable.mappingAt(k, vaddr + offset).paddr !== paddr + offset) return false;
    }
    return true;
  }

  /** By the address of the pages: a handle that leads elsewhere would make ARM's allocator oops. */
  private free(dev: device, buffer: DmaBuffer, size: number, attrs: number): void {
    const ranges = dev.dma_range_map;
    dev.dma_range_map = null;
    dma_free_attrs(this.k, dev, size, { ...buffer, dma_handle: this.paddrOf(buffer) }, attrs);
    dev.dma_range_map = ranges;
  }

  private atomicBuffer(dev: device): DmaBuffer | null {
    return dma_alloc_attrs(this.k, dev, PAGE_SIZE, GFP_ATOMIC, DMA_ATTR_NO_WARN);
  }

  private atomicFirst(line: DmaLine, dev: device): void {
    this.firstAtomic = this.atomicBuffer(dev);
    this.tellBuffer(line, dev, `${dev.name} first of the atomic buffers`, this.firstAtomic, PAGE_SIZE, 0);
  }

  private atomicCount(line: DmaLine, dev: device): void {
    const held: DmaBuffer[] = [];
    let next = this.firstAtomic ?? this.atomicBuffer(dev);
    this.firstAtomic = null;
    for (; next !== null && held.length < MOST_ATOMIC_BUFFERS; next = this.atomicBuffer(dev)) held.push(next);
    const recorded = Number(line.asked['pages']) + this.places.othersPoolPages;
    this.told.atomicCounts.add(`${dev.name} atomic pages`, String(recorded), String(held.length));
    if (line.text.endsWith('then all freed')) for (const buffer of held) this.free(dev, buffer, PAGE_SIZE, 0);
  }

  private allocPages(line: DmaLine, dev: device): void {
    const { k, places } = this;
    const size = Number(line.asked['size']);
    const text = (place: string, handle: number, paddr: number, highmem: string): string =>
      `${place} ${handleText(k, dev, handle, paddr)} highmem ${highmem}`;
    let recorded = 'fails';
    if (line.result !== 'FAIL') {
      const paddr = hexOf(line.got['pa']);
      const place = places.recorded(dev, paddr, size).text;
      recorded = text(place, hexOf(line.got['dma']), paddr, line.got['highmem'] ?? '');
    }
    const pages = dma_alloc_pages(k, dev, size, DMA_BIDIRECTIONAL, GFP_KERNEL);
    let modelled = 'fails';
    if (pages) {
      const paddr = PFN_PHYS(pages.pfn);
      const highmem = flagText(PageHighMem(k, pages.pfn));
      modelled = text(places.modelled(dev, paddr, size).text, pages.dma_handle, paddr, highmem);
    }
    this.told.allocations.add(`${dev.name} dma_alloc_pages ${size}`, recorded, modelled);
  }

  /** Maps the recorded page, whatever it is in the model: only where it lies counts. */
  private map(line: DmaLine, dev: device): void {
    const { k } = this;
    const paddr = hexOf(line.asked['pa']);
    const size = Number(line.asked['size']);
    const pfn = PFN_DOWN(paddr);
    const handle = dma_map_page_attrs(k, dev, pfn, paddr % PAGE_SIZE, size, DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
    const isMapped = handle !== DMA_MAPPING_ERROR(k);
    const text = (address: number, highmem = '', same = ''): string =>
      `${this.mappedTo(dev, address, paddr)} highmem ${highmem} same ${same}`;
    const { dma, highmem, same } = line.got;
    this.told.mappings.add(
      `${dev.name} ${line.asked['tag']} ${hex(paddr)} ${size}`,
      dma === undefined ? 'error' : text(hexOf(dma), highmem, same),
      isMapped ? text(handle, flagText(PageHighMem(k, pfn)), flagText(handle === paddr)) : 'error',
    );
    if (isMapped) dma_unmap_page_attrs(k, dev, handle, size, DMA_TO_DEVICE, 0);
  }

  private mappedTo(dev: device, handle: number, paddr: number): string {
    const direct = handleText(this.k, dev, handle, paddr);
    if (direct === 'dma ok') return hex(handle);
    const pool = dev.dma_io_tlb_mem;
    const target = dma_to_phys(this.k, dev, handle);
    if (!pool || target < pool.start || target >= pool.end) return direct;
    return pool.for_alloc ? `bounced to ${hex(handle)}` : 'bounced';
  }
}

/** Plays the lines of `recording.dma_api`; changes the kernel as the recorder changed its own. */
export function replayDma(k: Kernel, recording: Recording): DmaReplay {
  const lines = (recording.dma_api ?? []).map(parseDmaLine);
  const replay = new Replay(k, recording, lines);
  for (const line of lines) if (isUnderstood(line)) replay.play(line);
  return replay.told;
}
