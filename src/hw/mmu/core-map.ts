// SPDX-License-Identifier: GPL-2.0-only
/**
 * The mappings that the tables of one core give now, also by frame. What changes is told to `reverse-map.ts`, which joins
 * the cores; there the same mapping is counted once for each core that has it.
 */
import type { Pfn, Vaddr } from '../../base/address.js';
import type { Ram } from '../ram.js';
import { FrameIndex } from './frame-index.js';
import { LiveMap, type MapListener } from './live-map.js';
import type { MmuRegisters } from './registers.js';
import type { TableWalker } from './walker.js';

const PAGE = 4096;

export interface CoreMapOwner {
  mapped(core: CoreMap, vaddr: Vaddr, size: number, frame: Pfn, attributes: number): void;
  unmapped(core: CoreMap, vaddr: Vaddr, size: number, frame: Pfn, attributes: number, stale: boolean): void;
}

export class CoreMap implements MapListener {
  readonly live: LiveMap;
  readonly registers: MmuRegisters;
  /** At the last look at the registers. */
  asid = 0;
  private readonly owner: CoreMapOwner;
  /** Frame of a page to page number, and frame / pages of a section to section number. */
  private readonly pages = new FrameIndex();
  private readonly sections = new FrameIndex();

  constructor(owner: CoreMapOwner, ram: Ram, walker: TableWalker) {
    this.owner = owner;
    this.registers = walker.registers;
    this.live = new LiveMap(ram, walker.registers, walker, this);
  }

  /** Reads the tables at the first question, and again when registers have changed. */
  settle(): void {
    this.live.followRegisters();
    this.asid = this.registers.asid;
  }

  /** Where the page is mapped: the first address of each page or section, and how far inside the page is. */
  placesOf(pfn: Pfn): { readonly start: Vaddr; readonly within: number }[] {
    const size = this.live.sectionBytes;
    const within = (pfn * PAGE) % size;
    const sections = this.sections.places((pfn * PAGE - within) / size);
    const pages = this.pages.places(pfn);
    return [
      ...sections.map(place => ({ start: place * size, within })),
      ...pages.map(place => ({ start: place * PAGE, within: 0 })),
    ];
  }

  mapped(vaddr: Vaddr, size: number, frame: Pfn, attributes: number): void {
    if (size === PAGE) this.pages.add(frame, vaddr / PAGE);
    else this.sections.add((frame * PAGE) / size, vaddr / size);
    this.owner.mapped(this, vaddr, size, frame, attributes);
  }

  unmapped(vaddr: Vaddr, size: number, frame: Pfn, attributes: number, stale: boolean): void {
    if (size === PAGE) this.pages.remove(frame, vaddr / PAGE);
    else this.sections.remove((frame * PAGE) / size, vaddr / size);
    this.owner.unmapped(this, vaddr, size, frame, attributes, stale);
  }
}
