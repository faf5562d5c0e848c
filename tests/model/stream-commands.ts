// SPDX-License-Identifier: GPL-2.0-only
/** Cached memory: of the page allocator, mapped and unmapped, and of the DMA API, which comes mapped. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  DMA_ATTR_SKIP_CPU_SYNC,
  DMA_BIDIRECTIONAL,
  DMA_FROM_DEVICE,
  DMA_TO_DEVICE,
} from '../../src/linux/include/linux/dma-mapping.js';
import { __GFP_HIGHMEM, __GFP_NOWARN, GFP_KERNEL } from '../../src/linux/include/linux/gfp.js';
import { type scatterlist, sg_entry } from '../../src/linux/include/linux/scatterlist.js';
import {
  dma_alloc_noncoherent,
  dma_alloc_noncontiguous,
  dma_alloc_pages,
  dma_free_noncoherent,
  dma_free_noncontiguous,
  dma_free_pages,
  dma_map_page_attrs,
  dma_map_sg_attrs,
  dma_mapping_error,
  dma_need_sync,
  dma_sync_single_for_cpu,
  dma_sync_single_for_device,
  dma_unmap_page_attrs,
  dma_unmap_sg_attrs,
} from '../../src/linux/kernel/dma/mapping.js';
import { __free_pages, alloc_pages } from '../../src/linux/mm/page_alloc.js';
import { Bytes, pattern } from './bytes.js';
import { compareBytes } from './checks.js';
import { cut, deviceName, gfpOf, judge, type Part, part } from './coherent-commands.js';
import { type Definition, pick, remove } from './command.js';
import { type DeviceName, devicesOf } from './machines.js';
import { type Expected, PAGE, type Reference } from './reference.js';
import { LINE, type Mapping, Stream } from './stream.js';
import type { System } from './system.js';

const direction: fc.Arbitrary<number> = fc.constantFrom(DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_BIDIRECTIONAL);
const which: fc.Arbitrary<number> = fc.nat(99);

const BUDDY: Expected & { fails: false } = {
  fails: false,
  origin: 'generic',
  from: null,
  slots: false,
  paddr: null,
  mayFail: false,
};

export const newPages: Definition<{ order: number; high: boolean; seed: number }> = {
  name: 'alloc_pages',
  args: fc.record({ order: fc.nat(2), high: fc.boolean(), seed: fc.nat(255) }),
  check: () => true,
  act(m, r, { order, high, seed }) {
    const pfn = alloc_pages(r.k, GFP_KERNEL | __GFP_NOWARN | (high ? __GFP_HIGHMEM : 0), order);
    assert.ok(pfn !== null);
    const stream = new Stream(m.take(BUDDY, pfn * PAGE, 2 ** order));
    const bytes = pattern(seed, stream.size);
    r.cachedWrite(pfn * PAGE, bytes);
    stream.cpuWrote(0, bytes);
    m.streams.push(stream);
  },
};

export function freeStream(m: Reference, r: System, stream: Stream): void {
  if (stream.free !== null) stream.free();
  else {
    if (stream.mapping !== null) unmapStream(m, r, stream, false);
    __free_pages(r.k, stream.taken.paddr / PAGE, Math.log2(stream.taken.pages));
  }
  m.give(stream.taken);
  remove(m.streams, stream);
}

export const freePages: Definition<{ which: number }> = {
  name: 'free pages',
  args: fc.record({ which }),
  check: m => m.streams.length > 0,
  act: (m, r, args) => freeStream(m, r, pick(m.streams, args.which)),
};

interface Noncoherent {
  readonly dev: DeviceName;
  readonly pages: number;
  readonly dir: number;
  readonly blocking: boolean;
  readonly api: 'pages' | 'noncoherent' | 'noncontiguous';
}

export const allocateCached: Definition<Noncoherent> = {
  name: 'dma_alloc_',
  args: fc.record({
    dev: deviceName,
    pages: fc.constantFrom(1, 2, 3, 4, 9),
    dir: direction,
    blocking: fc.boolean(),
    api: fc.constantFrom('pages', 'noncoherent', 'noncontiguous'),
  }),
  check: (m, { dev }) => devicesOf(m.setup.kind).includes(dev),
  act(m, r, { dev, pages, dir, blocking, api }) {
    const ask = { dev, blocking, unmapped: false };
    const expected = m.expect(r, ask, pages, true);
    const made = callApi(r, dev, pages * PAGE, dir, gfpOf(blocking), api);
    if (expected.fails) {
      assert.equal(made, null, 'there should be no memory');
      return;
    }
    if (made === null && expected.mayFail) return;
    assert.ok(made !== null, 'there should be memory');
    const stream = new Stream(judge(m, ask, expected, made.paddr, made.handle, pages));
    stream.free = made.free;
    stream.bytes.zero();
    const mapping: Mapping = { dev, handle: made.handle, offset: 0, size: stream.size, dir, bounce: null };
    stream.map(mapping, true);
    m.streams.push(stream);
    compareBytes('CPU', stream.bytes, 0, stream.size, (at, size) => r.cachedRead(made.paddr + at, size));
  },
};

function callApi(
  r: System,
  name: DeviceName,
  size: number,
  dir: number,
  gfp: number,
  api: Noncoherent['api'],
): { readonly paddr: number; readonly handle: number; readonly free: () => void } | null {
  const { k } = r;
  const dev = r.dev(name);
  if (api === 'pages') {
    const pages = dma_alloc_pages(k, dev, size, dir, gfp);
    if (pages === null) return null;
    const free = () => dma_free_pages(k, dev, size, pages, dir);
    return { paddr: pages.pfn * PAGE, handle: pages.dma_handle, free };
  }
  if (api === 'noncoherent') {
    const buffer = dma_alloc_noncoherent(k, dev, size, dir, gfp);
    if (buffer === null) return null;
    const free = () => dma_free_noncoherent(k, dev, size, buffer, dir);
    return { paddr: r.lookUp(buffer.cpu_addr).paddr, handle: buffer.dma_handle, free };
  }
  const sgt = dma_alloc_noncontiguous(k, dev, size, dir, gfp, 0);
  if (sgt === null) return null;
  const [sg] = sgt.sgl;
  const free = () => dma_free_noncontiguous(k, dev, size, sgt, dir);
  return { paddr: sg!.pfn * PAGE, handle: sg!.dma_address, free };
}

/** Where the device must find the bytes; null: the mapping must fail. */
function target(
  m: Reference,
  dev: DeviceName,
  paddr: number,
  size: number,
): { paddr: number; bounce: Bytes | null } | null {
  if (dev === 'restricted') {
    const place = m.slots!.takeMapping(size);
    return place === null ? null : { paddr: place, bounce: new Bytes(size) };
  }
  return m.reaches(dev, paddr, size) ? { paddr, bounce: null } : null;
}

