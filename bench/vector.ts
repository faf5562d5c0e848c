// SPDX-License-Identifier: GPL-2.0-only
/**
 * CPU time of VFP and Advanced SIMD instructions, each executed on its own, without fetching: nanoseconds an
 * instruction, the best of five rounds. `node dist/bench/vector.js`.
 */
import { Block } from '../src/emulator/code/block.js';
import { a32 } from '../src/emulator/isa/index.js';
import { Op } from '../src/emulator/isa/op.js';
import { nop } from '../src/emulator/isa/operands.js';
import { UserCore } from '../tools/qemu-user/user-core.js';

const ROUNDS = 5;
const EXECUTIONS = 200_000;

/** A32 encodings; r1 points to memory. */
const INSTRUCTIONS: Readonly<Record<string, number>> = {
  'vadd.f32 s0, s2, s4': 0xee310a02,
  'vmul.f64 d0, d1, d2': 0xee210b02,
  'vadd.f64 d0, d1, d2': 0xee310b02,
  'vmla.f64 d0, d1, d2': 0xee010b02,
  'vdiv.f64 d0, d1, d2': 0xee810b02,
  'vfma.f64 d0, d1, d2': 0xeea10b02,
  'vcmp.f64 d1, d2': 0xeeb41b42,
  'vcvt.s32.f64 s0, d1': 0xeebd0bc1,
  'vmov.f64 d0, d1': 0xeeb00b41,
  'vmov r2, r3, d0': 0xec532b10,
  'vldr d0, [r1]': 0xed910b00,
  'vstr d0, [r1]': 0xed810b00,
  'vldmia r1, {d0-d7}': 0xec910b10,
  'vstmia r1, {d0-d7}': 0xec810b10,
  'veor q0, q1, q2': 0xf3020154,
  'vadd.i8 q0, q1, q2': 0xf2020844,
  'vadd.i16 q0, q1, q2': 0xf2120844,
  'vadd.i32 q0, q1, q2': 0xf2220844,
  'vadd.i64 q0, q1, q2': 0xf2320844,
  'vadd.f32 q0, q1, q2': 0xf2020d44,
  'vmla.f32 q0, q1, q2': 0xf2020d54,
  'vshl.i32 q0, q1, #4': 0xf2a40552,
  'vshr.u32 q0, q1, #28': 0xf3a40052,
  'vsli.32 q0, q1, #4': 0xf3a40552,
  'vmull.u32 q0, d18, d3': 0xf3a20c83,
  'vmlal.u32 q0, d18, d3': 0xf3a20883,
  'vext.8 q0, q1, q2, #4': 0xf2b20444,
  'vrev32.16 q0, q1': 0xf3b400c2,
  'vtbl.8 d0, {d1}, d2': 0xf3b10802,
  'vdup.32 q0, r2': 0xeea02b10,
  'vld1.8 {d0-d3}, [r1]': 0xf421020f,
  'vst1.8 {d0-d3}, [r1]': 0xf401020f,
  'vld1.32 {d0[0]}, [r1]': 0xf4a1080f,
  'vld4.8 {d0-d3}, [r1]': 0xf421000f,
};

const { cpu } = new UserCore();
cpu.fp.fpexc = 0x40000000;
cpu.r[1] = 0x20000800;
for (let i = 0; i < 64; i++) cpu.fp.words[i] = 0x3f800000 + i * 12345;
const best = new Map<string, number>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [text, word] of Object.entries(INSTRUCTIONS)) {
    const op = new Op(nop);
    a32.decode(word, op);
    cpu.block = new Block([op], 4);
    cpu.at = 0;
    const before = process.cpuUsage();
    for (let i = 0; i < EXECUTIONS; i++) op.run(cpu, op);
    const { user } = process.cpuUsage(before);
    best.set(text, Math.min(best.get(text) ?? Number.POSITIVE_INFINITY, (1000 * user) / EXECUTIONS));
  }
}
for (const [text, nanoseconds] of best)
  process.stdout.write(`${text.padEnd(24)} ${nanoseconds.toFixed(0)} ns\n`);
