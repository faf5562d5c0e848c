// SPDX-License-Identifier: GPL-2.0-only
/** T32 loads and stores of 32 bits: ARM DDI 0406C, A6.3.5 to A6.3.10, A8.8 and B9.3. */
import { multipleOffsets, pairOffsets } from './a32-common.js';
import { type Decoded, type Encoding, row, UNDEFINED, UNPREDICTABLE } from './encoding.js';
import { tbb } from './execute-branch.js';
import * as access from './execute-load-store.js';
import * as multiple from './execute-multiple.js';
import type { Op } from './op.js';
import { loadingPc, nop, readingAlignedPc } from './operands.js';

function bad(register: number): boolean {
  return register === 13 || register === 15;
}

interface Kind {
  readonly name: string;
  readonly access: access.Access;
  readonly load: boolean;
  readonly word: boolean;
  /** Bits 24 (sign), 22:21 (size). */
  readonly sign: string;
  readonly size: string;
  readonly section: string;
}

/** The register that is moved: SP and PC only as words. A byte or halfword for r15 is a hint. */
function target(op: Op, its: Kind): Decoded | null {
  if (its.load && !its.word && op.rt === 15) return nop;
  if (!its.word && op.rt === 13) return UNPREDICTABLE;
  if (!its.load && op.rt === 15) return UNPREDICTABLE;
  return null;
}

function finish(op: Op, its: Kind): Decoded {
  const execute = access.formOf(op, its.access);
  return its.load && op.rt === 15 ? loadingPc(op, execute) : execute;
}

function rowsOf(its: Kind): Encoding[] {
  const { name, sign, size, section, load } = its;
  const top = `1111100 ${sign}`;
  const l = load ? '1' : '0';
  const mnemonic = `${name.toLowerCase()}{c}.w {rt}, {address}`;
  const isLiteral = (op: Op): boolean => op.rn === 15;
  const rows = [
    row(
      `${name} (immediate)`,
      'imm12',
      section,
      'load-store',
      `${top} 1 ${size} ${l} rn:4 rt:4 imm:12`,
      mnemonic,
      op => {
        if (op.rn === 15) return UNDEFINED;
        op.p = 1;
        return target(op, its) ?? finish(op, its);
      },
    ),
    row(
      `${name} (immediate)`,
      'imm8',
      section,
      'load-store',
      `${top} 0 ${size} ${l} rn:4 rt:4 1 p:1 u:1 w:1 imm:8`,
      mnemonic,
      op => {
        if (op.rn === 15 || (op.p === 0 && op.w === 0)) return UNDEFINED;
        const writesBack = op.w === 1;
        if (load && !its.word && op.rt === 15 && !(op.p === 1 && op.u === 0 && op.w === 0))
          return UNPREDICTABLE;
        if (op.u === 0) op.imm = -op.imm | 0;
        const special = target(op, its);
        if (special !== null) return special;
        return writesBack && op.rn === op.rt ? UNPREDICTABLE : finish(op, its);
      },
      { see: op => load && isLiteral(op) },
    ),
    row(
      `${name}T`,
      'T1',
      section,
      'load-store',
      `${top} 0 ${size} ${l} rn:4 rt:4 1110 imm:8`,
      `${name.toLowerCase()}t{c} {rt}, {address}`,
      op => {
        if (op.rn === 15) return UNDEFINED;
        if (bad(op.rt)) return UNPREDICTABLE;
        op.p = 1;
        op.w = 0;
        op.t = 1;
        return its.access.any;
      },
      { see: op => load && isLiteral(op) },
    ),
    row(
      `${name} (register)`,
      'T2',
      section,
      'load-store',
      `${top} 0 ${size} ${l} rn:4 rt:4 000000 amount:2 rm:4`,
      mnemonic,
      op => {
        if (op.rn === 15) return UNDEFINED;
        if (bad(op.rm)) return UNPREDICTABLE;
        op.i = 1;
        op.p = 1;
        op.u = 1;
        return target(op, its) ?? finish(op, its);
      },
      { see: op => load && isLiteral(op) },
    ),
  ];
  if (load) {
    rows.push(
      row(
        `${name} (literal)`,
        'T',
        section,
        'load-store',
        `${top} u:1 ${size} 1 1111 rt:4 imm:12`,
        mnemonic,
        op => {
          op.rn = 15;
          op.p = 1;
          if (op.u === 0) op.imm = -op.imm | 0;
          const special = target(op, its);
          if (special !== null) return special;
          if (op.rt === 15) return loadingPc(op, its.access.plain);
          return readingAlignedPc(op, its.access.plain);
        },
      ),
    );
  }
  return rows;
}

