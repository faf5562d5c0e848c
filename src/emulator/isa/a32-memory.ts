// SPDX-License-Identifier: GPL-2.0-only
/** A32 loads and stores: ARM DDI 0406C, A5.2.8 to A5.2.10, A5.3, A5.5, A8.8 and B9.3. */
import { multipleOffsets, pairOffsets } from './a32-common.js';
import { type Decoded, type Encoding, row, UNPREDICTABLE } from './encoding.js';
import * as access from './execute-load-store.js';
import * as multiple from './execute-multiple.js';
import type { Execute, Op } from './op.js';
import { decodeImmediateShift, loadingPc, readingPc } from './operands.js';

interface Kind {
  readonly name: string;
  readonly access: access.Access;
  readonly load: boolean;
  /** Only words may go to or come from r15. */
  readonly word: boolean;
}

function kind(name: string, its: access.Access, load: boolean, word = false): Kind {
  return { name, access: its, load, word };
}

/**
 * p, u, w as in the encoding become what execute functions expect. `unprivileged`: LDRT and its kin.
 * UNPREDICTABLE: write-back to r15 or over the register that is moved, r15 as index or as anything but a word.
 */
function addressing(op: Op, its: Kind, unprivileged: boolean): Decoded {
  const writesBack = op.p === 0 || op.w === 1;
  if (writesBack && (op.rn === 15 || op.rn === op.rt)) return UNPREDICTABLE;
  if (op.i === 1 && op.rm === 15) return UNPREDICTABLE;
  if (op.rt === 15 && (!its.word || unprivileged)) return UNPREDICTABLE;
  op.w = writesBack ? 1 : 0;
  op.t = unprivileged ? 1 : 0;
  if (op.i === 0 && op.u === 0) op.imm = -op.imm | 0;
  const execute = access.formOf(op, its.access);
  if (its.load && op.rt === 15) return loadingPc(op, execute);
  return op.rn === 15 || op.rt === 15 ? readingPc(op, execute) : execute;
}

/** LDR, LDRB, STR, STRB: A5.3. */
function wordOrByte(
  its: Kind,
  sections: readonly [string, string, string],
  b: string,
  l: string,
): Encoding[] {
  const name = its.name.toLowerCase();
  const immediate = (op: Op, unprivileged: boolean): Decoded => {
    op.i = 0;
    return addressing(op, its, unprivileged);
  };
  const register = (op: Op, unprivileged: boolean): Decoded => {
    op.i = 1;
    decodeImmediateShift(op, op.shift, op.amount);
    return addressing(op, its, unprivileged);
  };
  return [
    row(
      `${its.name} (immediate)`,
      'A1',
      sections[0],
      'load-store',
      `cond:4 010 p:1 u:1 ${b} w:1 ${l} rn:4 rt:4 imm:12`,
      `${name}{c} {rt}, {address}`,
      op => immediate(op, false),
    ),
    row(
      `${its.name} (register)`,
      'A1',
      sections[1],
      'load-store',
      `cond:4 011 p:1 u:1 ${b} w:1 ${l} rn:4 rt:4 amount:5 shift:2 0 rm:4`,
      `${name}{c} {rt}, {address}`,
      op => register(op, false),
    ),
    row(
      `${its.name}T`,
      'A1',
      sections[2],
      'load-store',
      `cond:4 0100 u:1 ${b} 1 ${l} rn:4 rt:4 imm:12`,
      `${name}t{c} {rt}, {address}`,
      op => {
        op.p = 0;
        return immediate(op, true);
      },
    ),
    row(
      `${its.name}T`,
      'A2',
      sections[2],
      'load-store',
      `cond:4 0110 u:1 ${b} 1 ${l} rn:4 rt:4 amount:5 shift:2 0 rm:4`,
      `${name}t{c} {rt}, {address}`,
      op => {
        op.p = 0;
        return register(op, true);
      },
    ),
  ];
}

