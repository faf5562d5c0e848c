// SPDX-License-Identifier: GPL-2.0-only
/**
 * The interrupt controller against QEMU's: random programs of register accesses on one core, every read equal.
 * Left out is where QEMU's deviates from ARM IHI 0048B: it has 256 priorities, lets the mask hide interrupts from
 * GICC_HPPIR, compares whole priorities after a change of the binary point, and has no aliases for group 1.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.js';
import { CORTEX_A15_GIC, Gic } from '../../src/emulator/devices/gic.js';
import { Qtest, skipWithoutQemu } from './qtest.js';

const GICD = 0x0800_0000;
const GICC = 0x0801_0000;
const STEPS = 120;

/** Both controllers; what was done, for a message. */
class Pair {
  private readonly log: string[] = [];
  private readonly qemu: Qtest;
  private readonly gic: Gic;

  constructor(qemu: Qtest) {
    this.qemu = qemu;
    const nowhere = { set: () => undefined };
    this.gic = new Gic(CORTEX_A15_GIC, 256, [{ irq: nowhere, fiq: nowhere }]);
  }

  private device(address: number) {
    const { distributor, cpuInterface } = this.gic;
    return address < GICC
      ? { own: distributor, offset: address - GICD }
      : { own: cpuInterface, offset: address - GICC };
  }

  async write(address: number, value: number, size: 1 | 4 = 4): Promise<void> {
    this.log.push(`write ${address.toString(16)} ${(value >>> 0).toString(16)}`);
    await this.qemu.write(address, value, size);
    const { own, offset } = this.device(address);
    own.write(offset, size, value >>> 0, 0);
  }

  async read(address: number): Promise<number> {
    const theirs = await this.qemu.read(address);
    const { own, offset } = this.device(address);
    const ours = own.read(offset, 4, 0);
    this.log.push(`read ${address.toString(16)} = ${ours.toString(16)}`);
    assert.equal(ours.toString(16), theirs.toString(16), this.log.slice(-20).join('\n'));
    return ours;
  }

  /** A state that both have in common, whatever QEMU's was. */
  async reset(control: number): Promise<void> {
    await this.write(GICC, 0x200);
    for (let id = 0; id < 64; id++)
      for (const offset of [0x10, 0x1000]) await this.qemu.write(GICC + offset, id);
    for (const offset of [0xd0, 0xe0]) await this.write(GICC + offset, 0);
    await this.write(GICD, 0);
    for (const offset of [0x180, 0x184, 0x280, 0x284, 0x380, 0x384, 0xf10, 0xf14, 0xf18, 0xf1c]) {
      await this.write(GICD + offset, 0xffff_ffff);
    }
    for (const offset of [0x80, 0x84]) await this.write(GICD + offset, 0);
    for (let id = 0; id < 64; id += 4) await this.write(GICD + 0x400 + id, 0xa0a0_a0a0);
    await this.write(GICD + 0x100, 0xffff);
    for (const [offset, value] of [
      [0x08, 3],
      [0x1c, 4],
      [0x04, 0xf0],
      [0x00, control],
    ] as const) {
      await this.write(GICC + offset, value);
    }
    await this.write(GICD, control & 3);
  }
}

async function program(pair: Pair, random: Random, groups: boolean): Promise<void> {
  // Group 1 is acknowledged through the same register: AckCtl.
  const control = groups ? 7 : 1;
  await pair.reset(control);
  const taken: number[] = [];
  let mask = 0xf0;
  let split = false;
  const few = (): number => random.next() & random.next() & random.next();
  const steps: (() => Promise<void>)[] = [
    () => pair.write(GICD + 0x104, random.next() & random.next()),
    () => pair.write(GICD + 0x184, few()),
    () => pair.write(GICD + 0x204, few()),
    () => pair.write(GICD + 0x204, few()),
    () => pair.write(GICD + 0x284, random.next() & random.next()),
    () => pair.write(GICD + 0x420 + random.below(32), 8 * random.below(32), 1),
    () => {
      mask = random.chance(0.5) ? 0xf8 : 8 * random.below(32);
      return pair.write(GICC + 0x04, mask);
    },
    () => pair.write(GICD + 0xf00, (2 << 24) | random.below(16)),
    ...Array.from({ length: 3 }, () => async () => {
      const id = await pair.read(GICC + 0x0c);
      if ((id & 0x3ff) < 1020) taken.push(id);
    }),
    ...Array.from({ length: 2 }, () => async () => {
      const id = taken.pop();
      if (id === undefined) return;
      await pair.write(GICC + 0x10, id);
      if (split) await pair.write(GICC + 0x1000, id);
    }),
    async () => {
      if (taken.length > 0) return;
      split = random.chance(0.5);
      await pair.write(GICC, control | (split ? 0x200 : 0));
      await pair.write(GICC + 0x08, 3 + random.below(5));
    },
    async () => {
      if (groups) await pair.write(GICD + 0x84, random.next() & random.next());
    },
  ];
  for (let step = 0; step < STEPS; step++) {
    await random.pick(steps)();
    if (mask >= 0xf0) await pair.read(GICC + 0x18);
    for (const address of [GICC + 0x14, GICD + 0x204, GICD + 0x304, GICD + 0x300]) await pair.read(address);
    await pair.read(GICD + 0xf20 + 4 * random.below(4));
  }
}

for (const groups of [false, true]) {
  test(`the GIC reads as QEMU's does${groups ? ', with two groups' : ''}`, {
    skip: skipWithoutQemu,
  }, async () => {
    const qemu = new Qtest('virt', ['-cpu', 'cortex-a15', '-smp', '1', '-m', '64']);
    try {
      for (let seed = 1; seed <= 4; seed++) await program(new Pair(qemu), new Random(seed), groups);
    } finally {
      await qemu.close();
    }
  });
}
