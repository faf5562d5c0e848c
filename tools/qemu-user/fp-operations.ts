// SPDX-License-Identifier: GPL-2.0-only
/**
 * The floating-point library against qemu-arm: for each operation an instruction that performs it, on random
 * operands and settings. Prints what differs: `node dist/tools/qemu-user/fp-operations.js [COUNT [SEED]]`.
 */
import { pathToFileURL } from 'node:url';
import { Random } from '../../src/base/random.js';
import { compareDouble, compareSingle } from '../../src/emulator/fp/compare.js';
import * as convert from '../../src/emulator/fp/convert.js';
import * as double from '../../src/emulator/fp/double.js';
import * as estimate from '../../src/emulator/fp/estimate.js';
import * as single from '../../src/emulator/fp/single.js';
import { FpStatus, standardStatus } from '../../src/emulator/fp/status.js';
import { layCode } from './code.js';
import { doubleOperand, fpscrOperand, singleOperand, sparse } from './operands.js';
import { D, FPSCR, QemuUser, RECORD_WORDS, SIGNAL } from './qemu-user.js';

/** The words of d0 (destination and addend), d1 and d2 (operands); a single stands in the low word. */
type Words = Int32Array;

interface Operation {
  readonly name: string;
  /** A32 encoding that works on d0, d1, d2 or s0, s2, s4. */
  readonly word: number;
  readonly operands: 'single' | 'double' | 'integer';
  /** Leaves the result in `words`: what the instruction leaves in d0. */
  readonly run: (status: FpStatus, words: Words) => void;
  /** Uses the standard settings of Advanced SIMD. */
  readonly simd?: boolean;
}

type OnSingles = (status: FpStatus, a: number, b: number) => number;
type OnDoubles = (status: FpStatus, aHi: number, aLo: number, bHi: number, bLo: number) => number;

function onSingles(name: string, word: number, run: OnSingles): Operation {
  return {
    name,
    word,
    operands: 'single',
    run: (status, w) => {
      w[0] = run(status, w[2]!, w[4]!);
    },
  };
}

function onDoubles(name: string, word: number, run: OnDoubles): Operation {
  return {
    name,
    word,
    operands: 'double',
    run: (status, w) => {
      w[1] = run(status, w[3]!, w[2]!, w[5]!, w[4]!);
      w[0] = status.lo;
    },
  };
}

function doubleToWord(
  name: string,
  word: number,
  run: (status: FpStatus, hi: number, lo: number) => number,
): Operation {
  return {
    name,
    word,
    operands: 'double',
    run: (status, w) => {
      w[0] = run(status, w[3]!, w[2]!);
    },
  };
}

function simd(name: string, word: number, run: OnSingles): Operation {
  return { ...onSingles(name, word, run), simd: true };
}

const flagsOf = (nzcv: number, w: Words): void => {
  w[6] = nzcv;
};

