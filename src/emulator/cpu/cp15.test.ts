// SPDX-License-Identifier: GPL-2.0-only
/**
 * Coprocessors 14 and 15 where no comparison with QEMU says what is right: registers that one kind of core has, and
 * where QEMU does less than the manual. The others: tests/emulator/system-lockstep.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../base/address.js';
import { encodeLongBlock1 } from '../../hw/mmu/long-descriptor.js';
import { encodeSection, encodeSupersection, encodeTable } from '../../hw/mmu/short-descriptor.js';
import { Clock } from '../clock.js';
import { UNCONNECTED } from '../devices/device.js';
import { GenericTimer } from '../devices/generic-timer.js';
import { type CodeOptions, coreWith, RAM } from './core-fixture.js';
import type { Cpu } from './cpu.js';
import { MODE_ABORT, MODE_SVC, MODE_UNDEFINED, MODE_USER } from './modes.js';

type Place = readonly [crn: number, opc1: number, crm: number, opc2: number];

/** MRC p15 to r1. */
function mrc([crn, opc1, crm, opc2]: Place): number {
  return 0xee101f10 | (opc1 << 21) | (crn << 16) | (opc2 << 5) | crm;
}

/** MCR p15 of r1. */
function mcr(place: Place): number {
  return mrc(place) & ~(1 << 20);
}

/** A core that has executed `code`, with `before` done to it first. */
function after(code: readonly number[], options: CodeOptions = {}, before?: (cpu: Cpu) => void): Cpu {
  const { cpu } = coreWith(code, options);
  before?.(cpu);
  cpu.run(code.length);
  return cpu;
}

const L2CTLR: Place = [9, 1, 0, 2];

test('L2CTLR tells how many cores there are, and is an auxiliary control register in a Cortex-A8', () => {
  for (const core of ['Cortex-A7', 'Cortex-A15']) {
    assert.equal(after([mrc(L2CTLR)], { core, cores: 3 }).r[1], 2 << 24, core);
  }
  const a8 = after([mcr(L2CTLR), 0xe3a01000, mrc(L2CTLR)], { core: 'Cortex-A8' }, cpu => {
    cpu.r[1] = 0x42;
  });
  assert.equal(a8.r[1], 0x42);
  assert.equal(after([mrc(L2CTLR)], { core: 'Cortex-A9' }).mode, MODE_UNDEFINED);
});

const TABLE = RAM + 2 * MiB;
const VIRTUAL = 0x80000000;
/** A page of VIRTUAL's MiB in a table that is not in memory, domain 5. */
const LOST = VIRTUAL + MiB;

/** Switches the MMU on: short descriptors, RAM at its own address. */
function mapRam(cpu: Cpu): void {
  const { ram } = cpu.parts.machine;
  for (let at = RAM; at < RAM + 4 * MiB; at += MiB) {
    ram.write32(TABLE + 4 * (at / MiB), encodeSection(at, { tex: 1, c: 1, b: 1, s: 1, ap: 3 }));
  }
  ram.write32(TABLE + 4 * (LOST / MiB), encodeTable(0xf0000000, 5));
  const { registers } = cpu.mem.translator;
  registers.ttbr0 = TABLE;
  registers.dacr = 0x55555555;
  cpu.mem.translator.enabled = true;
  cpu.mem.domainsChanged();
  cpu.r[1] = VIRTUAL;
}

test('a fault of cache maintenance is told as a write, with CM on cores that have long descriptors', () => {
  const operations: Place[] = [
    [7, 0, 5, 1],
    [7, 0, 6, 1],
    [7, 0, 10, 1],
    [7, 0, 11, 1],
    [7, 0, 14, 1],
  ];
  for (const operation of operations) {
    const a15 = after([mcr(operation)], {}, mapRam);
    assert.equal(a15.mode, MODE_ABORT);
    assert.equal(a15.cp15.dfsr, 0x2805);
    assert.equal(a15.cp15.dfar >>> 0, VIRTUAL);
    assert.equal(after([mcr(operation)], { core: 'Cortex-A9' }, mapRam).cp15.dfsr, 0x805);
  }
  // STR r1, [r1]
  assert.equal(after([0xe5811000], {}, mapRam).cp15.dfsr, 0x805, 'a store has no CM');
});

