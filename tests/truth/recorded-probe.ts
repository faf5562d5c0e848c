// SPDX-License-Identifier: GPL-2.0-only
/**
 * Replays the coherent part of a recorded probe run, call by call, on the modelled kernel, and compares what
 * both made of each call. The probe is a module that ran in real kernels: its calls, in its order, are the
 * records of `probe.jsonl`. Inputs: the tree, memory size and command line of the run, and the kernel's config.
 * In the end buffers of all devices are held at once. Left out: streaming mappings that are neither bounced nor behind
 * an IOMMU (recorded-iommu.ts).
 *
 * Where buddy pages lie depends on everything that ran before and is no target: their addresses are not
 * compared, and what follows from them, for a device that does not reach all memory, is a field of its own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GiB, MiB, type Paddr } from '../../src/base/address.js';
import { Board } from '../../src/board/board.js';
import { designByName } from '../../src/designs/index.js';
import { stringOf, u32Of } from '../../src/devicetree/access.js';
import { loadDeviceTree } from '../../src/devicetree/load.js';
import { bootDesign } from '../../src/lab/boot.js';
import { prepareBoard } from '../../src/lab/job.js';
import { PageHighMem, page_address } from '../../src/linux/arch/arm/include/asm/memory.js';
import { of_reserved_mem_device_init, platform_dma_configure } from '../../src/linux/drivers/of/device.js';
import { DMA_BIT_MASK, device } from '../../src/linux/include/linux/device.js';
import { dma_to_phys } from '../../src/linux/include/linux/dma-direct.js';
import {
  DMA_ATTR_NO_WARN,
  DMA_ATTR_SKIP_CPU_SYNC,
  DMA_TO_DEVICE,
} from '../../src/linux/include/linux/dma-mapping.js';
import { __GFP_NOWARN, GFP_KERNEL } from '../../src/linux/include/linux/gfp.js';
import { PAGE_ALIGN, PAGE_SIZE, PFN_DOWN, PFN_PHYS } from '../../src/linux/include/linux/pfn.js';
import { dma_coherent_ok } from '../../src/linux/kernel/dma/direct.js';
import {
  type DmaBuffer,
  dma_addressing_limited,
  dma_alloc_attrs,
  dma_alloc_pages,
  dma_free_attrs,
  dma_free_pages,
  dma_get_required_mask,
  dma_max_mapping_size,
  dma_set_mask_and_coherent,
} from '../../src/linux/kernel/dma/mapping.js';
import { swiotlb_tbl_map_single, swiotlb_tbl_unmap_single } from '../../src/linux/kernel/dma/swiotlb.js';
import type { Kernel } from '../../src/linux/kernel.js';
import { cma_used_pages } from '../../src/linux/mm/cma.js';
import { find_vm_area, is_vmalloc_addr } from '../../src/linux/mm/vmalloc.js';
import { runsOf, sourceOf } from '../../src/workloads/buffer-facts.js';
import { bareHex, type Maintenance, MaintenanceWatch, maintenanceText } from './maintenance-watch.js';
import { modelledMapping, recordedMapping } from './probe-mapping.js';
import {
  attrsOf,
  bareMask,
  FILLING,
  gfpOf,
  MOST_BUFFERS,
  type ProbeRecord,
  type ProbeRun,
  type RecordedMapping,
} from './probe-records.js';
import { type ProbeComparison, ProbeTally } from './probe-tally.js';
import { IommuReplay, missedPages, SOFTWARE_IOMMU } from './recorded-iommu.js';

interface Held {
  readonly buffer: DmaBuffer;
  readonly paddr: Paddr;
  readonly source: string;
}

/** The kernel of a recorded run, booted. */
function bootRecorded(folder: string, trees: string, configs: string): Kernel {
  const run = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as ProbeRun;
  const path = join(trees, run.dtb);
  const sizeBytes = Number.parseInt(run.mem, 10) * (run.mem.endsWith('G') ? GiB : MiB);
  const prepared = prepareBoard(new Board(run.variant, loadDeviceTree(path)), {
    path,
    memory: [{ sizeBytes }],
    cmdline: run.cmdline,
    configFile: join(configs, `probe-${run.variant}.config`),
    designs: [],
  });
  const k = bootDesign(prepared, designByName(run.variant.replace(/^(lpae|iommu)-/, '')));
  k.iommu.drivers.push(SOFTWARE_IOMMU);
  return k;
}