/** LDRH, LDRSB, LDRSH, STRH: A5.2.8 and A5.2.9. */
function extra(its: Kind, sections: readonly [string, string, string], l: string, op2: string): Encoding[] {
  const name = its.name.toLowerCase();
  const decode = (op: Op, index: number, unprivileged: boolean): Decoded => {
    op.i = index;
    op.shift = 0;
    op.amount = 0;
    return addressing(op, its, unprivileged);
  };
  return [
    row(
      `${its.name} (immediate)`,
      'A1',
      sections[0],
      'load-store',
      `cond:4 000 p:1 u:1 1 w:1 ${l} rn:4 rt:4 imm:4 ${op2} imm:4`,
      `${name}{c} {rt}, {address}`,
      op => decode(op, 0, false),
    ),
    row(
      `${its.name} (register)`,
      'A1',
      sections[1],
      'load-store',
      `cond:4 000 p:1 u:1 0 w:1 ${l} rn:4 rt:4 (0000) ${op2} rm:4`,
      `${name}{c} {rt}, {address}`,
      op => decode(op, 1, false),
    ),
    row(
      `${its.name}T`,
      'A1',
      sections[2],
      'load-store',
      `cond:4 0000 u:1 11 ${l} rn:4 rt:4 imm:4 ${op2} imm:4`,
      `${name}t{c} {rt}, {address}`,
      op => {
        op.p = 0;
        return decode(op, 0, true);
      },
    ),
    row(
      `${its.name}T`,
      'A2',
      sections[2],
      'load-store',
      `cond:4 0000 u:1 01 ${l} rn:4 rt:4 (0000) ${op2} rm:4`,
      `${name}t{c} {rt}, {address}`,
      op => {
        op.p = 0;
        return decode(op, 1, true);
      },
    ),
  ];
}

/** LDRD and STRD: rt is even, rt2 the next one. */
function double(its: Kind, sections: readonly [string, string], op2: string): Encoding[] {
  const decode = (op: Op, index: number): Decoded => {
    op.i = index;
    op.shift = 0;
    op.amount = 0;
    op.rt2 = op.rt + 1;
    const writesBack = op.p === 0 || op.w === 1;
    if ((op.rt & 1) === 1 || op.rt2 === 15 || (op.p === 0 && op.w === 1)) return UNPREDICTABLE;
    if (writesBack && op.rn === op.rt2) return UNPREDICTABLE;
    if (index === 1 && its.load && (op.rm === op.rt || op.rm === op.rt2)) return UNPREDICTABLE;
    return addressing(op, its, false);
  };
  const name = its.name.toLowerCase();
  return [
    row(
      `${its.name} (immediate)`,
      'A1',
      sections[0],
      'load-store',
      `cond:4 000 p:1 u:1 1 w:1 0 rn:4 rt:4 imm:4 ${op2} imm:4`,
      `${name}{c} {rt}, {rt2}, {address}`,
      op => decode(op, 0),
    ),
    row(
      `${its.name} (register)`,
      'A1',
      sections[1],
      'load-store',
      `cond:4 000 p:1 u:1 0 w:1 0 rn:4 rt:4 (0000) ${op2} rm:4`,
      `${name}{c} {rt}, {rt2}, {address}`,
      op => decode(op, 1),
    ),
  ];
}

const singles: readonly Encoding[] = [
  ...wordOrByte(kind('LDR', access.LDR, true, true), ['A8.8.63', 'A8.8.66', 'A8.8.92'], '0', '1'),
  ...wordOrByte(kind('LDRB', access.LDRB, true), ['A8.8.68', 'A8.8.70', 'A8.8.71'], '1', '1'),
  ...double(kind('LDRD', access.LDRD, true), ['A8.8.72', 'A8.8.74'], '1101'),
  ...extra(kind('LDRH', access.LDRH, true), ['A8.8.80', 'A8.8.82', 'A8.8.83'], '1', '1011'),
  ...extra(kind('LDRSB', access.LDRSB, true), ['A8.8.84', 'A8.8.86', 'A8.8.87'], '1', '1101'),
  ...extra(kind('LDRSH', access.LDRSH, true), ['A8.8.88', 'A8.8.90', 'A8.8.91'], '1', '1111'),
  ...wordOrByte(kind('STR', access.STR, false, true), ['A8.8.204', 'A8.8.205', 'A8.8.219'], '0', '0'),
  ...wordOrByte(kind('STRB', access.STRB, false), ['A8.8.207', 'A8.8.208', 'A8.8.209'], '1', '0'),
  ...double(kind('STRD', access.STRD, false), ['A8.8.210', 'A8.8.211'], '1111'),
  ...extra(kind('STRH', access.STRH, false), ['A8.8.217', 'A8.8.218', 'A8.8.218'], '0', '1011'),
];

function exclusive(name: string, section: string, pattern: string, decode: (op: Op) => Decoded): Encoding {
  const load = name.startsWith('LD');
  const pair = name.endsWith('D') ? '{rt}, {rt2}' : '{rt}';
  const syntax = `${name.toLowerCase()}{c} ${load ? '' : '{rd}, '}${pair}, [{rn}]`;
  return row(name, 'A1', section, 'exclusive', pattern, syntax, decode);
}

