// SPDX-License-Identifier: GPL-2.0-only
/** What Arm DDI 0183 says, and what drivers/tty/serial/amba-pl011.c relies on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pl011 } from './pl011.js';
import { Port, Wire } from './test-bench.js';

const DR = 0x00;
const FR = 0x18;
const LCR_H = 0x2c;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;
const TX = 0x20;
const RX = 0x10;
const RT = 0x40;

function bench() {
  const wire = new Wire();
  const uart = new Pl011('UART0', wire);
  let sent = '';
  uart.onOutput = byte => {
    sent += String.fromCharCode(byte);
  };
  return { uart, wire, port: new Port(uart), sent: () => sent };
}

test('reset values and identification', () => {
  const { port } = bench();
  assert.equal(port.get(CR), 0x300);
  assert.equal(port.get(IFLS), 0x12);
  assert.equal(port.get(FR) & 0xf8, 0x90, 'both FIFOs are empty');
  assert.equal(port.get(RIS), 0);
  assert.deepEqual(
    [0xfe0, 0xfe4, 0xfe8, 0xfec].map(offset => port.get(offset)),
    [0x11, 0x10, 0x14, 0],
  );
});

test('a character is sent when the UART is enabled, and asks for the next', () => {
  const { port, wire, sent } = bench();
  port.set(LCR_H, 0x70);
  for (const byte of Buffer.from('held')) port.set(DR, byte);
  assert.equal(sent(), '');
  assert.equal(port.get(FR) & 0x88, 0x08, 'busy');
  port.set(CR, 0x301);
  assert.equal(sent(), 'held');
  port.set(DR, 0x21, 2);
  assert.equal(sent(), 'held!');
  assert.equal(port.get(RIS), TX);
  assert.equal(wire.level, false);
  port.set(IMSC, TX);
  assert.equal(wire.level, true);
  assert.equal(port.get(MIS), TX);
  port.set(ICR, TX);
  assert.equal(wire.level, false);
  port.set(DR, 0x22);
  assert.equal(wire.level, true);
});

test('a disabled UART keeps as many characters as its FIFO holds', () => {
  const { port, sent } = bench();
  for (const byte of Buffer.from('ab')) port.set(DR, byte);
  assert.equal(port.get(FR) & 0x20, 0x20, 'one, without FIFO');
  port.set(CR, 0x301);
  assert.equal(sent(), 'a');
});

test('received characters wait for room, and ask by level and by timeout', () => {
  const { uart, port, wire } = bench();
  uart.receive(Buffer.from('0123456789abcdefXY'));
  assert.equal(port.get(FR) & 0x10, 0x10, 'disabled');
  port.set(LCR_H, 0x70);
  port.set(CR, 0x301);
  assert.equal(port.get(FR) & 0x50, 0x40, 'full');
  assert.equal(port.get(RIS), RX | RT);
  port.set(IMSC, RX | RT);
  assert.equal(wire.level, true);
  let text = '';
  while ((port.get(FR) & 0x10) === 0) text += String.fromCharCode(port.get(DR));
  assert.equal(text, '0123456789abcdefXY');
  assert.equal(port.get(RIS), 0);
  assert.equal(wire.level, false);
  uart.receive(Buffer.from('1234567'));
  assert.equal(port.get(RIS), RT, 'seven are below half');
  port.set(IFLS, 1 << 3);
  assert.equal(port.get(RIS), RX | RT);
});

test('loop back', () => {
  const { port, sent } = bench();
  port.set(LCR_H, 0x70);
  port.set(CR, 0x381);
  port.set(DR, 0x5a);
  assert.equal(sent(), '');
  assert.equal(port.get(DR), 0x5a);
});

test('state goes out and comes back', () => {
  const { uart, port } = bench();
  port.set(LCR_H, 0x70);
  port.set(CR, 0x301);
  port.set(IMSC, RX | RT);
  uart.receive(Buffer.from('0123456789abcdefXY'));
  const other = bench();
  other.uart.restore(structuredClone(uart.save()));
  assert.equal(other.wire.level, true);
  assert.equal(other.port.get(DR), 0x30);
  port.get(DR);
  assert.deepEqual(other.uart.save(), uart.save());
});