class Replay {
  readonly tally: ProbeTally = new ProbeTally();
  private readonly k: Kernel;
  /** The device that the records are about, and all that were probed. */
  private dev: device;
  private readonly devices: Map<string, device> = new Map();
  /** The buffer that the next `free` record is about, and how it was asked for. */
  private current: (Held & { readonly size: number; readonly attrs: number }) | null = null;
  private lastMaintenance: readonly Maintenance[] = [];
  private lastTotals: Readonly<Record<string, readonly [number, number]>> = {};
  private held: Held[] = [];
  private readonly iommu: IommuReplay;

  constructor(k: Kernel) {
    this.k = k;
    this.iommu = new IommuReplay(k, this.tally);
    this.dev = new device('none', null);
  }

  play(record: ProbeRecord): void {
    const { op } = record;
    if (this.dev.dma_ops !== null && this.iommu.play(record, this.dev)) return;
    if (op === 'cma') this.area(record);
    else if (op === 'pool') this.pool(record);
    else if (op === 'probe') this.probe(record);
    else if (op === 'device') this.device(record);
    else if (op === 'alloc' || op === 'alloc_irqsoff') this.alloc(record);
    else if (op === 'hold') this.keep(record);
    else if (op === 'alloc_mnt') this.allocMaintenance(record);
    else if (op === 'free') this.free(record);
    else if (op === 'alloc_pages' || op === 'alloc_noncoherent') this.allocPages(record);
    else if (op === 'map_single' || op === 'map_page') this.bounce(record);
    else if (op === 'map_sg') this.bounce(record);
    else if (op === 'get_sgtable') this.scatterlist(record);
    else if (op === 'dma_pool_alloc' && record.i === 0) this.dmaPool(record);
    else if (op.startsWith('x_')) this.exhaust(record);
    else if (op === 'done') this.k.workqueue.run();
  }

  private area(record: ProbeRecord): void {
    const found = this.k.cma.areas.find(({ base }) => bareHex(base) === record.base);
    const modelled = found && [found.size, cma_used_pages(found)];
    this.tally.compare(record, 'cma area', [record.size, record.used], modelled ?? null);
  }

  private poolNamed(name: string) {
    const { atomic_pool, atomic_pool_kernel, atomic_pool_dma } = this.k.dma;
    const pools = { atomic_pool, atomic_pool_kernel, atomic_pool_dma };
    return pools[name as keyof typeof pools] ?? null;
  }

  private pool(record: ProbeRecord): void {
    const chunk = this.poolNamed(record.name!)?.chunks[0];
    const isFixed = this.isInCma(Number.parseInt(record.phys!, 16));
    const modelled = chunk && {
      size: chunk.end_addr - chunk.start_addr,
      va: is_vmalloc_addr(this.k, chunk.start_addr) ? 'vmalloc' : 'lowmem',
      phys: isFixed ? bareHex(chunk.phys_addr) : 'buddy',
    };
    const { size, va, phys } = record;
    this.tally.compare(
      record,
      'pool at boot',
      { size, va, phys: isFixed ? phys : 'buddy' },
      modelled ?? null,
    );
  }

  private probe(record: ProbeRecord): void {
    const { k } = this;
    const { tree } = k.board;
    const node = [...tree.root.walk()].find(found => stringOf(tree, found, 'lab,name') === record.dev);
    if (!node) throw new Error(`no device ${record.dev} in the tree`);
    this.dev = new device(record.dev, node);
    this.devices.set(record.dev, this.dev);
    platform_dma_configure(k, this.dev);
    this.tally.compare(record, 'reserved memory', record.rmem, of_reserved_mem_device_init(k, this.dev));
    const mask = DMA_BIT_MASK(u32Of(tree, node, 'lab,dma-mask-bits') ?? 32);
    const result = dma_set_mask_and_coherent(k, this.dev, mask);
    this.tally.compare(record, 'dma_set_mask', record.set_mask, result);
    if (result !== 0 && node.properties.has('lab,force-mask')) {
      this.dev.dma_mask = mask;
      this.dev.coherent_dma_mask = mask;
    }
    k.workqueue.run();
  }

