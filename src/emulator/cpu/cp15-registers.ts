// SPDX-License-Identifier: GPL-2.0-only
/**
 * The registers of coprocessor 15 other than operations: ARM DDI 0406C, B4.1, in the order of their numbers; those of
 * single cores from their technical reference manuals, chapter 4.
 * Left out: the Security Extensions' (SCR, NSACR, MVBAR) and Virtualization's.
 */
import type { TimerChannel } from '../devices/generic-timer.js';
import { NEXT } from '../isa/op.js';
import type { CoprocessorRegister, CoprocessorRegister64, Cp15 } from './cp15.js';
import type { Cpu } from './cpu.js';
import type { CoreIds } from './ids.js';

type Place = readonly [crn: number, opc1: number, crm: number, opc2: number];

function at(name: string, [crn, opc1, crm, opc2]: Place): Omit<CoprocessorRegister, 'read' | 'write'> {
  return { name, coproc: 15, opc1, crn, crm, opc2 };
}

function constant(name: string, place: Place, value: (ids: CoreIds) => number): CoprocessorRegister {
  return { ...at(name, place), read: cpu => value(cpu.cp15.ids) };
}

/** Names of numbers of Cp15. */
type NumberIn<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T];

/** Kept as written, without any effect on execution here. */
function kept(name: string, place: Place, member: NumberIn<Cp15>): CoprocessorRegister {
  return {
    ...at(name, place),
    read: cpu => cpu.cp15[member],
    write: (cpu, value) => {
      cpu.cp15[member] = value;
      return NEXT;
    },
  };
}

/** As kept(), by name: registers that nothing here looks at. */
function stored(name: string, place: Place, reset = 0): CoprocessorRegister {
  return {
    ...at(name, place),
    read: cpu => cpu.cp15.stored.get(name) ?? reset,
    write: (cpu, value) => {
      cpu.cp15.stored.set(name, value);
      return NEXT;
    },
  };
}

const always = (): boolean => true;
const withTimer = (cp15: Cp15): boolean => cp15.timer !== null;
const isCore =
  (...names: string[]) =>
  ({ ids }: Cp15): boolean =>
    names.includes(ids.name);

/** SCTLR bits: B4.1.130. */
const SCTLR_M = 1;
const SCTLR_A: number = 1 << 1;
const SCTLR_SW: number = 1 << 10;
const SCTLR_V: number = 1 << 13;
const SCTLR_WXN: number = 1 << 19;
const SCTLR_UWXN: number = 1 << 20;
const SCTLR_EE: number = 1 << 25;
const SCTLR_TRE: number = 1 << 28;
const SCTLR_AFE: number = 1 << 29;
const SCTLR_TE: number = 1 << 30;
/** Read as one: bits 3, 4, 5, 6 (CP15BEN among them), 16, 18, 22, 23. */
export const SCTLR_ONES = 0x00c50078;

/** SCTLR has changed: what the core and its memory take from it. */
export function applyControl(cpu: Cpu): void {
  const { cp15, mem } = cpu;
  const { sctlr } = cp15;
  const { translator } = mem;
  const { registers } = translator;
  translator.enabled = (sctlr & SCTLR_M) !== 0;
  translator.wxn = (sctlr & SCTLR_WXN) !== 0 && cp15.ids.longDescriptors;
  translator.uwxn = (sctlr & SCTLR_UWXN) !== 0 && cp15.ids.longDescriptors;
  mem.strictAlignment = (sctlr & SCTLR_A) !== 0;
  registers.tre = (sctlr & SCTLR_TRE) !== 0;
  registers.afe = (sctlr & SCTLR_AFE) !== 0;
  // The bit came with the Multiprocessing Extensions; before, SWP was always there (A8.8.229).
  cp15.swapEnabled = (sctlr & SCTLR_SW) !== 0 || !cp15.ids.multiprocessing;
  cp15.thumbExceptions = (sctlr & SCTLR_TE) !== 0;
  cp15.bigEndianExceptions = (sctlr & SCTLR_EE) !== 0;
  cp15.vectorBase = (sctlr & SCTLR_V) !== 0 ? 0xffff0000 | 0 : cp15.vbar;
}

