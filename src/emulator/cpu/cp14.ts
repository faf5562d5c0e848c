// SPDX-License-Identifier: GPL-2.0-only
/**
 * Coprocessor 14: debug registers, ThumbEE, Jazelle. ARM DDI 0406C, C11.11 and A2.9, A2.10.
 * Model: no breakpoints, watchpoints or OS lock: the debug registers keep what is written where software checks it,
 * and read as zero elsewhere. No debugger is at the other end of the communications channel: nothing comes from there,
 * and what is written stays. Linux: drivers/tty/hvc/hvc_dcc.c sees by that that nobody listens. Jazelle is the trivial implementation. ThumbEE's registers are there, the state is not.
 */
import { NEXT } from '../isa/op.js';
import type { CoprocessorRegister } from './cp15.js';
import type { Cpu } from './cpu.js';

function debug(
  name: string,
  crn: number,
  crm: number,
  opc2: number,
  value?: (cpu: Cpu) => number,
): CoprocessorRegister {
  const place = { name, coproc: 14, opc1: 0, crn, crm, opc2 } as const;
  if (value !== undefined) return { ...place, read: value };
  return {
    ...place,
    read: cpu => cpu.cp15.stored.get(name) ?? 0,
    write: (cpu, written) => {
      cpu.cp15.stored.set(name, written);
      return NEXT;
    },
  };
}

/**
 * DBGDIDR: [31:28] watchpoints less one, [27:24] breakpoints less one, [19:16] the debug architecture of the core. Two
 * breakpoints and one watchpoint are the least that there may be (C11.11.15).
 */
const VERSION: Readonly<Record<string, number>> = { 5: 5, 4: 4 };

function didr(cpu: Cpu): number {
  const architecture = cpu.cp15.ids.features[2]! & 0xf;
  return (1 << 24) | ((VERSION[architecture] ?? 3) << 16);
}

/** DBGDSCR: [29] TXfull, [12] UDCCdis. C11.11.20. */
const TX_FULL = 1 << 29;
const UDCC_DISABLED = 1 << 12;

function status(cpu: Cpu): number {
  const { stored } = cpu.cp15;
  return ((stored.get('DBGDSCRext') ?? 0) & ~TX_FULL) | (stored.has('DBGDTRTX') ? TX_FULL : 0);
}

/** User code may read what identifies the debug unit, and use its channel, until UDCCdis is set: C11.11.20. */
function user(cpu: Cpu): boolean {
  return (status(cpu) & UDCC_DISABLED) === 0;
}

/** DBGDSCR.MOE, [5:2]: how the last debug event came about (C11.11.20). */
const MOE = 0xf << 2;
const MOE_BKPT = 3 << 2;

/** Software that handles the Prefetch Abort of a BKPT finds here what it was. */
export function tellBreakpoint(values: Map<string, number>): void {
  values.set('DBGDSCRext', ((values.get('DBGDSCRext') ?? 0) & ~MOE) | MOE_BKPT);
}

/** Breakpoint and watchpoint registers: value and control. */
const pairs: CoprocessorRegister[] = [4, 5, 6, 7].flatMap(opc2 =>
  Array.from({ length: 16 }, (_, crm) => debug(`DBG-${opc2}-${crm}`, 0, crm, opc2)),
);

function zero(name: string, opc1: number, crn: number, crm: number, opc2: number): CoprocessorRegister {
  return {
    name,
    coproc: 14,
    opc1,
    crn,
    crm,
    opc2,
    read: () => 0,
    write: () => NEXT,
    userRead: () => opc1 === 7,
  };
}

export const debugRegisters: readonly CoprocessorRegister[] = [
  { ...debug('DBGDIDR', 0, 0, 0, didr), userRead: user },
  { ...debug('DBGDSCRint', 0, 1, 0, status), userRead: user },
  {
    ...debug('DBGDTRRXint', 0, 5, 0, () => 0),
    // DBGDTRTXint.
    write: (cpu, value) => {
      cpu.cp15.stored.set('DBGDTRTX', value);
      return NEXT;
    },
    userRead: user,
    userWrite: user,
  },
  debug('DBGVCR', 0, 7, 0),
  { ...debug('DBGDSCRext', 0, 2, 2), read: status },
  { ...debug('DBGDRAR', 1, 0, 0, () => 0), userRead: user },
  { ...debug('DBGDSAR', 2, 0, 0, () => 0), userRead: user },
  debug('DBGOSLAR', 1, 0, 4),
  debug('DBGOSLSR', 1, 1, 4, () => 0),
  debug('DBGOSDLR', 1, 3, 4),
  debug('DBGPRCR', 1, 4, 4),
  debug('DBGPRSR', 1, 5, 4, () => 1),
  debug('DBGAUTHSTATUS', 7, 14, 6, () => 0),
  ...pairs,
  { ...debug('TEECR', 0, 0, 0), opc1: 6 },
  { ...debug('TEEHBR', 1, 0, 0), opc1: 6, userRead: () => true, userWrite: () => true },
  zero('JIDR', 7, 0, 0, 0),
  zero('JOSCR', 7, 1, 0, 0),
  zero('JMCR', 7, 2, 0, 0),
];
