// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a comparison with user code under qemu-arm cannot show of VFP and Advanced SIMD: the system registers, cores
 * that lack parts, big-endian data, faults in the middle of a transfer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block } from '../../src/emulator/code/block.js';
import { applyAccess } from '../../src/emulator/cpu/cp15-registers.js';
import type { Cpu } from '../../src/emulator/cpu/cpu.js';
import { MODE_ABORT, MODE_SVC, MODE_UNDEFINED, MODE_USER } from '../../src/emulator/cpu/modes.js';
import { a32 } from '../../src/emulator/isa/index.js';
import { Op } from '../../src/emulator/isa/op.js';
import { nop } from '../../src/emulator/isa/operands.js';
import { UserCore } from '../../tools/qemu-user/user-core.js';

const ENABLED = 0x40000000;
const RAM = 0x20000000;
/** The end of what is mapped. */
const END = RAM + 0x1000;

/** A core in a mode, its floating-point unit on. */
function core(mode = MODE_SVC, name = 'Cortex-A15'): Cpu {
  const { cpu } = new UserCore(name);
  cpu.switchMode(mode);
  applyAccess(cpu);
  cpu.fp.fpexc = ENABLED;
  return cpu;
}

/** Executes one A32 instruction; the mode afterwards. */
function execute(cpu: Cpu, word: number): number {
  const op = new Op(nop);
  a32.decode(word, op);
  cpu.block = new Block([op], 4);
  cpu.at = 0;
  cpu.pageAddress = RAM;
  op.run(cpu, op);
  return cpu.mode;
}

const VADD_F32 = 0xee310a02;
const VADD_I8 = 0xf2010802;
const VMRS_R1_FPEXC = 0xeef81a10;
const VMSR_FPEXC_R1 = 0xeee81a10;
const VMRS_R1_FPSCR = 0xeef11a10;
const VMSR_FPSCR_R1 = 0xeee11a10;
const VMRS_R1_MVFR0 = 0xeef71a10;
const VFMA_F32 = 0xeea10a02;

test('FPEXC.EN off: everything but FPEXC and the identification is undefined', () => {
  for (const word of [VADD_F32, VADD_I8, VMRS_R1_FPSCR, VMSR_FPSCR_R1]) {
    const cpu = core();
    cpu.fp.fpexc = 0;
    assert.equal(execute(cpu, word), MODE_UNDEFINED);
  }
  const cpu = core();
  cpu.fp.fpexc = 0;
  assert.equal(execute(cpu, VMRS_R1_MVFR0), MODE_SVC);
  assert.equal(cpu.r[1], 0x10110222);
  cpu.r[1] = -1;
  assert.equal(execute(cpu, VMSR_FPEXC_R1), MODE_SVC);
  assert.equal(execute(cpu, VMRS_R1_FPEXC), MODE_SVC);
  assert.equal(cpu.r[1], 0x60000000);
  assert.equal(execute(cpu, VADD_F32), MODE_SVC);
});

test('user code sees FPSCR only', () => {
  for (const word of [VMRS_R1_FPEXC, VMSR_FPEXC_R1, VMRS_R1_MVFR0]) {
    assert.equal(execute(core(MODE_USER), word), MODE_UNDEFINED);
  }
  assert.equal(execute(core(MODE_USER), VMRS_R1_FPSCR), MODE_USER);
});

test('CPACR: both off, or Advanced SIMD alone', () => {
  const cpu = core();
  cpu.cp15.cpacr = 0;
  applyAccess(cpu);
  assert.equal(execute(cpu, VADD_F32), MODE_UNDEFINED);
  const vfpOnly = core();
  vfpOnly.cp15.cpacr = 0x80f00000 | 0;
  applyAccess(vfpOnly);
  assert.equal(execute(vfpOnly, VADD_F32), MODE_SVC);
  assert.equal(execute(vfpOnly, VADD_I8), MODE_UNDEFINED);
});

test('FPSCR keeps what it has, and no trap enables', () => {
  const cpu = core();
  cpu.r[1] = -1;
  execute(cpu, VMSR_FPSCR_R1);
  cpu.r[1] = 0;
  execute(cpu, VMRS_R1_FPSCR);
  assert.equal(cpu.r[1]! >>> 0, 0xfff7009f);
});

test('short vectors are undefined and set FPEXC.DEX', () => {
  const cpu = core();
  cpu.fp.fpscr = 1 << 16;
  assert.equal(execute(cpu, VADD_F32), MODE_UNDEFINED);
  assert.equal(cpu.fp.fpexc, 0x60000000);
});

test('a Cortex-A9 has no fused multiply-add', () => {
  assert.equal(execute(core(MODE_SVC, 'Cortex-A9'), VFMA_F32), MODE_UNDEFINED);
  assert.equal(execute(core(MODE_SVC, 'Cortex-A15'), VFMA_F32), MODE_SVC);
});

test('big-endian: the words of a doubleword, and the bytes of elements, are turned round', () => {
  const cpu = core();
  for (let i = 0; i < 8; i++) cpu.mem.store8(RAM + i, i + 1);
  cpu.mem.setBigEndian(true);
  cpu.r[1] = RAM;
  // vldr d0, [r1]
  execute(cpu, 0xed910b00);
  assert.deepEqual([...cpu.fp.unsignedWords.subarray(0, 2)], [0x05060708, 0x01020304]);
  // vld1.16 {d1}, [r1]
  execute(cpu, 0xf421174f);
  assert.deepEqual([...cpu.fp.halves.subarray(4, 8)], [0x0102, 0x0304, 0x0506, 0x0708]);
  // vld1.64 {d2}, [r1]; vst1.64 {d2}, [r1]
  execute(cpu, 0xf42127cf);
  assert.deepEqual([...cpu.fp.unsignedWords.subarray(4, 6)], [0x05060708, 0x01020304]);
  execute(cpu, 0xf40127cf);
  cpu.mem.setBigEndian(false);
  assert.equal(cpu.mem.load32(RAM), 0x04030201);
});

test('a transfer that faults half-way leaves the base register and memory as they were', () => {
  // vldmia r1!, {d0-d3}; vstmia r1!, {d0-d3}; vld1.8 {d0-d3}, [r1]!; vst1.8 {d0-d3}, [r1]!
  for (const word of [0xecb10b08, 0xeca10b08, 0xf421020d, 0xf401020d]) {
    const cpu = core();
    cpu.fp.words.fill(-1);
    cpu.mem.store32(END - 8, 0x1234);
    cpu.r[1] = END - 8;
    assert.equal(execute(cpu, word), MODE_ABORT, word.toString(16));
    assert.equal(cpu.r[1]! >>> 0, END - 8);
    assert.equal(cpu.cp15.dfar >>> 0, END);
    assert.equal(cpu.mem.load32(END - 8), 0x1234);
  }
});

test('an alignment that is asked for is checked', () => {
  const cpu = core();
  cpu.r[1] = RAM + 4;
  // vld1.8 {d0}, [r1 :64]; without the alignment it is fine.
  assert.equal(execute(cpu, 0xf421070f), MODE_SVC);
  assert.equal(execute(cpu, 0xf421071f), MODE_ABORT);
  assert.equal(cpu.cp15.dfsr & 0x40f, 1);
});