function writeControl(cpu: Cpu, value: number): undefined {
  const { cp15, mem } = cpu;
  const before = cp15.sctlr;
  cp15.sctlr = value | SCTLR_ONES;
  applyControl(cpu);
  const changed = before ^ cp15.sctlr;
  if ((changed & (SCTLR_M | SCTLR_TRE | SCTLR_AFE | SCTLR_WXN | SCTLR_UWXN)) !== 0) {
    mem.translator.tlb.flushAll();
    mem.forget();
    mem.domainsChanged();
  }
}

/** CPACR: cp10 in bits 21:20, cp11 in 23:22, D32DIS 30, ASEDIS 31. The mode decides between 01 and 11. */
export function applyAccess(cpu: Cpu): void {
  const { cp15 } = cpu;
  const access = (cp15.cpacr >>> 20) & 3;
  cp15.vfpEnabled = access === 3 || (access === 1 && cpu.privileged);
  cp15.neonEnabled = cp15.vfpEnabled && cp15.cpacr >>> 31 === 0;
}

/** TTBCR, TTBR0, TTBR1 in either format go to the registers that the walker reads. */
function applyTables(cpu: Cpu): void {
  const { cp15, mem } = cpu;
  const { registers } = mem.translator;
  const long = cp15.ids.longDescriptors && (cp15.ttbcr & (1 << 31)) !== 0;
  const format = long ? 'long' : 'short';
  if (registers.format !== format) {
    registers.format = format;
    mem.translator.tlb.flushAll();
    mem.forget();
    mem.domainsChanged();
    applyAttributes(cpu);
  }
  if (registers.ttbcr !== cp15.ttbcr >>> 0) registers.ttbcr = cp15.ttbcr >>> 0;
  const ttbr0 = long ? (cp15.ttbr0High & 0xff) * 2 ** 32 + (cp15.ttbr0 >>> 0) : cp15.ttbr0 >>> 0;
  const ttbr1 = long ? (cp15.ttbr1High & 0xff) * 2 ** 32 + (cp15.ttbr1 >>> 0) : cp15.ttbr1 >>> 0;
  if (registers.ttbr0 !== ttbr0) registers.ttbr0 = ttbr0;
  if (registers.ttbr1 !== ttbr1) registers.ttbr1 = ttbr1;
  applyAsid(cpu);
}

/** With long descriptors TTBCR.A1 says which base register has the ASID (B3.6.7); else CONTEXTIDR has it. */
function applyAsid(cpu: Cpu): void {
  const { cp15, mem } = cpu;
  const { registers } = mem.translator;
  const high = (cp15.ttbcr & (1 << 22)) !== 0 ? cp15.ttbr1High : cp15.ttbr0High;
  const asid = registers.format === 'long' ? (high >>> 16) & 0xff : cp15.contextidr & 0xff;
  if (registers.asid === asid) return;
  registers.asid = asid;
  mem.forget();
}

/** PRRR and NMRR share their places with MAIR0 and MAIR1. */
function applyAttributes(cpu: Cpu): void {
  const { cp15, mem } = cpu;
  const { registers } = mem.translator;
  const first = (cp15.stored.get('PRRR') ?? PRRR_RESET) >>> 0;
  const second = (cp15.stored.get('NMRR') ?? NMRR_RESET) >>> 0;
  registers.prrr = first;
  registers.nmrr = second;
  registers.mair0 = first;
  registers.mair1 = second;
  mem.translator.tlb.flushAll();
  mem.forget();
}

/** Reset values of Arm's cores: DDI 0388I and DDI 0438I, chapter 4. */
const PRRR_RESET = 0x00098aa4;
const NMRR_RESET = 0x44e048e0;

/** Everything that depends on a register takes its value from it. */
export function applyReset(cpu: Cpu): void {
  applyControl(cpu);
  applyAccess(cpu);
  applyAttributes(cpu);
  applyTables(cpu);
  cpu.mem.domainsChanged();
}

