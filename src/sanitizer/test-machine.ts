// SPDX-License-Identifier: GPL-2.0-only
/**
 * For tests of the sanitizer: a tiny machine with real translation tables, one DMA master for each port, and the
 * sanitizer watching. A story is a list of steps on it; addresses are offsets into DATA, of which each page
 * can be mapped in four places:
 *
 *   cached    0xc000_0000 + offset   cacheable from the start; the others are not mapped at the start
 *   user      0x0040_5000 + offset   of another colour than `cached`
 *   uncached  0xf000_0000 + offset
 *   vmalloc   0xe000_0000 + offset
 *
 * Short descriptors only; the TLBs are coherent, but what they may hold after a change is known to the machine.
 */
import { invariant } from '../base/diagnostics.js';
import { coreByName, withDataCache } from '../hw/cores.js';
import type { Stream } from '../hw/dma/iommu.js';
import { type CoherencyPort, DmaMaster, type Window } from '../hw/dma/master.js';
import type { OuterCacheFacts } from '../hw/facts.js';
import { Machine } from '../hw/machine.js';
import { encodeLegacySmallPage, encodeSmallPage, encodeTable } from '../hw/mmu/short-descriptor.js';
import type {
  CoherentBuffer,
  Direction,
  InnerOperation,
  OuterOperation,
  StreamingBuffer,
} from '../hw/observer.js';
import type { Finding } from './finding.js';
import { Sanitizer } from './sanitizer.js';

const PAGE = 4096;
/** Physical address of the data. */
export const DATA = 0x4000_0000;
const DATA_PAGES = 16;
const DOORBELL = 0x4002_0000;
const TABLE = 0x4004_0000;
/** First level of a process, equal to the kernel's until a story changes it. */
const PROCESS_TABLE = 0x4004_4000;
const SECOND_LEVEL = 0x4005_0000;
const RAM_END = 0x4006_0000;

export type Place = 'cached' | 'user' | 'uncached' | 'vmalloc';
/** `cached` and `uncached` are Normal memory; `device` is for doorbells. */
export type PageType = 'cached' | 'uncached' | 'none';

const PLACES: { readonly [place in Place]: { readonly vaddr: number; readonly table: number } } = {
  cached: { vaddr: 0xc000_0000, table: 0 },
  user: { vaddr: 0x0040_5000, table: 1 },
  uncached: { vaddr: 0xf000_0000, table: 2 },
  vmalloc: { vaddr: 0xe000_0000, table: 3 },
};
const DOORBELL_VADDR = 0xf008_0000;

export interface TestMachineOptions {
  /** Name of a row of `hw/cores.ts`. */
  readonly core?: string;
  /** Of the data cache, where the core shows aliases above a size. */
  readonly dataCacheBytes?: number;
  readonly cpus?: number;
  readonly outer?: Partial<OuterCacheFacts>;
  readonly writeThrough?: boolean;
  /** False: any line may be dirty at the start, as on a machine that ran for a while. */
  readonly clean?: boolean;
}

export class TestMachine {
  readonly machine: Machine;
  readonly sanitizer: Sanitizer;
  /** What the code of the story calls itself: innermost function first. */
  stack: readonly string[] = [];
  private readonly writeThrough: boolean;
  private readonly masters = new Map<string, DmaMaster>();

  constructor(options: TestMachineOptions = {}) {
    const {
      core = 'Cortex-A8',
      dataCacheBytes,
      cpus = 1,
      outer,
      writeThrough = false,
      clean = true,
    } = options;
    const known = coreByName(core);
    const outerCache: OuterCacheFacts | null = outer
      ? {
          model: 'PL310',
          compatible: 'arm,pl310-cache',
          lineBytes: 32,
          needsMaintenance: true,
          writeThrough: false,
          sharedOverride: true,
          ioCoherent: false,
          syncDisabled: false,
          ...outer,
        }
      : null;
    this.machine = new Machine(
      {
        core: dataCacheBytes === undefined ? known : withDataCache(known, dataCacheBytes),
        coreCount: cpus,
        outerCache,
        coherentFabric: false,
        physicalAddressBits: 32,
      },
      [{ start: DATA, end: RAM_END }],
    );
    this.writeThrough = writeThrough;
    this.writeFirstLevel();
    for (let page = 0; page < DATA_PAGES; page++) this.map('cached', page * PAGE, 'cached');
    this.writePage(DOORBELL_VADDR, DOORBELL, 'device', 'uncached');
    this.machine.tlbFlush('all');
    this.sanitizer = new Sanitizer(this.machine, { clean, stackOf: () => ({ frames: this.stack }) });
    this.machine.observer = this.sanitizer;
    // What TLBs may keep is followed from the first question on, which a kernel's coherent allocations ask.
    this.machine.mappings.mayFill(DATA / PAGE);
  }

  get findings(): readonly Finding[] {
    return this.sanitizer.findings;
  }

  /** A device on `port`, made when first asked for. */
  device(
    port: CoherencyPort = 'none',
    name = '/soc/dma@1000',
    windows: readonly Window[] = [],
    stream: Stream | null = null,
  ): DmaMaster {
    const known = this.masters.get(name);
    if (known !== undefined) {
      invariant(known.port === port, 'a device keeps its port');
      return known;
    }
    const master = new DmaMaster(this.machine, { name, driver: 'test-dma', port, windows, stream });
    this.masters.set(name, master);
    return master;
  }

  vaddr(place: Place, at: number): number {
    return PLACES[place].vaddr + at;
  }

  /** CPU `cpu` does what follows. */
  onCpu(cpu: number): void {
    this.machine.cpu = cpu;
  }

  load(place: Place, at: number, size = 4): void {
    invariant(this.machine.access.scan(this.vaddr(place, at), size), 'the story loads what is mapped');
  }

