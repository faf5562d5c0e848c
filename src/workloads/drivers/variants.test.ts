// SPDX-License-Identifier: GPL-2.0-only
/** What each broken driver does wrong and the correct one does not, seen in its calls and accesses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boot, runOn } from '../../../tests/support/driver-runs.js';
import type { DmaMaster } from '../../hw/dma/master.js';
import { type MemoryType, MT_DEVICE } from '../../hw/mmu/memory-type.js';
import { Observer, type StreamingBuffer } from '../../hw/observer.js';
import { PAGE_SIZE } from '../../linux/include/linux/pfn.js';

/** What a driver does, as words. Accesses to memory that is mapped for streaming are told by who makes them. */
class CallWatch extends Observer {
  readonly calls: string[] = [];
  private readonly mapped = new Map<number, StreamingBuffer>();

  override streamingMapped(buffer: StreamingBuffer): void {
    this.mapped.set(buffer.dmaAddr, buffer);
    this.calls.push(`map ${buffer.direction}`);
  }

  override streamingUnmapped(buffer: StreamingBuffer): void {
    this.mapped.delete(buffer.dmaAddr);
    this.calls.push('unmap');
  }

  override syncedForCpu(): void {
    this.calls.push('sync');
  }

  override barrier(_cpu: number, kind: string): void {
    this.calls.push(kind);
  }

  override cpuLoad(_cpu: number, _vaddr: number, paddr: number, size: number): void {
    this.access('cpu reads', paddr, size);
  }

  override cpuStore(_cpu: number, _vaddr: number, paddr: number, size: number, type: MemoryType): void {
    if ((type.bits & MT_DEVICE) !== 0) this.calls.push('doorbell');
    else this.access(`cpu writes ${type.inner}`, paddr, size);
  }

  override deviceRead(_master: DmaMaster, _dmaAddr: number, paddr: number, size: number): void {
    this.access('device reads', paddr, size);
  }

  override deviceWrite(_master: DmaMaster, _dmaAddr: number, paddr: number, size: number): void {
    this.access('device writes', paddr, size);
  }

  private access(what: string, start: number, size: number): void {
    const end = start + size;
    const buffers = [...this.mapped.values()];
    const inside = buffers.some(({ paddr, size: bytes }) => start >= paddr && end <= paddr + bytes);
    const touching = buffers.some(({ paddr, size: bytes }) => start < paddr + bytes && end > paddr);
    const lines = buffers.some(({ paddr }) => Math.floor(paddr / 32) === Math.floor(start / 32));
    if (inside) this.calls.push(`${what} mapped`);
    else if (touching) this.calls.push(`${what} beyond`);
    else if (lines) this.calls.push(`${what} beside`);
    else this.calls.push(what);
  }
}

function callsOf(name: string, variant: string): string[] {
  const k = boot('step1');
  const watch = new CallWatch();
  k.machine.observer = watch;
  runOn(k, '/plain', name, variant);
  return watch.calls;
}

/** An access that gives the variant away. */
const GIVEN_AWAY_BY: readonly (readonly [variant: string, access: string])[] = [
  ['no-unmap-before-read', 'cpu reads mapped'],
  ['write-after-map', 'cpu writes WBWA mapped'],
  ['shared-line', 'cpu writes WBWA beside'],
  ['map-too-short', 'device writes beyond'],
];

test('the ethernet driver touches what is not its own, or lets the device do so', () => {
  const correct = callsOf('ethernet', 'correct');
  for (const [variant, access] of GIVEN_AWAY_BY) {
    assert.ok(callsOf('ethernet', variant).includes(access), variant);
    assert.ok(!correct.includes(access), `correct: ${access}`);
  }
});

test('syncs are called by the correct drivers only', () => {
  assert.ok(callsOf('frame-grabber', 'correct').includes('sync'));
  assert.ok(!callsOf('frame-grabber', 'reads-without-sync').includes('sync'));
  assert.ok(callsOf('engine', 'correct').includes('sync'));
  assert.ok(!callsOf('engine', 'cyclic-without-sync').includes('sync'));
});

test('frames that go out are mapped for the device to read, until it has read them', () => {
  const toDevice = (variant: string) =>
    callsOf('ethernet', variant).filter(call => call === 'map to-device').length;
  assert.equal(toDevice('correct'), 9);
  assert.equal(toDevice('wrong-direction'), 0);
  const reads = (variant: string) =>
    callsOf('ethernet', variant).filter(call => call === 'device reads mapped').length;
  assert.equal(reads('correct'), 9);
  assert.equal(reads('use-after-unmap'), 0);
});

test('a doorbell comes after a barrier, or not', () => {
  for (const driver of ['ethernet', 'display', 'engine']) {
    // The last barrier or store to memory before the doorbell that makes the device read.
    const before = (variant: string): (string | undefined)[] => {
      const calls = callsOf(driver, variant);
      return calls.flatMap((call, index) =>
        call.startsWith('device') && calls[index - 1] === 'doorbell'
          ? [calls.slice(0, index).findLast(earlier => earlier !== 'doorbell' && earlier !== 'outer-sync')]
          : [],
      );
    };
    assert.ok(before('correct').length > 0);
    assert.ok(
      before('correct').every(call => call === 'dsb'),
      driver,
    );
    assert.ok(before('no-wmb').includes('cpu writes NC'), driver);
  }
});

test('the display is drawn uncached, or through the cached alias', () => {
  assert.ok(!callsOf('display', 'correct').includes('cpu writes WBWA'));
  assert.ok(callsOf('display', 'draws-through-cached-alias').includes('cpu writes WBWA'));
});

test('a frame buffer without kernel mapping is read through one that is not cached', () => {
  const calls = callsOf('frame-grabber', 'no-kernel-mapping');
  assert.ok(calls.includes('cpu reads') && !calls.includes('map from-device'));
});

test('descriptors are written to coherent memory, or to cached memory', () => {
  const k = boot('step1');
  const types = new Set<string>();
  class Words extends Observer {
    override cpuStore(_cpu: number, vaddr: number, _paddr: number, size: number, type: MemoryType): void {
      if (size === 4 && vaddr % PAGE_SIZE < 128 && (type.bits & MT_DEVICE) === 0) types.add(type.inner);
    }
  }
  k.machine.observer = new Words();
  runOn(k, '/plain', 'engine', 'correct');
  assert.deepEqual([...types], ['NC']);
  types.clear();
  runOn(k, '/plain', 'engine', 'descriptor-in-kmalloc-without-map');
  assert.deepEqual([...types], ['WBWA']);
});
