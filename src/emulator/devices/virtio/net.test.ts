// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RAM_BASE, testBus } from '../../../hw/dma/dma-fixture.js';
import { Clock } from '../../clock.js';
import { pass, Wire } from '../test-bench.js';
import { VirtioMmio } from './mmio.js';
import { VirtioNet } from './net.js';
import { TestDriver } from './test-driver.js';
import { checksum, UserNetwork } from './user-network.js';

const MAC = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
const GUEST = [10, 0, 2, 15];
const GATEWAY = [10, 0, 2, 2];

function frame(type: number, ...body: (readonly number[] | Uint8Array)[]): Uint8Array {
  return Uint8Array.from([
    ...Array(6).fill(0xff),
    ...MAC,
    type >>> 8,
    type & 0xff,
    ...body.flatMap(part => [...part]),
  ]);
}

function ip(
  protocol: number,
  target: readonly number[],
  body: readonly number[],
  source = GUEST,
): Uint8Array {
  const length = 20 + body.length;
  return frame(
    0x0800,
    [0x45, 0, length >>> 8, length & 0xff, 0, 0, 0, 0, 64, protocol, 0, 0],
    source,
    target,
    body,
  );
}

function only(frames: readonly Uint8Array[]): Uint8Array {
  assert.equal(frames.length, 1);
  return frames[0]!;
}

const ARP = frame(0x0806, [0, 1, 8, 0, 6, 4, 0, 1], MAC, GUEST, [0, 0, 0, 0, 0, 0], GATEWAY);

test('ARP for the gateway, and for nobody else', () => {
  const answer = only(new UserNetwork().exchange(ARP));
  assert.deepEqual([...answer.slice(0, 6)], MAC);
  assert.deepEqual([...answer.slice(20, 22)], [0, 2]);
  assert.deepEqual([...answer.slice(28, 32)], GATEWAY);
  assert.deepEqual([...answer.slice(32, 42)], [...MAC, ...GUEST]);
  const other = ARP.slice();
  other[41] = 77;
  assert.deepEqual(new UserNetwork().exchange(other), []);
});

test('an echo request is answered with its own data', () => {
  const answer = only(new UserNetwork().exchange(ip(1, GATEWAY, [8, 0, 0, 0, 0x12, 0x34, 0, 1, 1, 2, 3])));
  const packet = answer.slice(14);
  assert.equal(checksum(packet.slice(0, 20)), 0);
  assert.deepEqual([...packet.slice(12, 20)], [...GATEWAY, ...GUEST]);
  const message = packet.slice(20);
  assert.equal(message[0], 0);
  assert.equal(checksum(message), 0);
  assert.deepEqual([...message.slice(4)], [0x12, 0x34, 0, 1, 1, 2, 3]);
});

test('DHCP', () => {
  const ask = (type: number): Uint8Array => {
    const message = Array<number>(240).fill(0);
    message.splice(0, 8, 1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef);
    message.splice(28, 6, ...MAC);
    message.splice(236, 4, 0x63, 0x82, 0x53, 0x63);
    message.push(0, 61, 1, 9, 53, 1, type, 255);
    const udp = [0, 68, 0, 67, (message.length + 8) >>> 8, (message.length + 8) & 0xff, 0, 0, ...message];
    return only(new UserNetwork().exchange(ip(17, [255, 255, 255, 255], udp, [0, 0, 0, 0]))).slice(14 + 28);
  };
  for (const [type, answered] of [
    [1, 2],
    [3, 5],
  ] as const) {
    const reply = ask(type);
    assert.deepEqual([...reply.slice(0, 8)], [2, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
    assert.deepEqual([...reply.slice(16, 20)], GUEST);
    assert.deepEqual([...reply.slice(28, 34)], MAC);
    assert.deepEqual([...reply.slice(240, 243)], [53, 1, answered]);
    assert.equal(reply.at(-1), 255);
  }
});

test('everybody else is out of reach', () => {
  const answer = only(new UserNetwork().exchange(ip(6, [93, 184, 216, 34], Array(20).fill(0)))).slice(14);
  assert.deepEqual([...answer.slice(20, 22)], [3, 13]);
  assert.equal(checksum(answer.slice(20)), 0);
  assert.deepEqual(new UserNetwork().exchange(ip(17, [224, 0, 0, 251], Array(20).fill(0))), []);
  assert.deepEqual(new UserNetwork().exchange(ip(17, [10, 0, 2, 255], Array(20).fill(0))), []);
});

test('any frame is bearable', () => {
  const bytes = fc.uint8Array({ maxLength: 400 });
  fc.assert(
    fc.property(
      bytes,
      fc.constantFrom(frame(0x0806), frame(0x0800, [0x45, 0]), ip(17, GATEWAY, [0, 68, 0, 67])),
      (tail, head) => {
        new UserNetwork().exchange(Uint8Array.from([...head, ...tail]));
      },
    ),
  );
});

for (const legacy of [false, true]) {
  test(`frames go through the queues${legacy ? ', with the shorter header of the legacy interface' : ''}`, () => {
    const { machine, master } = testBus();
    const clock = new Clock();
    const net = new VirtioNet(new UserNetwork(), MAC);
    const transport = new VirtioMmio(clock, net, { irq: new Wire(), master, accessPlatform: false });
    const memory = {
      load: (address: number, size: number) => machine.ram.readBytes(address, size),
      store: (address: number, bytes: Uint8Array) => machine.ram.writeBytes(address, bytes),
    };
    const driver = new TestDriver(transport, memory, [RAM_BASE + 0x1000, RAM_BASE + 0x2000]);
    if (legacy) net.attach({ ...bound(transport), hasFeature: () => false });
    driver.start([2 ** 5 + 2 ** 16, 1]);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 6].map(i => driver.port.get(0x100 + i, 1)),
      [...MAC, 1],
    );
    const header = legacy ? 10 : 12;
    const out = RAM_BASE + 0x8000;
    memory.store(out + header, ARP);
    driver.add(1, [{ address: out, size: header + ARP.length, write: false }]);
    pass(clock, 10_000);
    assert.equal(driver.returned(1).length, 1);
    const room = RAM_BASE + 0x9000;
    driver.add(0, [
      { address: room, size: 12, write: true },
      { address: room + 12, size: 1514, write: true },
    ]);
    pass(clock, 10_000);
    assert.deepEqual(driver.returned(0), [{ head: 0, written: header + 42 }]);
    assert.deepEqual([...memory.load(room + header, 6)], MAC);
  });
}

function bound(transport: VirtioMmio) {
  return {
    master: transport.master,
    take: transport.take.bind(transport),
    give: transport.give.bind(transport),
    wake: transport.wake.bind(transport),
  };
}
