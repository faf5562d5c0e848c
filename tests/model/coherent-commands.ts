// SPDX-License-Identifier: GPL-2.0-only
/** Coherent buffers: allocate, use by CPU, device and process, free. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  DMA_ATTR_FORCE_CONTIGUOUS,
  DMA_ATTR_NO_KERNEL_MAPPING,
  DMA_ATTR_NO_WARN,
  DMA_ATTR_WRITE_COMBINE,
} from '../../src/linux/include/linux/dma-mapping.js';
import { __GFP_NOWARN, GFP_ATOMIC, GFP_KERNEL } from '../../src/linux/include/linux/gfp.js';
import { sharedMapping } from '../../src/linux/include/linux/mm_types.js';
import { sg_phys, sg_table } from '../../src/linux/include/linux/scatterlist.js';
import {
  dma_alloc_attrs,
  dma_free_attrs,
  dma_get_sgtable_attrs,
  dma_mmap_attrs,
} from '../../src/linux/kernel/dma/mapping.js';
import { zap_vma_ptes } from '../../src/linux/mm/remap-pfn.js';
import { is_vmalloc_addr } from '../../src/linux/mm/vmalloc.js';
import { Bytes, pattern } from './bytes.js';
import { compareBytes } from './checks.js';
import { type Definition, pick, remove } from './command.js';
import { DEVICES, type DeviceName, devicesOf } from './machines.js';
import { type Coherent, type Expected, PAGE, type Reference, type Taken } from './reference.js';
import { type Ask, promisesReach } from './rules.js';
import type { System } from './system.js';

export const deviceName: fc.Arbitrary<DeviceName> = fc.constantFrom(
  ...(Object.keys(DEVICES) as DeviceName[]),
);

export const byteSize: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(100, PAGE, 2 * PAGE, 3 * PAGE, 5 * PAGE) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 20 * PAGE }) },
  { weight: 1, arbitrary: fc.constantFrom(64 * PAGE, 65 * PAGE, 300 * PAGE) },
);

/** A part of an object: a place and a size that are cut to what there is. */
export interface Part {
  readonly at: number;
  readonly size: number;
}

export const part: fc.Arbitrary<Part> = fc.record({
  at: fc.oneof(fc.constant(0), fc.nat(3 * PAGE)),
  size: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(PAGE, 2 * PAGE)),
});

export function cut({ at, size }: Part, whole: number): Part {
  const start = at % whole;
  return { at: start, size: Math.min(size, whole - start) };
}

export function gfpOf(blocking: boolean): number {
  return (blocking ? GFP_KERNEL : GFP_ATOMIC) | __GFP_NOWARN;
}

/** Checks that the kernel put memory where it had to, and notes whose it is. */
export function judge(
  m: Reference,
  ask: Ask,
  expected: Expected & { fails: false },
  paddr: number,
  handle: number,
  pages: number,
): Taken {
  const pfn = paddr / PAGE;
  if (expected.paddr !== null) assert.equal(paddr, expected.paddr, 'another place than the first that fits');
  else
    assert.ok(!m.contiguous.holds(pfn) && !m.ownArea.holds(pfn) && !m.ownPool.holds(pfn), 'a wrong source');
  const taken = m.take(expected, paddr, pages);
  assert.equal(handle, m.handleOf(ask.dev, paddr), 'the handle leads elsewhere');
  assert.ok(m.reaches(ask.dev, paddr, pages * PAGE), 'the device does not reach its memory');
  return taken;
}

/** Every page of the buffer is mapped, in a row, and as cacheable as it must be. */
function checkMapping(r: System, vaddr: number, paddr: number, size: number, cacheable: boolean): void {
  for (let at = 0; at < size; at += PAGE) {
    assert.deepEqual(r.lookUp(vaddr + at), { paddr: paddr + at, cacheable }, `page ${at / PAGE}`);
  }
}