  private device(record: ProbeRecord): void {
    const { k, dev } = this;
    const { coherent, mask, cmask, bus_limit, range, dma_mem, io_tlb, max_map, req_mask, addr_lim } = record;
    const region = dev.dma_range_map?.at(-1);
    if (record.ops === 'iommu_ops') this.tally.compare(record, 'operations', record.ops, dev.dma_ops?.name);
    this.tally.compare(record, 'coherent device', coherent, Number(dev.dma_coherent));
    this.tally.compare(
      record,
      'masks and limit',
      [mask, cmask, bus_limit],
      [bareMask(dev.dma_mask ?? 0), bareMask(dev.coherent_dma_mask), bareHex(dev.bus_dma_limit)],
    );
    const modelled = region && [region.cpu_start, region.dma_start, region.size].map(bareHex);
    this.tally.compare(record, 'dma-ranges', range ?? null, modelled ?? null);
    this.tally.compare(record, 'coherent pool of the device', dma_mem, Number(dev.dma_mem !== null));
    if (io_tlb) {
      const { nslabs, force_bounce, for_alloc } = dev.dma_io_tlb_mem ?? {};
      const flags = [nslabs ?? 0, Number(force_bounce ?? 0), Number(for_alloc ?? 0)];
      this.tally.compare(record, 'bounce buffers', io_tlb.slice(1), flags);
    }
    this.tally.compare(record, 'dma_max_mapping_size', max_map, dma_max_mapping_size(k, dev));
    this.tally.compare(record, 'dma_get_required_mask', req_mask, bareMask(dma_get_required_mask(k, dev)));
    this.tally.compare(record, 'dma_addressing_limited', addr_lim, Number(dma_addressing_limited(k, dev)));
  }

  private isInCma(paddr: Paddr): boolean {
    return this.k.cma.areas.some(({ base, size }) => paddr >= base && paddr < base + size);
  }

  /** Physical address as the CPU's mapping has it; the handle is no guide in `legacy`. */
  private hold(buffer: DmaBuffer): Held {
    const { k } = this;
    const paddr = buffer.cookie
      ? PFN_PHYS(buffer.cpu_addr)
      : k.mmu.pgtable.mappingAt(k, buffer.cpu_addr).paddr;
    const pool = buffer.cookie ? undefined : k.dma.poolOf(buffer.cpu_addr);
    return { buffer, paddr, source: sourceOf(k, this.dev, paddr, pool) };
  }

  /** As the module frees: a handle that leads elsewhere would make ARM's allocator oops. */
  private release({ buffer, paddr }: Held, size: number, attrs: number): void {
    const { k, dev } = this;
    if (dev.dma_ops !== null || dma_to_phys(k, dev, buffer.dma_handle) === paddr) {
      dma_free_attrs(k, dev, size, buffer, attrs);
      return;
    }
    const ranges = dev.dma_range_map;
    dev.dma_range_map = null;
    dma_free_attrs(k, dev, size, { ...buffer, dma_handle: paddr as number }, attrs);
    dev.dma_range_map = ranges;
  }

  private reachesAllMemory(): boolean {
    const last = (end: Paddr): Paddr => end - PAGE_SIZE;
    return [...this.k.memblock.for_each_mem_range()].every(({ start, end }) =>
      [start, last(end)].every(paddr => dma_coherent_ok(this.k, this.dev, paddr, PAGE_SIZE)),
    );
  }

  /** Did the buddy allocator choose the place, perhaps for a pool? Everybody else's choice is reproducible. */
  private isBuddys(source: string | undefined, paddr: Paddr): boolean {
    return source === 'buddy' || (source?.startsWith('atomic') === true && !this.isInCma(paddr));
  }

  /** The name of a field whose value hangs on where the buddy allocator found pages. */
  private fieldOf(name: string, record: ProbeRecord, held: Pick<Held, 'source' | 'paddr'> | null): string {
    const recorded = this.isBuddys(record.src, Number.parseInt(record.phys ?? '', 16));
    const hangs = recorded || (held !== null && this.isBuddys(held.source, held.paddr));
    return hangs && !this.reachesAllMemory() ? `${name}, by the place of buddy pages` : name;
  }