const KINDS: readonly Kind[] = [
  { name: 'STRB', access: access.STRB, load: false, word: false, sign: '0', size: '00', section: 'A8.8.206' },
  { name: 'STRH', access: access.STRH, load: false, word: false, sign: '0', size: '01', section: 'A8.8.216' },
  { name: 'STR', access: access.STR, load: false, word: true, sign: '0', size: '10', section: 'A8.8.203' },
  { name: 'LDRB', access: access.LDRB, load: true, word: false, sign: '0', size: '00', section: 'A8.8.67' },
  { name: 'LDRH', access: access.LDRH, load: true, word: false, sign: '0', size: '01', section: 'A8.8.79' },
  { name: 'LDR', access: access.LDR, load: true, word: true, sign: '0', size: '10', section: 'A8.8.62' },
  { name: 'LDRSB', access: access.LDRSB, load: true, word: false, sign: '1', size: '00', section: 'A8.8.83' },
  { name: 'LDRSH', access: access.LDRSH, load: true, word: false, sign: '1', size: '01', section: 'A8.8.87' },
];

function double(name: string, its: access.Access, l: string, section: string): Encoding {
  return row(
    `${name} (immediate)`,
    'T1',
    section,
    'load-store',
    `1110100 p:1 u:1 1 w:1 ${l} rn:4 rt:4 rt2:4 imm:8`,
    `${name.toLowerCase()}{c} {rt}, {rt2}, {address}`,
    op => {
      const load = l === '1';
      if (bad(op.rt) || bad(op.rt2) || (load && op.rt === op.rt2)) return UNPREDICTABLE;
      if (op.w === 1 && (op.rn === 15 || op.rn === op.rt || op.rn === op.rt2)) return UNPREDICTABLE;
      if (!load && op.rn === 15) return UNPREDICTABLE;
      op.imm *= op.u === 1 ? 4 : -4;
      op.imm |= 0;
      return op.rn === 15 ? readingAlignedPc(op, its.any) : its.any;
    },
    { see: op => op.p === 0 && op.w === 0 },
  );
}

function loadExclusive(op: Op, execute: Decoded): Decoded {
  return bad(op.rt) || op.rn === 15 ? UNPREDICTABLE : execute;
}

function storeExclusive(op: Op, execute: Decoded): Decoded {
  if (bad(op.rd) || bad(op.rt) || op.rn === 15 || op.rd === op.rn || op.rd === op.rt) return UNPREDICTABLE;
  return execute;
}

const exclusives: readonly Encoding[] = [
  row(
    'STREX',
    'T1',
    'A8.8.212',
    'exclusive',
    '111010000100 rn:4 rt:4 rd:4 imm:8',
    'strex{c} {rd}, {rt}, [{rn}{offset}]',
    op => {
      op.imm *= 4;
      return storeExclusive(op, access.strex);
    },
  ),
  row(
    'LDREX',
    'T1',
    'A8.8.75',
    'exclusive',
    '111010000101 rn:4 rt:4 (1111) imm:8',
    'ldrex{c} {rt}, [{rn}{offset}]',
    op => {
      op.imm *= 4;
      return loadExclusive(op, access.ldrex);
    },
  ),
  row(
    'STREXB',
    'T1',
    'A8.8.213',
    'exclusive',
    '111010001100 rn:4 rt:4 (1111) 0100 rd:4',
    'strexb{c} {rd}, {rt}, [{rn}]',
    op => storeExclusive(op, access.strexb),
  ),
  row(
    'STREXH',
    'T1',
    'A8.8.215',
    'exclusive',
    '111010001100 rn:4 rt:4 (1111) 0101 rd:4',
    'strexh{c} {rd}, {rt}, [{rn}]',
    op => storeExclusive(op, access.strexh),
  ),
  row(
    'STREXD',
    'T1',
    'A8.8.214',
    'exclusive',
    '111010001100 rn:4 rt:4 rt2:4 0111 rd:4',
    'strexd{c} {rd}, {rt}, {rt2}, [{rn}]',
    op => {
      if (bad(op.rt2) || op.rd === op.rt2) return UNPREDICTABLE;
      return storeExclusive(op, access.strexd);
    },
  ),
  row(
    'LDREXB',
    'T1',
    'A8.8.76',
    'exclusive',
    '111010001101 rn:4 rt:4 (1111) 0100 (1111)',
    'ldrexb{c} {rt}, [{rn}]',
    op => loadExclusive(op, access.ldrexb),
  ),
  row(
    'LDREXH',
    'T1',
    'A8.8.78',
    'exclusive',
    '111010001101 rn:4 rt:4 (1111) 0101 (1111)',
    'ldrexh{c} {rt}, [{rn}]',
    op => loadExclusive(op, access.ldrexh),
  ),
  row(
    'LDREXD',
    'T1',
    'A8.8.77',
    'exclusive',
    '111010001101 rn:4 rt:4 rt2:4 0111 (1111)',
    'ldrexd{c} {rt}, {rt2}, [{rn}]',
    op => {
      if (bad(op.rt2) || op.rt === op.rt2) return UNPREDICTABLE;
      return loadExclusive(op, access.ldrexd);
    },
  ),
  row(
    'TBB, TBH',
    'T1',
    'A8.8.236',
    'branch',
    '111010001101 rn:4 (1111) (0000) 000 h:1 rm:4',
    'tb{hb}{c} [{rn}, {rm}{doubled}]',
    op => {
      if (op.rn === 13 || bad(op.rm) || (op.it !== 0 && (op.it & 0xf) !== 8)) return UNPREDICTABLE;
      op.last = 1;
      return tbb;
    },
  ),
];