export const allocate: Definition<{ dev: DeviceName; size: number; blocking: boolean; attrs: number }> = {
  name: 'dma_alloc_attrs',
  args: fc.record({
    dev: deviceName,
    size: byteSize,
    blocking: fc.oneof(
      { weight: 2, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
    attrs: fc.constantFrom(
      0,
      0,
      0,
      DMA_ATTR_NO_WARN,
      DMA_ATTR_WRITE_COMBINE,
      DMA_ATTR_NO_KERNEL_MAPPING,
      DMA_ATTR_FORCE_CONTIGUOUS,
    ),
  }),
  check(m, args) {
    const { setup } = m;
    return devicesOf(setup.kind).includes(args.dev) && promisesReach(setup, askOf(args));
  },
  act(m, r, args) {
    const { size, attrs } = args;
    const ask = askOf(args);
    const pages = Math.ceil(size / PAGE);
    const expected = m.expect(r, ask, pages);
    const buffer = dma_alloc_attrs(r.k, r.dev(ask.dev), size, gfpOf(ask.blocking), attrs);
    if (expected.fails) {
      assert.equal(buffer, null, 'there should be no memory');
      return;
    }
    if (buffer === null && expected.mayFail) return;
    assert.ok(buffer !== null, 'there should be memory');
    const paddr = buffer.cookie ? buffer.cpu_addr * PAGE : r.lookUp(buffer.cpu_addr).paddr;
    const taken = judge(m, ask, expected, paddr, buffer.dma_handle, pages);
    const fact = m.factOf(r, ask, taken, buffer.cookie ? null : buffer.cpu_addr);
    const trusted = fact === null || !m.setup.live;
    const made: Coherent = {
      ask,
      size,
      attrs,
      buffer,
      taken,
      fact,
      trusted,
      bytes: new Bytes(size),
      user: null,
    };
    m.coherent.push(made);
    if (buffer.cookie) return;
    m.addresses.add(buffer.cpu_addr, buffer.cpu_addr + pages * PAGE);
    checkMapping(r, buffer.cpu_addr, paddr, size, ask.dev === 'snooping');
    // ARM's pool hands out what its last user left.
    if (!trusted || taken.origin === 'arm pool') return;
    made.bytes.zero();
    const all = cut({ at: 0, size: 4 * PAGE }, size);
    compareBytes('CPU', made.bytes, all.at, all.size, (at, bytes) => r.cpuRead(buffer.cpu_addr + at, bytes));
  },
};

function askOf({ dev, blocking, attrs }: { dev: DeviceName; blocking: boolean; attrs: number }): Ask {
  // A restricted pool and a device's own know nothing of memory without a mapping.
  const knows = dev !== 'restricted' && dev !== 'pool';
  const combine = (attrs & DMA_ATTR_WRITE_COMBINE) !== 0;
  return { dev, blocking, combine, unmapped: knows && (attrs & DMA_ATTR_NO_KERNEL_MAPPING) !== 0 };
}

function unmapUser(r: System, buffer: Coherent): void {
  const vma = buffer.user;
  if (vma !== null) zap_vma_ptes(r.k, vma, vma.vm_start, vma.vm_end - vma.vm_start);
  buffer.user = null;
}

export function freeCoherent(m: Reference, r: System, held: Coherent): void {
  unmapUser(r, held);
  m.leaving(held);
  r.stopDevice();
  dma_free_attrs(r.k, r.dev(held.ask.dev), held.size, held.buffer, held.attrs);
  if (!held.buffer.cookie) m.addresses.remove(held.buffer.cpu_addr);
  m.give(held.taken);
  remove(m.coherent, held);
  checkGone(r, held);
}

/** Pools keep their mappings; a second mapping goes, and the direct map is cacheable again. */
function checkGone(r: System, { buffer, taken }: Coherent): void {
  if (buffer.cookie || taken.origin.endsWith('pool') || taken.origin === 'generic pools') return;
  const seen = r.tryLookUp(buffer.cpu_addr);
  if (is_vmalloc_addr(r.k, buffer.cpu_addr)) assert.equal(seen, null, 'the mapping is still there');
  else assert.equal(seen?.cacheable, true, 'the direct map is still uncached');
}

export const free: Definition<{ which: number }> = {
  name: 'dma_free_attrs',
  args: fc.record({ which: fc.nat(99) }),
  check: m => m.coherent.length > 0,
  act: (m, r, { which }) => freeCoherent(m, r, pick(m.coherent, which)),
};

type Party = 'CPU' | 'device' | 'process';
const party: fc.Arbitrary<Party> = fc.constantFrom('CPU', 'device', 'process');

interface Use extends Part {
  readonly which: number;
  readonly seed: number;
  readonly writer: Party | 'nobody';
  readonly reader: Party;
}

/** Where a party finds the buffer; who has no mapping of it asks the device. */
function accessOf(
  { buffer, user }: Coherent,
  who: Party,
): { readonly byDevice: boolean; readonly base: number } {
  if (who === 'device' || buffer.cookie) return { byDevice: true, base: buffer.dma_handle };
  return { byDevice: false, base: who === 'process' && user !== null ? user.vm_start : buffer.cpu_addr };
}

export const useCoherent: Definition<Use> = {
  name: 'use coherent',
  args: fc
    .tuple(
      part,
      fc.record({
        which: fc.nat(99),
        seed: fc.nat(255),
        writer: fc.oneof(party, fc.constant('nobody' as const)),
        reader: party,
      }),
    )
    .map(([place, rest]) => ({ ...place, ...rest })),
  check: m => m.coherent.length > 0,
  act(m, r, use) {
    const held = pick(m.coherent, use.which);
    const { bytes, ask, trusted } = held;
    const place = cut(use, held.size);
    if (use.writer !== 'nobody') {
      const { byDevice, base } = accessOf(held, use.writer);
      const data = pattern(use.seed, place.size);
      if (byDevice) r.deviceWrite(ask.dev, base + place.at, data);
      else r.cpuWrite(base + place.at, data);
      if (trusted) bytes.write(place.at, data);
    }
    const { byDevice, base } = accessOf(held, use.reader);
    const read = (at: number, count: number): Uint8Array =>
      byDevice ? r.deviceRead(ask.dev, base + at, count) : r.cpuRead(base + at, count);
    if (trusted) compareBytes(use.reader, bytes, place.at, place.size, read);
    else read(place.at, place.size);
  },
};

/** Where processes map the next buffer. */
const USER_START = 0x10000000;
const USER_STEP = 0x200000;

export const mmap: Definition<{ which: number; unmap: boolean }> = {
  name: 'dma_mmap_attrs',
  args: fc.record({ which: fc.nat(99), unmap: fc.boolean() }),
  check: m => m.coherent.length > 0,
  act(m, r, { which, unmap }) {
    const held = pick(m.coherent, which);
    const { buffer, size, ask, attrs, taken } = held;
    if (held.user !== null && unmap) unmapUser(r, held);
    if (held.user !== null || buffer.cookie) return;
    const taken_ = m.coherent.filter(({ user }) => user !== null).map(({ user }) => user!.vm_start);
    let start = USER_START;
    while (taken_.includes(start)) start += USER_STEP;
    const vma = sharedMapping(r.k, r.mm, start, taken.pages);
    assert.equal(dma_mmap_attrs(r.k, r.dev(ask.dev), vma, buffer, size, attrs), 0);
    held.user = vma;
    checkMapping(r, start, taken.paddr, size, ask.dev === 'snooping');
  },
};

export const sgtable: Definition<{ which: number }> = {
  name: 'dma_get_sgtable',
  args: fc.record({ which: fc.nat(99) }),
  check: m => m.coherent.length > 0,
  act(m, r, { which }) {
    const { buffer, size, ask, attrs, taken } = pick(m.coherent, which);
    const sgt = new sg_table();
    assert.equal(dma_get_sgtable_attrs(r.k, r.dev(ask.dev), sgt, buffer, size, attrs), 0);
    assert.equal(sg_phys(sgt.sgl[0]!), taken.paddr);
    assert.equal(sgt.sgl[0]!.length, taken.pages * PAGE);
  },
};

/** The kernel's workers run: pools grow. */
export const runWork: Definition<null> = {
  name: 'run work',
  args: fc.constant(null),
  check: () => true,
  act(m, r) {
    r.k.workqueue.run();
    m.learnPools(r);
  },
};