/** TTBR0, 1 and TTBCR with 32 bits. */
function tableBase(name: string, opc2: number, member: 'ttbr0' | 'ttbr1' | 'ttbcr'): CoprocessorRegister {
  return {
    ...at(name, [2, 0, 0, opc2]),
    read: cpu => cpu.cp15[member],
    write: (cpu, value) => {
      cpu.cp15[member] = value;
      applyTables(cpu);
      return undefined;
    },
  };
}

function attributes(name: 'PRRR' | 'NMRR', opc2: number, reset: number): CoprocessorRegister {
  return {
    ...stored(name, [10, 0, 2, opc2], reset),
    write: (cpu, value) => {
      cpu.cp15.stored.set(name, value);
      applyAttributes(cpu);
      return undefined;
    },
  };
}

/** CCSIDR of the level and kind that CSSELR selects. */
function cacheSize(cpu: Cpu): number {
  const { ids, csselr } = cpu.cp15;
  const level = (csselr >>> 1) & 7;
  return ids.ccsidr[level === 0 ? csselr & 1 : 1 + level] ?? 0;
}

/** L2CTLR: cores less one in [25:24]. A Cortex-A8 has its auxiliary control register there, which is kept. */
function secondLevelControl(cpu: Cpu): number {
  const { ids, stored: values } = cpu.cp15;
  return ids.multiprocessing ? (cpu.parts.cores.length - 1) << 24 : (values.get('L2CTLR') ?? 0);
}

/** MPIDR: with the Multiprocessing Extensions bit 31 is set; bit 30 says that there is one core only. */
function affinity(cpu: Cpu): number {
  if (!cpu.cp15.ids.multiprocessing) return 0;
  return (1 << 31) | (cpu.index & 3);
}

/** CNTKCTL: PL0PCTEN 0, PL0VCTEN 1, PL0VTEN 8, PL0PTEN 9. */
function granted(...bits: number[]): (cpu: Cpu) => boolean {
  return cpu => bits.some(bit => ((cpu.cp15.cntkctl >>> bit) & 1) === 1);
}

/** The core's own timer, physical or virtual, and the clock exact. */
function channel(cpu: Cpu, which: 'physical' | 'virtual'): TimerChannel {
  cpu.syncClock();
  return cpu.cp15.timer![which][cpu.index]!;
}

function compareTimer(prefix: 'CNTP' | 'CNTV', crm: 2 | 3): CoprocessorRegister[] {
  const which = prefix === 'CNTP' ? 'physical' : 'virtual';
  const user = granted(prefix === 'CNTP' ? 9 : 8);
  const access = { userRead: user, userWrite: user, exists: withTimer };
  return [
    {
      ...at(`${prefix}_TVAL`, [14, 0, crm, 0]),
      read: cpu => channel(cpu, which).value,
      write: (cpu, value) => {
        channel(cpu, which).value = value;
        return undefined;
      },
      ...access,
    },
    {
      ...at(`${prefix}_CTL`, [14, 0, crm, 1]),
      read: cpu => channel(cpu, which).control,
      write: (cpu, value) => {
        channel(cpu, which).control = value;
        return undefined;
      },
      ...access,
    },
  ];
}

