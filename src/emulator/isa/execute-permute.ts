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
  const registers = cpu.fp.bytes;
  const size = 8 << op.q;
  bytes.set(registers.subarray(8 * op.vn, 8 * op.vn + size));
  bytes.set(registers.subarray(8 * op.vm, 8 * op.vm + size), size);
  registers.set(bytes.subarray(op.imm, op.imm + size), 8 * op.vd);
  return NEXT;
}

/** VTBL and VTBX: each byte of Dm is an index into `size` registers; out of range is 0, or leaves the byte (bit 6). */
export function table(cpu: Cpu, op: Op): Outcome {
  const registers = cpu.fp.bytes;
  const length = 8 * op.size;
  const keeps = (op.word & 0x40) !== 0;
  bytes.set(registers.subarray(8 * op.vn, 8 * op.vn + length));
  for (let i = 0; i < 8; i++) {
    const index = registers[8 * op.vm + i]!;
    if (index < length) registers[8 * op.vd + i] = bytes[index]!;
    else if (!keeps) registers[8 * op.vd + i] = 0;
  }
  return NEXT;
}

/** VDUP from an element. */
export function duplicate(cpu: Cpu, op: Op): Outcome {
  const view = cpu.fp.unsigned(op.size);
  const from = op.vd << (3 - op.size);
  const element = view[(op.vm << (3 - op.size)) + op.index]!;
  view.fill(element, from, from + ((8 >> op.size) << op.q));
  return NEXT;
}
