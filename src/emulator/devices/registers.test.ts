// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldOf, primeCellId, RegisterFile, register, WordDevice } from './registers.js';

const CONTROL = register(
  'CONTROL',
  0x8,
  0x100,
  '31:9 -, 8 ON rw, 7:4 LEVEL rw, 3 KEY wo, 2 HIT w1c, 1:0 ID ro',
);

test('a register is its fields', () => {
  assert.equal(CONTROL.bits.LEVEL, 0xf0);
  assert.equal(CONTROL.bits.ID, 3);
  assert.equal(fieldOf(0x1a5, CONTROL.bits.LEVEL), 0xa);
  assert.equal(fieldOf(0x8000_0000, 0xf000_0000), 8);
});

test('a declaration must have every bit exactly once', () => {
  assert.throws(() => register('X', 0, 0, '31:1 A rw'), /not declared/);
  assert.throws(() => register('X', 0, 0, '31:0 A rw, 3 B rw'), /twice/);
  assert.throws(() => register('X', 0, 0, '31:16 A rw, 15:0 A rw'), /field A/);
  assert.throws(() => register('X', 0, 0, '0:31 A rw'), /bits 0:31/);
});

test('software and the device see a register differently', () => {
  const file = new RegisterFile([CONTROL]);
  assert.equal(file.load(8), 0x100);
  file.set(CONTROL, 0x107);
  assert.equal(file.store(8, 0xffff_ffff), CONTROL);
  assert.equal(file.get(CONTROL), 0x1fb, 'HIT is cleared by one, ID and the rest stay');
  assert.equal(file.load(8), 0x1f3, 'KEY cannot be read');
  assert.equal(file.load(0), 0);
  assert.equal(file.store(4, 1), undefined);
  const state = file.save();
  file.reset();
  assert.equal(file.load(8), 0x100);
  file.restore(state);
  assert.equal(file.get(CONTROL), 0x1fb);
});

test('narrow accesses reach their part of the word', () => {
  class Word extends WordDevice {
    readonly name = 'word';
    word = 0x8765_4321;
    protected override readWord(): number {
      return this.word;
    }
    protected override writeWord(_offset: number, value: number): void {
      this.word = value;
    }
  }
  const device = new Word();
  assert.equal(device.read(0, 4, 0), 0x8765_4321);
  assert.equal(device.read(2, 2, 0), 0x8765);
  assert.equal(device.read(3, 1, 0), 0x87);
  device.write(2, 2, 0xff01, 0);
  assert.equal(device.word, 0xff01_0000);
});

test('PrimeCell identification', () => {
  const bytes = [0xfe0, 0xfe4, 0xfe8, 0xfec, 0xff0, 0xff4, 0xff8, 0xffc].map(at =>
    primeCellId(at, 0x00341011),
  );
  assert.deepEqual(bytes, [0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1]);
  assert.equal(primeCellId(0xfdc, 0x00341011), undefined);
});