  private watched<T>(call: () => T): T {
    const watch = new MaintenanceWatch();
    this.k.machine.observer = watch;
    const result = call();
    this.k.machine.observer = null;
    this.lastMaintenance = watch.list;
    this.lastTotals = watch.totals;
    return result;
  }

  private alloc(record: ProbeRecord): void {
    const { k, dev } = this;
    const { size } = record;
    const attrs = attrsOf(record.attrs);
    k.dma.irqs_disabled = record.op === 'alloc_irqsoff';
    const buffer = this.watched(() => dma_alloc_attrs(k, dev, size, gfpOf(record), attrs));
    k.dma.irqs_disabled = false;
    const held = buffer && this.hold(buffer);
    this.tally.compare(record, this.fieldOf('ok', record, held), record.ok, Number(held !== null));
    this.current = null;
    if (held && record.ok) {
      this.current = { ...held, size, attrs };
      this.buffer(record, held);
    } else if (held) {
      this.release(held, size, attrs);
    }
    if (Number(held !== null) === record.ok) this.usage(record);
    if (!this.current || held!.buffer.cookie || isMisread(record, held!.buffer)) return;
    for (const run of runsOf(k, held!.buffer, PAGE_ALIGN(size)))
      k.machine.ram.fill(run.paddr, run.size, FILLING);
  }

  /** As `alloc`, but nobody frees. */
  private keep(record: ProbeRecord): void {
    this.dev = this.devices.get(record.dev)!;
    const { k, dev } = this;
    const gfp = gfpOf(record) | __GFP_NOWARN;
    const buffer = dma_alloc_attrs(k, dev, record.size, gfp, attrsOf(record.attrs));
    const held = buffer && this.hold(buffer);
    this.tally.compare(record, this.fieldOf('ok', record, held), record.ok, Number(held !== null));
    if (held && record.ok) this.buffer(record, held);
  }

  /** Of a live buffer, what there is only behind an IOMMU. */
  private translated(record: ProbeRecord, { buffer }: Held): void {
    const { k, dev } = this;
    const missed = missedPages(dev, k, buffer, record.size);
    this.tally.compare(record, 'handle', record.dma, bareMask(buffer.dma_handle));
    if (!isMisread(record, buffer))
      this.tally.compare(record, 'pages that the device misses', record.iova_bad, missed);
  }

  /** A live buffer. */
  private buffer(record: ProbeRecord, held: Held): void {
    const { k, dev } = this;
    const { buffer, paddr, source } = held;
    const { size } = record;
    if (dev.dma_ops !== null) this.translated(record, held);
    if (isMisread(record, buffer)) return;
    const place = is_vmalloc_addr(k, buffer.cpu_addr) ? 'vmalloc' : 'lowmem';
    this.tally.compare(record, 'address space', record.va, buffer.cookie ? 'cookie' : place);
    this.tally.compare(record, 'source', record.src, source);
    if (dev.dma_ops === null) {
      const handle = [
        Number(dma_to_phys(k, dev, buffer.dma_handle) !== paddr),
        Number(!dma_coherent_ok(k, dev, paddr, size)),
      ];
      const recorded = [record.bad_handle ?? 0, record.unreachable ?? 0];
      this.tally.compare(record, this.fieldOf('bad or unreachable handle', record, held), recorded, handle);
    }
    if (!this.isBuddys(record.src, Number.parseInt(record.phys!, 16))) {
      this.tally.compare(record, 'physical address', record.phys, bareHex(paddr));
      this.tally.compare(record, 'handle', record.dma, bareMask(buffer.dma_handle));
    }
    if (record.hm !== undefined) {
      this.tally.compare(record, 'highmem', record.hm, Number(PageHighMem(k, PFN_DOWN(paddr))));
    }
    if (record.zero !== undefined) {
      const isZero = runsOf(k, buffer, size).every(run => k.machine.ram.isFilledWith(run.paddr, run.size, 0));
      this.tally.compare(record, 'zeroed', record.zero, Number(isZero));
    }
    if (record.cpu_pt) this.mapping(record, 'mapping', record.cpu_pt, buffer.cpu_addr, size);
    const direct = record.src === 'declared' ? null : page_address(k, PFN_DOWN(paddr));
    const alias = direct !== null && (buffer.cookie || direct !== buffer.cpu_addr) ? direct : null;
    if (record.src !== 'declared') {
      this.tally.compare(record, 'has an alias', record.alias_pt !== undefined, alias !== null);
    }
    if (record.alias_pt && alias !== null) this.mapping(record, 'alias', record.alias_pt, alias, size);
  }

