// SPDX-License-Identifier: GPL-2.0-only
/**
 * Cache, TLB and branch predictor maintenance, address translation, and barriers of coprocessor 15: ARM DDI 0406C,
 * B4.2. Each reaches the operation of the modelled machine, which counts it and tells whoever observes.
 * Model: an operation by set and way works on the whole cache once, when way 0 of set 0 of a level is named: Linux
 * walks all sets and ways, and the modelled machine has them as one operation. Branch predictors do not exist.
 */
import { mairByte } from '../../hw/mmu/memory-type.js';
import { WALK_OK } from '../../hw/mmu/walker.js';
import type { InnerOperation, TlbOperation } from '../../hw/observer.js';
import { NEXT, type Outcome } from '../isa/op.js';
import type { CoprocessorRegister } from './cp15.js';
import type { Cpu } from './cpu.js';
import { FAULT_EXTERNAL_ON_WALK, faultStatus } from './faults.js';
import { R_PRIVILEGED_READ, R_PRIVILEGED_WRITE, R_USER_READ, R_USER_WRITE } from './tlb.js';

function operation(
  name: string,
  crm: number,
  opc2: number,
  write: (cpu: Cpu, value: number) => Outcome | undefined,
  crn = 7,
): CoprocessorRegister {
  return { name, coproc: 15, opc1: 0, crn, crm, opc2, write };
}

/** The address must be translated: B2.2.7. False: a Data Abort was taken. */
function translates(cpu: Cpu, vaddr: number): boolean {
  const { mem } = cpu;
  if (mem.translator.find(vaddr) >= 0) return true;
  mem.failMaintenance(vaddr);
  return false;
}

function lineOf(cpu: Cpu, vaddr: number, ofInstructions: boolean): { start: number; size: number } {
  // CTR.DminLine and IminLine: log2 of words.
  const log = ofInstructions ? cpu.cp15.ids.ctr & 0xf : (cpu.cp15.ids.ctr >>> 16) & 0xf;
  const size = 4 << log;
  return { start: (vaddr & -size) >>> 0, size };
}

function byAddress(name: string, crm: number, operationName: InnerOperation): CoprocessorRegister {
  return operation(name, crm, 1, (cpu, value) => {
    if (!translates(cpu, value >>> 0)) return cpu.dataAbort();
    const { start, size } = lineOf(cpu, value, false);
    cpu.parts.machine.innerMaintain(operationName, start, size);
    return NEXT;
  });
}

function bySetWay(name: string, crm: number, operationName: InnerOperation): CoprocessorRegister {
  return operation(name, crm, 2, (cpu, value) => {
    if (value === 0) cpu.parts.machine.innerMaintainAll(operationName);
    return NEXT;
  });
}

function instructionAll(name: string, crm: number, broadcast: boolean): CoprocessorRegister {
  return operation(name, crm, 0, cpu => {
    cpu.parts.machine.instructionInvalidateAll(broadcast);
    return undefined;
  });
}

function nothing(name: string, crm: number, opc2: number): CoprocessorRegister {
  return operation(name, crm, opc2, () => NEXT);
}

/** ATS1C…: B4.2.4. The result goes to PAR (B4.1.112). */
function translate(name: string, opc2: number, right: number): CoprocessorRegister {
  return operation(name, 8, opc2, (cpu, value) => {
    const { mem, cp15 } = cpu;
    const { translator } = mem;
    const long = translator.registers.format === 'long';
    const slot = translator.translate(value >>> 0, right);
    if (slot < 0) {
      if (translator.fault >> 2 === FAULT_EXTERNAL_ON_WALK) {
        // B3.12.5: of all that may go wrong this alone is a Data Abort.
        mem.failMaintenance(value >>> 0);
        return cpu.dataAbort();
      }
      const status = faultStatus(long, translator.fault, translator.domain, false);
      // F, and the status: FS[5:0] with short descriptors, FST with long ones.
      const bits = long ? (status & 0x3f) << 1 : (((status >>> 10) & 1) << 5) | ((status & 0xf) << 1);
      cp15.par = bits | 1 | (long ? 1 << 11 : 0);
      cp15.parHigh = 0;
      return NEXT;
    }
    if (long) answerLong(cpu, value >>> 0, slot);
    else answerShort(cpu, slot);
    return NEXT;
  });
}

/** PAR of a core that has long descriptors on: [63:56] ATTR, as in MAIR, [39:12] address, [8:7] SH. */
function answerLong(cpu: Cpu, vaddr: number, slot: number): void {
  const { cp15, mem } = cpu;
  const { tlb, walker, found, registers, enabled } = mem.translator;
  const frame = tlb.frames[slot]!;
  // The TLB has types, not the registers' bytes. With the MMU off all is Strongly-ordered.
  const walked = enabled && walker.walk(vaddr, found) === WALK_OK;
  const attributes = walked ? mairByte(registers, found.attrIndex) : 0;
  // Outer Shareable whatever the entry says: Device, Strongly-ordered, Normal that no cache may hold (B3.8.4).
  const alwaysOuter = attributes >>> 4 === 0 || attributes === 0x44;
  const shareability = alwaysOuter ? 2 : found.sh;
  cp15.par = (frame << 12) | (1 << 11) | (1 << 9) | (shareability << 7);
  cp15.parHigh = Math.floor(frame / 0x100000) | (attributes << 24);
}

