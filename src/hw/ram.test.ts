// SPDX-License-Identifier: GPL-2.0-only
/**
 * Sparse memory behaves as one flat array, costs only what is touched, and reports holes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GiB, KiB, MiB } from '../base/address.js';
import { BUS_ERROR, Ram } from './ram.js';

/** Unaligned to chunks on purpose: three chunks and two edges. */
const BASE = 0x4_0000_8000;
const SIZE = 200 * KiB;

type Operation =
  | { readonly kind: 'write'; readonly at: number; readonly width: 1 | 2 | 4; readonly value: number }
  | { readonly kind: 'fill'; readonly at: number; readonly size: number; readonly byte: number }
  | { readonly kind: 'bytes'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'copy'; readonly at: number; readonly from: number; readonly size: number };

const offset = fc.nat(SIZE - 1);
const byte = fc.constantFrom(0, 0x5a, 0xff);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    at: offset,
    width: fc.constantFrom(1 as const, 2 as const, 4 as const),
    value: fc.nat(0xffffffff),
  }),
  fc.record({ kind: fc.constant('fill' as const), at: offset, size: offset, byte }),
  fc.record({ kind: fc.constant('bytes' as const), at: offset, bytes: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ kind: fc.constant('copy' as const), at: offset, from: offset, size: offset }),
);

function perform(ram: Ram, flat: Uint8Array, step: Operation): void {
  switch (step.kind) {
    case 'write': {
      const at = step.at - (step.at % step.width);
      for (let i = 0; i < step.width; i++) flat[at + i] = (step.value >>> (8 * i)) & 0xff;
      if (step.width === 1) ram.write8(BASE + at, step.value);
      else if (step.width === 2) ram.write16(BASE + at, step.value);
      else ram.write32(BASE + at, step.value);
      return;
    }
    case 'fill': {
      const size = Math.min(step.size, SIZE - step.at);
      flat.fill(step.byte, step.at, step.at + size);
      ram.fill(BASE + step.at, size, step.byte);
      return;
    }
    case 'bytes': {
      const bytes = step.bytes.subarray(0, SIZE - step.at);
      flat.set(bytes, step.at);
      ram.writeBytes(BASE + step.at, bytes);
      return;
    }
    case 'copy': {
      const size = Math.min(step.size, SIZE - step.at, SIZE - step.from);
      flat.copyWithin(step.at, step.from, step.from + size);
      ram.copy(BASE + step.at, BASE + step.from, size);
    }
  }
}

test('sparse memory equals a flat array under every operation', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), offset, (steps, probe) => {
      const flat = new Uint8Array(SIZE);
      const view = new DataView(flat.buffer);
      const ram = new Ram([{ start: BASE, end: BASE + SIZE }]);
      for (const step of steps) perform(ram, flat, step);
      assert.deepEqual(ram.readBytes(BASE, SIZE), flat);
      const at = probe - (probe % 4);
      assert.equal(ram.read8(BASE + probe), flat[probe]);
      assert.equal(ram.read16(BASE + at), view.getUint16(at, true));
      assert.equal(ram.read32(BASE + at), view.getUint32(at, true));
      const first = flat[at]!;
      const size = SIZE - at;
      assert.equal(
        ram.isFilledWith(BASE + at, size, first),
        flat.subarray(at).every(value => value === first),
      );
    }),
    { numRuns: 150 },
  );
});

test('a 4 GiB board costs what it touches, and gives it back when filled', () => {
  const ram = new Ram([{ start: 0x40000000, end: 0x40000000 + 4 * GiB }]);
  assert.equal(ram.touchedBytes, 0);
  ram.fill(0x40000000, 4 * GiB, 0x5a);
  assert.equal(ram.touchedBytes, 0);
  assert.equal(ram.read32(0x1_2345_6780), 0x5a5a5a5a);
  assert.equal(ram.write32(0x1_2345_6780, 0xdeadbeef), true);
  assert.equal(ram.touchedBytes, 4 * KiB);
  assert.equal(ram.read32(0x1_2345_6780), 0xdeadbeef);
  assert.equal(ram.read32(0x1_2345_6784), 0x5a5a5a5a);
  ram.fill(0x1_2340_0000, MiB, 0);
  assert.equal(ram.touchedBytes, 0);
  assert.ok(ram.isFilledWith(0x1_2340_0000, MiB, 0));
});

test('copying untouched memory touches nothing', () => {
  const ram = new Ram([{ start: 0, end: GiB }]);
  ram.fill(0, 16 * MiB, 7);
  ram.copy(512 * MiB, 0, 16 * MiB);
  assert.ok(ram.isFilledWith(512 * MiB, 16 * MiB, 7));
  assert.equal(ram.touchedBytes, 0);
});

test('holes answer with a bus error, touching banks act as one', () => {
  const ram = new Ram([
    { start: 0x1000, end: 0x3000 },
    { start: 0x3000, end: 0x5000 },
    { start: 0x9000, end: 0xa000 },
  ]);
  assert.equal(ram.read32(0x5000), BUS_ERROR);
  assert.equal(ram.read8(0xfff), BUS_ERROR);
  assert.equal(ram.write16(0x8ffe, 1), false);
  assert.equal(ram.contains(0x2000, 0x2000), true);
  assert.equal(ram.contains(0x2000, 0x4000), false);
  ram.fill(0x2ff0, 0x20, 0xab);
  assert.equal(ram.read16(0x3000), 0xabab);
  assert.equal(ram.read32(0x9000), 0);
  assert.throws(() => ram.fill(0x4000, 0x2000, 1), /is not all memory/);
});
