// SPDX-License-Identifier: GPL-2.0-only
/**
 * A core's registers as text, in two forms that people know: the kernel's, of an oops (Linux: arch/arm/kernel/process.c,
 * __show_regs(), v6.12), and that of QEMU's `-d cpu`. Both are read by scripts too.
 */

import { SCTLR_ONES } from '../cpu/cp15-registers.js';
import { type Cpu, POWERED_OFF, WAITING_FOR_EVENT, WAITING_FOR_INTERRUPT } from '../cpu/cpu.js';
import { PSR_C, PSR_F, PSR_I, PSR_N, PSR_T, PSR_V, PSR_Z } from '../cpu/modes.js';
import { placeName, type Symbols } from './symbols.js';

const MODES: Readonly<Record<number, string>> = {
  16: 'USER',
  17: 'FIQ',
  18: 'IRQ',
  19: 'SVC',
  22: 'MON',
  23: 'ABT',
  26: 'HYP',
  27: 'UND',
  31: 'SYS',
};

/** The mode field of a PSR: `SVC`. */
export function modeName(psr: number): string {
  return MODES[psr & 0x1f] ?? `0x${(psr & 0x1f).toString(16)}`;
}

export function word(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** What a core does, if it does not execute. */
function rest(cpu: Cpu): string {
  switch (cpu.state) {
    case WAITING_FOR_INTERRUPT:
      return ', waiting for an interrupt (WFI)';
    case WAITING_FOR_EVENT:
      return ', waiting for an event (WFE)';
    default:
      return '';
  }
}

/** Between two runs. Registers are the current mode's. */
export function kernelRegisters(cpu: Cpu, symbols: Symbols | null): string[] {
  if (cpu.state === POWERED_OFF) return [`CPU: ${cpu.index} switched off`];
  const { cp15, r } = cpu;
  const { registers } = cpu.mem.translator;
  const psr = cpu.cpsr(cpu.it);
  const name = (n: number): string => word(r[n]!);
  const flag = (bit: number, letter: string): string => ((psr & bit) !== 0 ? letter.toUpperCase() : letter);
  const flags = flag(PSR_N, 'n') + flag(PSR_Z, 'z') + flag(PSR_C, 'c') + flag(PSR_V, 'v');
  const isOff = (bit: number): string => ((psr & bit) !== 0 ? 'ff' : 'n');
  const isa = (psr & PSR_T) !== 0 ? 'Thumb' : 'ARM';
  // Domain 1 is user space's where PAN is made of domains. Linux: arch/arm/include/asm/domain.h, DOMAIN_USER (v6.12).
  const segment = ((registers.dacr >>> 2) & 3) === 0 ? 'none' : 'user';
  return [
    `CPU: ${cpu.index} after ${cpu.instructions} instructions${rest(cpu)}`,
    `PC is at ${placeName(r[15]!, symbols)}`,
    `LR is at ${placeName(r[14]!, symbols)}`,
    `pc : [<${name(15)}>]    lr : [<${name(14)}>]    psr: ${word(psr)}`,
    `sp : ${name(13)}  ip : ${name(12)}  fp : ${name(11)}`,
    `r10: ${name(10)}  r9 : ${name(9)}  r8 : ${name(8)}`,
    `r7 : ${name(7)}  r6 : ${name(6)}  r5 : ${name(5)}  r4 : ${name(4)}`,
    `r3 : ${name(3)}  r2 : ${name(2)}  r1 : ${name(1)}  r0 : ${name(0)}`,
    `Flags: ${flags}  IRQs o${isOff(PSR_I)}  FIQs o${isOff(PSR_F)}  Mode ${modeName(psr)}_32  ISA ${isa}  Segment ${segment}`,
    `Control: ${word(cp15.sctlr | SCTLR_ONES)}  Table: ${word(cp15.ttbr0)}  DAC: ${word(registers.dacr)}`,
  ];
}

/** QEMU: target/arm/cpu.c, arm_cpu_dump_state(). `pc`: of the instruction that comes next, with ITSTATE `it`. */
export function qemuRegisters(cpu: Cpu, pc: number, it: number): string[] {
  const psr = cpu.cpsr(it);
  const values = [...cpu.r.subarray(0, 15), pc];
  const one = (value: number, n: number): string => `R${String(n).padStart(2, '0')}=${word(value)}`;
  const all = values.map(one);
  const flag = (bit: number, letter: string): string => ((psr & bit) !== 0 ? letter : '-');
  const flags = flag(PSR_N, 'N') + flag(PSR_Z, 'Z') + flag(PSR_C, 'C') + flag(PSR_V, 'V');
  const mode = modeName(psr).toLowerCase().replace('user', 'usr');
  return [
    ...[0, 4, 8, 12].map(first => all.slice(first, first + 4).join(' ')),
    `PSR=${word(psr)} ${flags} ${(psr & PSR_T) !== 0 ? 'T' : 'A'} ${mode}32`,
  ];
}