function loadExclusive(execute: Execute): (op: Op) => Decoded {
  return op => (op.rt === 15 || op.rn === 15 ? UNPREDICTABLE : execute);
}

function storeExclusive(execute: Execute): (op: Op) => Decoded {
  return op => {
    if (op.rd === 15 || op.rt === 15 || op.rn === 15 || op.rd === op.rn || op.rd === op.rt)
      return UNPREDICTABLE;
    return execute;
  };
}

const exclusives: readonly Encoding[] = [
  row(
    'CLREX',
    'A1',
    'A8.8.32',
    'exclusive',
    '1111 01010111 (1111) (1111) (0000) 0001 (1111)',
    'clrex',
    () => access.clrex,
  ),
  exclusive('LDREX', 'A8.8.75', 'cond:4 00011001 rn:4 rt:4 (1111) 1001 (1111)', loadExclusive(access.ldrex)),
  exclusive(
    'LDREXB',
    'A8.8.76',
    'cond:4 00011101 rn:4 rt:4 (1111) 1001 (1111)',
    loadExclusive(access.ldrexb),
  ),
  exclusive('LDREXD', 'A8.8.77', 'cond:4 00011011 rn:4 rt:4 (1111) 1001 (1111)', op => {
    op.rt2 = op.rt + 1;
    return (op.rt & 1) === 1 || op.rt === 14 || op.rn === 15 ? UNPREDICTABLE : access.ldrexd;
  }),
  exclusive(
    'LDREXH',
    'A8.8.78',
    'cond:4 00011111 rn:4 rt:4 (1111) 1001 (1111)',
    loadExclusive(access.ldrexh),
  ),
  exclusive('STREX', 'A8.8.212', 'cond:4 00011000 rn:4 rd:4 (1111) 1001 rt:4', storeExclusive(access.strex)),
  exclusive(
    'STREXB',
    'A8.8.213',
    'cond:4 00011100 rn:4 rd:4 (1111) 1001 rt:4',
    storeExclusive(access.strexb),
  ),
  exclusive('STREXD', 'A8.8.214', 'cond:4 00011010 rn:4 rd:4 (1111) 1001 rt:4', op => {
    op.rt2 = op.rt + 1;
    if ((op.rt & 1) === 1 || op.rt === 14 || op.rd === 15 || op.rn === 15) return UNPREDICTABLE;
    return op.rd === op.rn || op.rd === op.rt || op.rd === op.rt2 ? UNPREDICTABLE : access.strexd;
  }),
  exclusive(
    'STREXH',
    'A8.8.215',
    'cond:4 00011110 rn:4 rd:4 (1111) 1001 rt:4',
    storeExclusive(access.strexh),
  ),
  row(
    'SWP, SWPB',
    'A1',
    'A8.8.229',
    'exclusive',
    'cond:4 00010 b:1 00 rn:4 rt:4 (0000) 1001 rm:4',
    'swp{b}{c} {rt}, {rm}, [{rn}]',
    op => {
      if (op.rt === 15 || op.rm === 15 || op.rn === 15 || op.rn === op.rm || op.rn === op.rt)
        return UNPREDICTABLE;
      return access.swp;
    },
  ),
];

