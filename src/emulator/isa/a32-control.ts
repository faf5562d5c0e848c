// SPDX-License-Identifier: GPL-2.0-only
/** A32 branches, status registers, hints, barriers and coprocessors: ARM DDI 0406C, A5.2.11, A5.2.12, A5.5 to A5.7, A8.8 and B9.3. */
import { isFloatingPoint, noCoprocessor, signed } from './a32-common.js';
import { type Encoding, row, UNDEFINED, UNPREDICTABLE } from './encoding.js';
import * as branch from './execute-branch.js';
import * as system from './execute-system.js';
import { expandA32, nop } from './operands.js';

const branches: readonly Encoding[] = [
  row('B', 'A1', 'A8.8.18', 'branch', 'cond:4 1010 imm:24', 'b{c} {target}', op => {
    op.imm = signed(op.imm, 24) * 4 + 8;
    op.last = 1;
    return branch.b;
  }),
  row('BL (immediate)', 'A1', 'A8.8.25', 'branch', 'cond:4 1011 imm:24', 'bl{c} {target}', op => {
    op.imm = signed(op.imm, 24) * 4 + 8;
    op.last = 1;
    return branch.bl;
  }),
  row('BLX (immediate)', 'A2', 'A8.8.25', 'branch', '1111 101 h:1 imm:24', 'blx {target}', op => {
    op.imm = signed(op.imm, 24) * 4 + op.h * 2 + 8;
    op.last = 1;
    return branch.blxImmediate;
  }),
  row(
    'BLX (register)',
    'A1',
    'A8.8.26',
    'branch',
    'cond:4 00010010 (1111) (1111) (1111) 0011 rm:4',
    'blx{c} {rm}',
    op => {
      if (op.rm === 15) return UNPREDICTABLE;
      op.last = 1;
      return branch.blxRegister;
    },
  ),
  row('BX', 'A1', 'A8.8.27', 'branch', 'cond:4 00010010 (1111) (1111) (1111) 0001 rm:4', 'bx{c} {rm}', op => {
    op.last = 1;
    return branch.bx;
  }),
  // Model: Jazelle is the trivial implementation, where BXJ is BX (A2.9.2).
  row(
    'BXJ',
    'A1',
    'A8.8.28',
    'branch',
    'cond:4 00010010 (1111) (1111) (1111) 0010 rm:4',
    'bxj{c} {rm}',
    op => {
      if (op.rm === 15) return UNPREDICTABLE;
      op.last = 1;
      return branch.bx;
    },
  ),
];

const exceptions: readonly Encoding[] = [
  row('BKPT', 'A1', 'A8.8.24', 'system', 'cond:4 00010010 imm:12 0111 imm:4', 'bkpt #{imm}', op => {
    if (op.cond !== 14) return UNPREDICTABLE;
    op.last = 1;
    return system.bkpt;
  }),
  row('HVC', 'A1', 'B9.3.4', 'system', 'cond:4 00010100 imm:12 0111 imm:4', 'hvc #{imm}', op =>
    op.cond !== 14 ? UNPREDICTABLE : system.hvc,
  ),
  row(
    'SMC',
    'A1',
    'B9.3.14',
    'system',
    'cond:4 00010110 (0000) (0000) (0000) 0111 imm:4',
    'smc{c} #{imm}',
    () => system.smc,
  ),
  row('SVC', 'A1', 'A8.8.228', 'system', 'cond:4 1111 imm:24', 'svc{c} #{imm}', op => {
    op.last = 1;
    return system.svc;
  }),
];

const status: readonly Encoding[] = [
  row(
    'CPS',
    'A2',
    'B9.3.2',
    'system',
    '1111 00010000 option:2 w:1 0 (0000) (000) a:1 i:1 f:1 0 mode:5',
    'cps{imod} {iflags}',
    op => {
      if (op.option === 1 || (op.option === 0 && op.w === 0) || (op.mode !== 0 && op.w === 0))
        return UNPREDICTABLE;
      return system.cps;
    },
  ),
  row(
    'MRS',
    'A1',
    'A8.8.109, B9.3.8',
    'status',
    'cond:4 00010 r:1 00 (1111) rd:4 (00) 0 (0) 0000 (0000)',
    'mrs{c} {rd}, {psr}',
    op => (op.rd === 15 ? UNPREDICTABLE : system.mrs),
  ),
  row(
    'MRS (Banked register)',
    'A1',
    'B9.3.9',
    'system',
    'cond:4 00010 r:1 00 sysm:4 rd:4 (00) 1 sysm:1 0000 (0000)',
    'mrs{c} {rd}, {banked}',
    op => {
      op.sysm = ((op.sysm & 1) << 4) | (op.sysm >> 1);
      return op.rd === 15 ? UNPREDICTABLE : system.mrsBanked;
    },
  ),
  row(
    'MSR (Banked register)',
    'A1',
    'B9.3.10',
    'system',
    'cond:4 00010 r:1 10 sysm:4 (1111) (00) 1 sysm:1 0000 rn:4',
    'msr{c} {banked}, {rn}',
    op => {
      op.sysm = ((op.sysm & 1) << 4) | (op.sysm >> 1);
      return op.rn === 15 ? UNPREDICTABLE : system.msrBanked;
    },
  ),
  row(
    'MSR (immediate)',
    'A1',
    'A8.8.111, B9.3.11',
    'status',
    'cond:4 00110 r:1 10 mask:4 (1111) imm:12',
    'msr{c} {psr}_{mask}, #{imm}',
    op => {
      if (op.mask === 0) return UNPREDICTABLE;
      op.imm = expandA32(op.imm);
      return system.msrImmediate;
    },
  ),
  row(
    'MSR (register)',
    'A1',
    'A8.8.112, B9.3.12',
    'status',
    'cond:4 00010 r:1 10 mask:4 (1111) (00) 0 (0) 0000 rn:4',
    'msr{c} {psr}_{mask}, {rn}',
    op => {
      if (op.mask === 0 || op.rn === 15) return UNPREDICTABLE;
      return system.msrRegister;
    },
  ),
  row(
    'SETEND',
    'A1',
    'A8.8.167',
    'status',
    '1111 00010000 (000) 1 (0000) (00) e:1 (0) 0000 (0000)',
    'setend {e}',
    () => system.setend,
  ),
];