  private mapping(
    record: ProbeRecord,
    field: string,
    found: RecordedMapping,
    va: number,
    size: number,
  ): void {
    this.tally.compare(record, field, recordedMapping(this.k, found), modelledMapping(this.k, va, size));
  }

  /** What is taken of contiguous memory, of the restricted pool and of the atomic pools. */
  private usage(record: ProbeRecord): void {
    const { k, dev } = this;
    const area = k.cma.dma_contiguous_default_area;
    this.tally.compare(record, 'cma in use', record.cma_used, area ? cma_used_pages(area) : 0);
    if (record.cma_dev_used !== undefined && dev.cma_area) {
      this.tally.compare(record, 'cma in use', record.cma_dev_used, cma_used_pages(dev.cma_area));
    }
    if (record.tlb_used !== undefined) {
      this.tally.compare(record, 'slots in use', record.tlb_used, dev.dma_io_tlb_mem?.used ?? 0);
    }
    for (const [name, recorded] of Object.entries(record.pools ?? {})) {
      const pool = this.poolNamed(name);
      const modelled = [pool?.gen_pool_size() ?? 0, pool?.gen_pool_avail() ?? 0];
      this.tally.compare(record, 'size and rest of pools', recorded, modelled);
    }
  }

  private allocMaintenance(record: ProbeRecord): void {
    if (this.current) this.maintenance(record, 'maintenance at allocation');
  }

  private maintenance(record: ProbeRecord, field: string): void {
    const { source, paddr, buffer } = this.current!;
    if (this.dev.dma_ops !== null) {
      // Which chunks happen to follow one another is the page allocator's affair.
      this.tally.compare(record, field, record.mtot ?? {}, this.lastTotals);
      return;
    }
    const isExact = !this.isBuddys(source, paddr) && !is_vmalloc_addr(this.k, buffer.cpu_addr);
    const modelled = maintenanceText(this.lastMaintenance, isExact);
    this.tally.compare(record, field, maintenanceText(record.mnt ?? [], isExact), modelled);
  }

  private free(record: ProbeRecord): void {
    const { k, current } = this;
    if (!current) return;
    this.watched(() => this.release(current, current.size, current.attrs));
    this.maintenance(record, 'maintenance at free');
    k.workqueue.run();
    const direct = page_address(k, PFN_DOWN(current.paddr));
    if (record.alias_after && direct !== null) {
      this.mapping(record, 'direct map after free', record.alias_after, direct, current.size);
    }
    if (record.vm_after !== undefined) {
      const area = find_vm_area(k, current.buffer.cpu_addr);
      this.tally.compare(record, 'vmalloc area after free', record.vm_after, Number(area !== undefined));
    }
    this.usage(record);
    this.current = null;
  }

  private allocPages(record: ProbeRecord): void {
    const { k, dev } = this;
    const pages = dma_alloc_pages(k, dev, record.size, gfpOf(record));
    const paddr = pages && PFN_PHYS(pages.pfn);
    const held = paddr === null ? null : { paddr, source: sourceOf(k, dev, paddr, undefined) };
    const field = this.fieldOf('dma_alloc_pages', record, held);
    this.tally.compare(record, field, [record.ok, record.src], [Number(held !== null), held?.source]);
    if (pages) dma_free_pages(k, dev, record.size, pages);
  }

