// SPDX-License-Identifier: GPL-2.0-only
/**
 * The virtio transport, its queues and the block device against QEMU's: one driver runs random requests on ours; what
 * it wrote to memory and registers is played to QEMU's; the used rings, the data and the interrupts must be the same.
 * Left out is where QEMU's deviates from VIRTIO 1.2: it reports as written what a failed request did not write.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MiB } from '../../src/base/address.js';
import { Random } from '../../src/base/random.js';
import { Clock } from '../../src/emulator/clock.js';
import type { MmioDevice } from '../../src/emulator/devices/device.js';
import { pass, Wire } from '../../src/emulator/devices/test-bench.js';
import { VirtioBlock } from '../../src/emulator/devices/virtio/block.js';
import { DiskImage, memorySource } from '../../src/emulator/devices/virtio/disk-image.js';
import { VirtioMmio } from '../../src/emulator/devices/virtio/mmio.js';
import { type Piece, TestDriver } from '../../src/emulator/devices/virtio/test-driver.js';
import { coreByName } from '../../src/hw/cores.js';
import { DmaMaster } from '../../src/hw/dma/master.js';
import { Machine } from '../../src/hw/machine.js';
import { Qtest, skipWithoutQemu } from './qtest.js';

const RAM = 0x4000_0000;
const RING = RAM + 0x1000;
const DATA = RAM + 0x8000;
/** QEMU gives its last slot to the first device. */
const SLOT = 0x0a00_3e00;
const SECTORS = 64;
/** As long as can be: QEMU does not pad a shorter one. */
const SERIAL = 'ARMORY-0123456789ABC';
const EVENT_IDX = 2 ** 29;
const INDIRECT = 2 ** 28;
const TYPES = [0, 0, 0, 1, 1, 4, 8, 77];

/** One step of the driver, as QEMU has to be told of it. */
type Step =
  | { readonly at: number; readonly bytes: Uint8Array }
  | { readonly register: number; readonly value: number };

function image(): Uint8Array {
  return Uint8Array.from({ length: SECTORS * 512 }, (_, i) => (i >>> 9) ^ (i & 0xff));
}

function bench() {
  const facts = {
    core: coreByName('Cortex-A15'),
    coreCount: 1,
    outerCache: null,
    coherentFabric: true,
    physicalAddressBits: 40,
  };
  const machine = new Machine(facts, [{ start: RAM, end: RAM + MiB }]);
  const clock = new Clock();
  const irq = new Wire();
  const master = new DmaMaster(machine, { name: 'virtio', driver: 'test', port: 'ace-lite', windows: [] });
  const device = new VirtioBlock(new DiskImage(memorySource(image())), { serial: SERIAL });
  const transport = new VirtioMmio(clock, device, { irq, master, accessPlatform: false });
  const steps: Step[] = [];
  const heard: MmioDevice = {
    name: 'recorder',
    read: (offset, size) => transport.read(offset, size),
    write: (offset, size, value) => {
      steps.push({ register: offset, value });
      transport.write(offset, size, value);
    },
  };
  const store = (at: number, bytes: Uint8Array): void => {
    steps.push({ at, bytes: bytes.slice() });
    machine.ram.writeBytes(at, bytes);
  };
  const driver = new TestDriver(heard, { load: (at, size) => machine.ram.readBytes(at, size), store }, [
    RING,
  ]);
  return { machine, clock, transport, steps, store, driver };
}