test('an abort on the walk at the second level tells the domain', () => {
  const cpu = after([0xe5911000], {}, core => {
    mapRam(core);
    core.r[1] = LOST;
  });
  assert.equal(cpu.cp15.dfsr, 0x5e);
});

const ATS1CPR: Place = [7, 0, 8, 0];

test('address translation of a supersection tells all 40 bits', () => {
  const cpu = after([mcr(ATS1CPR)], {}, core => {
    mapRam(core);
    const { ram } = core.parts.machine;
    ram.write32(
      TABLE + 4 * (VIRTUAL / MiB),
      encodeSupersection(0x12_3400_0000, { tex: 1, c: 1, b: 1, ap: 3 }),
    );
    core.r[1] = VIRTUAL + 0x5000;
  });
  assert.equal(cpu.cp15.par >>> 0, 0x34120056);
});

test('address translation whose walk leaves memory is a Data Abort', () => {
  const cpu = after([mcr(ATS1CPR)], {}, core => {
    mapRam(core);
    core.r[1] = LOST;
  });
  assert.equal(cpu.mode, MODE_ABORT);
  assert.equal(cpu.cp15.dfsr & 0x40f, 0x00e);
});

test('address translation by long descriptors tells the byte of MAIR and the shareability', () => {
  const told = (mair: number, sh: number): string => {
    const cpu = after([mcr(ATS1CPR)], {}, core => {
      const { ram } = core.parts.machine;
      const { registers } = core.mem.translator;
      const blocks = [
        encodeLongBlock1(RAM, { attrIndex: 0, sh: 3 }),
        encodeLongBlock1(0x5_8000_0000, { attrIndex: 1, sh }),
      ];
      for (const [index, { low, high }] of blocks.entries()) {
        ram.write32(TABLE + 8 * (index + 1), low);
        ram.write32(TABLE + 8 * (index + 1) + 4, high);
      }
      registers.format = 'long';
      registers.ttbr0 = TABLE;
      registers.ttbcr = 0x80000000;
      registers.mair0 = 0xff | (mair << 8);
      core.mem.translator.enabled = true;
      core.mem.domainsChanged();
      core.r[1] = VIRTUAL + 0x3000;
    });
    const { par, parHigh } = cpu.cp15;
    return `${(parHigh >>> 0).toString(16)} ${(par >>> 0).toString(16)}`;
  };
  assert.equal(told(0xff, 3), 'ff000005 80003b80');
  assert.equal(told(0xaa, 2), 'aa000005 80003b00');
  assert.equal(told(0xee, 0), 'ee000005 80003a00');
  assert.equal(told(0x44, 3), '44000005 80003b00');
  assert.equal(told(0x04, 0), '4000005 80003b00');
});

test('user code writes the comparison of a timer that CNTKCTL gives it', () => {
  for (const [granted, mode] of [
    [1 << 8, MODE_USER],
    [1 << 9, MODE_UNDEFINED],
  ] as const) {
    // MCRR p15, 3, r1, r2, c14: CNTV_CVAL
    const cpu = after([0xec421f3e], {}, core => {
      core.cp15.timer = new GenericTimer(new Clock(), 1000, [
        { physical: UNCONNECTED, virtual: UNCONNECTED },
      ]);
      core.cp15.cntkctl = granted;
      core.switchMode(MODE_USER);
      core.r[1] = 7;
      core.r[2] = 9;
    });
    assert.equal(cpu.mode, mode);
    const written = mode === MODE_USER ? { high: 9, low: 7 } : { high: 0, low: 0 };
    assert.deepEqual(cpu.cp15.timer!.virtual[0]!.compare, written);
  }
});