export const systemRegisters: readonly CoprocessorRegister[] = [
  constant('MIDR', [0, 0, 0, 0], ids => ids.midr),
  constant('CTR', [0, 0, 0, 1], ids => ids.ctr),
  constant('TCMTR', [0, 0, 0, 2], () => 0),
  constant('TLBTR', [0, 0, 0, 3], () => 0),
  constant('MIDR (alias)', [0, 0, 0, 4], ids => ids.midr),
  { ...at('MPIDR', [0, 0, 0, 5]), read: affinity },
  // A core without the register has MIDR in its place (B4.1.126).
  constant('REVIDR', [0, 0, 0, 6], ids => ids.midr),
  constant('MIDR (alias)', [0, 0, 0, 7], ids => ids.midr),
  ...Array.from({ length: 14 }, (_, index) =>
    constant(`ID ${index}`, [0, 0, index < 8 ? 1 : 2, index & 7], ids => ids.features[index]!),
  ),
  constant('ID_ISAR6', [0, 0, 2, 6], () => 0),
  constant('ID_ISAR7', [0, 0, 2, 7], () => 0),
  ...Array.from({ length: 5 }, (_, crm) => crm + 3).flatMap(crm =>
    Array.from({ length: 8 }, (_, opc2) => constant('reserved ID', [0, 0, crm, opc2], () => 0)),
  ),
  { ...at('CCSIDR', [0, 1, 0, 0]), read: cacheSize },
  constant('CLIDR', [0, 1, 0, 1], ids => ids.clidr),
  constant('AIDR', [0, 1, 0, 7], () => 0),
  kept('CSSELR', [0, 2, 0, 0], 'csselr'),
  { ...at('SCTLR', [1, 0, 0, 0]), read: cpu => cpu.cp15.sctlr | SCTLR_ONES, write: writeControl },
  stored('ACTLR', [1, 0, 0, 1]),
  {
    ...at('CPACR', [1, 0, 0, 2]),
    read: cpu => cpu.cp15.cpacr,
    write: (cpu, value) => {
      // Only coprocessors 10 and 11 exist, and are granted together.
      cpu.cp15.cpacr = value & 0xc0f00000;
      applyAccess(cpu);
      return undefined;
    },
  },
  tableBase('TTBR0', 0, 'ttbr0'),
  tableBase('TTBR1', 1, 'ttbr1'),
  tableBase('TTBCR', 2, 'ttbcr'),
  {
    ...at('DACR', [3, 0, 0, 0]),
    read: cpu => cpu.mem.translator.registers.dacr,
    write: (cpu, value) => {
      cpu.mem.translator.registers.dacr = value;
      cpu.mem.domainsChanged();
      return undefined;
    },
  },
  kept('DFSR', [5, 0, 0, 0], 'dfsr'),
  kept('IFSR', [5, 0, 0, 1], 'ifsr'),
  stored('ADFSR', [5, 0, 1, 0]),
  stored('AIFSR', [5, 0, 1, 1]),
  kept('DFAR', [6, 0, 0, 0], 'dfar'),
  kept('IFAR', [6, 0, 0, 2], 'ifar'),
  kept('PAR', [7, 0, 4, 0], 'par'),
  {
    ...stored('L2CTLR', [9, 1, 0, 2]),
    exists: isCore('Cortex-A7', 'Cortex-A8', 'Cortex-A15'),
    read: secondLevelControl,
  },
  { ...stored('L2ECTLR', [9, 1, 0, 3]), exists: isCore('Cortex-A7', 'Cortex-A15') },
  { ...stored('TLB lockdown', [10, 0, 0, 0]), exists: isCore('Cortex-A8', 'Cortex-A9') },
  { ...stored('TLB lockdown', [10, 0, 0, 1]), exists: isCore('Cortex-A8', 'Cortex-A9') },
  attributes('PRRR', 0, PRRR_RESET),
  attributes('NMRR', 1, NMRR_RESET),
  stored('AMAIR0', [10, 0, 3, 0]),
  stored('AMAIR1', [10, 0, 3, 1]),
  {
    ...at('VBAR', [12, 0, 0, 0]),
    read: cpu => cpu.cp15.vbar,
    write: (cpu, value) => {
      cpu.cp15.vbar = value & ~0x1f;
      applyControl(cpu);
      return NEXT;
    },
  },
  { ...at('ISR', [12, 0, 1, 0]), read: cpu => (cpu.irq << 7) | (cpu.fiq << 6) },
  // No core here has the Fast Context Switch Extension: the register reads as zero and ignores writes (B4.1.64).
  { ...constant('FCSEIDR', [13, 0, 0, 0], () => 0), write: () => NEXT },
  {
    ...at('CONTEXTIDR', [13, 0, 0, 1]),
    read: cpu => cpu.cp15.contextidr,
    write: (cpu, value) => {
      cpu.cp15.contextidr = value;
      applyAsid(cpu);
      return undefined;
    },
  },
  { ...kept('TPIDRURW', [13, 0, 0, 2], 'tpidrurw'), userRead: always, userWrite: always },
  { ...kept('TPIDRURO', [13, 0, 0, 3], 'tpidruro'), userRead: always },
  kept('TPIDRPRW', [13, 0, 0, 4], 'tpidrprw'),
  {
    // What firmware has found out, and software without a firmware writes; the counter's frequency is what it is.
    ...stored('CNTFRQ', [14, 0, 0, 0]),
    read: cpu => cpu.cp15.stored.get('CNTFRQ') ?? cpu.cp15.timer!.frequency,
    userRead: granted(0, 1),
    exists: withTimer,
  },
  {
    ...at('CNTKCTL', [14, 0, 1, 0]),
    read: cpu => cpu.cp15.cntkctl,
    write: (cpu, value) => {
      cpu.cp15.cntkctl = value;
      return NEXT;
    },
    exists: withTimer,
  },
  ...compareTimer('CNTP', 2),
  ...compareTimer('CNTV', 3),
  // DDI 0388I, 4.3: power control, diagnostics, Configuration Base Address.
  { ...stored('power control', [15, 0, 0, 0]), exists: isCore('Cortex-A9') },
  { ...stored('diagnostic', [15, 0, 0, 1]), exists: isCore('Cortex-A9') },
  { ...stored('CBAR', [15, 4, 0, 0]), exists: isCore('Cortex-A7', 'Cortex-A9', 'Cortex-A15') },
];

