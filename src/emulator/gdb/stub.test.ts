// SPDX-License-Identifier: GPL-2.0-only
/** What a debugger asks and is told, and that the guest does not notice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../base/address.js';
import { encodeSection } from '../../hw/mmu/short-descriptor.js';
import { bareSystem, DATA, place, RAM } from '../cpu/core-fixture.js';
import { RUNNING } from '../cpu/cpu.js';
import { MODE_SVC, MODE_USER } from '../cpu/modes.js';
import type { System } from '../system.js';
import { GdbStub } from './stub.js';

/** ADD r4, r4, #1; ADD r5, r5, r4; B to the beginning. */
const LOOP = [0xe2844001, 0xe0855004, 0xeafffffc];
/** As above, for r4 only: LDREX r1, [r0]; ADD r1, r1, #1; STREX r2, r1, [r0]; B . */
const EXCLUSIVE = [0xe1901f9f, 0xe2811001, 0xe1802f91, 0xeafffffe];

function stubWith(code: readonly number[], options: { cores?: number; thumb?: boolean } = {}) {
  const system = bareSystem(options);
  place(system, RAM, code, options.thumb);
  for (const cpu of system.cpus) cpu.powerOn(RAM + (options.thumb === true ? 1 : 0), DATA);
  const stub = new GdbStub(system);
  stub.attach();
  return { system, stub, cpu: system.cpus[0]! };
}

const hexWord = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes.toString('hex');
};

function state(system: System): unknown {
  const { now, cpus } = system.save();
  return { now, cpus, memory: system.machine.ram.readBytes(RAM, 2 * MiB) };
}

test('what is not known is answered with nothing', () => {
  const { stub } = stubWith(LOOP);
  for (const packet of ['', 'x', 'vMustReplyEmpty', 'qNothing', 'Z2,0,4', 'z4,0,4', 'QNothing', 'qRcmd,00']) {
    assert.equal(stub.handle(packet), '', packet);
  }
  for (const packet of ['m', 'm1', 'mx,4', 'M40000000,2:00', 'p99', 'P0=00', 'G00', 'Hg9', 'T3', 'Z0,q,4']) {
    assert.equal(stub.handle(packet), 'E22', packet);
  }
});

test('registers in packets are those of the description', () => {
  const { stub, cpu } = stubWith(LOOP);
  const xml = stub.handle('qXfer:features:read:target.xml:0,2000')!;
  const registers = [...xml.matchAll(/name="(\w+)" bitsize="(\d+)".*regnum="(\d+)"/g)];
  assert.equal(xml[0], 'l');
  assert.equal(registers.length, 16 + 1 + 32 + 1);
  const bits = registers.reduce((sum, [, , size]) => sum + Number(size), 0);
  const all = stub.handle('g')!;
  assert.equal(all.length, bits / 4);
  assert.equal(registers.map(([, , , n]) => stub.handle(`p${Number(n).toString(16)}`)).join(''), all);
  const number = (name: string): string =>
    Number(registers.find(([, known]) => known === name)![3]).toString(16);
  assert.equal(stub.handle(`p${number('pc')}`), hexWord(RAM));
  assert.equal(stub.handle(`P${number('d31')}=0100000000000080`), 'OK');
  assert.deepEqual([...cpu.fp.words.subarray(62)], [1, -0x80000000]);
  assert.equal(stub.handle(`P${number('r9')}=${hexWord(0xdeadbeef)}`), 'OK');
  assert.equal(cpu.r[9]! >>> 0, 0xdeadbeef);
  const changed = stub.handle('g')!;
  assert.notEqual(changed, all);
  assert.equal(stub.handle(`G${all}`), 'OK');
  assert.equal(stub.handle('g'), all);
  let pieces = '';
  for (let piece = 'm'; piece[0] === 'm'; pieces += piece.slice(1)) {
    piece = stub.handle(`qXfer:features:read:target.xml:${pieces.length.toString(16)},40`)!;
  }
  assert.equal(pieces, xml.slice(1));
});

