// SPDX-License-Identifier: GPL-2.0-only
/**
 * A driver for the DMA engine of hw/dma/engine.ts and its users at once: a copy, a fill, a scatter-gather copy, and
 * sound, which is a cyclic list over a buffer of periods that stays mapped while CPU and device take turns with its
 * periods. Descriptors stand in a coherent page, as most of drivers/dma has them.
 */
import type { DmaAddr, Vaddr } from '../../base/address.js';
import {
  DmaEngine,
  ENGINE,
  ENGINE_COPY,
  ENGINE_DESCRIPTOR_BYTES,
  ENGINE_DESCRIPTOR_STATUS,
  ENGINE_DONE,
  ENGINE_FILL,
  ENGINE_FROM_FIFO,
  ENGINE_RUN,
  ENGINE_TO_FIFO,
} from '../../hw/dma/engine.js';
import { __pa } from '../../linux/arch/arm/include/asm/memory.js';
import { phys_to_dma } from '../../linux/include/linux/dma-direct.js';
import { DMA_FROM_DEVICE, DMA_TO_DEVICE } from '../../linux/include/linux/dma-mapping.js';
import { EIO, ENOMEM } from '../../linux/include/linux/errno.js';
import { GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PAGE_SIZE, PFN_DOWN } from '../../linux/include/linux/pfn.js';
import { sg_entry } from '../../linux/include/linux/scatterlist.js';
import {
  dma_alloc_coherent,
  dma_free_coherent,
  dma_map_sg_attrs,
  dma_map_single,
  dma_mapping_error,
  dma_sync_single_for_cpu,
  dma_sync_single_for_device,
  dma_unmap_sg_attrs,
  dma_unmap_single,
} from '../../linux/kernel/dma/mapping.js';
import { type Driver, defineDriver, type Session } from './driver.js';
import {
  kfree,
  kmalloc,
  load,
  randomBytes,
  readBytes,
  readl,
  store,
  writeBytes,
  writel,
  writel_relaxed,
} from './kernel-services.js';

interface Options {
  readonly descriptors: 'coherent' | 'kmalloc';
  /** Does each period of a cyclic buffer change hands before the CPU touches it, and after? */
  readonly syncPeriods: boolean;
  /** Are descriptors ordered before the doorbell? */
  readonly ordered: boolean;
}

/** One element of a list. */
interface Transfer {
  readonly operation: number;
  readonly source?: DmaAddr;
  readonly target?: DmaAddr;
  readonly size: number;
  readonly byte?: number;
}

/** Memory for descriptors. */
interface DescriptorPage {
  readonly cpu: Vaddr;
  readonly dma: DmaAddr;
  release(): void;
}

const BUFFER_BYTES: number = 4 * PAGE_SIZE;
const COPY_BYTES = 3000;
const PERIODS = 4;
const PERIOD_BYTES = 512;
/** Periods that are played and recorded: the buffer goes round twice. */
const PERIODS_TO_RUN = 8;

function coherentPage({ k, dev }: Session): DescriptorPage | null {
  const buffer = dma_alloc_coherent(k, dev, PAGE_SIZE, GFP_KERNEL);
  if (!buffer) return null;
  const release = (): void => dma_free_coherent(k, dev, PAGE_SIZE, buffer);
  return { cpu: buffer.cpu_addr, dma: buffer.dma_handle, release };
}

function kmallocPage({ k, dev }: Session): DescriptorPage | null {
  const cpu = kmalloc(k, PAGE_SIZE);
  if (cpu === null) return null;
  return { cpu, dma: phys_to_dma(k, dev, __pa(k, cpu)), release: () => kfree(k, cpu, PAGE_SIZE) };
}

class EngineDriver {
  private readonly s: Session;
  private readonly options: Options;
  private readonly page: DescriptorPage;
  private readonly source: Vaddr;
  private readonly target: Vaddr;

  constructor(s: Session, options: Options, page: DescriptorPage, source: Vaddr, target: Vaddr) {
    this.s = s;
    this.options = options;
    this.page = page;
    this.source = source;
    this.target = target;
  }