export const operations: readonly Operation[] = [
  onSingles('VADD.F32', 0xee310a02, single.addSingle),
  onSingles('VSUB.F32', 0xee310a42, single.subSingle),
  onSingles('VMUL.F32', 0xee210a02, single.mulSingle),
  onSingles('VDIV.F32', 0xee810a02, single.divSingle),
  onSingles('VSQRT.F32', 0xeeb10ac1, single.sqrtSingle),
  {
    name: 'VFMA.F32',
    word: 0xeea10a02,
    operands: 'single',
    run: (s, w) => {
      w[0] = single.mulAddSingle(s, w[0]!, w[2]!, w[4]!);
    },
  },
  {
    name: 'VMLA.F32',
    word: 0xee010a02,
    operands: 'single',
    run: (s, w) => {
      w[0] = single.addSingle(s, w[0]!, single.mulSingle(s, w[2]!, w[4]!));
    },
  },
  onDoubles('VADD.F64', 0xee310b02, double.addDouble),
  onDoubles('VSUB.F64', 0xee310b42, double.subDouble),
  onDoubles('VMUL.F64', 0xee210b02, double.mulDouble),
  onDoubles('VDIV.F64', 0xee810b02, double.divDouble),
  onDoubles('VSQRT.F64', 0xeeb10bc1, double.sqrtDouble),
  {
    name: 'VFMA.F64',
    word: 0xeea10b02,
    operands: 'double',
    run: (s, w) => {
      w[1] = double.mulAddDouble(s, w[1]!, w[0]!, w[3]!, w[2]!, w[5]!, w[4]!);
      w[0] = s.lo;
    },
  },
  {
    name: 'VCMP.F32',
    word: 0xeeb41a42,
    operands: 'single',
    run: (s, w) => flagsOf(compareSingle(s, w[2]!, w[4]!, false), w),
  },
  {
    name: 'VCMPE.F32',
    word: 0xeeb41ac2,
    operands: 'single',
    run: (s, w) => flagsOf(compareSingle(s, w[2]!, w[4]!, true), w),
  },
  {
    name: 'VCMP.F64',
    word: 0xeeb41b42,
    operands: 'double',
    run: (s, w) => flagsOf(compareDouble(s, w[3]!, w[2]!, w[5]!, w[4]!, false), w),
  },
  {
    name: 'VCMPE.F64',
    word: 0xeeb41bc2,
    operands: 'double',
    run: (s, w) => flagsOf(compareDouble(s, w[3]!, w[2]!, w[5]!, w[4]!, true), w),
  },
  {
    name: 'VCVT.F64.F32',
    word: 0xeeb70ac1,
    operands: 'single',
    run: (s, w) => {
      w[1] = convert.doubleFromSingle(s, w[2]!);
      w[0] = s.lo;
    },
  },
  {
    name: 'VCVT.F32.F64',
    word: 0xeeb70bc1,
    operands: 'double',
    run: (s, w) => {
      w[0] = convert.singleFromDouble(s, w[3]!, w[2]!);
    },
  },
  onSingles('VCVTB.F32.F16', 0xeeb20a41, (s, a) => convert.singleFromHalf(s, a & 0xffff)),
  {
    name: 'VCVTT.F16.F32',
    word: 0xeeb30ac1,
    operands: 'single',
    run: (s, w) => {
      w[0] = (w[0]! & 0xffff) | (convert.halfFromSingle(s, w[2]!) << 16);
    },
  },
  onSingles('VCVT.S32.F32', 0xeebd0ac1, (s, a) => convert.fixedFromSingle(s, a, 32, 0, false, true)),
  onSingles('VCVT.U32.F32', 0xeebc0ac1, (s, a) => convert.fixedFromSingle(s, a, 32, 0, true, true)),
  onSingles('VCVTR.S32.F32', 0xeebd0a41, (s, a) => convert.fixedFromSingle(s, a, 32, 0, false, false)),
  onSingles('VCVTR.U32.F32', 0xeebc0a41, (s, a) => convert.fixedFromSingle(s, a, 32, 0, true, false)),
  doubleToWord('VCVT.S32.F64', 0xeebd0bc1, (s, hi, lo) =>
    convert.fixedFromDouble(s, hi, lo, 32, 0, false, true),
  ),
  doubleToWord('VCVT.U32.F64', 0xeebc0bc1, (s, hi, lo) =>
    convert.fixedFromDouble(s, hi, lo, 32, 0, true, true),
  ),
  doubleToWord('VCVTR.S32.F64', 0xeebd0b41, (s, hi, lo) =>
    convert.fixedFromDouble(s, hi, lo, 32, 0, false, false),
  ),
  doubleToWord('VCVTR.U32.F64', 0xeebc0b41, (s, hi, lo) =>
    convert.fixedFromDouble(s, hi, lo, 32, 0, true, false),
  ),
  {
    ...onSingles('VCVT.F32.S32', 0xeeb80ac1, (s, a) => convert.singleFromFixed(s, a, 0)),
    operands: 'integer',
  },
  {
    ...onSingles('VCVT.F32.U32', 0xeeb80a41, (s, a) => convert.singleFromFixed(s, a >>> 0, 0)),
    operands: 'integer',
  },
  simd('VADD.F32 d', 0xf2010d02, single.addSingle),
  simd('VMUL.F32 d', 0xf3010d12, single.mulSingle),
  simd('VMAX.F32 d', 0xf2010f02, single.maxSingle),
  simd('VMIN.F32 d', 0xf2210f02, single.minSingle),
  simd('VRECPS.F32 d', 0xf2010f12, single.recipStepSingle),
  simd('VRSQRTS.F32 d', 0xf2210f12, single.rsqrtStepSingle),
  simd('VRECPE.F32 d', 0xf3bb0501, estimate.recipEstimateSingle),
  simd('VRSQRTE.F32 d', 0xf3bb0581, estimate.rsqrtEstimateSingle),
  { ...simd('VRECPE.U32 d', 0xf3bb0401, (_, a) => estimate.recipEstimateUnsigned(a)), operands: 'integer' },
  { ...simd('VRSQRTE.U32 d', 0xf3bb0481, (_, a) => estimate.rsqrtEstimateUnsigned(a)), operands: 'integer' },
];

/** 1.0 in single precision. */
const ONE = 0x3f800000;

export interface Difference {
  readonly operation: string;
  readonly text: string;
}

