// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a sequence is written with: the modelled kernel's calls are made as they are, and what drivers, devices
 * and other owners of the memory do is said through this class. The same code runs in both passes: the first
 * finds out which lines there are to watch, the second records (see `recorder.ts`).
 */
import { alignDown, type Paddr, type Vaddr } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';
import type { CoherencyPort } from '../../hw/dma/master.js';
import { Translation } from '../../hw/mmu/translation.js';
import { WALK_OK } from '../../hw/mmu/walker.js';
import { dma_wmb, wmb } from '../../linux/arch/arm/include/asm/barrier.js';
import { page_address } from '../../linux/arch/arm/include/asm/memory.js';
import { PAGE_SIZE, PFN_DOWN } from '../../linux/include/linux/pfn.js';
import type { Kernel } from '../../linux/kernel.js';
import type { Origin } from './program.js';
import { Recorder, type WatchedLine } from './recorder.js';
import { Scout } from './scout.js';

/** What the first pass found. */
export interface Scouted {
  readonly lines: readonly WatchedLine[];
  readonly pages: ReadonlyMap<Paddr, readonly Vaddr[]>;
}

export class Stage {
  readonly k: Kernel;
  private readonly port: CoherencyPort;
  private readonly scout: Scout | null;
  private readonly recorder: Recorder | null;
  private readonly lines: WatchedLine[] = [];
  private readonly found = new Translation();
  private values = 0;

  constructor(k: Kernel, port: CoherencyPort, observer: Scout | Recorder) {
    this.k = k;
    this.port = port;
    this.scout = observer instanceof Scout ? observer : null;
    this.recorder = observer instanceof Recorder ? observer : null;
  }

  /** The CPU of earlier and later owners: another one where there is another one. */
  private get otherCpu(): number {
    return this.k.machine.facts.coreCount - 1;
  }

  /** Bytes that maintenance works on: of the longest line. */
  get lineBytes(): number {
    const { core, outerCache } = this.k.machine.facts;
    return Math.max(core.lineBytes, outerCache?.lineBytes ?? 0);
  }

  /** Watches the line at `paddr`. In the second pass it must be the line of the first. */
  watch(paddr: Paddr, names: WatchedLine['names']): void {
    const line = alignDown(paddr, this.lineBytes);
    const index = this.lines.length;
    this.lines.push({ paddr: line, names });
    const recorder = this.recorder;
    if (recorder !== null)
      invariant(recorder.lines[index]?.paddr === line, 'the passes watch different lines');
  }

  /** The result of the first pass. */
  scouted(): Scouted {
    const { scout } = this;
    invariant(scout !== null, 'scouting is over');
    const pages = new Map<Paddr, readonly Vaddr[]>();
    for (const { paddr } of this.lines) {
      const page = alignDown(paddr, PAGE_SIZE);
      pages.set(page, scout.pagesLeadingTo(page));
    }
    return { lines: this.lines, pages };
  }

  /**
   * Somebody else used the memory, through a cacheable mapping, and freed it: its lines may be dirty, and what
   * they hold is dead. Recording starts here.
   */
  previousOwner(): void {
    const { recorder } = this;
    if (recorder === null) return;
    if (!recorder.isRunning) recorder.start();
    recorder.as('owner', () => {
      for (const page of this.watchedPages()) {
        const mapping = this.ownersMapping(page);
        // Reading first: not every cache takes a line in for a store.
        for (const word of this.wordsOf(page)) this.loadThrough('owner', this.otherCpu, mapping, word);
        this.storeAll(mapping, page, 0xdd);
        if (page_address(this.k, PFN_DOWN(page)) === null) this.unmapFromProcess(mapping);
        recorder.undefine(page);
      }
      recorder.push({ kind: 'mark', by: 'owner', text: 'the memory is freed, its contents are dead' });
    });
  }

  /** The memory is freed, and its next owner writes and reads it through a cacheable mapping. */
  nextOwner(): void {
    const { recorder } = this;
    if (recorder === null) return;
    recorder.as('owner', () => {
      recorder.push({ kind: 'mark', by: 'owner', text: 'the memory is freed, and somebody else gets it' });
      for (const page of this.watchedPages()) {
        const mapping = this.ownersMapping(page);
        this.storeAll(mapping, page, 0xee);
        for (const word of this.wordsOf(page)) this.loadThrough('owner', this.otherCpu, mapping, word);
      }
    });
    recorder.stop();
  }

  private watchedPages(): Paddr[] {
    return [...new Set(this.recorder!.lines.map(({ paddr }) => alignDown(paddr, PAGE_SIZE)))];
  }

  private wordsOf(page: Paddr): number[] {
    const recorder = this.recorder!;
    const inPage = (word: number): boolean => alignDown(recorder.wordPaddr(word), PAGE_SIZE) === page;
    return [...recorder.words.keys()].filter(inPage);
  }

