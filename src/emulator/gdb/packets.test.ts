// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bytesOfHex,
  checksum,
  encodePacket,
  type Frame,
  FrameReader,
  hexOfBytes,
  numberOfHex,
  PACKET_BYTES,
} from './packets.js';

const frames = (...pieces: string[]): Frame[] => {
  const reader = new FrameReader();
  return pieces.flatMap(piece => reader.read(piece));
};

const bytes = fc
  .uint8Array({ maxLength: 200 })
  .map(array => String.fromCharCode(...array))
  .filter(text => text.length < 200);

test('what is encoded is read back, whatever the bytes and the pieces in which they come', () => {
  fc.assert(
    fc.property(bytes, fc.nat(400), (data, cut) => {
      const sent = encodePacket(data);
      assert.deepEqual(frames(sent.slice(0, cut), sent.slice(cut)), [{ kind: 'packet', data }]);
    }),
  );
});

test('the checksum is the sum of what was sent, escapes included', () => {
  assert.equal(encodePacket('OK'), '$OK#9a');
  assert.equal(encodePacket(''), '$#00');
  assert.equal(encodePacket('a#b'), `$a}\x03b#${checksum('a}\x03b')}`);
  assert.deepEqual(frames('$OK#9A'), [{ kind: 'packet', data: 'OK' }]);
  assert.deepEqual(frames('$OK#9b'), [{ kind: 'damaged' }]);
  assert.deepEqual(frames('$OK#zz'), [{ kind: 'damaged' }]);
});

test('acknowledgements and Ctrl-C count between frames only', () => {
  assert.deepEqual(
    frames('+-\x03x$m+\x03#9b+').map(({ kind }) => kind),
    ['ack', 'nak', 'interrupt', 'packet', 'ack'],
  );
  assert.deepEqual(frames('$brok$OK#9a'), [{ kind: 'packet', data: 'OK' }], 'a frame that broke off');
});

test('a packet that is too long is told, and the next one is read', () => {
  const long = 'x'.repeat(PACKET_BYTES);
  assert.deepEqual(frames(encodePacket(long)), [{ kind: 'packet', data: long }]);
  assert.deepEqual(frames(encodePacket(`${long}x`), '$OK#9a'), [
    { kind: 'overlong' },
    { kind: 'packet', data: 'OK' },
  ]);
});

test('hexadecimal', () => {
  fc.assert(fc.property(fc.uint8Array(), array => assert.deepEqual(bytesOfHex(hexOfBytes(array)), array)));
  for (const wrong of ['a', 'zz', '0x']) assert.equal(bytesOfHex(wrong), null);
  assert.equal(numberOfHex('ffffffff'), 0xffffffff);
  for (const wrong of ['', '-1', '123456789', 'g', '0x1']) assert.ok(Number.isNaN(numberOfHex(wrong)));
});
