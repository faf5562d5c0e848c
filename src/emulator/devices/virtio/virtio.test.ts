// SPDX-License-Identifier: GPL-2.0-only
/** The transport and the queues, by the text of VIRTIO 1.2, with a block device behind them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RAM_BASE, testBus } from '../../../hw/dma/dma-fixture.js';
import { Clock } from '../../clock.js';
import { pass, Wire } from '../test-bench.js';
import { VirtioBlock } from './block.js';
import { VirtioConsole } from './console.js';
import type { VirtioDevice } from './device.js';
import { DiskImage, memorySource } from './disk-image.js';
import { VirtioEntropy } from './entropy.js';
import { VirtioMmio } from './mmio.js';
import { type Piece, TestDriver } from './test-driver.js';

const RINGS = [RAM_BASE + 0x1000, RAM_BASE + 0x2000];
const DATA = RAM_BASE + 0x8000;
const EVENT_IDX = 2 ** 29;
const INDIRECT = 2 ** 28;
const VERSION_1 = 1;
const SECTORS = 64;

function bench(device: VirtioDevice, options: { accessPlatform?: boolean; legacy?: boolean } = {}) {
  const { machine, master, heard } = testBus();
  const clock = new Clock();
  const irq = new Wire();
  const transport = new VirtioMmio(clock, device, { irq, master, accessPlatform: false, ...options });
  const memory = {
    load: (address: number, size: number) => machine.ram.readBytes(address, size),
    store: (address: number, bytes: Uint8Array) => machine.ram.writeBytes(address, bytes),
  };
  const rings = RINGS.slice(0, device.queueSizes.length);
  const driver = new TestDriver(transport, memory, rings);
  return { machine, clock, irq, transport, driver, heard, port: driver.port, memory };
}

function image(): Uint8Array {
  return Uint8Array.from({ length: SECTORS * 512 }, (_, i) => (i >>> 9) ^ (i & 0xff));
}

function block(readOnly = false) {
  const disk = new DiskImage(memorySource(image()));
  return { disk, ...bench(new VirtioBlock(disk, { readOnly, serial: 'ARMORY-0' })) };
}

/** A request's header at DATA, the status byte at DATA + 0x40, data from DATA + 0x100 on. */
function request(memory: { store(at: number, bytes: Uint8Array): void }, type: number, sector: number): void {
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  memory.store(DATA, header);
  memory.store(DATA + 0x40, Uint8Array.of(0xee));
}

const HEADER: Piece = { address: DATA, size: 16, write: false };
const STATUS: Piece = { address: DATA + 0x40, size: 1, write: true };
const data = (size: number, write: boolean): Piece => ({ address: DATA + 0x100, size, write });

test('identification, and a slot without a device', () => {
  const { port } = block();
  assert.deepEqual(
    [0, 4, 8].map(offset => port.get(offset)),
    [0x74726976, 2, 2],
  );
  assert.equal(port.get(0x34), 256);
  port.set(0x30, 1);
  assert.equal(port.get(0x34), 0, 'no second queue');
  assert.equal(port.get(0xb0), 0xffff_ffff, 'no shared memory');
  assert.equal(port.get(0x100), SECTORS);
  assert.equal(port.get(0x114, 2), 512);
  const empty = new VirtioMmio(new Clock(), null, {
    irq: new Wire(),
    master: testBus().master,
    accessPlatform: true,
  });
  assert.deepEqual(
    [0, 4, 8].map(offset => empty.read(offset, 4)),
    [0x74726976, 2, 0],
  );
});

test('features are negotiated, and what was not offered is refused', () => {
  const { driver } = block();
  assert.deepEqual(driver.features(), [2 ** 2 + 2 ** 6 + 2 ** 9 + INDIRECT + EVENT_IDX, VERSION_1]);
  assert.equal(driver.start([0, VERSION_1]), 0xf);
  assert.equal(driver.start([0, 0]) & 8, 0, 'version 2 needs VIRTIO_F_VERSION_1');
  assert.equal(driver.start([1, VERSION_1]) & 8, 0);
  const platform = bench(new VirtioBlock(new DiskImage(memorySource(image()))), { accessPlatform: true });
  assert.deepEqual(platform.driver.features()[1], 3);
  assert.equal(block(true).driver.features()[0] & (2 ** 5), 2 ** 5, 'read only');
});