  /** The direct map; for highmem a process' mapping, made now. */
  private ownersMapping(page: Paddr): number {
    const recorder = this.recorder!;
    const direct = page_address(this.k, PFN_DOWN(page));
    if (direct !== null) return recorder.mappingAt(direct);
    const mapping = recorder.processMapping(page);
    const ok = this.k.machine.walker.walk(this.k.memory.PAGE_OFFSET, this.found) === WALK_OK;
    invariant(ok, 'the direct map begins with a hole');
    recorder.remap(mapping, this.found.memoryType);
    return mapping;
  }

  /** As exit_mmap() does. */
  private unmapFromProcess(mapping: number): void {
    const recorder = this.recorder!;
    const cpu = this.otherCpu;
    recorder.remap(mapping, null);
    recorder.push({ kind: 'barrier', by: 'owner', cpu, barrier: 'dsb' });
    recorder.push({ kind: 'tlb', by: 'owner', cpu, mappings: [mapping] });
    recorder.push({ kind: 'barrier', by: 'owner', cpu, barrier: 'dsb' });
  }

  private storeAll(mapping: number, page: Paddr, tag: number): void {
    for (const word of this.wordsOf(page)) {
      this.storeThrough('owner', this.otherCpu, mapping, word, tag * 0x100 + word);
    }
  }

  private storeThrough(by: Origin, cpu: number, mapping: number, word: number, value: number): void {
    const recorder = this.recorder!;
    recorder.setFlat(word, value);
    recorder.push({ kind: 'store', by, cpu, mapping, word, value });
  }

  private loadThrough(by: Origin, cpu: number, mapping: number, word: number): void {
    const recorder = this.recorder!;
    const expected = recorder.flatValue(word);
    recorder.push({ kind: 'load', by, cpu, mapping, word, expected });
  }

  private fresh(): number {
    return 0x11 * ++this.values;
  }

  /** The driver's CPU writes a new value to a word through the mapping at `vaddr`. */
  store(vaddr: Vaddr, word: number): void {
    const value = this.fresh();
    this.scout?.noteMapping(vaddr);
    if (this.recorder !== null) this.storeThrough('driver', 0, this.recorder.mappingAt(vaddr), word, value);
  }

  /** The same to memory that nobody watches. */
  storeUnwatched(paddr: Paddr): void {
    this.k.machine.ram.write32(paddr, this.fresh());
  }

  load(vaddr: Vaddr, word: number): void {
    this.scout?.noteMapping(vaddr);
    if (this.recorder !== null) this.loadThrough('driver', 0, this.recorder.mappingAt(vaddr), word);
  }

  /** A process that has the page at `paddr` mapped, cacheable, writes a new value. */
  storeByProcess(paddr: Paddr, word: number): void {
    const value = this.fresh();
    if (this.recorder !== null) this.storeThrough('driver', 0, this.processMapping(paddr), word, value);
  }

  loadByProcess(paddr: Paddr, word: number): void {
    if (this.recorder !== null) this.loadThrough('driver', 0, this.processMapping(paddr), word);
  }

  private processMapping(paddr: Paddr): number {
    let mapping = -1;
    this.recorder!.as('owner', () => {
      mapping = this.ownersMapping(alignDown(paddr, PAGE_SIZE));
    });
    return mapping;
  }

  deviceReads(word: number): void {
    const { recorder, port } = this;
    if (recorder === null) return;
    const expected = recorder.flatValue(word);
    recorder.push({ kind: 'device-read', by: 'driver', port, word, expected });
  }

  /** A device that was told nothing looks at `flag`, and if that has its new value reads `word`. */
  devicePolls(flag: number, word: number): void {
    const { recorder, port } = this;
    if (recorder === null) return;
    const set = recorder.flatValue(flag);
    invariant(set !== null, 'a flag that nobody has set');
    const expected = recorder.flatValue(word);
    recorder.push({ kind: 'device-poll', by: 'driver', port, flag, set, word, expected });
  }

  deviceWrites(word: number): void {
    const { recorder, port } = this;
    const value = this.fresh();
    if (recorder === null) return;
    recorder.setFlat(word, value);
    recorder.push({ kind: 'device-write', by: 'driver', port, word, value });
  }

  /** wmb(), as drivers say it before they tell a device. */
  wmb(): void {
    this.byDriver(() => wmb(this.k));
  }

  /** dma_wmb(), between a descriptor's contents and the flag that hands it over. */
  dmaWmb(): void {
    this.byDriver(() => dma_wmb(this.k));
  }

  /** writel_relaxed(): the device may look now. */
  doorbell(): void {
    this.recorder?.push({ kind: 'doorbell', by: 'driver', cpu: 0 });
  }

  private byDriver(body: () => void): void {
    if (this.recorder !== null) this.recorder.as('driver', body);
    else body();
  }
}
