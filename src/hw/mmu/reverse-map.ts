// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which virtual addresses lead to a physical page: by the tables that the registers of each core name now, and by
 * entries that TLBs may have kept from before.
 * Whoever judges what the caches may do asks this: a line may be filled, by speculation, for as long as any
 * mapping that a core may use is cacheable. Nothing is done until the first question, which reads the tables; from
 * then on each write to an entry is followed (`live-map.ts`). A write that changes or removes a mapping leaves
 * the old one lingering until TLB maintenance covers it (`lingering.ts`); one over an invalid entry does not,
 * since TLBs hold no faults.
 * Model: an entry may linger in the TLB of every core that ever translated an address or maintained TLBs: of
 * one that was not started yet nothing is known. A change of permissions alone leaves nothing behind. Non-global
 * entries carry the ASID at the time of the change; those of a process that is switched away, ASID and all, are
 * forgotten.
 */
import type { Paddr, Pfn, Vaddr } from '../../base/address.js';
import type { Machine } from '../machine.js';
import type { TlbOperation } from '../observer.js';
import { CoreMap, type CoreMapOwner } from './core-map.js';
import { PageTally, Tally, UNIT_PAGES } from './frame-index.js';
import { Lingering, type LingeringMapping } from './lingering.js';
import { entrySizeOf, isNonGlobal } from './live-map.js';
import { type MemoryType, MT_CACHEABLE, MT_OUTER } from './memory-type.js';

const PAGE = 4096;
/** One way to reach a physical page. */
export interface Alias {
  /** Of the page. */
  readonly vaddr: Vaddr;
  readonly memoryType: MemoryType;
  /** The tables say otherwise by now, but a TLB may still hold it. */
  readonly lingering: boolean;
}

function isCacheable(type: MemoryType): boolean {
  return (type.bits & (MT_CACHEABLE | MT_OUTER)) !== 0;
}

/** Each core decodes its types anew. */
function isSameType(a: MemoryType, b: MemoryType): boolean {
  return a === b || (a.text === b.text && a.shareable === b.shareable);
}

export class ReverseMap implements CoreMapOwner {
  /** The last cacheable mapping of these pages went away, from the tables and from the TLBs. */
  onChange: ((start: Pfn, count: number) => void) | null = null;
  /** A cacheable mapping of [vaddr, vaddr + size) went from the tables, other ones of its pages may be left. */
  onUnmap: ((vaddr: Vaddr, start: Pfn, count: number) => void) | null = null;
  /** Changes whenever a cacheable mapping comes or goes. */
  version = 0;
  /** Pages that onChange is yet to be told of, while several mappings go at once. */
  private gathering = false;
  private goneStart = -1;
  private goneCount = 0;
  private readonly machine: Machine;
  /** Live mappings of each core. Empty: nobody has asked yet. */
  private cores: readonly CoreMap[] = [];
  private lingering = new Lingering();
  /** Cacheable mappings, live or lingering: of each page, and of each MiB of sections. */
  private cacheablePages = new PageTally();
  private cacheableUnits = new Tally();
  /** Cores that maintained TLBs. */
  private maintainers = 1;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Nobody will ask for a while: the next question reads the tables again, and knows nothing of old entries. */
  forget(): void {
    this.cores = [];
    this.lingering = new Lingering();
    this.cacheablePages = new PageTally();
    this.cacheableUnits = new Tally();
    this.version++;
  }

  /** Entries that were changed or removed and that some TLB may still hold. */
  get lingeringCount(): number {
    this.settle();
    return this.lingering.count;
  }

  /** Those of them whose addresses the tables now map otherwise. */
  get conflictCount(): number {
    this.follow();
    return this.lingering.conflictCount;
  }

  /** Takes in what registers have changed, if anybody has asked yet. Listeners are told before it returns. */
  follow(): void {
    if (this.cores.length > 0) this.settle();
  }

