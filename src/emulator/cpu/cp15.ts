// SPDX-License-Identifier: GPL-2.0-only
/**
 * Coprocessors 14 and 15 of one core: what their registers hold, and how MCR, MRC, MCRR and MRRC find them. The
 * registers themselves are tables: `cp15-registers.ts`, `cp15-pmu.ts`, `cp15-maintenance.ts`, `cp14.ts`.
 * ARM DDI 0406C, B3.17 (functional groups) and B4.1.
 */

import { invariant } from '../../base/diagnostics.js';
import type { GenericTimer } from '../devices/generic-timer.js';
import { LEAVE, NEXT, type Op, type Outcome } from '../isa/op.js';
import { debugRegisters } from './cp14.js';
import { maintenanceRegisters } from './cp15-maintenance.js';
import { monitorRegisters } from './cp15-pmu.js';
import { applyReset, systemRegisters, systemRegisters64 } from './cp15-registers.js';
import type { Cpu } from './cpu.js';
import type { CoreIds } from './ids.js';
import { Pmu } from './pmu.js';

/** A register that MCR and MRC reach. */
export interface CoprocessorRegister {
  readonly name: string;
  readonly coproc: 14 | 15;
  readonly opc1: number;
  readonly crn: number;
  readonly crm: number;
  readonly opc2: number;
  /** Absent: cannot be read. */
  readonly read?: (cpu: Cpu) => number;
  /** What it returns is the instruction's outcome; nothing returned: look around. */
  readonly write?: (cpu: Cpu, value: number) => Outcome | undefined;
  /** Where user code may read or write it. */
  readonly userRead?: (cpu: Cpu) => boolean;
  readonly userWrite?: (cpu: Cpu) => boolean;
  /** A core that lacks it does not know it. */
  readonly exists?: (cp15: Cp15) => boolean;
}

/** A register that MCRR and MRRC reach. read() leaves the high word in `cp15.valueHigh`. */
export interface CoprocessorRegister64 {
  readonly name: string;
  readonly coproc: 14 | 15;
  readonly opc1: number;
  readonly crm: number;
  readonly read?: (cpu: Cpu) => number;
  readonly write?: (cpu: Cpu, low: number, high: number) => void;
  readonly userRead?: (cpu: Cpu) => boolean;
  readonly userWrite?: (cpu: Cpu) => boolean;
  readonly exists?: (cp15: Cp15) => boolean;
}

function keyOf(coproc: number, opc1: number, crn: number, crm: number, opc2: number): number {
  return (coproc << 16) | (opc1 << 12) | (crn << 8) | (crm << 4) | opc2;
}

const TABLE: ReadonlyMap<number, CoprocessorRegister> = byPlace([
  ...systemRegisters,
  ...monitorRegisters,
  ...maintenanceRegisters,
  ...debugRegisters,
]);

function byPlace(registers: readonly CoprocessorRegister[]): Map<number, CoprocessorRegister> {
  const places = new Map<number, CoprocessorRegister>();
  for (const register of registers) {
    const { name, coproc, opc1, crn, crm, opc2 } = register;
    const key = keyOf(coproc, opc1, crn, crm, opc2);
    invariant(!places.has(key), () => `${name} is where ${places.get(key)!.name} is`);
    places.set(key, register);
  }
  return places;
}

const TABLE64: ReadonlyMap<number, CoprocessorRegister64> = new Map(
  systemRegisters64.map(register => [keyOf(register.coproc, register.opc1, 0, register.crm, 0), register]),
);

