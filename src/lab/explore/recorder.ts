// SPDX-License-Identifier: GPL-2.0-only
/**
 * Watches a booted kernel and writes down what it does to a few lines, as a program. Nothing is written by hand:
 * the operations are those of the modelled calls, in their order.
 * It is the second of two passes over the same deterministic boot: after the first (`scout.ts`) the page of a
 * buffer and the mappings of that page are known.
 * Model: maintenance of other pages and the barriers that end it are left out, as are page tables themselves. A
 * CPU's kmap windows are touched by that CPU only, not even speculatively by others.
 * Next: `stage.ts`, what a sequence can do.
 */
import { alignDown, type Paddr, type Vaddr } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';
import type { MemoryType } from '../../hw/mmu/memory-type.js';
import { Translation } from '../../hw/mmu/translation.js';
import { WALK_OK } from '../../hw/mmu/walker.js';
import {
  type Barrier,
  type InnerOperation,
  Observer,
  type OuterOperation,
  type TlbOperation,
} from '../../hw/observer.js';
import { page_address } from '../../linux/arch/arm/include/asm/memory.js';
import { PAGE_SIZE, PFN_DOWN } from '../../linux/include/linux/pfn.js';
import type { Kernel } from '../../linux/kernel.js';
import { isInside, kernelPlace } from './kernel-place.js';
import type { Mapping, Operation, Origin, Program, Word } from './program.js';

/** A line that is watched, in real addresses. */
export interface WatchedLine {
  readonly paddr: Paddr;
  /** What its first word is called, and the one in its middle if that is watched as well. */
  readonly names: readonly [string] | readonly [string, string];
}

interface Watched {
  readonly page: Paddr;
  /** Null: not in the kernel's tables (a process of the previous or next owner). */
  readonly vaddr: Vaddr | null;
  readonly lines: readonly number[];
  initial: MemoryType | null;
  type: MemoryType | null;
  /** The table changed after the last TLB maintenance. */
  changed: boolean;
}

/** Second pass: the program. */
export class Recorder extends Observer {
  readonly words: readonly Word[];
  readonly lines: readonly WatchedLine[];
  private readonly k: Kernel;
  private readonly lineBytes: number;
  private readonly watched: Watched[] = [];
  private readonly operations: Operation[] = [];
  /** What flat memory holds; null: undefined. */
  private readonly flat: (number | null)[];
  private readonly found = new Translation();
  private running = false;
  /** While the kernel boots: the function whose work belongs to the sequence. */
  onlyInside: string | null = null;
  /** Called when the first watched page is allocated, before recording runs. */
  onAllocated: (() => void) | null = null;
  private origin: Origin = 'kernel';
  /** Of the maintenance since the last barrier: was any of watched lines, or of others? */
  private maintainedOurs = false;
  private maintainedOthers = false;
  /** The last thing was the flush of a kmap window, with its barriers. */
  private flushedWindow = false;

  /** `pages`: virtual pages by physical page, as the scout found them. */
  constructor(k: Kernel, lines: readonly WatchedLine[], pages: ReadonlyMap<Paddr, readonly Vaddr[]>) {
    super();
    this.k = k;
    this.lines = lines;
    const { core, outerCache } = k.machine.facts;
    this.lineBytes = Math.max(core.lineBytes, outerCache?.lineBytes ?? 0);
    this.words = lines.flatMap(({ names }, line) =>
      names.map((name, half): Word => ({ name, line, offset: (half * this.lineBytes) / 2 })),
    );
    this.flat = this.words.map(() => null);
    for (const [page, vaddrs] of pages) {
      for (const vaddr of vaddrs) this.addMapping(page, vaddr);
    }
  }

  private nameOf({ page, vaddr }: Watched): string {
    if (vaddr === null) return 'process mapping';
    if (vaddr === page_address(this.k, PFN_DOWN(page))) return 'direct map';
    return vaddr >= FIXMAP_START ? 'kmap window' : 'vmalloc mapping';
  }

  private addMapping(page: Paddr, vaddr: Vaddr | null): number {
    const lines = [...this.lines.keys()].filter(i => alignDown(this.lines[i]!.paddr, PAGE_SIZE) === page);
    this.watched.push({ page, vaddr, lines, initial: null, type: null, changed: false });
    return this.watched.length - 1;
  }

  /** From now on, everything counts. */
  start(): void {
    invariant(!this.running, 'recording twice');
    this.running = true;
    for (const mapping of this.watched) {
      if (mapping.vaddr !== null) mapping.type = this.typeAt(mapping.vaddr, mapping.page);
      mapping.initial = mapping.type;
    }
  }

