// SPDX-License-Identifier: GPL-2.0-only
/**
 * A core's registers as GDB knows them: GDB manual, G.5.3 "ARM Features". The list below is the only one: the target
 * description, the numbers in packets and the order of all of them in one come from it.
 * Registers of the current mode only; bytes are little-endian, whatever CPSR.E says.
 */
import type { Cpu } from '../cpu/cpu.js';
import { bankOf, itFromPsr, PSR_A, PSR_E, PSR_F, PSR_GE, PSR_I, PSR_T } from '../cpu/modes.js';

interface Register {
  readonly name: string;
  readonly feature: 'core' | 'vfp';
  readonly type: string;
  /** Words of 32 bits, the low one first. */
  readonly read: (cpu: Cpu) => readonly number[];
  readonly write: (cpu: Cpu, words: readonly number[]) => void;
}

/** CPSR as a debugger may write it: every field, whatever the privilege. */
function writeCpsr(cpu: Cpu, value: number): void {
  cpu.setFlags(value);
  cpu.ge = (value & PSR_GE) >>> 16;
  cpu.it = itFromPsr(value);
  cpu.thumb = (value & PSR_T) !== 0 ? 1 : 0;
  cpu.mem.setBigEndian((value & PSR_E) !== 0);
  cpu.masks = value & (PSR_A | PSR_I | PSR_F);
  // As for an instruction that writes it: a mode that does not exist is not entered.
  if (bankOf(value) >= 0) cpu.switchMode(value & 0x1f);
  cpu.attention = 1;
}

function general(n: number): Register {
  const names: Record<number, [string, string]> = {
    13: ['sp', 'data_ptr'],
    14: ['lr', 'code_ptr'],
    15: ['pc', 'code_ptr'],
  };
  const [name, type] = names[n] ?? [`r${n}`, 'uint32'];
  return {
    name,
    feature: 'core',
    type,
    read: cpu => [cpu.r[n]!],
    write: (cpu, [value]) => {
      if (n === 15) cpu.branch(value!);
      else cpu.r[n] = value!;
    },
  };
}

const CPSR: Register = {
  name: 'cpsr',
  feature: 'core',
  type: 'uint32',
  read: cpu => [cpu.cpsr(cpu.it)],
  write: (cpu, [value]) => writeCpsr(cpu, value!),
};

function double(n: number): Register {
  return {
    name: `d${n}`,
    feature: 'vfp',
    type: 'ieee_double',
    read: ({ fp }) => [fp.words[2 * n]!, fp.words[2 * n + 1]!],
    write: ({ fp }, [low, high]) => {
      fp.words[2 * n] = low!;
      fp.words[2 * n + 1] = high!;
    },
  };
}

const FPSCR: Register = {
  name: 'fpscr',
  feature: 'vfp',
  type: 'uint32',
  read: ({ fp }) => [fp.fpscr],
  write: ({ fp }, [value]) => {
    fp.fpscr = value!;
  },
};

/** Sixteen registers, then CPSR, then what VFP has. A register's index is its number. */
export function registersOf(cpu: Cpu): readonly Register[] {
  const doubles = Array.from({ length: cpu.fp.d32 ? 32 : 16 }, (_, n) => double(n));
  return [...Array.from({ length: 16 }, (_, n) => general(n)), CPSR, ...doubles, FPSCR];
}

function bytesIn({ type }: Register): number {
  return type === 'ieee_double' ? 8 : 4;
}

/** Register `n`; null: there is none. */
export function readRegister(cpu: Cpu, n: number): Uint8Array | null {
  const register = registersOf(cpu)[n];
  return register === undefined ? null : new Uint8Array(Int32Array.from(register.read(cpu)).buffer);
}

/** False: there is no such register, or it has another size. */
export function writeRegister(cpu: Cpu, n: number, bytes: Uint8Array): boolean {
  const register = registersOf(cpu)[n];
  if (register === undefined || bytes.length !== bytesIn(register)) return false;
  register.write(cpu, [...new Int32Array(bytes.slice().buffer)]);
  return true;
}

/** All of them, one behind the other. */
export function readAll(cpu: Cpu): Uint8Array {
  const words = registersOf(cpu).flatMap(register => [...register.read(cpu)]);
  return new Uint8Array(Int32Array.from(words).buffer);
}

/** False: the bytes are not as many as the registers'. CPSR goes first: its mode says whose sp and lr are meant. */
export function writeAll(cpu: Cpu, bytes: Uint8Array): boolean {
  const registers = registersOf(cpu);
  const total = registers.reduce((sum, register) => sum + bytesIn(register), 0);
  if (bytes.length !== total) return false;
  const words = new Int32Array(bytes.slice().buffer);
  writeCpsr(cpu, words[16]!);
  let at = 0;
  for (const register of registers) {
    const size = bytesIn(register) / 4;
    if (register !== CPSR) register.write(cpu, [...words.subarray(at, at + size)]);
    at += size;
  }
  return true;
}

/** The target description: GDB manual, appendix G. */
export function targetDescription(cpu: Cpu): string {
  const registers = registersOf(cpu);
  const feature = (name: 'core' | 'vfp'): string[] => [
    `  <feature name="org.gnu.gdb.arm.${name}">`,
    ...registers.flatMap((register, n) =>
      register.feature === name
        ? [
            `    <reg name="${register.name}" bitsize="${8 * bytesIn(register)}" type="${register.type}" regnum="${n}"/>`,
          ]
        : [],
    ),
    '  </feature>',
  ];
  return [
    '<?xml version="1.0"?>',
    '<!DOCTYPE target SYSTEM "gdb-target.dtd">',
    '<target version="1.0">',
    '  <architecture>arm</architecture>',
    ...feature('core'),
    ...feature('vfp'),
    '</target>',
    '',
  ].join('\n');
}