/** A request with its data in random pieces. What was asked for. */
function request(random: Random, { driver, store }: ReturnType<typeof bench>, indirect: boolean) {
  const type = random.pick(TYPES);
  const sector = random.below(SECTORS + 2);
  const size = type === 8 ? 20 : type < 2 ? 512 * (1 + random.below(3)) : 0;
  const header = new Uint8Array(16);
  new DataView(header.buffer).setUint32(0, type, true);
  new DataView(header.buffer).setUint32(8, sector, true);
  store(DATA, header);
  store(DATA + 0x40, Uint8Array.of(0xee));
  store(
    DATA + 0x100,
    Uint8Array.from({ length: 1536 }, () => random.next()),
  );
  const pieces: Piece[] = [{ address: DATA, size: 16, write: false }];
  for (let done = 0; done < size; ) {
    const piece = Math.min(size - done, random.chance(0.5) ? size : 1 + random.below(600));
    pieces.push({ address: DATA + 0x100 + done, size: piece, write: type !== 1 });
    done += piece;
  }
  pieces.push({ address: DATA + 0x40, size: 1, write: true });
  if (random.chance(0.7)) driver.armEvent(0);
  const head = indirect ? random.below(16) : 0;
  driver.add(0, pieces.slice(-16), indirect, head);
}

class Theirs {
  private readonly qemu: Qtest;

  constructor(qemu: Qtest) {
    this.qemu = qemu;
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if ('register' in step) await this.qemu.write(SLOT + step.register, step.value);
      else for (let i = 0; i < step.bytes.length; i += 2) await this.put(step, i);
    }
  }

  private async put({ at, bytes }: { at: number; bytes: Uint8Array }, i: number): Promise<void> {
    if (i + 1 < bytes.length) await this.qemu.write(at + i, bytes[i]! | (bytes[i + 1]! << 8), 2);
    else await this.qemu.write(at + i, bytes[i]!, 1);
  }

  async bytes(at: number, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i++) bytes[i] = await this.qemu.read(at + i, 1);
    return bytes;
  }

  register(offset: number): Promise<number> {
    return this.qemu.read(SLOT + offset);
  }

  /** Its block layer answers when it has time. */
  async returned(index: number): Promise<void> {
    for (let tries = 0; tries < 2000; tries++) {
      if ((await this.qemu.read(RING + 0x802, 2)) === index) return;
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    assert.fail(`QEMU has not returned buffer ${index}`);
  }
}

for (const [what, features] of [
  ['', 0],
  [', event index', EVENT_IDX],
  [', indirect', INDIRECT],
] as const) {
  test(`a block device does what QEMU's does${what}`, { skip: skipWithoutQemu }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'armory-virtio-'));
    writeFileSync(join(folder, 'disk.img'), image());
    const drive = `if=none,id=d,file=${join(folder, 'disk.img')},format=raw,snapshot=on`;
    const qemu = new Qtest('virt', [
      ...['-cpu', 'cortex-a15', '-m', '64', '-global', 'virtio-mmio.force-legacy=false', '-drive', drive],
      ...['-device', `virtio-blk-device,drive=d,serial=${SERIAL}`],
    ]);
    try {
      const theirs = new Theirs(qemu);
      const ours = bench();
      const random = new Random(features);
      assert.equal(ours.driver.start([features, 1]), 0xf);
      for (let count = 1; count <= 25; count++) {
        request(random, ours, features === INDIRECT);
        pass(ours.clock, 10_000);
        await theirs.play(ours.steps.splice(0));
        await theirs.returned(count);
        const element = RING + 0x804 + 8 * ((count - 1) % 16);
        const status = ours.machine.ram.read8(DATA + 0x40);
        assert.equal(await qemu.read(DATA + 0x40, 1), status);
        assert.equal(await qemu.read(element), ours.machine.ram.read32(element), 'the buffer');
        if (status === 0) {
          assert.equal(await qemu.read(element + 4), ours.machine.ram.read32(element + 4), 'bytes written');
          assert.deepEqual(
            ours.machine.ram.readBytes(DATA + 0x100, 1536),
            await theirs.bytes(DATA + 0x100, 1536),
          );
        }
        assert.equal(await theirs.register(0x60), ours.transport.read(0x60, 4), 'InterruptStatus');
        ours.driver.port.set(0x64, 1);
        ours.driver.returned(0);
      }
    } finally {
      await qemu.close();
      rmSync(folder, { recursive: true });
    }
  });
}