/** Runs each operation `count` times on both sides. */
export function compareOperations(qemu: QemuUser, count: number, seed: number): Difference[] {
  const differences: Difference[] = [];
  for (const operation of operations) {
    const random = new Random(seed);
    for (let done = 0; done < count; done += 20_000) {
      compareBatch(qemu, operation, Math.min(20_000, count - done), random, differences);
    }
  }
  return differences;
}

function compareBatch(
  qemu: QemuUser,
  operation: Operation,
  count: number,
  random: Random,
  differences: Difference[],
): void {
  const records = new Uint32Array(count * RECORD_WORDS);
  for (let i = 0; i < count; i++) fill(records.subarray(i * RECORD_WORDS), operation, random);
  const answers = qemu.run(records);
  for (let i = 0; i < count; i++) {
    const given = records.subarray(i * RECORD_WORDS, (i + 1) * RECORD_WORDS);
    const got = answers.subarray(i * RECORD_WORDS, (i + 1) * RECORD_WORDS);
    const text = difference(operation, given, got);
    if (text !== undefined) differences.push({ operation: operation.name, text });
  }
}

function fill(record: Uint32Array, operation: Operation, random: Random): void {
  layCode(record, [{ word: operation.word, bits: 32 }]);
  record[FPSCR] = fpscrOperand(random);
  for (let d = 0; d < 3; d++) {
    const at = D + 2 * d;
    if (operation.operands === 'double') {
      doubleOperand(random, record, at);
    } else {
      record[at] = operation.operands === 'single' ? singleOperand(random) : sparse(random);
    }
  }
  // The second lane of a vector operation does something that raises no flag.
  if (operation.simd) record[D + 3] = record[D + 5] = ONE;
  // Operands whose sum cancels, wholly or but for a few bits.
  if (random.chance(0.15)) {
    record[D + 4] = record[D + 2]! ^ (random.chance(0.5) ? 0 : 1 << random.below(3));
    record[D + 5] = record[D + 3]! ^ (random.chance(0.5) ? 0 : 0x80000000);
    if (operation.operands === 'single') record[D + 4] = record[D + 4]! ^ 0x80000000;
  }
}

function difference(operation: Operation, given: Uint32Array, got: Uint32Array): string | undefined {
  const fpscr = given[FPSCR]!;
  const status = operation.simd ? standardStatus() : new FpStatus();
  if (!operation.simd) {
    status.rounding = (fpscr >>> 22) & 3;
    status.flushToZero = (fpscr & (1 << 24)) !== 0;
    status.defaultNaN = (fpscr & (1 << 25)) !== 0;
  }
  status.alternativeHalf = (fpscr & (1 << 26)) !== 0;
  status.flags = fpscr & 0x0800009f;
  const words = new Int32Array(7);
  for (let k = 0; k < 6; k++) words[k] = given[D + k]!;
  words[6] = -1;
  operation.run(status, words);
  const wanted = new Uint32Array(words);
  const expectedFlags =
    words[6] === -1 ? (fpscr & ~0x0800009f) | status.flags : nzcv(fpscr, words[6]!, status);
  const gotFpscr = got[FPSCR]!;
  const sameFlags = gotFpscr === expectedFlags >>> 0;
  const sameHigh = operation.simd || wanted[1] === got[D + 1]!;
  if (got[SIGNAL] === 0 && sameFlags && sameHigh && wanted[0] === got[D]!) return undefined;
  const list = (from: Uint32Array, start: number): string =>
    [...from.subarray(start, start + 6)].map(x => x.toString(16)).join(' ');
  return (
    `${operation.name} d0-d2 ${list(given, D)} fpscr ${fpscr.toString(16)}: ` +
    `${wanted[1]!.toString(16)} ${wanted[0]!.toString(16)} fpscr ${(expectedFlags >>> 0).toString(16)}, ` +
    `qemu ${got[D + 1]!.toString(16)} ${got[D]!.toString(16)} fpscr ${gotFpscr.toString(16)} signal ${got[SIGNAL]}`
  );
}

function nzcv(fpscr: number, flags: number, status: FpStatus): number {
  return (fpscr & 0x07ffff60) | status.flags | (flags << 28);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const qemu = new QemuUser();
  const count = Number(process.argv[2] ?? 10_000);
  const differences = compareOperations(qemu, count, Number(process.argv[3] ?? 1));
  qemu.close();
  const counts = new Map<string, number>();
  for (const { operation, text } of differences) {
    const known = counts.get(operation) ?? 0;
    if (known < 3) process.stdout.write(`${text}\n`);
    counts.set(operation, known + 1);
  }
  for (const [name, number] of counts) process.stdout.write(`${name}: ${number} of ${count} differ\n`);
  process.stdout.write(`${operations.length} operations, ${count} each, ${differences.length} differences\n`);
}