export class Cp15 {
  readonly ids: CoreIds;
  readonly pmu: Pmu;
  /** The machine's Generic Timer; null: there is none, and its registers are undefined. */
  timer: GenericTimer | null = null;
  /** CNTKCTL: which timer registers user code may access. */
  cntkctl = 0;
  dfsr = 0;
  dfar = 0;
  ifsr = 0;
  ifar = 0;
  sctlr = 0;
  cpacr = 0;
  vbar = 0;
  csselr = 0;
  contextidr = 0;
  /** PAR after ATS1C…: low and high word. */
  par = 0;
  parHigh = 0;
  tpidrurw = 0;
  tpidruro = 0;
  tpidrprw = 0;
  /** TTBCR, TTBR0, TTBR1, PRRR and the like as written; `MmuRegisters` has what translation needs of them. */
  ttbcr = 0;
  ttbr0 = 0;
  ttbr0High = 0;
  ttbr1 = 0;
  ttbr1High = 0;
  /** Plain storage for registers that do nothing here, by name. */
  readonly stored: Map<string, number> = new Map();
  /** From SCTLR: TE, EE, V with VBAR, SW. */
  thumbExceptions = false;
  bigEndianExceptions = false;
  vectorBase = 0;
  swapEnabled = false;
  /** From CPACR, for the current mode. */
  vfpEnabled = false;
  neonEnabled = false;
  /** What a read found. */
  value = 0;
  valueHigh = 0;
  /** Accesses to registers that do not exist, for whoever looks for what is missing. */
  readonly unknown: Set<string> = new Set();
  private readonly cpu: Cpu;

  constructor(cpu: Cpu, ids: CoreIds) {
    this.cpu = cpu;
    this.ids = ids;
    this.pmu = new Pmu(cpu);
  }

  /** The registers that reset defines. */
  reset(): void {
    const { cpu } = this;
    this.sctlr = 0;
    this.cpacr = 0;
    this.vbar = 0;
    this.ttbcr = 0;
    this.contextidr = 0;
    this.cntkctl = 0;
    // The Configuration Base Address comes from pins (DDI 0388I, 4.3.24).
    const base = this.stored.get('CBAR');
    this.stored.clear();
    this.pmu.reset();
    if (base !== undefined) this.stored.set('CBAR', base);
    cpu.mem.translator.registers.dacr = 0;
    applyReset(cpu);
  }

  /** MRC: the value is in `value` if NEXT is returned. */
  read(op: Op): Outcome {
    const register = this.find(op);
    const { cpu } = this;
    if (register?.read === undefined) return this.missing(op);
    if (!cpu.privileged && register.userRead?.(cpu) !== true) return cpu.undefined();
    this.value = register.read(cpu) | 0;
    return NEXT;
  }

  /** MCR. */
  write(op: Op, value: number): Outcome {
    const register = this.find(op);
    const { cpu } = this;
    if (register?.write === undefined) return this.missing(op);
    if (!cpu.privileged && register.userWrite?.(cpu) !== true) return cpu.undefined();
    return register.write(cpu, value) ?? LEAVE;
  }

  read64(op: Op): Outcome {
    const register = TABLE64.get(keyOf(op.coproc, op.opc1, 0, op.crm, 0));
    const { cpu } = this;
    if (register?.read === undefined || register.exists?.(this) === false) return this.missing(op);
    if (!cpu.privileged && register.userRead?.(cpu) !== true) return cpu.undefined();
    this.value = register.read(cpu) | 0;
    return NEXT;
  }

  write64(op: Op, low: number, high: number): Outcome {
    const register = TABLE64.get(keyOf(op.coproc, op.opc1, 0, op.crm, 0));
    const { cpu } = this;
    if (register?.write === undefined || register.exists?.(this) === false) return this.missing(op);
    if (!cpu.privileged && register.userWrite?.(cpu) !== true) return cpu.undefined();
    register.write(cpu, low, high);
    return LEAVE;
  }

  private find(op: Op): CoprocessorRegister | undefined {
    const register = TABLE.get(keyOf(op.coproc, op.opc1, op.crn, op.crm, op.opc2));
    return register?.exists?.(this) === false ? undefined : register;
  }

  private missing(op: Op): Outcome {
    this.unknown.add(`p${op.coproc} ${op.opc1} c${op.crn} c${op.crm} ${op.opc2}`);
    return this.cpu.undefined();
  }
}