  get isRunning(): boolean {
    return this.running;
  }

  stop(): void {
    this.running = false;
  }

  /** The recorded program. */
  program(): Program {
    const coloured = this.k.cpu.cacheid === 'VIVT' || this.k.cpu.cacheid === 'VIPT_ALIASING';
    const mappings = this.watched.map((watched): Mapping => {
      const name = this.nameOf(watched);
      const colour = coloured && name !== 'direct map' ? 1 : 0;
      const owner = name === 'kmap window' ? { cpu: this.k.machine.cpu } : {};
      return { name, lines: watched.lines, type: watched.initial, colour, ...owner };
    });
    const { lineBytes, words, operations } = this;
    return { lineBytes, lines: this.lines.length, words, mappings, operations: [...operations] };
  }

  /** What `body` does is asked for by somebody else than the kernel. */
  as(origin: Origin, body: () => void): void {
    const before = this.origin;
    this.origin = origin;
    body();
    this.origin = before;
  }

  wordPaddr(word: number): Paddr {
    const { line, offset } = this.words[word]!;
    return this.lines[line]!.paddr + offset;
  }

  flatValue(word: number): number | null {
    return this.flat[word]!;
  }

  /** Nobody knows any more what the words of a page hold. */
  undefine(page: Paddr): void {
    for (const word of this.words.keys()) {
      if (alignDown(this.wordPaddr(word), PAGE_SIZE) === page) this.flat[word] = null;
    }
  }

  setFlat(word: number, value: number): void {
    this.flat[word] = value;
    this.k.machine.ram.write32(this.wordPaddr(word), value);
  }

  /** Index of the mapping at a virtual page; -1: none that is watched. */
  mappingAt(vaddr: Vaddr): number {
    const page = alignDown(vaddr, PAGE_SIZE);
    return this.watched.findIndex(mapping => mapping.vaddr === page);
  }

  /** A mapping of a process, which the kernel's tables do not have. */
  processMapping(page: Paddr): number {
    const known = this.watched.findIndex(mapping => mapping.vaddr === null && mapping.page === page);
    return known >= 0 ? known : this.addMapping(page, null);
  }

  remap(mapping: number, type: MemoryType | null): void {
    const watched = this.watched[mapping]!;
    if (watched.type === type) return;
    watched.type = type;
    watched.changed = true;
    this.push({ kind: 'map', by: this.origin, mapping, type });
  }

  push(operation: Operation): void {
    if (!this.running) return;
    if (this.onlyInside !== null && operation.by === 'kernel' && !isInside(this.onlyInside)) return;
    this.operations.push(operation);
  }

  private typeAt(vaddr: Vaddr, page: Paddr): MemoryType | null {
    const ok = this.k.machine.walker.walk(vaddr, this.found) === WALK_OK;
    return ok && this.found.paddr === page ? this.found.memoryType : null;
  }

  private place(): { by: Origin; where?: string } {
    const where = this.origin === 'kernel' ? kernelPlace() : undefined;
    return where === undefined ? { by: this.origin } : { by: this.origin, where };
  }

  private wordsIn(paddr: Paddr, size: number): number[] {
    return [...this.words.keys()].filter(word => {
      const at = this.wordPaddr(word);
      return at >= paddr && at + 4 <= paddr + size;
    });
  }

  override cpuLoad(cpu: number, vaddr: Vaddr, paddr: Paddr, size: number): void {
    if (!this.running) return;
    for (const word of this.wordsIn(paddr, size)) {
      const mapping = this.mappingAt(vaddr + this.wordPaddr(word) - paddr);
      const expected = this.flat[word]!;
      this.push({ kind: 'load', ...this.place(), cpu, mapping: this.known(mapping), word, expected });
    }
  }

  override cpuStore(cpu: number, vaddr: Vaddr, paddr: Paddr, size: number): void {
    if (!this.running) return;
    for (const word of this.wordsIn(paddr, size)) {
      const mapping = this.mappingAt(vaddr + this.wordPaddr(word) - paddr);
      const value = this.k.machine.ram.read32(this.wordPaddr(word)) >>> 0;
      this.flat[word] = value;
      this.push({ kind: 'store', ...this.place(), cpu, mapping: this.known(mapping), word, value });
    }
  }

  override fill(cpu: number, vaddr: Vaddr, paddr: Paddr, size: number): void {
    this.cpuStore(cpu, vaddr, paddr, size);
  }

  private known(mapping: number): number {
    invariant(mapping >= 0, 'a mapping that the first pass has not seen');
    return mapping;
  }