/** MSR (immediate) with op and mask 0: A5.2.11. Unallocated hints are NOP. */
const hints: readonly Encoding[] = [
  row('NOP', 'A1', 'A8.8.119', 'hint', 'cond:4 00110010 0000 (1111) (0000) imm:8', 'nop{c}{hint}', () => nop),
  row(
    'DBG',
    'A1',
    'A8.8.42',
    'hint',
    'cond:4 00110010 0000 (1111) (0000) 1111 imm:4',
    'dbg{c} #{imm}',
    () => nop,
  ),
  row(
    'SEV',
    'A1',
    'A8.8.168',
    'hint',
    'cond:4 00110010 0000 (1111) (0000) 00000100',
    'sev{c}',
    () => system.sev,
  ),
  row(
    'WFE',
    'A1',
    'A8.8.424',
    'hint',
    'cond:4 00110010 0000 (1111) (0000) 00000010',
    'wfe{c}',
    () => system.wfe,
  ),
  row(
    'WFI',
    'A1',
    'A8.8.425',
    'hint',
    'cond:4 00110010 0000 (1111) (0000) 00000011',
    'wfi{c}',
    () => system.wfi,
  ),
  row(
    'YIELD',
    'A1',
    'A8.8.426',
    'hint',
    'cond:4 00110010 0000 (1111) (0000) 00000001',
    'yield{c}',
    () => system.yieldTurn,
  ),
  row(
    'DMB',
    'A1',
    'A8.8.43',
    'hint',
    '1111 01010111 (1111) (1111) (0000) 0101 option:4',
    'dmb {barrier}',
    () => system.dmb,
  ),
  row(
    'DSB',
    'A1',
    'A8.8.44',
    'hint',
    '1111 01010111 (1111) (1111) (0000) 0100 option:4',
    'dsb {barrier}',
    () => system.dsb,
  ),
  row(
    'ISB',
    'A1',
    'A8.8.53',
    'hint',
    '1111 01010111 (1111) (1111) (0000) 0110 option:4',
    'isb {sy}',
    () => system.isb,
  ),
];

const coprocessors: readonly Encoding[] = [
  row(
    'MCR',
    'A1',
    'A8.8.98',
    'coprocessor',
    'cond:4 1110 opc1:3 0 crn:4 rt:4 coproc:4 opc2:3 1 crm:4',
    'mcr{c} p{coproc}, {opc1}, {rt}, c{crn}, c{crm}, {opc2}',
    op => {
      if (noCoprocessor(op)) return UNDEFINED;
      return op.rt === 15 ? UNPREDICTABLE : system.mcr;
    },
    { see: isFloatingPoint },
  ),
  row(
    'MCRR',
    'A1',
    'A8.8.99',
    'coprocessor',
    'cond:4 11000100 rt2:4 rt:4 coproc:4 opc1:4 crm:4',
    'mcrr{c} p{coproc}, {opc1}, {rt}, {rt2}, c{crm}',
    op => {
      if (noCoprocessor(op)) return UNDEFINED;
      return op.rt === 15 || op.rt2 === 15 ? UNPREDICTABLE : system.mcrr;
    },
    { see: isFloatingPoint },
  ),
  row(
    'MRC',
    'A1',
    'A8.8.107',
    'coprocessor',
    'cond:4 1110 opc1:3 1 crn:4 rt:4 coproc:4 opc2:3 1 crm:4',
    'mrc{c} p{coproc}, {opc1}, {apsr}, c{crn}, c{crm}, {opc2}',
    op => (noCoprocessor(op) ? UNDEFINED : system.mrc),
    { see: isFloatingPoint },
  ),
  row(
    'MRRC',
    'A1',
    'A8.8.108',
    'coprocessor',
    'cond:4 11000101 rt2:4 rt:4 coproc:4 opc1:4 crm:4',
    'mrrc{c} p{coproc}, {opc1}, {rt}, {rt2}, c{crm}',
    op => {
      if (noCoprocessor(op)) return UNDEFINED;
      return op.rt === 15 || op.rt2 === 15 || op.rt === op.rt2 ? UNPREDICTABLE : system.mrrc;
    },
    { see: isFloatingPoint },
  ),
];

export const controlA32: readonly Encoding[] = [
  ...branches,
  ...exceptions,
  ...status,
  ...hints,
  ...coprocessors,
];
