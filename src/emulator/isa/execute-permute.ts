// SPDX-License-Identifier: GPL-2.0-only
/** Advanced SIMD instructions that move elements: VREV, VSWP, VTRN, VUZP, VZIP, VEXT, VTBL, VTBX, VDUP. */
import type { Cpu } from '../cpu/cpu.js';
import { type Execute, NEXT, type Op, type Outcome } from './op.js';

/** Copies of the operands, since results overwrite them: two quadwords, and a table of up to four doublewords. */
const bytes = new Uint8Array(32);
const halves = new Uint16Array(bytes.buffer);
const words = new Uint32Array(bytes.buffer);

function copyOf(size: number): Uint8Array | Uint16Array | Uint32Array {
  return size === 0 ? bytes : size === 1 ? halves : words;
}

/** VREV: element i goes to i ^ `flip`, within its container. */
export function reverse(size: number, flip: number): Execute {
  return (cpu, op) => {
    const view = cpu.fp.unsigned(size);
    const copy = copyOf(size);
    const d = op.vd << (3 - size);
    const m = op.vm << (3 - size);
    const count = (8 >> size) << op.q;
    for (let i = 0; i < count; i++) copy[i] = view[m + i]!;
    for (let i = 0; i < count; i++) view[d + (i ^ flip)] = copy[i]!;
    return NEXT;
  };
}

export function swap(cpu: Cpu, op: Op): Outcome {
  const registers = cpu.fp.words;
  const d = op.vd << 1;
  const m = op.vm << 1;
  for (let i = 0; i < 2 << op.q; i++) {
    const kept = registers[d + i]!;
    registers[d + i] = registers[m + i]!;
    registers[m + i] = kept;
  }
  return NEXT;
}

/** VTRN: element 2i + 1 of Vd and 2i of Vm change places. */
export function transpose(size: number): Execute {
  return (cpu, op) => {
    const view = cpu.fp.unsigned(size);
    const d = op.vd << (3 - size);
    const m = op.vm << (3 - size);
    for (let i = 0; i < (8 >> size) << op.q; i += 2) {
      const kept = view[d + i + 1]!;
      view[d + i + 1] = view[m + i]!;
      view[m + i] = kept;
    }
    return NEXT;
  };
}

/** VUZP: of Vm:Vd the even elements go to Vd, the odd ones to Vm. */
export function unzip(size: number): Execute {
  return (cpu, op) => {
    const view = cpu.fp.unsigned(size);
    const copy = copyOf(size);
    const d = op.vd << (3 - size);
    const m = op.vm << (3 - size);
    const count = (8 >> size) << op.q;
    for (let i = 0; i < count; i++) {
      copy[i] = view[d + i]!;
      copy[count + i] = view[m + i]!;
    }
    for (let i = 0; i < count; i++) {
      // With Vd = Vm, which is UNPREDICTABLE, Vm is written last.
      view[d + i] = copy[2 * i]!;
    }
    for (let i = 0; i < count; i++) view[m + i] = copy[2 * i + 1]!;
    return NEXT;
  };
}

/** VZIP: the elements of Vd and Vm in turn, to Vm:Vd. */
export function zip(size: number): Execute {
  return (cpu, op) => {
    const view = cpu.fp.unsigned(size);
    const copy = copyOf(size);
    const d = op.vd << (3 - size);
    const m = op.vm << (3 - size);
    const count = (8 >> size) << op.q;
    for (let i = 0; i < count; i++) {
      copy[2 * i] = view[d + i]!;
      copy[2 * i + 1] = view[m + i]!;
    }
    for (let i = 0; i < count; i++) view[d + i] = copy[i]!;
    for (let i = 0; i < count; i++) view[m + i] = copy[count + i]!;
    return NEXT;
  };
}

/** VEXT: bytes `imm` and following of Vn, then of Vm. */
export function extract(cpu: Cpu, op: Op): Outcome {
  const registers = cpu.fp.words;
  const count = 2 << op.q;
  const d = op.vd << 1;
  for (let i = 0; i < count; i++) {
    words[i] = registers[(op.vn << 1) + i]!;
    words[count + i] = registers[(op.vm << 1) + i]!;
  }
  const from = op.imm >> 2;
  const shift = 8 * (op.imm & 3);
  for (let i = 0; i < count; i++) {
    const low = words[from + i]!;
    // Without a shift the next word is not looked at: it may be beyond both registers.
    registers[d + i] = shift === 0 ? low : (low >>> shift) | (words[from + i + 1]! << (32 - shift));
  }
  return NEXT;
}

/** VTBL and VTBX: each byte of Dm is an index into `size` registers; out of range is 0, or leaves the byte (bit 6). */
export function table(cpu: Cpu, op: Op): Outcome {
  const registers = cpu.fp.bytes;
  const length = 8 * op.size;
  const keeps = (op.word & 0x40) !== 0;
  for (let i = 0; i < length; i++) bytes[i] = registers[8 * op.vn + i]!;
  for (let i = 0; i < 8; i++) {
    const index = registers[8 * op.vm + i]!;
    if (index < length) registers[8 * op.vd + i] = bytes[index]!;
    else if (!keeps) registers[8 * op.vd + i] = 0;
  }
  return NEXT;
}

/** Puts `element` of op.size into all elements of Vd: whole words, since filling an array takes its time. */
export function fill(cpu: Cpu, op: Op, element: number): void {
  const { words: registers } = cpu.fp;
  const word =
    op.size === 0
      ? Math.imul(element & 0xff, 0x01010101)
      : op.size === 1
        ? Math.imul(element & 0xffff, 0x10001)
        : element;
  for (let i = 0; i < 2 << op.q; i++) registers[(op.vd << 1) + i] = word;
}

/** VDUP from an element. */
export function duplicate(cpu: Cpu, op: Op): Outcome {
  const element = cpu.fp.unsigned(op.size)[(op.vm << (3 - op.size)) + op.index]!;
  fill(cpu, op, element);
  return NEXT;
}
