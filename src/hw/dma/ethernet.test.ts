// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine } from '../machine.js';
import { type Bus, counting, program, putWords, RAM_BASE, testBus } from './dma-fixture.js';
import {
  ETHERNET,
  ETHERNET_BUS_ERROR,
  ETHERNET_ERROR,
  ETHERNET_OWN,
  ETHERNET_RX_DONE,
  ETHERNET_RX_ENABLE,
  ETHERNET_RX_OVERRUN,
  ETHERNET_TX_DONE,
  ETHERNET_TX_ENABLE,
  EthernetController,
} from './ethernet.js';

const TX = RAM_BASE + 0x1000;
const RX = RAM_BASE + 0x1100;
const BUFFER = RAM_BASE + 0x2000;

/** Rings of two entries, both sides enabled. */
function started({ master }: Bus): EthernetController {
  const nic = new EthernetController(master);
  program(nic, [
    [ETHERNET.TX_RING, TX],
    [ETHERNET.TX_COUNT, 2],
    [ETHERNET.RX_RING, RX],
    [ETHERNET.RX_COUNT, 2],
    [ETHERNET.CTRL, ETHERNET_TX_ENABLE | ETHERNET_RX_ENABLE],
  ]);
  return nic;
}

function offer(machine: Machine, entry: number, address: number, size: number): void {
  putWords(machine, RX + 16 * entry, [ETHERNET_OWN, address, size]);
}

test('frames leave in ring order, and each descriptor comes back', () => {
  const bus = testBus();
  const { machine } = bus;
  machine.ram.writeBytes(BUFFER, counting(200));
  const nic = started(bus);
  for (let i = 0; i < 3; i++) {
    putWords(machine, TX + 16 * (i % 2), [ETHERNET_OWN + 60 + i, BUFFER + 60 * i]);
    program(nic, [[ETHERNET.TX_POLL, 1]]);
    assert.equal(nic.transmit(), 1);
    assert.equal(machine.ram.read32(TX + 16 * (i % 2)), 60 + i, 'no OWN any more');
  }
  assert.deepEqual(nic.sent, [counting(60), counting(61, 60), counting(62, 120)]);
  assert.equal(nic.readRegister(ETHERNET.STATUS.offset), ETHERNET_TX_DONE);
});

test('a ring without a frame is not looked at again before the doorbell rings', () => {
  const bus = testBus();
  const nic = started(bus);
  assert.equal(nic.transmit(), 0);
  putWords(bus.machine, TX, [ETHERNET_OWN + 60, BUFFER]);
  assert.equal(nic.transmit(), 0);
  program(nic, [[ETHERNET.TX_POLL, 1]]);
  assert.equal(nic.transmit(), 1);
});

test('frames come into the buffers that the ring offers, the rest is lost', () => {
  const bus = testBus();
  const { machine } = bus;
  offer(machine, 0, BUFFER, 100);
  offer(machine, 1, BUFFER + 0x800, 100);
  const nic = started(bus);
  assert.ok(nic.receive(counting(100)));
  assert.equal(machine.ram.read32(RX), 100);
  assert.equal(nic.readRegister(ETHERNET.STATUS.offset), ETHERNET_RX_DONE);
  assert.equal(nic.receive(counting(101)), false, 'larger than the buffer');
  assert.equal(machine.ram.read32(RX + 16), ETHERNET_ERROR);
  assert.ok(machine.ram.isFilledWith(BUFFER + 0x800, 128, 0));
  assert.equal(nic.receive(counting(60)), false, 'no buffer');
  offer(machine, 0, BUFFER + 0x1000, 100);
  assert.equal(nic.receive(counting(60)), false, 'suspended');
  program(nic, [[ETHERNET.RX_POLL, 1]]);
  assert.ok(nic.receive(counting(60, 7)));
  assert.deepEqual(machine.ram.readBytes(BUFFER, 100), counting(100));
  assert.deepEqual(machine.ram.readBytes(BUFFER + 0x1000, 60), counting(60, 7));
  const status = ETHERNET_RX_DONE | ETHERNET_RX_OVERRUN | ETHERNET_BUS_ERROR;
  assert.equal(nic.readRegister(ETHERNET.STATUS.offset), status);
});

test('disabled, it does nothing', () => {
  const bus = testBus();
  offer(bus.machine, 0, BUFFER, 100);
  putWords(bus.machine, TX, [ETHERNET_OWN + 60, BUFFER]);
  const nic = started(bus);
  program(nic, [
    [ETHERNET.CTRL, 0],
    [ETHERNET.TX_POLL, 1],
    [ETHERNET.RX_POLL, 1],
  ]);
  assert.equal(nic.transmit(), 0);
  assert.equal(nic.receive(counting(60)), false);
  assert.deepEqual(bus.heard, []);
});