  /** Where a streaming mapping is bounced to. All that the module maps it unmaps before its next call. */
  private bounce(record: ProbeRecord): void {
    const { k, dev } = this;
    if (!dev.dma_io_tlb_mem?.force_bounce) return;
    const { orig, phys, len, sg } = record;
    const pieces = sg ?? [[orig!, phys!, len!] as const];
    const mapped = pieces.map(([original, , size]) =>
      swiotlb_tbl_map_single(k, dev, Number.parseInt(original, 16), size, 0),
    );
    const recorded = pieces.map(([, bounced]) => bounced);
    this.tally.compare(
      record,
      'place of bounce buffer',
      recorded,
      mapped.map(place => place && bareHex(place)),
    );
    for (const [index, place] of mapped.entries()) {
      const size = pieces[index]![2];
      if (place) swiotlb_tbl_unmap_single(k, dev, place, size, DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
    }
  }

  private allocateAndFree(size: number, gfp: number): Held | null {
    const buffer = dma_alloc_attrs(this.k, this.dev, size, gfp, 0);
    const held = buffer && this.hold(buffer);
    if (held) this.release(held, size, 0);
    return held;
  }

  private scatterlist(record: ProbeRecord): void {
    const held = this.allocateAndFree(record.size, gfpOf(record));
    this.tally.compare(record, this.fieldOf('get_sgtable', record, held), record.ret === 0, held !== null);
  }

  /** A pool of small buffers takes a page with its first and gives it back with its last. */
  private dmaPool(record: ProbeRecord): void {
    this.allocateAndFree(PAGE_SIZE, GFP_KERNEL);
    const held = this.allocateAndFree(PAGE_SIZE, GFP_KERNEL);
    this.tally.compare(
      record,
      this.fieldOf('dma_pool_alloc', record, held),
      record.ok,
      Number(held !== null),
    );
  }

  private exhaust(record: ProbeRecord): void {
    const { k, dev } = this;
    const { phase, size } = record;
    const gfp = gfpOf(record) | __GFP_NOWARN;
    const take = (bytes: number): Held | null => {
      const buffer = dma_alloc_attrs(k, dev, bytes, gfp, DMA_ATTR_NO_WARN);
      return buffer && this.hold(buffer);
    };
    if (phase === 'full') {
      const most = MOST_BUFFERS[record.op]?.[size] ?? 0;
      for (let next = take(size); next; next = this.held.length < most ? take(size) : null) {
        this.held.push(next);
        if (record.pace_ms) k.workqueue.run();
      }
      this.exhausted(record);
    } else if (phase === 'fragmented') {
      const single = size / 2;
      for (const [index, held] of this.held.entries()) if (index % 2 === 0) this.release(held, single, 0);
      const pair = take(size);
      this.tally.compare(record, 'buffer of twice the size', record.ok, Number(pair !== null));
      this.usage(record);
      if (pair) this.release(pair, size, 0);
      for (const [index, held] of this.held.entries()) if (index % 2 === 1) this.release(held, single, 0);
      this.held = [];
      return;
    } else if (phase === 'freed') {
      const order = record.order === 0 ? this.held.reverse() : this.held;
      for (const held of order) this.release(held, size, 0);
      this.held = [];
    } else if (phase === 'settled') {
      k.workqueue.run();
    }
    this.usage(record);
  }

  private exhausted(record: ProbeRecord): void {
    const sources: Record<string, number> = {};
    for (const { source } of this.held) {
      const name = source.startsWith('atomic') ? 'pool' : source;
      sources[name] = (sources[name] ?? 0) + 1;
    }
    const inVmalloc = this.held.filter(({ buffer }) => is_vmalloc_addr(this.k, buffer.cpu_addr)).length;
    this.tally.compare(record, 'buffers until NULL', record.count, this.held.length);
    this.tally.compare(record, 'buffers in vmalloc space', record.vmalloc, inVmalloc);
    const sorted = (counts: Readonly<Record<string, number>>) => Object.entries(counts).sort();
    this.tally.compare(record, 'sources until NULL', sorted(record.srcs ?? {}), sorted(sources));
  }
}

/**
 * The module takes what it gets without a kernel mapping for a cookie. Behind an IOMMU it can be an address all the
 * same, and what the module then says of the memory is wrong.
 */
function isMisread(record: ProbeRecord, buffer: DmaBuffer): boolean {
  return record.va === 'cookie' && !buffer.cookie;
}

/** Field by field: how often the model agrees with the recording in `folder`. */
export function compareProbe(folder: string, trees: string, configs: string): ProbeComparison {
  const replay = new Replay(bootRecorded(folder, trees, configs));
  for (const line of readFileSync(join(folder, 'probe.jsonl'), 'utf8').trim().split('\n')) {
    replay.play(JSON.parse(line) as ProbeRecord);
  }
  return replay.tally.fields;
}
