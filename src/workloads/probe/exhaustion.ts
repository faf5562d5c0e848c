// SPDX-License-Identifier: GPL-2.0-only
/**
 * Allocates until NULL or `most` buffers (`capped`), then frees in one of three orders. Records of one operation, by `phase`:
 * `before`, `full`, `fragmented` (every second one freed, and twice the size asked for), `freed`, `settled` (the
 * pools' worker has run). Opt-in on real boards: it takes the memory that others may need.
 */
import { formatSize, KiB, MiB } from '../../base/address.js';
import { dma_to_phys } from '../../linux/include/linux/dma-direct.js';
import { DMA_ATTR_NO_WARN } from '../../linux/include/linux/dma-mapping.js';
import { __GFP_NOWARN, GFP_ATOMIC, GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { type DmaBuffer, dma_alloc_attrs } from '../../linux/kernel/dma/mapping.js';
import { is_vmalloc_addr } from '../../linux/mm/vmalloc.js';
import { physicalOf, releaseBuffer, sourceName } from './buffer.js';
import { accountFields, askedFields, letWorkersRun, type Probe, poolFields } from './probe.js';
import { bare, type Fields } from './record.js';

/** `order` of a record: how buffers are freed. */
const ORDERS = ['last-first', 'first-first', 'even-then-odd'] as const;

interface Exhaustion {
  readonly op: string;
  readonly size: number;
  readonly gfp: number;
  readonly most: number;
  /** Milliseconds of sleep after each allocation: time for the worker. */
  readonly pace?: number;
  readonly order: (typeof ORDERS)[number];
}

const exhaustions: readonly Exhaustion[] = [
  { op: 'x_atomic', size: 4 * KiB, gfp: GFP_ATOMIC, most: 2048, order: 'last-first' },
  { op: 'x_atomic', size: 64 * KiB, gfp: GFP_ATOMIC, most: 256, order: 'first-first' },
  { op: 'x_atomic', size: 8 * KiB, gfp: GFP_ATOMIC, most: 1024, order: 'even-then-odd' },
  { op: 'x_atomic_paced', size: 64 * KiB, gfp: GFP_ATOMIC, most: 128, pace: 20, order: 'even-then-odd' },
  { op: 'x_kernel', size: MiB, gfp: GFP_KERNEL, most: 40, order: 'even-then-odd' },
  { op: 'x_kernel', size: 4 * KiB, gfp: GFP_KERNEL, most: 64, order: 'last-first' },
  { op: 'x_kernel', size: 64 * KiB, gfp: GFP_KERNEL, most: 600, order: 'first-first' },
];

/** The most that is allocated, as text: nobody should take such a count for the size of a pool. */
export const EXHAUSTION_CAPS: string = `at most ${exhaustions
  .map(({ op, size, most }) => `${most} of ${formatSize(size)} (${op})`)
  .join(', ')}`;

/** Names in the order in which `srcs` has them. All atomic pools count as `pool`. */
const SOURCES = ['pool', 'restricted', 'cma-dev', 'cma-default', 'cma-other', 'declared', 'buddy'];

function take({ k, dev }: Probe, size: number, gfp: number): DmaBuffer | null {
  return dma_alloc_attrs(k, dev, size, gfp | __GFP_NOWARN, DMA_ATTR_NO_WARN);
}

function takeAll(probe: Probe, { size, gfp, most, pace }: Exhaustion): DmaBuffer[] {
  const held: DmaBuffer[] = [];
  while (held.length < most) {
    const buffer = take(probe, size, gfp);
    if (buffer === null) break;
    held.push(buffer);
    if (pace) letWorkersRun(probe);
  }
  return held;
}

function summary(probe: Probe, held: readonly DmaBuffer[], size: number): Fields {
  const { k, dev } = probe;
  const places = held.map(buffer => physicalOf(k, buffer));
  const sources = held.map((buffer, index) => {
    const name = sourceName(k, dev, buffer.cpu_addr, places[index]!);
    return name.startsWith('atomic') ? 'pool' : name;
  });
  const counts = SOURCES.map(name => [name, sources.filter(source => source === name).length] as const);
  return {
    vmalloc: held.filter(({ cpu_addr }) => is_vmalloc_addr(k, cpu_addr)).length,
    first_buddy: sources.indexOf('buddy'),
    ...(held.length > 0 && {
      phys_lo: bare(Math.min(...places)),
      phys_hi: bare(Math.max(...places) + size - 1),
    }),
    srcs: Object.fromEntries(counts.filter(([, count]) => count > 0)),
  };
}

/** Frees every second buffer, tries for one of twice the size, frees the others. */
function freeFragmented(probe: Probe, held: readonly DmaBuffer[], { op, size, gfp }: Exhaustion): void {
  const { k, dev, out } = probe;
  held.forEach((buffer, index) => {
    if (index % 2 === 0) releaseBuffer(probe, buffer, size, 0);
  });
  const pair = take(probe, 2 * size, gfp);
  const paddr = pair && dma_to_phys(k, dev, pair.dma_handle);
  out.write(op, {
    phase: 'fragmented',
    ...askedFields(2 * size, gfp),
    ok: Number(pair !== null),
    ...(pair && { phys: bare(paddr!), src: sourceName(k, dev, pair.cpu_addr, paddr!) }),
    ...poolFields(probe),
    ...accountFields(probe),
  });
  if (pair) releaseBuffer(probe, pair, 2 * size, 0);
  held.forEach((buffer, index) => {
    if (index % 2 === 1) releaseBuffer(probe, buffer, size, 0);
  });
}

function exhaust(probe: Probe, exhaustion: Exhaustion): void {
  const { op, size, gfp, most, pace = 0, order } = exhaustion;
  const { out } = probe;
  const accounts = (): Fields => ({ ...poolFields(probe), ...accountFields(probe) });
  const asked = askedFields(size, gfp);
  out.write(op, { phase: 'before', ...asked, ...accounts() });
  const held = takeAll(probe, exhaustion);
  out.write(op, {
    phase: 'full',
    ...asked,
    pace_ms: pace,
    count: held.length,
    capped: Number(held.length === most),
    ...summary(probe, held, size),
    ...accounts(),
  });
  if (order === 'even-then-odd') freeFragmented(probe, held, exhaustion);
  else {
    const queue = order === 'first-first' ? held : [...held].reverse();
    for (const buffer of queue) releaseBuffer(probe, buffer, size, 0);
  }
  out.write(op, { phase: 'freed', order: ORDERS.indexOf(order), ...asked, ...accounts() });
  letWorkersRun(probe);
  out.write(op, { phase: 'settled', ...accounts() });
}

export function probeExhaustion(probe: Probe): void {
  for (const exhaustion of exhaustions) exhaust(probe, exhaustion);
}