  store(place: Place, at: number, size = 4): void {
    invariant(
      this.machine.access.fill(this.vaddr(place, at), size, 0x5a),
      'the story stores to what is mapped',
    );
  }

  fetch(at: number, size = 4): void {
    invariant(this.machine.access.fetch(this.vaddr('cached', at), size), 'the story runs what is mapped');
  }

  /** Maps the page of `at`; the old entry may stay in a TLB until `tlbFlush`. */
  map(place: Place, at: number, type: PageType): void {
    const page = at - (at % PAGE);
    this.writePage(this.vaddr(place, page), DATA + page, type, place);
  }

  tlbFlush(place: Place, at: number, broadcast = true): void {
    this.machine.tlbFlush('mva', this.vaddr(place, at), 1, broadcast);
  }

  inner(operation: InnerOperation, at: number, size = 32, place: Place = 'cached'): void {
    this.machine.innerMaintain(operation, this.vaddr(place, at), size);
  }

  outer(operation: OuterOperation, at: number, size = 32): void {
    this.machine.outerMaintain(operation, DATA + at, size);
  }

  dsb(): void {
    this.machine.barrier('dsb');
  }

  dmb(): void {
    this.machine.barrier('dmb');
  }

  outerSync(): void {
    this.machine.barrier('outer-sync');
  }

  /** A store to Device memory. */
  doorbell(): void {
    invariant(this.machine.access.store32(DOORBELL_VADDR, 1), 'the doorbell is mapped');
  }

  /** What dma_map_single() does for a device that does not snoop: clean or invalidate at all levels. */
  toDevice(at: number, size = 32, operation: InnerOperation = 'clean', place: Place = 'cached'): void {
    this.inner(operation, at, size, place);
    this.dsb();
    if (!this.machine.outerInUse) return;
    this.outer(operation, at, size);
    this.outerSync();
  }

  /** What dma_unmap_single() does after such a device wrote: the outer cache first. */
  fromDevice(at: number, size = 32, place: Place = 'cached'): void {
    if (this.machine.outerInUse) {
      this.outer('invalidate', at, size);
      this.outerSync();
    }
    this.inner('invalidate', at, size, place);
    this.dsb();
  }

  /** The kernel tells of a streaming mapping. */
  mapStreaming(at: number, size: number, direction: Direction, device = '/soc/dma@1000'): StreamingBuffer {
    const paddr = DATA + at;
    const buffer: StreamingBuffer = {
      device,
      driver: 'test-dma',
      dmaAddr: paddr,
      paddr,
      original: paddr,
      size,
      direction,
      skipSync: false,
    };
    this.sanitizer.streamingMapped(buffer);
    return buffer;
  }

  /** The kernel tells of a coherent buffer. */
  allocateCoherent(place: Place, at: number, size: number, device = '/soc/dma@1000'): CoherentBuffer {
    const paddr = DATA + at;
    const vaddr = this.vaddr(place, at);
    const buffer = { device, driver: 'test-dma', vaddr, dmaAddr: paddr, paddr, size, coherent: false };
    this.sanitizer.coherentAllocated(buffer);
    return buffer;
  }

  /** The tables of a process come into use, a copy of the kernel's. */
  switchToProcess(): void {
    const { ram, registers } = this.machine;
    ram.copy(PROCESS_TABLE, TABLE, 0x4000);
    registers.ttbr0 = PROCESS_TABLE;
  }

  /** The kernel's own first-level entry for the page of `at` becomes a section; the process keeps its own. */
  kernelMapsSection(place: Place, process: boolean): void {
    const index = 4 * (PLACES[place].vaddr >>> 20);
    const section = (DATA | 0xc0e) >>> 0;
    this.machine.writeTableEntry(TABLE + index, section);
    if (process) this.machine.writeTableEntry(PROCESS_TABLE + index, section);
    this.machine.tlbFlush('all');
  }

  private writeFirstLevel(): void {
    const { machine } = this;
    const { registers, facts } = machine;
    registers.ttbr0 = TABLE;
    registers.ttbr1 = facts.core.architecture >= 6 ? TABLE : 0;
    registers.xp = facts.core.architecture >= 6;
    const bit4 = facts.core.architecture < 6 ? 1 : 0;
    for (const { vaddr, table } of Object.values(PLACES)) {
      const entry = encodeTable(SECOND_LEVEL + table * PAGE, 0, 0, bit4);
      machine.writeTableEntry(TABLE + 4 * (vaddr >>> 20), entry);
    }
  }

  private writePage(vaddr: number, paddr: number, type: PageType | 'device', place: Place): void {
    const { machine, writeThrough } = this;
    const { core, coreCount } = machine.facts;
    const entry = SECOND_LEVEL + PLACES[place].table * PAGE + 4 * ((vaddr >>> 12) & 255);
    const legacy = core.architecture < 6;
    if (type === 'none') {
      machine.writeTableEntry(entry, 0);
    } else if (legacy) {
      // ARM DDI 0100I, chapter B4.
      const bits = { cached: { c: 1, b: writeThrough ? 0 : 1 }, uncached: { c: 0, b: 1 }, device: {} }[type];
      machine.writeTableEntry(entry, encodeLegacySmallPage(paddr, { ...bits, ap: 0xff }));
    } else {
      // ARM DDI 0406C, B3.8.2, without TEX remap.
      const bits = {
        cached: writeThrough ? { c: 1, b: 0 } : { tex: 1, c: 1, b: 1 },
        uncached: { tex: 1 },
        device: { b: 1 },
      }[type];
      machine.writeTableEntry(entry, encodeSmallPage(paddr, { ...bits, s: coreCount > 1 ? 1 : 0, ap: 3 }));
    }
  }
}
