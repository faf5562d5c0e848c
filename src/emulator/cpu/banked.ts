// SPDX-License-Identifier: GPL-2.0-only
/** Registers of other modes than the current one: ARM DDI 0406C, B1.3.2. Where they are kept: `cpu.ts`. */
import type { Cpu } from './cpu.js';
import { BANK_FIQ, BANK_USER, bankOf } from './modes.js';

/** Register `n` as `mode` sees it: LDM and STM of user registers, banked MRS and MSR, SRS. */
export function readBanked(cpu: Cpu, n: number, mode: number): number {
  const bank = bankOf(mode);
  const current = bankOf(cpu.mode);
  if (n === 13 || n === 14) {
    if (bank === current) return cpu.r[n]!;
    return (n === 13 ? cpu.bank13 : cpu.bank14)[bank]!;
  }
  if (n >= 8 && n <= 12 && (bank === BANK_FIQ) !== (current === BANK_FIQ)) return cpu.otherHigh[n - 8]!;
  return cpu.r[n]!;
}

export function writeBanked(cpu: Cpu, n: number, mode: number, value: number): void {
  const bank = bankOf(mode);
  const current = bankOf(cpu.mode);
  if (n === 13 || n === 14) {
    if (bank === current) cpu.r[n] = value;
    else (n === 13 ? cpu.bank13 : cpu.bank14)[bank] = value;
  } else if (n >= 8 && n <= 12 && (bank === BANK_FIQ) !== (current === BANK_FIQ)) {
    cpu.otherHigh[n - 8] = value;
  } else {
    cpu.r[n] = value;
  }
}

export function readBankedSpsr(cpu: Cpu, mode: number): number {
  const bank = bankOf(mode);
  return bank === bankOf(cpu.mode) ? cpu.spsr : cpu.bankSpsr[bank]!;
}

export function writeBankedSpsr(cpu: Cpu, mode: number, value: number): void {
  const bank = bankOf(mode);
  if (bank === bankOf(cpu.mode)) cpu.spsr = value;
  else if (bank !== BANK_USER) cpu.bankSpsr[bank] = value;
}