test('CPSR is written whatever the privilege, and banks follow the mode', () => {
  const { stub, cpu } = stubWith(LOOP);
  cpu.r[13] = 0x1111;
  stub.handle(`P10=${hexWord(0x600001d0)}`);
  assert.equal(cpu.mode, MODE_USER);
  assert.equal(stub.handle('p10'), hexWord(0x600001d0));
  cpu.r[13] = 0x2222;
  stub.handle(`P10=${hexWord(0x1d3)}`);
  assert.equal(cpu.mode, MODE_SVC);
  assert.equal(cpu.r[13], 0x1111);
});

test('memory is virtual, and looking at it leaves no trace', () => {
  const { stub, cpu, system } = stubWith(LOOP);
  const table = RAM + 2 * MiB;
  const { ram } = system.machine;
  ram.write32(table + 4 * (RAM >>> 20), encodeSection(RAM, { tex: 1, c: 1, b: 1, ap: 3 }));
  ram.write32(table + 4 * 0xc00, encodeSection(DATA, { tex: 1, c: 1, b: 1, ap: 0 }));
  ram.write32(table + 4 * 0xc01, encodeSection(0x1c000000, { tex: 0, c: 0, b: 1, ap: 3 }));
  ram.write32(DATA + 0x10, 0x04030201);
  assert.equal(stub.handle(`m${(DATA + 0x10).toString(16)},4`), '01020304', 'the MMU is off');
  assert.equal(stub.handle('m0,4'), 'E14');
  cpu.cp15.ttbr0 = table;
  cpu.mem.translator.registers.ttbr0 = table;
  cpu.mem.translator.enabled = true;
  const before = state(system);
  const tags = cpu.mem.translator.tlb.tags.slice();
  system.machine.observer = new Proxy({} as NonNullable<typeof system.machine.observer>, {
    get: () => assert.fail('the observer was told'),
  });
  assert.equal(stub.handle('mc0000010,4'), '01020304', 'no right to read is needed');
  for (const packet of ['mc0100000,4', 'md0000000,4', 'mc00ffffe,4', 'Mc00ffffe,4:00000000']) {
    assert.equal(stub.handle(packet), 'E14', packet);
  }
  assert.deepEqual(cpu.mem.translator.tlb.tags, tags);
  assert.deepEqual(state(system), before);
  assert.equal(cpu.mem.failed, 0);
  assert.equal(stub.handle('Mc0000010,2:aabb'), 'OK');
  assert.equal(stub.handle('Xc0000012,1:\x7f'), 'OK');
  assert.equal(ram.read32(DATA + 0x10), 0x047fbbaa);
});

for (const translateAfter of [Number.POSITIVE_INFINITY, 0]) {
  const kind = translateAfter === 0 ? 'translated' : 'interpreted';
  test(`a breakpoint holds in ${kind} code, and the run is what it was`, () => {
    const { stub, cpu, system } = stubWith(LOOP);
    cpu.translateAfter = translateAfter;
    system.run(30);
    stub.handle(`Z0,${(RAM + 4).toString(16)},4`);
    for (let hit = 11; hit < 15; hit++) {
      assert.equal(stub.handle('c'), null);
      assert.equal(stub.control.run(1000), 'held');
      assert.equal(stub.stopReply(), 'T05thread:1;');
      assert.equal(cpu.r[15]! >>> 0, RAM + 4);
      assert.equal(cpu.r[4], hit);
      assert.equal(system.clock.now, 3 * hit - 2);
      assert.equal(stub.control.run(1000), 'held', 'until it is told to go on');
      assert.equal(stub.handle('s'), 'T05thread:1;');
      assert.equal(cpu.r[15]! >>> 0, RAM + 8);
    }
    stub.handle(`z0,${(RAM + 4).toString(16)},4`);
    stub.handle('c');
    const left = 3000 - system.clock.now;
    assert.equal(stub.control.run(left), 'ticks');
    const alone = bareSystem();
    place(alone, RAM, LOOP);
    alone.cpus[0]!.powerOn(RAM, DATA);
    alone.run(3000);
    assert.deepEqual(state(system), state(alone));
  });
}

test('several cores under a debugger that sets no breakpoint run as they would', () => {
  const run = (debugged: boolean): unknown => {
    const { system, stub } = stubWith(EXCLUSIVE.with(3, 0xeafffffb), { cores: 3 });
    if (debugged) stub.handle('vCont;c');
    else stub.control.watch(false);
    for (let i = 0; i < 5; i++) {
      if (debugged) stub.control.run(7001);
      else system.run(7001);
      if (debugged) stub.handle('g');
    }
    return state(system);
  };
  assert.deepEqual(run(true), run(false));
});