function mappingOf(
  m: Reference,
  dev: DeviceName,
  place: { paddr: number; bounce: Bytes | null },
  { at, size }: Part,
  dir: number,
): Mapping {
  const bounce = place.bounce && { paddr: place.paddr, bytes: place.bounce };
  return { dev, handle: m.handleOf(dev, place.paddr), offset: at, size, dir, bounce };
}

/** A bounce buffer is filled with all bytes of the driver's, so that there must be some. */
function initialise(r: System, stream: Stream, dev: DeviceName, { at, size }: Part): void {
  if (dev !== 'restricted' || stream.bytes.isAllKnown(at, size)) return;
  const bytes = pattern(at, size);
  r.cachedWrite(stream.taken.paddr + at, bytes);
  stream.cpuWrote(at, bytes);
}

function isIdle(stream: Stream): boolean {
  return stream.mapping === null && stream.free === null;
}

interface Map extends Part {
  readonly which: number;
  readonly dev: DeviceName;
  readonly dir: number;
  readonly skip: boolean;
  readonly whole: boolean;
}

export const map: Definition<Map> = {
  name: 'dma_map_page_attrs',
  args: fc
    .tuple(
      part,
      fc.record({ which, dev: deviceName, dir: direction, skip: fc.boolean(), whole: fc.boolean() }),
    )
    .map(([place, rest]) => ({ ...place, ...rest, skip: rest.skip && rest.which % 4 === 0 })),
  check: (m, { dev }) => devicesOf(m.setup.kind).includes(dev) && m.streams.some(isIdle),
  act(m, r, args) {
    const { dev, dir, skip } = args;
    const stream = pick(m.streams.filter(isIdle), args.which);
    const place = args.whole ? { at: 0, size: stream.size } : cut(args, stream.size);
    const paddr = stream.taken.paddr + place.at;
    initialise(r, stream, dev, place);
    const expected = target(m, dev, paddr, place.size);
    const attrs = skip ? DMA_ATTR_SKIP_CPU_SYNC : 0;
    const pfn = Math.floor(paddr / PAGE);
    const handle = dma_map_page_attrs(r.k, r.dev(dev), pfn, paddr % PAGE, place.size, dir, attrs);
    const failed = dma_mapping_error(r.k, r.dev(dev), handle) !== 0;
    assert.equal(failed, expected === null, 'whether the mapping fails');
    if (expected === null) return;
    stream.map(mappingOf(m, dev, expected, place, dir), skip);
    assert.equal(handle, stream.mapping!.handle, 'the address for the device');
    assert.equal(dma_need_sync(r.k, r.dev(dev), handle), dev !== 'snooping');
  },
};

