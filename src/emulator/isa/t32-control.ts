// SPDX-License-Identifier: GPL-2.0-only
/** T32 branches, system instructions and coprocessors of 32 bits: ARM DDI 0406C, A6.3.4, A6.3.18, A8.8 and B9.3. */
import { isFloatingPoint, noCoprocessor, signed } from './a32-common.js';
import { type Decoded, type Encoding, row, UNDEFINED, UNPREDICTABLE } from './encoding.js';
import * as branch from './execute-branch.js';
import { returning, SUB, withImmediate } from './execute-data.js';
import { clrex } from './execute-load-store.js';
import * as system from './execute-system.js';
import type { Execute, Op } from './op.js';
import { nop } from './operands.js';

function bad(register: number): boolean {
  return register === 13 || register === 15;
}

function mayBranch(op: Op): boolean {
  return op.it === 0 || (op.it & 0xf) === 8;
}

/** S:I1:I2:imm:0 of B T4, BL, BLX, with I1 = NOT(J1 EOR S); `bits` of `imm`. */
function longTarget(op: Op, bits: number, scale: number): void {
  const i1 = 1 ^ op.j ^ op.s;
  const i2 = 1 ^ op.k ^ op.s;
  const value = (op.s << (bits + 2)) | (i1 << (bits + 1)) | (i2 << bits) | op.imm;
  op.imm = signed(value, bits + 3) * scale + 4;
}

const branches: readonly Encoding[] = [
  row(
    'B',
    'T3',
    'A8.8.18',
    'branch',
    '11110 s:1 cond:4 imm:6 10 j:1 0 k:1 imm:11',
    'b{c}.w {target}',
    op => {
      if (op.it !== 0) return UNPREDICTABLE;
      op.imm = signed((op.s << 19) | (op.k << 18) | (op.j << 17) | op.imm, 20) * 2 + 4;
      return branch.b;
    },
    { see: op => op.cond >= 14 },
  ),
  row('B', 'T4', 'A8.8.18', 'branch', '11110 s:1 imm:10 10 j:1 1 k:1 imm:11', 'b{c}.w {target}', op => {
    if (!mayBranch(op)) return UNPREDICTABLE;
    longTarget(op, 21, 2);
    op.last = 1;
    return branch.b;
  }),
  row(
    'BL (immediate)',
    'T1',
    'A8.8.25',
    'branch',
    '11110 s:1 imm:10 11 j:1 1 k:1 imm:11',
    'bl{c} {target}',
    op => {
      if (!mayBranch(op)) return UNPREDICTABLE;
      longTarget(op, 21, 2);
      op.last = 1;
      return branch.bl;
    },
  ),
  row(
    'BLX (immediate)',
    'T2',
    'A8.8.25',
    'branch',
    '11110 s:1 imm:10 11 j:1 0 k:1 imm:10 h:1',
    'blx{c} {target}',
    op => {
      if (op.h === 1) return UNDEFINED;
      if (!mayBranch(op)) return UNPREDICTABLE;
      longTarget(op, 20, 4);
      op.last = 1;
      return branch.blxImmediate;
    },
  ),
];

function hint(name: string, section: string, code: string, execute: Execute): Encoding {
  return row(
    name,
    'T2',
    section,
    'hint',
    `11110 0 1110 10 (1111) 10 (0) 0 (0) 000 ${code}`,
    `${name.toLowerCase()}{c}.w`,
    () => execute,
  );
}

function barrier(name: string, section: string, code: string, execute: Execute): Encoding {
  return row(
    name,
    'T1',
    section,
    'hint',
    `11110 0 1110 11 (1111) 10 (0) 0 (1111) ${code} option:4`,
    `${name.toLowerCase()} ${name === 'ISB' ? '{sy}' : '{barrier}'}`,
    () => execute,
  );
}