test('a breakpoint at an address stays until each kind of it is removed', () => {
  const { stub } = stubWith(LOOP);
  const at = `${(RAM + 8).toString(16)},4`;
  for (const packet of [`Z0,${at}`, `Z0,${at}`, `Z1,${at}`, `z0,${at}`])
    assert.equal(stub.handle(packet), 'OK');
  stub.handle('c');
  assert.equal(stub.control.run(100), 'held');
  stub.handle(`z1,${at}`);
  stub.handle('c');
  assert.equal(stub.control.run(100), 'ticks');
});

test('T32, in the middle of an IT block', () => {
  // MOVS r0, #0; ITT EQ; ADDEQ r1, #1; ADDEQ r2, #1; B .
  const { stub, cpu } = stubWith([0x2000, 0xbf04, 0x3101, 0x3201, 0xe7fe], { thumb: true });
  cpu.r[1] = 0;
  cpu.r[2] = 0;
  stub.handle(`Z0,${(RAM + 6).toString(16)},2`);
  stub.handle('c');
  assert.equal(stub.control.run(100), 'held');
  assert.equal(cpu.r[15]! >>> 0, RAM + 6);
  assert.deepEqual([cpu.r[1], cpu.r[2]], [1, 0]);
  assert.equal(stub.handle('p10'), hexWord(cpu.cpsr(0x08)), 'ITSTATE: EQ, one instruction left');
  stub.handle('s');
  assert.deepEqual([cpu.r[2], cpu.it], [1, 0]);
});

test('code that a debugger writes is what runs', () => {
  const { stub, cpu, system } = stubWith(LOOP);
  cpu.translateAfter = 0;
  system.run(30);
  const before = cpu.r[4]!;
  stub.handle(`M${RAM.toString(16)},4:${hexWord(0xe2844064)}`);
  stub.handle('s');
  assert.equal(cpu.r[4], before + 100);
});

test('cores are threads; a step moves one, and an exclusive access outlives it', () => {
  const { stub, system } = stubWith(EXCLUSIVE, { cores: 2 });
  const [first, second] = system.cpus;
  assert.equal(stub.handle('qfThreadInfo'), 'm1,2');
  assert.equal(stub.handle('qsThreadInfo'), 'l');
  assert.equal(stub.handle('T2'), 'OK');
  second!.r[7] = 77;
  assert.equal(stub.handle('Hg2'), 'OK');
  assert.equal(stub.handle('p7'), hexWord(77));
  for (let i = 0; i < 3; i++) assert.equal(stub.handle('vCont;s:2;c'), 'T05thread:2;');
  assert.equal(second!.r[2], 0, 'STREX succeeded');
  assert.equal(first!.instructions, 0);
  assert.equal(system.machine.ram.read32(DATA), 1);
  stub.handle('vCont;s:1');
  stub.handle('vCont;s:2');
  assert.equal(first!.exclusive, -1, 'another core ran in between');
});

test('a step of a core that sleeps comes when it wakes; Ctrl-C comes before', () => {
  // WFI; ADD r4, r4, #1; B .
  const { stub, cpu, system } = stubWith([0xe320f003, 0xe2844001, 0xeafffffe]);
  const timer = system.clock.timer(() => cpu.irqLine.set(true));
  system.clock.set(timer, 5000);
  cpu.r[4] = 0;
  assert.equal(stub.handle('s'), 'T05thread:1;');
  assert.notEqual(cpu.state, RUNNING);
  assert.equal(stub.handle('s'), null);
  assert.equal(stub.control.run(1000), 'ticks');
  assert.equal(stub.interrupt(), 'T02thread:1;');
  assert.equal(stub.interrupt(), null);
  assert.equal(stub.handle('s'), null);
  let stops = 0;
  stub.control.onStop = () => stops++;
  assert.equal(stub.control.run(1e6), 'held');
  assert.equal(stops, 1);
  assert.equal(cpu.r[4], 1);
  assert.equal(system.clock.now, 5001);
});