function severalLoaded(name: string, p: 0 | 1, u: 0 | 1, bits: string, section: string): Encoding {
  return row(
    name,
    'T2',
    section,
    'load-store-multiple',
    `1110100 ${bits} w:1 1 rn:4 list:16`,
    `${name.toLowerCase()}${p === 1 ? '{c}' : 'ia{c}.w'} {rn}{w}, {list}`,
    op => {
      if (op.rn === 15 || (op.list & (op.list - 1)) === 0 || (op.list & 0x2000) !== 0) return UNPREDICTABLE;
      if ((op.list & 0xc000) === 0xc000) return UNPREDICTABLE;
      if (op.w === 1 && ((op.list >> op.rn) & 1) === 1) return UNPREDICTABLE;
      op.p = p;
      op.u = u;
      multipleOffsets(op);
      if ((op.list & 0x8000) === 0) return multiple.ldm;
      return op.it !== 0 && (op.it & 0xf) !== 8 ? UNPREDICTABLE : loadingPc(op, multiple.ldm);
    },
  );
}

function severalStored(name: string, p: 0 | 1, u: 0 | 1, bits: string, section: string): Encoding {
  return row(
    name,
    'T2',
    section,
    'load-store-multiple',
    `1110100 ${bits} w:1 0 rn:4 list:16`,
    `${name.toLowerCase()}${p === 1 ? '{c}' : 'ia{c}.w'} {rn}{w}, {list}`,
    op => {
      if (op.rn === 15 || (op.list & (op.list - 1)) === 0 || (op.list & 0xa000) !== 0) return UNPREDICTABLE;
      if (op.w === 1 && ((op.list >> op.rn) & 1) === 1) return UNPREDICTABLE;
      op.p = p;
      op.u = u;
      multipleOffsets(op);
      return multiple.stm;
    },
  );
}

function stateReturn(encoding: string, p: 0 | 1, u: 0 | 1, bits: string): Encoding[] {
  return [
    row(
      'SRS',
      encoding,
      'B9.3.15',
      'system',
      `1110100 ${bits} w:1 0 (1101) (1100) (0000) (000) mode:5`,
      'srs{amode} sp{w}, #{mode}',
      op => {
        op.p = p;
        op.u = u;
        pairOffsets(op);
        return multiple.srs;
      },
    ),
    row(
      'RFE',
      encoding,
      'B9.3.13',
      'system',
      `1110100 ${bits} w:1 1 rn:4 (1100) (0000) (0000) (0000)`,
      'rfe{amode} {rn}{w}',
      op => {
        if (op.rn === 15) return UNPREDICTABLE;
        op.p = p;
        op.u = u;
        op.last = 1;
        pairOffsets(op);
        return multiple.rfe;
      },
    ),
  ];
}

const multiples: readonly Encoding[] = [
  ...stateReturn('T1', 1, 0, '00 0'),
  severalStored('STM', 0, 1, '01 0', 'A8.8.199'),
  severalLoaded('LDM', 0, 1, '01 0', 'A8.8.57'),
  severalStored('STMDB', 1, 0, '10 0', 'A8.8.201'),
  severalLoaded('LDMDB', 1, 0, '10 0', 'A8.8.59'),
  ...stateReturn('T2', 0, 1, '11 0'),
];

export const memoryT32: readonly Encoding[] = [
  ...KINDS.flatMap(rowsOf),
  double('STRD', access.STRD, '0', 'A8.8.210'),
  double('LDRD', access.LDRD, '1', 'A8.8.72'),
  ...exclusives,
  ...multiples,
];