  /** Whether a table that takes part in a translation lies around `paddr`, as far as somebody has asked. */
  watches(paddr: Paddr): boolean {
    return this.cores.some(({ live }) => live.watches(paddr));
  }

  /** The table entry at `paddr` was written. */
  tableWrite(paddr: Paddr): void {
    if (this.cores.length > 0) for (const { live } of this.settle()) live.entryWritten(paddr);
  }

  /** Bytes were written that may be entries: a table copied or cleared. */
  tablesWritten(paddr: Paddr, size: number): void {
    if (this.cores.length > 0) for (const { live } of this.settle()) live.bytesWritten(paddr, size);
  }

  tlbMaintenance(
    cpu: number,
    operation: TlbOperation,
    vaddr: Vaddr,
    size: number,
    asid: number,
    broadcast: boolean,
  ): void {
    this.maintainers |= 1 << cpu;
    if (this.cores.length === 0) return;
    this.settle();
    const gone = this.lingering.maintain(broadcast ? -1 : 1 << cpu, operation, vaddr, size, asid);
    // Pages go one by one, mostly in a row: they are told together.
    this.gathering = true;
    for (const mapping of gone) this.release(mapping.frame, mapping.size, mapping.type);
    this.gathering = false;
    this.tellGathered();
  }

  /** Some mapping that a core may use allows the caches, inner or outer, to hold the page. */
  mayFill(pfn: Pfn): boolean {
    this.settle();
    return this.isCounted(pfn);
  }

  /**
   * The same of a whole MiB, by its number: true or false where it holds for each of its pages, else null. To be
   * asked again when `version` has changed.
   */
  mayFillUnit(unit: number): boolean | null {
    this.settle();
    if (this.cacheableUnits.has(unit)) return true;
    const pages = this.cacheablePages.pagesIn(unit);
    if (pages === 0) return false;
    return pages === UNIT_PAGES ? true : null;
  }

  /** The tables map the page uncached somewhere: Normal non-cacheable, Device or Strongly-ordered. */
  isMappedNonCacheable(pfn: Pfn): boolean {
    return this.liveAliases(pfn).some(({ memoryType }) => !isCacheable(memoryType));
  }

  /** Every way to reach the page, live ones first. */
  aliases(pfn: Pfn): Alias[] {
    const aliases = this.liveAliases(pfn);
    for (const { vaddr, frame, type } of this.lingering.ofFrame(pfn)) {
      aliases.push({ vaddr: vaddr + (pfn - frame) * PAGE, memoryType: type, lingering: true });
    }
    return aliases;
  }

  /** May some old mapping of the page linger? Quick; aliases() knows for sure. */
  mayLinger(pfn: Pfn): boolean {
    return this.lingering.mayHave(pfn);
  }

  /** Type of an old mapping of `vaddr` that the TLB of `cpu` may still hold and, with the ASID of now, use. */
  lingeringAt(vaddr: Vaddr, cpu: number): MemoryType | undefined {
    const cores = this.settle();
    return this.lingering.at(vaddr, cpu, (cores[cpu] ?? cores[0]!).asid)?.type;
  }

  mapped(core: CoreMap, vaddr: Vaddr, size: number, frame: Pfn, attributes: number): void {
    const type = core.live.typeOf(attributes);
    this.hold(frame, size, type);
    if (this.lingering.count === 0) return;
    // What a TLB may have kept is right again.
    if (this.lingering.takeEqual(this.describe(core, vaddr, size, frame, attributes)))
      this.release(frame, size, type);
    this.lingering.remapped(vaddr, size);
  }