  work(): number {
    return this.copy() || this.fill() || this.scattered() || this.record() || this.play();
  }

  private copy(): number {
    const { k, random } = this.s;
    writeBytes(k, this.source, randomBytes(random, COPY_BYTES));
    return this.mapped(this.source, COPY_BYTES, DMA_TO_DEVICE, source =>
      this.intoTarget(COPY_BYTES, target => [{ operation: ENGINE_COPY, source, target, size: COPY_BYTES }]),
    );
  }

  private fill(): number {
    const byte = this.s.random.below(256);
    return this.intoTarget(COPY_BYTES, target => [
      { operation: ENGINE_FILL, target, size: COPY_BYTES, byte },
    ]);
  }

  /** Pieces of the source, put together in the target. */
  private scattered(): number {
    const { k, dev, random } = this.s;
    const pieces = [300, 1200, 500].map((size, index) => {
      const at = this.source + index * PAGE_SIZE + 64;
      writeBytes(k, at, randomBytes(random, size));
      return sg_entry(PFN_DOWN(__pa(k, at)), size, 64);
    });
    if (dma_map_sg_attrs(k, dev, pieces, DMA_TO_DEVICE, 0) === 0) return -ENOMEM;
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const error = this.intoTarget(total, target => {
      let at = target;
      return pieces.map(({ dma_address, length }) => {
        const transfer = { operation: ENGINE_COPY, source: dma_address, target: at, size: length };
        at += length;
        return transfer;
      });
    });
    dma_unmap_sg_attrs(k, dev, pieces, DMA_TO_DEVICE, 0);
    return error;
  }

  /** Runs a list that fills `size` bytes of the target, and lets the CPU look at them. */
  private intoTarget(size: number, list: (target: DmaAddr) => readonly Transfer[]): number {
    const error = this.mapped(this.target, size, DMA_FROM_DEVICE, target => this.once(list(target)));
    if (error === 0) this.s.cpu(readBytes(this.s.k, this.target, size));
    return error;
  }

  /** Sound that comes in: the CPU reads each period when the device is done with it. */
  private record(): number {
    const { k, dev, random } = this.s;
    const samples = { take: (size: number) => randomBytes(random, size), put() {} };
    return this.cyclic(DMA_FROM_DEVICE, ENGINE_FROM_FIFO, samples, (period, dma) => {
      if (this.options.syncPeriods) dma_sync_single_for_cpu(k, dev, dma, PERIOD_BYTES, DMA_FROM_DEVICE);
      this.s.cpu(readBytes(k, period, PERIOD_BYTES));
      if (this.options.syncPeriods) dma_sync_single_for_device(k, dev, dma, PERIOD_BYTES, DMA_FROM_DEVICE);
    });
  }

  /** Sound that goes out: the CPU writes each period again when the device has played it. */
  private play(): number {
    const { k, dev, random } = this.s;
    writeBytes(k, this.target, randomBytes(random, PERIODS * PERIOD_BYTES));
    const speaker = {
      take: (size: number) => new Uint8Array(size),
      put: (b: Uint8Array) => this.s.device(b),
    };
    return this.cyclic(DMA_TO_DEVICE, ENGINE_TO_FIFO, speaker, (period, dma) => {
      if (this.options.syncPeriods) dma_sync_single_for_cpu(k, dev, dma, PERIOD_BYTES, DMA_TO_DEVICE);
      writeBytes(k, period, randomBytes(random, PERIOD_BYTES));
      if (this.options.syncPeriods) dma_sync_single_for_device(k, dev, dma, PERIOD_BYTES, DMA_TO_DEVICE);
    });
  }