const systems: readonly Encoding[] = [
  row(
    'MSR (register)',
    'T1',
    'A8.8.112, B9.3.12',
    'status',
    '11110 0 1110 0 r:1 rn:4 10 (0) 0 mask:4 (00) 0 (0) (0000)',
    'msr{c} {psr}_{mask}, {rn}',
    op => (op.mask === 0 || bad(op.rn) ? UNPREDICTABLE : system.msrRegister),
  ),
  row(
    'MSR (Banked register)',
    'T1',
    'B9.3.10',
    'system',
    '11110 0 1110 0 r:1 rn:4 10 (0) 0 sysm:4 (00) 1 sysm:1 (0000)',
    'msr{c} {banked}, {rn}',
    op => {
      op.sysm = ((op.sysm & 1) << 4) | (op.sysm >> 1);
      return bad(op.rn) ? UNPREDICTABLE : system.msrBanked;
    },
  ),
  row(
    'CPS',
    'T2',
    'B9.3.1',
    'system',
    '11110 0 1110 10 (1111) 10 (0) 0 (0) option:2 w:1 a:1 i:1 f:1 mode:5',
    'cps{imod} {iflags}',
    op => {
      if (op.it !== 0 || op.option === 1 || (op.mode !== 0 && op.w === 0)) return UNPREDICTABLE;
      return system.cps;
    },
    { see: op => op.option === 0 && op.w === 0 },
  ),
  row(
    'hint',
    'T2',
    'A8.8.119',
    'hint',
    '11110 0 1110 10 (1111) 10 (0) 0 (0) 000 imm:8',
    'nop{c}.w{hint}',
    () => nop,
  ),
  hint('YIELD', 'A8.8.426', '00000001', system.yieldTurn),
  hint('WFE', 'A8.8.424', '00000010', system.wfe),
  hint('WFI', 'A8.8.425', '00000011', system.wfi),
  hint('SEV', 'A8.8.168', '00000100', system.sev),
  row(
    'CLREX',
    'T1',
    'A8.8.32',
    'exclusive',
    '11110 0 1110 11 (1111) 10 (0) 0 (1111) 0010 (1111)',
    'clrex',
    () => clrex,
  ),
  barrier('DSB', 'A8.8.44', '0100', system.dsb),
  barrier('DMB', 'A8.8.43', '0101', system.dmb),
  barrier('ISB', 'A8.8.53', '0110', system.isb),
  row(
    'BXJ',
    'T1',
    'A8.8.28',
    'branch',
    '11110 0 1111 00 rm:4 10 (0) 0 (1111) (0000) (0000)',
    'bxj{c} {rm}',
    op => {
      if (bad(op.rm) || !mayBranch(op)) return UNPREDICTABLE;
      op.last = 1;
      return branch.bx;
    },
  ),
  row(
    'SUBS PC, LR and related instructions',
    'T1',
    'B9.3.19',
    'system',
    '11110 0 1111 01 (1110) 10 (0) 0 (1111) imm:8',
    'subs{c} pc, lr, #{imm}',
    op => {
      if (!mayBranch(op)) return UNPREDICTABLE;
      op.s = 0;
      op.rd = 15;
      op.rn = 14;
      return returning(op, withImmediate(op, SUB, -1));
    },
  ),
  row(
    'MRS',
    'T1',
    'A8.8.109, B9.3.8',
    'status',
    '11110 0 1111 1 r:1 (1111) 10 (0) 0 rd:4 (00) 0 (0) (0000)',
    'mrs{c} {rd}, {psr}',
    op => (bad(op.rd) ? UNPREDICTABLE : system.mrs),
  ),
  row(
    'MRS (Banked register)',
    'T1',
    'B9.3.9',
    'system',
    '11110 0 1111 1 r:1 sysm:4 10 (0) 0 rd:4 (00) 1 sysm:1 (0000)',
    'mrs{c} {rd}, {banked}',
    op => {
      op.sysm = ((op.sysm & 1) << 4) | (op.sysm >> 1);
      return bad(op.rd) ? UNPREDICTABLE : system.mrsBanked;
    },
  ),
  row('HVC', 'T1', 'B9.3.4', 'system', '11110 1111110 imm:4 1000 imm:12', 'hvc #{imm}', op =>
    op.it !== 0 ? UNPREDICTABLE : system.hvc,
  ),
  row(
    'SMC',
    'T1',
    'B9.3.14',
    'system',
    '11110 1111111 imm:4 1000 (0000) (0000) (0000)',
    'smc{c} #{imm}',
    () => system.smc,
  ),
  row('UDF', 'T2', 'A8.8.247', 'hint', '11110 1111111 imm:4 1010 imm:12', 'udf.w #{imm}', () => UNDEFINED),
];

/** `moved`: registers that must not be SP or PC. MRC to r15 sets the flags. */
function coprocessor(execute: Execute, ...moved: readonly ('rt' | 'rt2')[]): (op: Op) => Decoded {
  return op => {
    if (noCoprocessor(op)) return UNDEFINED;
    return moved.some(name => bad(op[name])) ? UNPREDICTABLE : execute;
  };
}

const coprocessors: readonly Encoding[] = [
  row(
    'MCR',
    'T1',
    'A8.8.98',
    'coprocessor',
    '1110 1110 opc1:3 0 crn:4 rt:4 coproc:4 opc2:3 1 crm:4',
    'mcr{c} p{coproc}, {opc1}, {rt}, c{crn}, c{crm}, {opc2}',
    coprocessor(system.mcr, 'rt'),
    { see: isFloatingPoint },
  ),
  row(
    'MCRR',
    'T1',
    'A8.8.99',
    'coprocessor',
    '1110 11000100 rt2:4 rt:4 coproc:4 opc1:4 crm:4',
    'mcrr{c} p{coproc}, {opc1}, {rt}, {rt2}, c{crm}',
    coprocessor(system.mcrr, 'rt', 'rt2'),
    { see: isFloatingPoint },
  ),
  row(
    'MRC',
    'T1',
    'A8.8.107',
    'coprocessor',
    '1110 1110 opc1:3 1 crn:4 rt:4 coproc:4 opc2:3 1 crm:4',
    'mrc{c} p{coproc}, {opc1}, {apsr}, c{crn}, c{crm}, {opc2}',
    op => {
      if (noCoprocessor(op)) return UNDEFINED;
      return op.rt === 13 ? UNPREDICTABLE : system.mrc;
    },
    { see: isFloatingPoint },
  ),
  row(
    'MRRC',
    'T1',
    'A8.8.108',
    'coprocessor',
    '1110 11000101 rt2:4 rt:4 coproc:4 opc1:4 crm:4',
    'mrrc{c} p{coproc}, {opc1}, {rt}, {rt2}, c{crm}',
    op => {
      if (noCoprocessor(op)) return UNDEFINED;
      return bad(op.rt) || bad(op.rt2) || op.rt === op.rt2 ? UNPREDICTABLE : system.mrrc;
    },
    { see: isFloatingPoint },
  ),
];

export const controlT32: readonly Encoding[] = [...branches, ...systems, ...coprocessors];
