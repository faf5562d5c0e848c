// SPDX-License-Identifier: GPL-2.0-only
/**
 * The registers of the performance monitors in coprocessor 15: ARM DDI 0406C, C12.8 and B4.1.116 to B4.1.131, as far as
 * PMUv1 (Cortex-A8 and A9) and PMUv2 (A7, A15) have them. What they do: `pmu.ts`.
 */
import type { CoprocessorRegister, Cp15 } from './cp15.js';
import type { Cpu } from './cpu.js';
import { COUNTED_EVENTS } from './pmu.js';

type Access = Pick<CoprocessorRegister, 'read' | 'write' | 'userRead' | 'userWrite' | 'exists'>;

/** C12.3.3: user code as far as PMUSERENR lets it. */
const user = (cpu: Cpu): boolean => cpu.cp15.pmu.forUser;
const always = (): boolean => true;
const isSecondVersion = ({ ids }: Cp15): boolean => ids.longDescriptors;

function at(name: string, crm: number, opc2: number, access: Access): CoprocessorRegister {
  return { name, coproc: 15, opc1: 0, crn: 9, crm, opc2, ...access };
}

/** One that user code may access if PMUSERENR says so. */
function shared(
  name: string,
  crm: number,
  opc2: number,
  read?: (cpu: Cpu) => number,
  write?: (cpu: Cpu, value: number) => void,
): CoprocessorRegister {
  return at(name, crm, opc2, {
    ...(read === undefined ? {} : { read, userRead: user }),
    ...(write === undefined ? {} : { write: writing(write), userWrite: user }),
  });
}

/** One that is a member of the monitors. */
function member(
  name: string,
  crm: number,
  opc2: number,
  key: 'pmcr' | 'pmselr' | 'pmccntr' | 'pmxevtyper' | 'pmxevcntr',
): CoprocessorRegister {
  return shared(
    name,
    crm,
    opc2,
    cpu => cpu.cp15.pmu[key],
    (cpu, value) => {
      cpu.cp15.pmu[key] = value;
    },
  );
}

/** A write after which the interrupt line may have moved: look around. */
function writing(write: (cpu: Cpu, value: number) => void): (cpu: Cpu, value: number) => undefined {
  return (cpu, value) => {
    write(cpu, value);
    return undefined;
  };
}

export const monitorRegisters: readonly CoprocessorRegister[] = [
  member('PMCR', 12, 0, 'pmcr'),
  shared(
    'PMCNTENSET',
    12,
    1,
    cpu => cpu.cp15.pmu.pmcnten,
    (cpu, value) => cpu.cp15.pmu.enable(value, true),
  ),
  shared(
    'PMCNTENCLR',
    12,
    2,
    cpu => cpu.cp15.pmu.pmcnten,
    (cpu, value) => cpu.cp15.pmu.enable(value, false),
  ),
  shared(
    'PMOVSR',
    12,
    3,
    cpu => cpu.cp15.pmu.pmovsr,
    (cpu, value) => cpu.cp15.pmu.overflow(value, false),
  ),
  shared('PMSWINC', 12, 4, undefined, (cpu, value) => cpu.cp15.pmu.softwareIncrement(value)),
  member('PMSELR', 12, 5, 'pmselr'),
  at('PMCEID0', 12, 6, { read: () => COUNTED_EVENTS, userRead: user, exists: isSecondVersion }),
  at('PMCEID1', 12, 7, { read: () => 0, userRead: user, exists: isSecondVersion }),
  member('PMCCNTR', 13, 0, 'pmccntr'),
  member('PMXEVTYPER', 13, 1, 'pmxevtyper'),
  member('PMXEVCNTR', 13, 2, 'pmxevcntr'),
  at('PMUSERENR', 14, 0, {
    read: cpu => Number(cpu.cp15.pmu.forUser),
    write: writing((cpu, value) => {
      cpu.cp15.pmu.userEnable = value;
    }),
    userRead: always,
  }),
  at('PMINTENSET', 14, 1, {
    read: cpu => cpu.cp15.pmu.pminten,
    write: writing((cpu, value) => cpu.cp15.pmu.enableInterrupts(value, true)),
  }),
  at('PMINTENCLR', 14, 2, {
    read: cpu => cpu.cp15.pmu.pminten,
    write: writing((cpu, value) => cpu.cp15.pmu.enableInterrupts(value, false)),
  }),
  at('PMOVSSET', 14, 3, {
    read: cpu => cpu.cp15.pmu.pmovsr,
    write: writing((cpu, value) => cpu.cp15.pmu.overflow(value, true)),
    userRead: user,
    userWrite: user,
    exists: isSecondVersion,
  }),
];
