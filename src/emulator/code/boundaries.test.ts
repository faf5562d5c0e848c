// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where translated code meets what is not: the other instruction set, exceptions, devices, DMA, other cores, mappings
 * that change, RAM beyond 2 GiB. Each case is made twice, interpreted and translated from the first run of a block on,
 * and must be the same throughout.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiB, MiB } from '../../base/address.js';
import { coreByName } from '../../hw/cores.js';
import { encodeSection } from '../../hw/mmu/short-descriptor.js';
import { bareSystem, type CodeOptions, mapRam, place, RAM, TABLE, VECTORS } from '../cpu/core-fixture.js';
import type { Cpu } from '../cpu/cpu.js';
import { System } from '../system.js';

const DEVICE = 0x10000000;
const NORMAL = { tex: 1, c: 1, b: 1, ap: 3 };

function stateOf(cpu: Cpu): string {
  return `${[...cpu.r.subarray(0, 16)]} ${cpu.cpsr(cpu.it)} ${cpu.spsr} ${cpu.instructions}`;
}

/** Runs a machine in small pieces, in both ways; returns the translating one. `prepare` places code, for the first core. */
function same(prepare: (system: System) => void, options: CodeOptions = {}, pieces = 40): System {
  const [reference, translated] = [Number.POSITIVE_INFINITY, 0].map(translateAfter => {
    const system = bareSystem(options);
    for (const cpu of system.cpus) cpu.translateAfter = translateAfter;
    system.cpus[0]!.powerOn(RAM, 0);
    system.cpus[0]!.cp15.vectorBase = VECTORS;
    prepare(system);
    return system;
  }) as [System, System];
  for (let piece = 0; piece < pieces; piece++) {
    for (const system of [reference, translated]) system.run(37);
    const states = [reference, translated].map(({ cpus }) => cpus.map(stateOf).join('\n'));
    assert.equal(states[1], states[0], `piece ${piece}`);
  }
  assert.ok(translated.code.translations.made > 0);
  return translated;
}

test('T32 code that A32 code calls is T32 code for whoever is called from it', () => {
  const system = same(system => {
    // blx r5; add r0, r0, #1; b the first
    place(system, RAM, [0xe12fff35, 0xe2800001, 0xeafffffc]);
    // mov r6, lr; svc #0; adds r1, #1; bx r6
    place(system, RAM + 0x1000, [0x4676, 0xdf00, 0x3101, 0x4730], true);
    // movs pc, lr
    system.machine.ram.write32(VECTORS + 8, 0xe1b0f00e);
    system.cpus[0]!.r[5] = RAM + 0x1001;
  });
  assert.ok(system.cpus[0]!.r[1]! > 100);
});

test('an exception is told with the number of instructions before it', () => {
  const counts: number[][] = [];
  same(system => {
    const cpu = system.cpus[0]!;
    // add r0, r0, #1; ldr r2, [r1]; add r0, r0, #1; b the first
    place(system, RAM, [0xe2800001, 0xe5912000, 0xe2800001, 0xeafffffb]);
    // subs pc, lr, #4
    system.machine.ram.write32(VECTORS + 0x10, 0xe25ef004);
    cpu.r[1] = 0x20000000;
    const told: number[] = [];
    counts.push(told);
    cpu.trace = { taken: () => told.push(cpu.instructions + cpu.done + cpu.at) };
  });
  assert.deepEqual(counts[1], counts[0]);
  assert.deepEqual(counts[0]!.slice(0, 3), [1, 6, 11]);
});

test('SEV lets the core that it wakes run as soon as it would otherwise', () => {
  const system = same(
    system => {
      const [first, second] = system.cpus;
      // sev; six times add r0, r0, #1; b the first
      place(system, RAM, [0xe320f004, ...new Array<number>(6).fill(0xe2800001), 0xeafffff7]);
      // wfe; add r3, r3, #1; b the first
      place(system, RAM + 0x1000, [0xe320f002, 0xe2833001, 0xeafffffc]);
      first!.powerOn(RAM, 0);
      second!.powerOn(RAM + 0x1000, 0);
    },
    { cores: 2 },
  );
  assert.ok(system.cpus[1]!.r[3]! > 20);
});

test('what a device does in the middle of a loop counts behind the store: an interrupt, DMA over the loop', () => {
  const system = same(system => {
    const cpu = system.cpus[0]!;
    const { machine } = system;
    // add r0, r0, #1; tst r0, #3; streq r0, [r1]; add r2, r2, #1; b the first
    place(system, RAM, [0xe2800001, 0xe3100003, 0x05810000, 0xe2822001, 0xeafffffa]);
    // add r4, r4, #1; str r4, [r1, #4]; subs pc, lr, #4
    place(system, VECTORS + 0x18, [0xe2844001, 0xe5814004, 0xe25ef004]);
    cpu.masks = 0;
    cpu.r[1] = DEVICE;
    let stores = 0;
    const write = (offset: number): void => {
      if (offset === 4) {
        cpu.irqLine.set(false);
        return;
      }
      stores++;
      if (stores % 2 === 0) cpu.irqLine.set(true);
      if (stores % 3 !== 0) return;
      // add r2, r2, #1 becomes add r2, r2, #2 and so on.
      machine.ram.write32(RAM + 12, 0xe2822000 + (stores & 0xff));
      machine.writeListener!.written(RAM + 12, 4);
    };
    system.bus.attach(DEVICE, 4096, { name: 'device', read: () => 0, write });
  });
  assert.ok(system.cpus[0]!.r[4]! > 10);
  assert.ok(system.code.drops > 10);
});