  unmapped(core: CoreMap, vaddr: Vaddr, size: number, frame: Pfn, attributes: number, stale: boolean): void {
    const mapping = this.describe(core, vaddr, size, frame, attributes);
    if (isCacheable(mapping.type)) this.onUnmap?.(vaddr, frame, size / PAGE);
    const otherSpace = mapping.asid !== -1 && mapping.asid !== core.registers.asid;
    const stays = stale && !otherSpace && this.lingering.add(mapping);
    if (!stays) this.release(frame, size, mapping.type);
    // An entry that was changed in place: the new mapping is there already.
    if (stale && !otherSpace && core.live.mapsAny(vaddr, size)) this.lingering.remapped(vaddr, size);
  }

  private settle(): readonly CoreMap[] {
    if (this.cores.length === 0) {
      const { ram, walkers } = this.machine;
      this.cores = walkers.map(walker => new CoreMap(this, ram, walker));
    }
    for (const core of this.cores) core.settle();
    return this.cores;
  }

  private describe(
    core: CoreMap,
    vaddr: Vaddr,
    size: number,
    frame: Pfn,
    attributes: number,
  ): LingeringMapping {
    return {
      vaddr,
      size,
      frame,
      type: core.live.typeOf(attributes),
      entrySize: Math.max(size, entrySizeOf(attributes)),
      asid: isNonGlobal(attributes) ? core.asid : -1,
      cores: this.coresInUse(),
      conflicts: false,
    };
  }

  private coresInUse(): number {
    let cores = this.maintainers;
    for (const [cpu, tlb] of this.machine.tlbs.entries()) if (tlb.inUse) cores |= 1 << cpu;
    return cores;
  }

  private liveAliases(pfn: Pfn): Alias[] {
    const aliases: Alias[] = [];
    for (const core of this.settle()) {
      for (const { start, within } of core.placesOf(pfn)) {
        const vaddr = start + within;
        const memoryType = core.live.typeOf(core.live.attributesAt(start));
        // Cores that share tables, or what is in them, are one way to the page.
        if (aliases.some(other => other.vaddr === vaddr && isSameType(other.memoryType, memoryType)))
          continue;
        aliases.push({ vaddr, memoryType, lingering: false });
      }
    }
    return aliases;
  }

  private isCounted(pfn: Pfn): boolean {
    return this.cacheablePages.has(pfn) || this.cacheableUnits.has(Math.floor(pfn / UNIT_PAGES));
  }

  private hold(frame: Pfn, size: number, type: MemoryType): void {
    if (!isCacheable(type)) return;
    this.version++;
    if (size === PAGE) this.cacheablePages.add(frame);
    else
      for (let unit = frame; unit < frame + size / PAGE; unit += UNIT_PAGES)
        this.cacheableUnits.add(unit / UNIT_PAGES);
  }

  private release(frame: Pfn, size: number, type: MemoryType): void {
    if (!isCacheable(type)) return;
    this.version++;
    if (size === PAGE) {
      if (this.cacheablePages.remove(frame)) this.tellUnlessCounted(frame, 1);
      return;
    }
    for (let unit = frame; unit < frame + size / PAGE; unit += UNIT_PAGES) {
      if (this.cacheableUnits.remove(unit / UNIT_PAGES)) this.tellUnlessCounted(unit, UNIT_PAGES);
    }
  }

  /** Tells onChange of the runs of pages in [start, start + count) that are not cacheable any more. */
  private tellUnlessCounted(start: Pfn, count: number): void {
    if (this.onChange === null) return;
    let first = start;
    for (let pfn = start; pfn <= start + count; pfn++) {
      if (pfn < start + count && !this.isCounted(pfn)) continue;
      if (pfn > first) this.tell(first, pfn - first);
      first = pfn + 1;
    }
  }

  private tell(start: Pfn, count: number): void {
    if (start !== this.goneStart + this.goneCount) {
      this.tellGathered();
      this.goneStart = start;
    }
    this.goneCount += count;
    if (!this.gathering) this.tellGathered();
  }

  private tellGathered(): void {
    const count = this.goneCount;
    this.goneCount = 0;
    if (count > 0) this.onChange?.(this.goneStart, count);
  }
}