interface MapMany {
  readonly which: number;
  readonly dev: DeviceName;
  readonly dir: number;
  readonly parts: readonly Part[];
}

export const mapMany: Definition<MapMany> = {
  name: 'dma_map_sg_attrs',
  args: fc.record({
    which,
    dev: deviceName,
    dir: direction,
    parts: fc.array(part, { minLength: 2, maxLength: 3 }),
  }),
  check: (m, { dev, parts }) =>
    devicesOf(m.setup.kind).includes(dev) && m.streams.filter(isIdle).length >= parts.length,
  act(m, r, args) {
    const { dev, dir } = args;
    const idle = m.streams.filter(isIdle);
    const chosen = args.parts.map((each, i) => {
      const stream = idle[(args.which + i) % idle.length]!;
      const place = cut(each, stream.size);
      initialise(r, stream, dev, place);
      return { stream, place, paddr: stream.taken.paddr + place.at };
    });
    const sgl = chosen.map(({ paddr, place }) =>
      sg_entry(Math.floor(paddr / PAGE), place.size, paddr % PAGE),
    );
    const mapped: Stream[] = [];
    let fails = false;
    for (const { stream, place, paddr } of chosen) {
      const expected = target(m, dev, paddr, place.size);
      fails = expected === null;
      if (expected === null) break;
      stream.map(mappingOf(m, dev, expected, place, dir), false);
      mapped.push(stream);
    }
    assert.equal(dma_map_sg_attrs(r.k, r.dev(dev), sgl, dir, 0), fails ? 0 : sgl.length);
    if (fails) {
      for (const stream of mapped) endMapping(m, stream, true);
      return;
    }
    for (const [i, stream] of mapped.entries()) assert.equal(sgl[i]!.dma_address, stream.mapping!.handle);
    const unmapAll = (): void => {
      unmapList(r, dev, sgl, dir);
      for (const stream of mapped) {
        stream.unmapAll = null;
        endMapping(m, stream, false);
      }
    };
    for (const stream of mapped) stream.unmapAll = unmapAll;
  },
};

function unmapList(r: System, dev: DeviceName, sgl: readonly scatterlist[], dir: number): void {
  dma_unmap_sg_attrs(r.k, r.dev(dev), sgl, dir, 0);
}

function endMapping(m: Reference, stream: Stream, skip: boolean): void {
  const { bounce, size } = stream.mapping!;
  stream.unmap(skip);
  if (bounce) m.slots!.give(bounce.paddr, size);
}

function unmapStream(m: Reference, r: System, stream: Stream, skip: boolean): void {
  if (stream.unmapAll !== null) {
    stream.unmapAll();
    return;
  }
  const { dev, handle, size, dir } = stream.mapping!;
  dma_unmap_page_attrs(r.k, r.dev(dev), handle, size, dir, skip ? DMA_ATTR_SKIP_CPU_SYNC : 0);
  endMapping(m, stream, skip);
}

function isMapped(stream: Stream): boolean {
  return stream.mapping !== null && stream.free === null;
}

export const unmap: Definition<{ which: number; skip: boolean }> = {
  name: 'dma_unmap_page_attrs',
  args: fc.record({ which, skip: fc.boolean() }),
  check: m => m.streams.some(isMapped),
  act(m, r, args) {
    const stream = pick(m.streams.filter(isMapped), args.which);
    unmapStream(m, r, stream, args.skip && stream.isBack);
  },
};

/** A part of the mapping that ends at lines, or where the mapping does. */
function wholeLines({ at, size }: Part, { offset, size: mapped }: Mapping): Part {
  const start = offset + (at % mapped);
  const first = Math.max(offset, start - (start % LINE));
  const end = Math.min(offset + mapped, Math.ceil((start + size) / LINE) * LINE);
  return { at: first, size: end - first };
}

interface Sync extends Part {
  readonly which: number;
  readonly forCpu: boolean;
  readonly whole: boolean;
}