for (const indirect of [false, true]) {
  for (const eventIndex of [false, true]) {
    test(`a block is read and written${indirect ? ', indirect' : ''}${eventIndex ? ', event index' : ''}`, () => {
      const { disk, driver, memory, clock, irq, port, heard } = block();
      const low = (indirect ? INDIRECT : 0) + (eventIndex ? EVENT_IDX : 0);
      assert.equal(driver.start([low, VERSION_1]), 0xf);
      driver.armEvent(0);
      request(memory, 0, 3);
      driver.add(0, [HEADER, data(1024, true), STATUS], indirect);
      assert.equal(heard.length, 0, 'not within the store');
      pass(clock, 10_000);
      assert.equal(irq.level, true);
      assert.equal(port.get(0x60), 1);
      assert.deepEqual(driver.returned(0), [{ head: 0, written: 1025 }]);
      assert.deepEqual(memory.load(DATA + 0x100, 1024), image().slice(3 * 512, 5 * 512));
      assert.deepEqual(memory.load(DATA + 0x40, 1), Uint8Array.of(0));
      port.set(0x64, 1);
      assert.equal(irq.level, false);
      assert.ok(
        heard.some(
          line => line === `write ${(DATA + 0x100).toString(16)}:${(DATA + 0x100).toString(16)}+1024`,
        ),
      );

      driver.armEvent(0);
      request(memory, 1, 7);
      memory.store(DATA + 0x100, new Uint8Array(512).fill(0x5a));
      driver.add(0, [HEADER, data(512, false), STATUS], indirect, 4);
      pass(clock, 10_000);
      assert.deepEqual(driver.returned(0), [{ head: 4, written: 1 }]);
      assert.deepEqual(disk.read(7 * 512, 512), new Uint8Array(512).fill(0x5a));
      assert.deepEqual(disk.read(8 * 512, 512), image().slice(8 * 512, 9 * 512));
      assert.equal(irq.level, true);
    });
  }
}

test('buffers that were there before the driver was ready are not forgotten', () => {
  const { driver, memory, clock, port } = block();
  driver.start([0, VERSION_1]);
  port.set(0x70, 0xb);
  request(memory, 4, 0);
  driver.add(0, [HEADER, STATUS]);
  pass(clock, 10_000);
  assert.equal(driver.returned(0).length, 0, 'not ready: nothing is taken');
  port.set(0x70, 0xf);
  pass(clock, 10_000);
  assert.equal(driver.returned(0).length, 1);
});

test('without an armed event, or with the flag, there is no interrupt', () => {
  const { driver, memory, clock, irq } = block();
  driver.start([EVENT_IDX, VERSION_1]);
  driver.armEvent(0);
  for (let i = 0; i < 3; i++) {
    request(memory, 4, 0);
    driver.add(0, [HEADER, STATUS]);
    pass(clock, 10_000);
  }
  assert.equal(irq.rises, 1, 'the event was the first buffer');
  const other = block();
  other.driver.start([0, VERSION_1]);
  other.memory.store(RINGS[0]! + 0x400, Uint8Array.of(1, 0));
  request(other.memory, 4, 0);
  other.driver.add(0, [HEADER, STATUS]);
  pass(other.clock, 10_000);
  assert.equal(other.irq.rises, 0);
  assert.equal(other.driver.returned(0).length, 1);
});