test('SWP is there without SCTLR.SW on a core without the Multiprocessing Extensions', () => {
  const swap = (core: string): Cpu =>
    after([0xe1012092], { core }, cpu => {
      cpu.r[1] = TABLE;
      cpu.r[2] = 5;
    });
  const a8 = swap('Cortex-A8');
  assert.equal(a8.mode, MODE_SVC);
  assert.equal(a8.parts.machine.ram.read32(TABLE), 5);
  assert.equal(swap('Cortex-A9').mode, MODE_UNDEFINED);
});

test('FCSEIDR ignores writes and reads as zero', () => {
  const cpu = after([mcr([13, 0, 0, 0]), mrc([13, 0, 0, 0])], {}, core => {
    core.r[1] = 0x02000000;
  });
  assert.equal(cpu.mode, MODE_SVC);
  assert.equal(cpu.r[1], 0);
});

test('BKPT tells in DBGDSCR what it was, and leaves the other bits', () => {
  const cpu = after([0xe1200070], {}, core => core.cp15.stored.set('DBGDSCRext', 0x8004));
  assert.equal(cpu.mode, MODE_ABORT);
  assert.equal(cpu.cp15.ifsr, 2);
  // MRC p14, 0, r1, c0, c1, 0
  assert.equal(after([0xee101e11], {}, core => core.cp15.stored.set('DBGDSCRext', 0x800c)).r[1], 0x800c);
  assert.equal(cpu.cp15.stored.get('DBGDSCRext'), 0x800c);
});

test('CNTFRQ keeps what is written, and the counter counts as before', () => {
  const cpu = after(
    [mrc([14, 0, 0, 0]), 0xe1a02001, 0xe3a01064, mcr([14, 0, 0, 0]), mrc([14, 0, 0, 0])],
    {},
    core => {
      const { clock } = core.parts;
      core.cp15.timer = new GenericTimer(clock, 1000, [{ physical: UNCONNECTED, virtual: UNCONNECTED }]);
    },
  );
  assert.equal(cpu.r[2], 1000);
  assert.equal(cpu.r[1], 100);
  assert.equal(cpu.cp15.timer!.frequency, 1000);
});

test('WFE waits for the event stream, if CNTKCTL has it on', () => {
  // WFE; MOV r0, #1; WFI
  const { cpu, system } = coreWith([0xe320f002, 0xe3a00001, 0xe320f003]);
  cpu.cp15.timer = new GenericTimer(system.clock, 1_000_000, [
    { physical: UNCONNECTED, virtual: UNCONNECTED },
  ]);
  cpu.cp15.cntkctl = (1 << 2) | (5 << 4);
  assert.equal(system.run(32 * 250), 'ticks');
  assert.equal(cpu.r[0], 0);
  const saved = system.save();
  assert.equal(system.run(10), 'asleep', 'in WFI the stream wakes nobody');
  assert.equal(cpu.r[0], 1);
  system.restore(saved);
  assert.equal(cpu.r[0], 0);
  system.run(10);
  assert.equal(cpu.r[0], 1, 'a saved machine wakes too');
});

test('the debug channel fills up with nobody at its end; user code may use it unless UDCCdis is set', () => {
  // MRC p14, 0, r1, c0, c1, 0; MCR p14, 0, r1, c0, c5, 0; MRC p14, 0, r2, c0, c1, 0; MRC p14, 0, r3, c0, c5, 0
  const code = [0xee101e11, 0xee001e15, 0xee102e11, 0xee103e15];
  for (const mode of [MODE_SVC, MODE_USER]) {
    const cpu = after(code, {}, core => {
      core.r[3] = 5;
      core.switchMode(mode);
    });
    assert.equal(cpu.mode, mode);
    assert.deepEqual([cpu.r[1], cpu.r[2], cpu.r[3]], [0, 1 << 29, 0]);
  }
  const denied = after([0xee101e10], {}, core => {
    core.cp15.stored.set('DBGDSCRext', 1 << 12);
    core.switchMode(MODE_USER);
  });
  assert.equal(denied.mode, MODE_UNDEFINED);
});