export const sync: Definition<Sync> = {
  name: 'dma_sync_single_for_',
  args: fc
    .tuple(part, fc.record({ which, forCpu: fc.boolean(), whole: fc.boolean() }))
    .map(([place, rest]) => ({ ...place, ...rest })),
  check: m => m.streams.some(({ mapping }) => mapping !== null),
  act(m, r, args) {
    const mapped = m.streams.filter(({ mapping }) => mapping !== null);
    const stream = pick(mapped, args.which);
    const { dev, handle, dir, offset, size } = stream.mapping!;
    const chosen = args.whole ? { at: offset, size } : wholeLines(args, stream.mapping!);
    // What the device has already is not given to it again.
    const place = args.forCpu ? chosen : stream.cpuLines(chosen.at, chosen.size);
    if (place.size === 0) return;
    const call = args.forCpu ? dma_sync_single_for_cpu : dma_sync_single_for_device;
    call(r.k, r.dev(dev), handle + (place.at - offset), place.size, dir);
    if (args.forCpu) stream.syncForCpu(place.at, place.size);
    else stream.syncForDevice(place.at, place.size);
  },
};

interface Use extends Part {
  readonly which: number;
  readonly seed: number;
  readonly write: boolean;
  readonly byDevice: boolean;
}

export const useStream: Definition<Use> = {
  name: 'use pages',
  args: fc
    .tuple(part, fc.record({ which, seed: fc.nat(255), write: fc.boolean(), byDevice: fc.boolean() }))
    .map(([place, rest]) => ({ ...place, ...rest })),
  check: m => m.streams.length > 0,
  act(m, r, use) {
    const stream = pick(m.streams, use.which);
    if (use.byDevice && stream.mapping !== null) useByDevice(r, stream, use);
    else useByCpu(r, stream, use);
  },
};

function useByCpu(r: System, stream: Stream, use: Use): void {
  const { at, size } = cut(use, stream.size);
  const piece = stream.cpuPiece(at, size, use.write);
  if (piece === 0) return;
  const { paddr } = stream.taken;
  if (use.write) {
    const data = pattern(use.seed, piece);
    r.cachedWrite(paddr + at, data);
    stream.cpuWrote(at, data);
  } else {
    compareBytes('CPU', stream.bytes, at, piece, (from, count) => r.cachedRead(paddr + from, count));
  }
}

function useByDevice(r: System, stream: Stream, use: Use): void {
  const { dev, dir, handle, offset } = stream.mapping!;
  if (dir === (use.write ? DMA_TO_DEVICE : DMA_FROM_DEVICE)) return;
  const whole = cut(use, stream.size);
  const piece = stream.devicePiece(whole.at, whole.size);
  if (piece.size === 0) return;
  const bus = handle + (piece.at - offset);
  const seen = stream.deviceBytes(piece.at);
  if (use.write) {
    const data = pattern(use.seed, piece.size);
    r.deviceWrite(dev, bus, data);
    seen.bytes.write(seen.at, data);
    return;
  }
  compareBytes('device', seen.bytes, seen.at, piece.size, (from, count) =>
    r.deviceRead(dev, bus + (from - seen.at), count),
  );
}

/** One turn of a driver that keeps its mapping: the device works, the CPU looks and answers, the device goes on. */
export const exchange: Definition<{ which: number; place: Part; seed: number }> = {
  name: 'exchange',
  args: fc.record({ which, place: part, seed: fc.nat(255) }),
  check: m => m.streams.some(({ mapping }) => mapping !== null),
  act(m, r, args) {
    const stream = pick(
      m.streams.filter(({ mapping }) => mapping !== null),
      args.which,
    );
    const number = m.streams.indexOf(stream);
    const mapped = m.streams.filter(({ mapping }) => mapping !== null).indexOf(stream);
    const both = { ...args.place, which: number, seed: args.seed };
    const { offset } = stream.mapping!;
    // A part is counted from where the mapping begins, a use from where the pages do.
    const at = Math.max(0, args.place.at - offset);
    const turn = { ...args.place, at, which: mapped, whole: args.seed % 2 === 0 };
    sync.act(m, r, { ...turn, forCpu: false });
    useStream.act(m, r, { ...both, write: true, byDevice: true });
    sync.act(m, r, { ...turn, forCpu: true });
    useStream.act(m, r, { ...both, write: false, byDevice: false });
    useStream.act(m, r, { ...both, seed: args.seed + 1, write: true, byDevice: false });
    sync.act(m, r, { ...turn, forCpu: false });
    useStream.act(m, r, { ...both, write: false, byDevice: true });
  },
};