/** PAR with short descriptors. Of a supersection bit 1 is set, and [23:16] have address bits 39:32. */
function answerShort(cpu: Cpu, slot: number): void {
  const { cp15, mem } = cpu;
  const { frames, shifts, types } = mem.translator.tlb;
  const frame = frames[slot]!;
  const type = types[slot]!;
  const outer = { NC: 0, WBWA: 1, WT: 2, WB: 3 }[type.outer];
  const inner =
    type.type === 'normal' ? { NC: 0, WBWA: 5, WT: 6, WB: 7 }[type.inner] : type.type === 'device' ? 3 : 1;
  const address =
    shifts[slot] === SUPERSECTION_SHIFT
      ? ((frame << 12) & 0xff000000) | (Math.floor(frame / 0x100000) << 16) | (1 << 1)
      : frame << 12;
  cp15.par = address | (type.shareable === true ? 1 << 7 : 0) | (inner << 4) | (outer << 2);
  cp15.parHigh = 0;
}

/** log2 of 16 MiB. */
const SUPERSECTION_SHIFT = 24;

/** The TLBs that an operation reaches: all cores' for the …IS forms (CRm 3). */
function reached(cpu: Cpu, broadcast: boolean): readonly Cpu[] {
  return broadcast ? cpu.parts.cores : [cpu];
}

function flushPage(cpu: Cpu, broadcast: boolean, vaddr: number, asid: number, anyAsid: boolean): void {
  for (const { mem } of reached(cpu, broadcast)) {
    if (mem.translator.tlb.flushPage(vaddr, asid, anyAsid)) mem.forget();
    else mem.forgetPage(vaddr);
  }
}

function tell(cpu: Cpu, which: TlbOperation, broadcast: boolean, vaddr = 0, size = 0, asid = 0): void {
  cpu.parts.machine.tlbFlush(which, vaddr, size, broadcast, asid);
}

/** CRm: 3 inner shareable, 5 instruction, 6 data, 7 unified. The TLB here is one. */
function tlbOperations(crm: 3 | 5 | 6 | 7): CoprocessorRegister[] {
  const suffix = { 3: 'IS', 5: ' (instruction)', 6: ' (data)', 7: '' }[crm];
  const broadcast = crm === 3;
  const tlbOperation = (
    name: string,
    opc2: number,
    run: (cpu: Cpu, value: number) => void,
  ): CoprocessorRegister =>
    operation(
      name + suffix,
      crm,
      opc2,
      (cpu, value) => {
        run(cpu, value);
        return undefined;
      },
      8,
    );
  return [
    tlbOperation('TLBIALL', 0, cpu => {
      for (const { mem } of reached(cpu, broadcast)) {
        mem.translator.tlb.flushAll();
        mem.forget();
      }
      tell(cpu, 'all', broadcast);
    }),
    tlbOperation('TLBIMVA', 1, (cpu, value) => {
      const vaddr = (value & ~0xfff) >>> 0;
      const asid = value & 0xff;
      flushPage(cpu, broadcast, vaddr, asid, false);
      tell(cpu, 'mva', broadcast, vaddr, 4096, asid);
    }),
    tlbOperation('TLBIASID', 2, (cpu, value) => {
      const asid = value & 0xff;
      for (const { mem } of reached(cpu, broadcast)) {
        mem.translator.tlb.flushAsid(asid);
        mem.forget();
      }
      tell(cpu, 'asid', broadcast, 0, 0, asid);
    }),
    tlbOperation('TLBIMVAA', 3, (cpu, value) => {
      const vaddr = (value & ~0xfff) >>> 0;
      flushPage(cpu, broadcast, vaddr, 0, true);
      tell(cpu, 'mva', broadcast, vaddr, 4096, cpu.mem.translator.registers.asid);
    }),
  ];
}

export const maintenanceRegisters: readonly CoprocessorRegister[] = [
  nothing('WFI (ARMv6)', 0, 4),
  instructionAll('ICIALLUIS', 1, true),
  nothing('BPIALLIS', 1, 6),
  instructionAll('ICIALLU', 5, false),
  operation('ICIMVAU', 5, 1, (cpu, value) => {
    if (!translates(cpu, value >>> 0)) return cpu.dataAbort();
    const { start, size } = lineOf(cpu, value, true);
    cpu.parts.machine.instructionInvalidate(start, size);
    return NEXT;
  }),
  {
    ...operation('CP15ISB', 5, 4, cpu => {
      cpu.parts.machine.barrier('isb');
      return undefined;
    }),
    userWrite: () => true,
  },
  nothing('BPIALL', 5, 6),
  nothing('BPIMVA', 5, 7),
  byAddress('DCIMVAC', 6, 'invalidate'),
  bySetWay('DCISW', 6, 'invalidate'),
  translate('ATS1CPR', 0, R_PRIVILEGED_READ),
  translate('ATS1CPW', 1, R_PRIVILEGED_WRITE),
  translate('ATS1CUR', 2, R_USER_READ),
  translate('ATS1CUW', 3, R_USER_WRITE),
  byAddress('DCCMVAC', 10, 'clean'),
  bySetWay('DCCSW', 10, 'clean'),
  {
    ...operation('CP15DSB', 10, 4, cpu => {
      cpu.parts.machine.barrier('dsb');
      return NEXT;
    }),
    userWrite: () => true,
  },
  {
    ...operation('CP15DMB', 10, 5, cpu => {
      cpu.parts.machine.barrier('dmb');
      return NEXT;
    }),
    userWrite: () => true,
  },
  operation('DCCMVAU', 11, 1, (cpu, value) => {
    if (!translates(cpu, value >>> 0)) return cpu.dataAbort();
    const { start, size } = lineOf(cpu, value, false);
    cpu.parts.machine.cleanToPou(start, size);
    return NEXT;
  }),
  nothing('prefetch (ARMv6)', 13, 1),
  byAddress('DCCIMVAC', 14, 'clean-invalidate'),
  bySetWay('DCCISW', 14, 'clean-invalidate'),
  ...([3, 5, 6, 7] as const).flatMap(tlbOperations),
];