test('requests that fail say so', () => {
  const cases: [string, boolean, number, number, Piece[], number][] = [
    ['behind the end', false, 0, SECTORS, [HEADER, data(512, true), STATUS], 1],
    ['not whole sectors', false, 0, 0, [HEADER, data(100, true), STATUS], 1],
    ['a write to a read-only disk', true, 1, 0, [HEADER, data(512, false), STATUS], 1],
    ['an unknown type', false, 77, 0, [HEADER, STATUS], 2],
    ['a short header', false, 0, 0, [{ ...HEADER, size: 8 }, STATUS], 1],
    [
      'data where no memory is',
      false,
      0,
      0,
      [HEADER, { address: 0x1000, size: 512, write: true }, STATUS],
      1,
    ],
  ];
  for (const [what, readOnly, type, sector, pieces, status] of cases) {
    const { driver, memory, clock } = block(readOnly);
    driver.start([0, VERSION_1]);
    request(memory, type, sector);
    driver.add(0, pieces);
    pass(clock, 10_000);
    assert.equal(memory.load(DATA + 0x40, 1)[0], status, what);
    // A status behind data that was not written does not count.
    const alone = pieces.filter(({ write }) => write).length === 1;
    assert.equal(driver.returned(0)[0]!.written, alone ? 1 : 0, what);
  }
  const { driver, memory, clock } = block();
  driver.start([0, VERSION_1]);
  request(memory, 8, 0);
  driver.add(0, [HEADER, data(20, true), STATUS]);
  pass(clock, 10_000);
  assert.equal(Buffer.from(memory.load(DATA + 0x100, 8)).toString(), 'ARMORY-0');
});

test('a hostile queue breaks, and says that it needs a reset', () => {
  const ring = RINGS[0]!;
  const loops: [string, (d: TestDriver) => void][] = [
    [
      'a loop',
      d => {
        d.descriptor(ring, 0, DATA, 16, 1, 0);
        d.offer(0, 0);
      },
    ],
    ['a head outside', d => d.offer(0, 99)],
    [
      'a next outside',
      d => {
        d.descriptor(ring, 0, DATA, 16, 1, 99);
        d.offer(0, 0);
      },
    ],
    ['a read after a write', d => d.add(0, [STATUS, HEADER])],
    ['indirect, not negotiated', d => d.add(0, [HEADER, STATUS], true)],
    [
      'an address of 64 bits',
      d => {
        d.descriptor(ring, 0, 2 ** 60, 16, 0, 0);
        d.offer(0, 0);
      },
    ],
  ];
  for (const [what, act] of loops) {
    const { driver, clock, port, irq } = block();
    driver.start([0, VERSION_1]);
    act(driver);
    pass(clock, 10_000);
    assert.equal(port.get(0x70) & 0x40, 0x40, what);
    assert.equal(port.get(0x60) & 2, 2, what);
    assert.equal(irq.level, true, what);
    assert.equal(driver.start([0, VERSION_1]), 0xf, `${what}: a reset helps`);
  }
  const { driver, clock, port, memory } = block();
  driver.start([0, VERSION_1]);
  memory.store(ring + 0x402, Uint8Array.of(0, 1));
  port.set(0x50, 0);
  pass(clock, 10_000);
  assert.equal(port.get(0x70) & 0x40, 0x40, 'an index that jumped');
});

test('the legacy interface has a page for a queue', () => {
  const disk = new DiskImage(memorySource(image()));
  const { port, memory, clock, driver } = bench(new VirtioBlock(disk), { legacy: true });
  assert.equal(port.get(0x04), 1);
  assert.equal(driver.features()[1], 0);
  const ring = RAM_BASE + 0x4000;
  for (const status of [0, 1, 3]) port.set(0x70, status);
  port.set(0x28, 4096);
  port.set(0x30, 0);
  port.set(0x38, 16);
  port.set(0x3c, 4096);
  port.set(0x40, ring / 4096);
  assert.equal(port.get(0x40), ring / 4096);
  port.set(0x70, 7);
  request(memory, 0, 1);
  driver.descriptor(ring, 0, DATA, 16, 1, 1);
  driver.descriptor(ring, 1, DATA + 0x100, 512, 3, 2);
  driver.descriptor(ring, 2, DATA + 0x40, 1, 2, 0);
  memory.store(ring + 16 * 16 + 2, Uint8Array.of(1, 0, 0, 0));
  port.set(0x50, 0);
  pass(clock, 10_000);
  assert.deepEqual(memory.load(ring + 0x1000, 12), Uint8Array.of(0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 0, 0));
  assert.deepEqual(memory.load(DATA + 0x100, 512), image().slice(512, 1024));
});