function counterRegister(
  name: string,
  opc1: number,
  which: 'count' | 'virtualCount',
  bit: number,
): CoprocessorRegister64 {
  return {
    name,
    coproc: 15,
    opc1,
    crm: 14,
    exists: withTimer,
    userRead: granted(bit),
    read: cpu => {
      cpu.syncClock();
      const now = cpu.cp15.timer![which];
      cpu.cp15.valueHigh = Math.floor(now / 2 ** 32) | 0;
      return now % 2 ** 32;
    },
  };
}

function compareRegister(
  name: string,
  opc1: number,
  which: 'physical' | 'virtual',
  bit: number,
): CoprocessorRegister64 {
  return {
    name,
    coproc: 15,
    opc1,
    crm: 14,
    exists: withTimer,
    userRead: granted(bit),
    userWrite: granted(bit),
    read: cpu => {
      const { high, low } = channel(cpu, which).compare;
      cpu.cp15.valueHigh = high | 0;
      return low;
    },
    write: (cpu, low, high) => {
      channel(cpu, which).setCompare(high, low);
    },
  };
}

const withLong = ({ ids }: Cp15): boolean => ids.longDescriptors;

function wide(
  name: string,
  opc1: number,
  crm: number,
  low: 'ttbr0' | 'ttbr1' | 'par',
  high: 'ttbr0High' | 'ttbr1High' | 'parHigh',
): CoprocessorRegister64 {
  return {
    name,
    coproc: 15,
    opc1,
    crm,
    exists: withLong,
    read: cpu => {
      cpu.cp15.valueHigh = cpu.cp15[high];
      return cpu.cp15[low];
    },
    write: (cpu, lowWord, highWord) => {
      cpu.cp15[low] = lowWord;
      cpu.cp15[high] = highWord;
      if (low !== 'par') applyTables(cpu);
    },
  };
}

export const systemRegisters64: readonly CoprocessorRegister64[] = [
  wide('TTBR0', 0, 2, 'ttbr0', 'ttbr0High'),
  wide('TTBR1', 1, 2, 'ttbr1', 'ttbr1High'),
  wide('PAR', 0, 7, 'par', 'parHigh'),
  counterRegister('CNTPCT', 0, 'count', 0),
  counterRegister('CNTVCT', 1, 'virtualCount', 1),
  compareRegister('CNTP_CVAL', 2, 'physical', 9),
  compareRegister('CNTV_CVAL', 3, 'virtual', 8),
  { name: 'DBGDRAR', coproc: 14, opc1: 0, crm: 1, read: cpu => (cpu.cp15.valueHigh = 0) },
  { name: 'DBGDSAR', coproc: 14, opc1: 0, crm: 2, read: cpu => (cpu.cp15.valueHigh = 0) },
];