  /** Runs a cyclic list over the periods of the target; `turn` is the CPU's after each. */
  private cyclic(
    direction: number,
    operation: number,
    peripheral: { take(size: number): Uint8Array; put(bytes: Uint8Array): void },
    turn: (period: Vaddr, dma: DmaAddr) => void,
  ): number {
    const { k, master } = this.s;
    return this.mapped(this.target, PERIODS * PERIOD_BYTES, direction, buffer => {
      const list = Array.from({ length: PERIODS }, (_, index): Transfer => {
        const at = buffer + index * PERIOD_BYTES;
        return { operation, source: at, target: at, size: PERIOD_BYTES };
      });
      const engine = new DmaEngine(master, peripheral);
      this.start(engine, list, true);
      for (let i = 0; i < PERIODS_TO_RUN; i++) {
        engine.advance(1);
        if (readl(k, engine, ENGINE.COUNT) !== i + 1) return -EIO;
        const offset = (i % PERIODS) * PERIOD_BYTES;
        turn(this.target + offset, buffer + offset);
      }
      writel(k, engine, ENGINE.CTRL, 0);
      return 0;
    });
  }

  /** Runs a list that ends; -EIO where the device says that it failed, or says nothing. */
  private once(list: readonly Transfer[]): number {
    const { k, master } = this.s;
    const engine = new DmaEngine(master);
    this.start(engine, list, false);
    engine.advance(list.length);
    readl(k, engine, ENGINE.STATUS);
    const last = this.page.cpu + (list.length - 1) * ENGINE_DESCRIPTOR_BYTES;
    return load(k, last + ENGINE_DESCRIPTOR_STATUS) === ENGINE_DONE ? 0 : -EIO;
  }

  private start(engine: DmaEngine, list: readonly Transfer[], cyclic: boolean): void {
    const { k } = this.s;
    for (const [index, transfer] of list.entries()) {
      const after = index + 1 < list.length ? index + 1 : 0;
      const next = after > 0 || cyclic ? this.page.dma + after * ENGINE_DESCRIPTOR_BYTES : 0;
      const { operation, source = 0, target = 0, size, byte = 0 } = transfer;
      const words = [operation, source, target, size, byte, next, 0];
      const at = this.page.cpu + index * ENGINE_DESCRIPTOR_BYTES;
      for (const [word, value] of words.entries()) store(k, at + 4 * word, value);
    }
    writel_relaxed(k, engine, ENGINE.DESC, this.page.dma);
    const ring = this.options.ordered ? writel : writel_relaxed;
    ring(k, engine, ENGINE.CTRL, ENGINE_RUN);
  }

  /** Does `use` while a buffer is mapped. */
  private mapped(vaddr: Vaddr, size: number, direction: number, use: (dma: DmaAddr) => number): number {
    const { k, dev } = this.s;
    const dma = dma_map_single(k, dev, vaddr, size, direction);
    if (dma_mapping_error(k, dev, dma) !== 0) return -ENOMEM;
    const error = use(dma);
    dma_unmap_single(k, dev, dma, size, direction);
    return error;
  }
}

function run(s: Session, options: Options): number {
  const page = options.descriptors === 'coherent' ? coherentPage(s) : kmallocPage(s);
  const source = kmalloc(s.k, BUFFER_BYTES);
  const target = kmalloc(s.k, BUFFER_BYTES);
  const ready = page !== null && source !== null && target !== null;
  const error = ready ? new EngineDriver(s, options, page, source, target).work() : -ENOMEM;
  kfree(s.k, target, BUFFER_BYTES);
  kfree(s.k, source, BUFFER_BYTES);
  page?.release();
  return error;
}

export const engine: Driver = defineDriver<Options>({
  name: 'engine',
  description: 'copies, fills, scatter-gather and cyclic sound, with descriptors in memory',
  correct: { descriptors: 'coherent', syncPeriods: true, ordered: true },
  variants: [
    {
      name: 'cyclic-without-sync',
      description: 'reads and writes the periods of a mapped buffer without dma_sync_single_for_cpu/device()',
      change: { syncPeriods: false },
    },
    {
      name: 'descriptor-in-kmalloc-without-map',
      description: 'has its descriptors in kmalloc() memory and gives the device their physical address',
      change: { descriptors: 'kmalloc' },
    },
    {
      name: 'no-wmb',
      description: 'rings with writel_relaxed() after writing descriptors',
      change: { ordered: false },
    },
  ],
  run,
});