test('state goes out and comes back, also between notification and transfer', () => {
  const first = block();
  first.driver.start([0, VERSION_1]);
  request(first.memory, 1, 0);
  first.memory.store(DATA + 0x100, new Uint8Array(512).fill(9));
  first.driver.add(0, [HEADER, data(512, false), STATUS]);
  pass(first.clock, 10_000);
  request(first.memory, 0, 0);
  first.driver.add(0, [HEADER, data(512, true), STATUS]);
  const state = structuredClone(first.transport.save());
  const second = block();
  second.clock.now = first.clock.now;
  second.memory.store(RAM_BASE, first.memory.load(RAM_BASE, 0x10000));
  second.transport.restore(state);
  pass(second.clock, 10_000);
  assert.deepEqual(
    second.memory.load(DATA + 0x100, 512),
    new Uint8Array(512).fill(9),
    'what was written is there',
  );
  assert.equal(second.irq.level, true);
});

test('entropy comes from the seed', () => {
  const draw = (seed: number): Uint8Array => {
    const { driver, clock, memory, transport } = bench(new VirtioEntropy(seed));
    driver.start([0, VERSION_1]);
    driver.add(0, [data(32, true)]);
    pass(clock, 10_000);
    assert.deepEqual(driver.returned(0), [{ head: 0, written: 32 }]);
    const again = new VirtioEntropy(seed);
    again.restore(structuredClone(transport.save().device as { drawn: number }));
    assert.deepEqual(again.save(), { drawn: 32 });
    return memory.load(DATA + 0x100, 32);
  };
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
});

test('the console carries bytes both ways', () => {
  const device = new VirtioConsole();
  const { driver, clock, memory } = bench(device);
  let printed = '';
  device.onOutput = bytes => {
    printed += Buffer.from(bytes).toString();
  };
  driver.start([0, VERSION_1]);
  memory.store(DATA + 0x100, Buffer.from('hello'));
  driver.add(1, [data(5, false)]);
  pass(clock, 10_000);
  assert.equal(printed, 'hello');
  device.receive(Buffer.from('typed'));
  pass(clock, 10_000);
  driver.add(0, [data(16, true)]);
  pass(clock, 10_000);
  assert.deepEqual(driver.returned(0), [{ head: 0, written: 5 }]);
  assert.equal(Buffer.from(memory.load(DATA + 0x100, 5)).toString(), 'typed');
});

test('a disk image equals a flat array', () => {
  const step = fc.record({ at: fc.nat(SECTORS * 512), size: fc.nat(9000), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), steps => {
      const flat = image();
      let disk = new DiskImage(memorySource(image()));
      for (const { at, size, byte } of steps) {
        const bytes = new Uint8Array(Math.min(size, flat.length - at)).fill(byte);
        flat.set(bytes, at);
        disk.write(at, bytes);
        const copy = new DiskImage(memorySource(image()));
        copy.restore(structuredClone(disk.save()));
        disk = copy;
      }
      assert.deepEqual(disk.read(0, flat.length), flat);
      assert.deepEqual(disk.read(flat.length - 3, 8), Uint8Array.of(...flat.slice(-3), 0, 0, 0, 0, 0));
    }),
    { numRuns: 50 },
  );
});

test('nothing that a driver writes makes the transport throw', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.nat(0x120).map(n => n & ~3),
          fc.oneof(fc.nat(), fc.nat(16), fc.constant(RINGS[0]!)),
        ),
      ),
      writes => {
        const { port, clock } = block();
        for (const [offset, value] of writes) {
          port.set(offset, value);
          port.get(offset);
          pass(clock, 5000);
        }
      },
    ),
  );
});