  override innerMaintenance(cpu: number, operation: InnerOperation, vaddr: Vaddr, size: number): void {
    if (!this.running) return;
    const { lineBytes } = this.k.machine.facts.core;
    const first = alignDown(vaddr, lineBytes);
    let ours = false;
    for (const [m, { vaddr: page, type, lines }] of this.watched.entries()) {
      if (page === null || type === null) continue;
      const touched = lines.filter(line => {
        const at = page + (this.lines[line]!.paddr % PAGE_SIZE);
        return at + this.lineBytes > first && at < vaddr + size;
      });
      if (touched.length === 0) continue;
      ours = true;
      this.push({ kind: 'inner', ...this.place(), cpu, operation, mapping: m, lines: touched });
    }
    this.maintained(ours);
  }

  override innerMaintenanceAll(cpu: number, operation: InnerOperation): void {
    if (!this.running) return;
    this.push({ kind: 'inner-all', ...this.place(), cpu, operation });
    this.maintained(true);
  }

  override outerMaintenance(operation: OuterOperation, paddr: Paddr, size: number): void {
    if (!this.running) return;
    const first = alignDown(paddr, this.k.machine.facts.outerCache?.lineBytes ?? 1);
    const lines = [...this.lines.keys()].filter(line => {
      const at = this.lines[line]!.paddr;
      return at + this.lineBytes > first && at < paddr + size;
    });
    if (lines.length > 0) this.push({ kind: 'outer', ...this.place(), operation, lines });
    this.maintained(lines.length > 0);
  }

  override outerMaintenanceAll(operation: OuterOperation): void {
    if (!this.running) return;
    this.push({ kind: 'outer-all', ...this.place(), operation });
    this.maintained(true);
  }

  private maintained(ours: boolean): void {
    if (ours) this.maintainedOurs = true;
    else this.maintainedOthers = true;
  }

  override barrier(cpu: number, barrier: Barrier): void {
    if (!this.running) return;
    const others = this.maintainedOthers && !this.maintainedOurs;
    const again = this.flushedWindow && barrier === 'dsb';
    this.maintainedOurs = false;
    this.maintainedOthers = false;
    this.flushedWindow = false;
    if (!others && !again) this.push({ kind: 'barrier', ...this.place(), cpu, barrier });
  }

  override tlbMaintenance(cpu: number, operation: TlbOperation, vaddr: Vaddr, size: number): void {
    if (!this.running) return;
    const mappings = [...this.watched.keys()].filter(m => {
      const { vaddr: page, type, changed } = this.watched[m]!;
      if (page === null || (type === null && !changed)) return false;
      return operation !== 'mva' || (page + PAGE_SIZE > vaddr && page < vaddr + size);
    });
    for (const m of mappings) this.watched[m]!.changed = false;
    if (mappings.length > 0) this.flushTlb(cpu, mappings);
    this.maintained(mappings.length > 0);
  }

  /**
   * Linux: arch/arm/include/asm/highmem.h and tlbflush.h, local_flush_tlb_kernel_page() (v6.12): kmaps flush between
   * barriers. Where the modelled kernel leaves these out, they are put back.
   */
  private flushTlb(cpu: number, mappings: number[]): void {
    const window = isInside('kmap_atomic') || isInside('kunmap_atomic');
    const place = this.place();
    const barrier: Operation = { kind: 'barrier', ...place, cpu, barrier: 'dsb' };
    if (window && !isDsb(this.operations.at(-1))) this.push(barrier);
    this.push({ kind: 'tlb', ...place, cpu, mappings });
    if (window) this.push(barrier);
    this.flushedWindow = window;
  }

  override pagesAllocated(paddr: Paddr, size: number): void {
    const begin = this.onAllocated;
    const first = this.lines[0]?.paddr ?? 0;
    if (begin === null || this.running || first < paddr || first >= paddr + size) return;
    this.onAllocated = null;
    begin();
  }

  override tableWrite(): void {
    if (!this.running) return;
    for (const [m, watched] of this.watched.entries()) {
      if (watched.vaddr === null) continue;
      const type = this.typeAt(watched.vaddr, watched.page);
      if (type === watched.type) continue;
      watched.type = type;
      watched.changed = true;
      this.push({ kind: 'map', ...this.place(), mapping: m, type });
    }
  }
}

function isDsb(operation: Operation | undefined): boolean {
  return operation?.kind === 'barrier' && operation.barrier === 'dsb';
}

/** Linux: arch/arm/include/asm/fixmap.h, FIXADDR_START (v6.12). */
const FIXMAP_START: Vaddr = 0xffc80000;