const multiples: readonly Encoding[] = [
  row(
    'LDM',
    'A1',
    'A8.8.57 to A8.8.60',
    'load-store-multiple',
    'cond:4 100 p:1 u:1 0 w:1 1 rn:4 list:16',
    'ldm{multiple}{c} {rn}{w}, {list}',
    op => {
      if (op.rn === 15 || op.list === 0) return UNPREDICTABLE;
      if (op.w === 1 && ((op.list >> op.rn) & 1) === 1) return UNPREDICTABLE;
      multipleOffsets(op);
      return (op.list & 0x8000) !== 0 ? loadingPc(op, multiple.ldm) : multiple.ldm;
    },
  ),
  row(
    'STM',
    'A1',
    'A8.8.199 to A8.8.202',
    'load-store-multiple',
    'cond:4 100 p:1 u:1 0 w:1 0 rn:4 list:16',
    'stm{multiple}{c} {rn}{w}, {list}',
    op => {
      if (op.rn === 15 || op.list === 0) return UNPREDICTABLE;
      // With write-back, a base in the list is UNKNOWN unless it comes first.
      multipleOffsets(op);
      return (op.list & 0x8000) !== 0 ? readingPc(op, multiple.stm) : multiple.stm;
    },
  ),
  row(
    'LDM (exception return)',
    'A1',
    'B9.3.5',
    'load-store-multiple',
    'cond:4 100 p:1 u:1 1 w:1 1 rn:4 1 list:15',
    'ldm{multiple}{c} {rn}{w}, {list}^',
    op => {
      op.list |= 0x8000;
      if (op.rn === 15 || (op.w === 1 && ((op.list >> op.rn) & 1) === 1)) return UNPREDICTABLE;
      op.last = 1;
      multipleOffsets(op);
      return multiple.ldmReturn;
    },
  ),
  row(
    'LDM (User registers)',
    'A1',
    'B9.3.6',
    'load-store-multiple',
    'cond:4 100 p:1 u:1 1 (0) 1 rn:4 0 list:15',
    'ldm{multiple}{c} {rn}, {list}^',
    op => {
      if (op.rn === 15 || op.list === 0) return UNPREDICTABLE;
      multipleOffsets(op);
      return multiple.ldmUser;
    },
  ),
  row(
    'STM (User registers)',
    'A1',
    'B9.3.17',
    'load-store-multiple',
    'cond:4 100 p:1 u:1 1 (0) 0 rn:4 list:16',
    'stm{multiple}{c} {rn}, {list}^',
    op => {
      if (op.rn === 15 || op.list === 0) return UNPREDICTABLE;
      multipleOffsets(op);
      return (op.list & 0x8000) !== 0 ? readingPc(op, multiple.stmUser) : multiple.stmUser;
    },
  ),
  row(
    'RFE',
    'A1',
    'B9.3.13',
    'system',
    '1111 100 p:1 u:1 0 w:1 1 rn:4 (0000) (1010) (0000) (0000)',
    'rfe{amode} {rn}{w}',
    op => {
      if (op.rn === 15) return UNPREDICTABLE;
      op.last = 1;
      pairOffsets(op);
      return multiple.rfe;
    },
  ),
  row(
    'SRS',
    'A1',
    'B9.3.16',
    'system',
    '1111 100 p:1 u:1 1 w:1 0 (1101) (0000) (0101) (000) mode:5',
    'srs{amode} sp{w}, #{mode}',
    op => {
      pairOffsets(op);
      return multiple.srs;
    },
  ),
];

/** Hints of which nothing is seen. The address is worked out for those who read the instruction. */
function preloadImmediate(op: Op): Decoded {
  if (op.u === 0) op.imm = -op.imm | 0;
  return access.preload;
}

function preloadRegister(op: Op): Decoded {
  op.i = 1;
  decodeImmediateShift(op, op.shift, op.amount);
  return access.preload;
}

/** A5.7.1. */
const preloads: readonly Encoding[] = [
  row(
    'PLD, PLDW (immediate)',
    'A1',
    'A8.8.127',
    'hint',
    '1111 0101 u:1 r:1 01 rn:4 (1111) imm:12',
    'pld{forWriting} {address}',
    preloadImmediate,
  ),
  row(
    'PLD, PLDW (register)',
    'A1',
    'A8.8.129',
    'hint',
    '1111 0111 u:1 r:1 01 rn:4 (1111) amount:5 shift:2 0 rm:4',
    'pld{forWriting} {address}',
    preloadRegister,
  ),
  row(
    'PLI (immediate)',
    'A1',
    'A8.8.130',
    'hint',
    '1111 0100 u:1 101 rn:4 (1111) imm:12',
    'pli {address}',
    preloadImmediate,
  ),
  row(
    'PLI (register)',
    'A1',
    'A8.8.131',
    'hint',
    '1111 0110 u:1 101 rn:4 (1111) amount:5 shift:2 0 rm:4',
    'pli {address}',
    preloadRegister,
  ),
  row(
    'Unallocated memory hint (immediate)',
    'A1',
    'A5.7.1',
    'hint',
    '1111 0100 x:1 001 rn:4 rt:4 imm:12',
    'nop',
    () => access.preload,
  ),
  row(
    'Unallocated memory hint (register)',
    'A1',
    'A5.7.1',
    'hint',
    '1111 0110 x:1 001 rn:4 rt:4 imm:7 0 rm:4',
    'nop',
    () => access.preload,
  ),
];

export const memoryA32: readonly Encoding[] = [...singles, ...exclusives, ...multiples, ...preloads];