test('a known way to code ends with its mapping, with TLB maintenance', () => {
  const system = same(system => {
    const { ram } = system.machine;
    mapRam(system);
    const elsewhere = (page: number): number => encodeSection(RAM + page * MiB, NORMAL);
    ram.write32(TABLE + 4 * 0x800, elsewhere(2));
    // blx r5; add r6, r6, #1; tst r6, #7; bne the first
    // str r7, [r8]; eor r7, r7, r9; mcr p15, 0, r0, c8, c7, 0 (TLBIALL); b the first
    place(
      system,
      RAM,
      [0xe12fff35, 0xe2866001, 0xe3160007, 0x1afffffb, 0xe5887000, 0xe0277009, 0xee080f17, 0xeafffff7],
    );
    // add r1 (or r2), #1; bx lr
    place(system, RAM + 2 * MiB, [0xe2811001, 0xe12fff1e]);
    place(system, RAM + 3 * MiB, [0xe2822001, 0xe12fff1e]);
    const { r } = system.cpus[0]!;
    r[5] = 0x80000000 | 0;
    r[7] = elsewhere(3);
    r[8] = TABLE + 4 * 0x800;
    r[9] = elsewhere(2) ^ elsewhere(3);
  });
  const [, first, second] = system.cpus[0]!.r;
  assert.ok(first! > 20 && second! > 20);
});

/** The MMU on, and at 0x80000000 a megabyte of the kernel's in domain 1: add r1, r1, #1; bx lr. r5 leads there. */
function kernelOnly(system: System, code: readonly number[], afterAbort: number): void {
  const cpu = system.cpus[0]!;
  mapRam(system);
  const section = encodeSection(RAM + 2 * MiB, { ...NORMAL, ap: 1, domain: 1 });
  system.machine.ram.write32(TABLE + 4 * 0x800, section);
  cpu.mem.translator.registers.dacr = 5;
  cpu.mem.domainsChanged();
  place(system, RAM, code);
  place(system, RAM + 2 * MiB, [0xe2811001, 0xe12fff1e]);
  // Prefetch abort: msr cpsr_c, #0xd3; add r2, r2, #1
  place(system, VECTORS + 0x0c, [0xe321f0d3, 0xe2822001, afterAbort]);
  cpu.r[5] = 0x80000000 | 0;
}

test('a known way to code is closed while DACR forbids it', () => {
  const system = same(system => {
    // blx r5; eor r10, r10, #4; mcr p15, 0, r10, c3, c0, 0 (DACR); b the first. Behind an abort: bx lr
    kernelOnly(system, [0xe12fff35, 0xe22aa004, 0xee03af10, 0xeafffffb], 0xe12fff1e);
    system.cpus[0]!.r[10] = 5;
  });
  const [, called, refused] = system.cpus[0]!.r;
  assert.ok(called! > 20 && refused! > 20);
});

test('a known way to code is not known to user code', () => {
  const system = same(system => {
    // blx r5; cps #16; blx r5. Behind an abort: bx r12
    kernelOnly(system, [0xe12fff35, 0xf1020010, 0xe12fff35], 0xe12fff1c);
    system.cpus[0]!.r[12] = RAM;
  });
  const [, called, refused] = system.cpus[0]!.r;
  assert.ok(called! > 20 && refused! > 20);
});

test('a store to code beyond 2 GiB of storage counts', () => {
  for (const translateAfter of [Number.POSITIVE_INFINITY, 0]) {
    const facts = {
      core: coreByName('Cortex-A15'),
      coreCount: 1,
      outerCache: null,
      coherentFabric: false,
      physicalAddressBits: 40,
    };
    const system = new System(facts, [{ start: RAM, end: RAM + 2 * GiB + 64 * MiB }]);
    const code = RAM + 2 * GiB + 32 * MiB;
    const cpu = system.cpus[0]!;
    cpu.translateAfter = translateAfter;
    // str r2, [r1]; blx r1; str r3, [r1]; blx r1; b .
    place(system, RAM, [0xe5812000, 0xe12fff31, 0xe5813000, 0xe12fff31, 0xeafffffe]);
    cpu.powerOn(RAM, 0);
    cpu.r[1] = code;
    // add r0, r0, #1 and #16
    cpu.r[2] = 0xe2800001 | 0;
    cpu.r[3] = 0xe2800010 | 0;
    system.machine.ram.write32(code + 4, 0xe12fff1e);
    system.run(20);
    assert.equal(cpu.r[0], 17);
  }
});
