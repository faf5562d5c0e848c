// SPDX-License-Identifier: GPL-2.0-only
/**
 * A32 multiplication, saturation, parallel arithmetic, packing and bit fields: ARM DDI 0406C, A5.2.5 to A5.2.7,
 * A5.4 and A8.8. r15 as any operand is UNPREDICTABLE unless said otherwise.
 */
import { type Decoded, type Encoding, type EncodingClass, row, UNPREDICTABLE } from './encoding.js';
import * as multiply from './execute-multiply.js';
import * as parallel from './execute-parallel.js';
import type { Execute, Op } from './op.js';
import { decodeImmediateShift } from './operands.js';

/** `execute`, unless one of the registers is 15. */
function plain(execute: Execute, ...registers: readonly ('rd' | 'rn' | 'rm' | 'ra')[]): (op: Op) => Decoded {
  return op => (registers.some(name => op[name] === 15) ? UNPREDICTABLE : execute);
}

const nm = ['rd', 'rn', 'rm'] as const;
const nma = ['rd', 'rn', 'rm', 'ra'] as const;

/** rt is RdLo, rt2 RdHi. */
function long(execute: Execute): (op: Op) => Decoded {
  return op => {
    if (op.rt === 15 || op.rt2 === 15 || op.rn === 15 || op.rm === 15 || op.rt === op.rt2)
      return UNPREDICTABLE;
    return execute;
  };
}

function multiplication(
  name: string,
  section: number,
  pattern: string,
  syntax: string,
  decode: (op: Op) => Decoded,
): Encoding {
  return row(name, 'A1', `A8.8.${section}`, 'multiply', pattern, syntax, decode);
}

const multiplications: readonly Encoding[] = [
  multiplication(
    'MLA',
    100,
    'cond:4 0000001 s:1 rd:4 ra:4 rm:4 1001 rn:4',
    'mla{s}{c} {rd}, {rn}, {rm}, {ra}',
    plain(multiply.mla, ...nma),
  ),
  multiplication(
    'MLS',
    101,
    'cond:4 00000110 rd:4 ra:4 rm:4 1001 rn:4',
    'mls{c} {rd}, {rn}, {rm}, {ra}',
    plain(multiply.mls, ...nma),
  ),
  multiplication(
    'MUL',
    114,
    'cond:4 0000000 s:1 rd:4 (0000) rm:4 1001 rn:4',
    'mul{s}{c} {rd}, {rn}, {rm}',
    plain(multiply.mul, ...nm),
  ),
  multiplication(
    'SDIV',
    165,
    'cond:4 01110001 rd:4 (1111) rm:4 0001 rn:4',
    'sdiv{c} {rd}, {rn}, {rm}',
    plain(multiply.sdiv, ...nm),
  ),
  multiplication(
    'SMLABB, SMLABT, SMLATB, SMLATT',
    176,
    'cond:4 00010000 rd:4 ra:4 rm:4 1 m:1 n:1 0 rn:4',
    'smla{xy}{c} {rd}, {rn}, {rm}, {ra}',
    plain(multiply.smlaxy, ...nma),
  ),
  multiplication(
    'SMLAD',
    177,
    'cond:4 01110000 rd:4 ra:4 rm:4 00 x:1 1 rn:4',
    'smlad{x}{c} {rd}, {rn}, {rm}, {ra}',
    plain(multiply.smlad, ...nm),
  ),
  multiplication(
    'SMLAL',
    178,
    'cond:4 0000111 s:1 rt2:4 rt:4 rm:4 1001 rn:4',
    'smlal{s}{c} {rt}, {rt2}, {rn}, {rm}',
    long(multiply.smlal),
  ),
  multiplication(
    'SMLALBB, SMLALBT, SMLALTB, SMLALTT',
    179,
    'cond:4 00010100 rt2:4 rt:4 rm:4 1 m:1 n:1 0 rn:4',
    'smlal{xy}{c} {rt}, {rt2}, {rn}, {rm}',
    long(multiply.smlalxy),
  ),
  multiplication(
    'SMLALD',
    180,
    'cond:4 01110100 rt2:4 rt:4 rm:4 00 x:1 1 rn:4',
    'smlald{x}{c} {rt}, {rt2}, {rn}, {rm}',
    long(multiply.smlald),
  ),
  multiplication(
    'SMLAWB, SMLAWT',
    181,
    'cond:4 00010010 rd:4 ra:4 rm:4 1 m:1 00 rn:4',
    'smlaw{y}{c} {rd}, {rn}, {rm}, {ra}',
    plain(multiply.smlawy, ...nma),
  ),
  multiplication(
    'SMLSD',
    182,
    'cond:4 01110000 rd:4 ra:4 rm:4 01 x:1 1 rn:4',
    'smlsd{x}{c} {rd}, {rn}, {rm}, {ra}',
    plain(multiply.smlsd, ...nm),
  ),
  multiplication(
    'SMLSLD',
    183,
    'cond:4 01110100 rt2:4 rt:4 rm:4 01 x:1 1 rn:4',
    'smlsld{x}{c} {rt}, {rt2}, {rn}, {rm}',
    long(multiply.smlsld),
  ),
  multiplication(
    'SMMLA',
    184,
    'cond:4 01110101 rd:4 ra:4 rm:4 00 r:1 1 rn:4',
    'smmla{r}{c} {rd}, {rn}, {rm}, {ra}',
    plain(multiply.smmla, ...nm),
  ),
  multiplication(
    'SMMLS',
    185,
    'cond:4 01110101 rd:4 ra:4 rm:4 11 r:1 1 rn:4',
    'smmls{r}{c} {rd}, {rn}, {rm}, {ra}',
    plain(multiply.smmls, ...nma),
  ),
  multiplication(
    'SMMUL',
    186,
    'cond:4 01110101 rd:4 1111 rm:4 00 r:1 1 rn:4',
    'smmul{r}{c} {rd}, {rn}, {rm}',
    plain(multiply.smmul, ...nm),
  ),
  multiplication(
    'SMUAD',
    187,
    'cond:4 01110000 rd:4 1111 rm:4 00 x:1 1 rn:4',
    'smuad{x}{c} {rd}, {rn}, {rm}',
    plain(multiply.smuad, ...nm),
  ),
  multiplication(
    'SMULBB, SMULBT, SMULTB, SMULTT',
    188,
    'cond:4 00010110 rd:4 (0000) rm:4 1 m:1 n:1 0 rn:4',
    'smul{xy}{c} {rd}, {rn}, {rm}',
    plain(multiply.smulxy, ...nm),
  ),
  multiplication(
    'SMULL',
    189,
    'cond:4 0000110 s:1 rt2:4 rt:4 rm:4 1001 rn:4',
    'smull{s}{c} {rt}, {rt2}, {rn}, {rm}',
    long(multiply.smull),
  ),
  multiplication(
    'SMULWB, SMULWT',
    190,
    'cond:4 00010010 rd:4 (0000) rm:4 1 m:1 10 rn:4',
    'smulw{y}{c} {rd}, {rn}, {rm}',
    plain(multiply.smulwy, ...nm),
  ),
  multiplication(
    'SMUSD',
    191,
    'cond:4 01110000 rd:4 1111 rm:4 01 x:1 1 rn:4',
    'smusd{x}{c} {rd}, {rn}, {rm}',
    plain(multiply.smusd, ...nm),
  ),
  multiplication(
    'UDIV',
    248,
    'cond:4 01110011 rd:4 (1111) rm:4 0001 rn:4',
    'udiv{c} {rd}, {rn}, {rm}',
    plain(multiply.udiv, ...nm),
  ),
  multiplication(
    'UMAAL',
    255,
    'cond:4 00000100 rt2:4 rt:4 rm:4 1001 rn:4',
    'umaal{c} {rt}, {rt2}, {rn}, {rm}',
    long(multiply.umaal),
  ),
  multiplication(
    'UMLAL',
    256,
    'cond:4 0000101 s:1 rt2:4 rt:4 rm:4 1001 rn:4',
    'umlal{s}{c} {rt}, {rt2}, {rn}, {rm}',
    long(multiply.umlal),
  ),
  multiplication(
    'UMULL',
    257,
    'cond:4 0000100 s:1 rt2:4 rt:4 rm:4 1001 rn:4',
    'umull{s}{c} {rt}, {rt2}, {rn}, {rm}',
    long(multiply.umull),
  ),
];

/** Prefix, its section of ADD16, and the bits that select it: A5.4.1 and A5.4.2. */
const PARALLEL_PREFIXES: readonly (readonly [string, string])[] = [
  ['s', '001'],
  ['q', '010'],
  ['sh', '011'],
  ['u', '101'],
  ['uq', '110'],
  ['uh', '111'],
];

const PARALLEL_OPERATIONS: readonly (readonly [string, string])[] = [
  ['add16', '000'],
  ['asx', '001'],
  ['sax', '010'],
  ['sub16', '011'],
  ['add8', '100'],
  ['sub8', '111'],
];

const parallels: readonly Encoding[] = PARALLEL_PREFIXES.flatMap(([prefix, op1]) =>
  PARALLEL_OPERATIONS.map(([name, op2]) =>
    row(
      `${prefix}${name}`.toUpperCase(),
      'A1',
      'A5.4.1, A5.4.2',
      'parallel',
      `cond:4 01100 ${op1} rn:4 rd:4 (1111) ${op2} 1 rm:4`,
      `${prefix}${name}{c} {rd}, {rn}, {rm}`,
      plain(parallel.PARALLEL.get(prefix + name)!, ...nm),
    ),
  ),
);

function media(
  name: string,
  section: number,
  kind: EncodingClass,
  pattern: string,
  syntax: string,
  decode: (op: Op) => Decoded,
): Encoding {
  return row(name, 'A1', `A8.8.${section}`, kind, pattern, syntax, decode);
}

/** The rotation of an extension, two bits, counts in bytes. */
function extension(execute: Execute): (op: Op) => Decoded {
  return op => {
    if (op.rd === 15 || op.rm === 15) return UNPREDICTABLE;
    op.amount *= 8;
    return execute;
  };
}

function extensions(
  name: string,
  sections: readonly [number, number],
  opcode: string,
  add: Execute,
  alone: Execute,
): Encoding[] {
  const withAdd = name.replace(/^(.xt)/i, '$1a');
  return [
    media(
      withAdd.toUpperCase(),
      sections[0],
      'parallel',
      `cond:4 01101 ${opcode} rn:4 rd:4 amount:2 (00) 0111 rm:4`,
      `${withAdd}{c} {rd}, {rn}, {rm}{rotation}`,
      extension(add),
    ),
    media(
      name.toUpperCase(),
      sections[1],
      'parallel',
      `cond:4 01101 ${opcode} 1111 rd:4 amount:2 (00) 0111 rm:4`,
      `${name}{c} {rd}, {rm}{rotation}`,
      extension(alone),
    ),
  ];
}

/** The mask of bits lsb to msb. */
function fieldMask(op: Op): number {
  const width = op.msb - op.lsb + 1;
  return (width === 32 ? -1 : (1 << width) - 1) << op.lsb;
}

const packing: readonly Encoding[] = [
  media(
    'BFC',
    19,
    'parallel',
    'cond:4 0111110 msb:5 rd:4 lsb:5 001 1111',
    'bfc{c} {rd}, #{lsb}, #{width}',
    op => {
      if (op.rd === 15 || op.msb < op.lsb) return UNPREDICTABLE;
      op.mask = fieldMask(op);
      return parallel.bfc;
    },
  ),
  media(
    'BFI',
    20,
    'parallel',
    'cond:4 0111110 msb:5 rd:4 lsb:5 001 rn:4',
    'bfi{c} {rd}, {rn}, #{lsb}, #{width}',
    op => {
      if (op.rd === 15 || op.msb < op.lsb) return UNPREDICTABLE;
      op.mask = fieldMask(op);
      return parallel.bfi;
    },
  ),
  media(
    'CLZ',
    33,
    'parallel',
    'cond:4 00010110 (1111) rd:4 (1111) 0001 rm:4',
    'clz{c} {rd}, {rm}',
    plain(parallel.clz, 'rd', 'rm'),
  ),
  media(
    'PKHBT, PKHTB',
    125,
    'parallel',
    'cond:4 01101000 rn:4 rd:4 amount:5 t:1 01 rm:4',
    'pkh{tb}{c} {rd}, {rn}, {rm}{shift}',
    op => {
      if (op.rd === 15 || op.rn === 15 || op.rm === 15) return UNPREDICTABLE;
      decodeImmediateShift(op, op.t === 1 ? 2 : 0, op.amount);
      return parallel.pkh;
    },
  ),
  media(
    'QADD',
    134,
    'saturate',
    'cond:4 00010000 rn:4 rd:4 (0000) 0101 rm:4',
    'qadd{c} {rd}, {rm}, {rn}',
    plain(parallel.qadd, ...nm),
  ),
  media(
    'QDADD',
    138,
    'saturate',
    'cond:4 00010100 rn:4 rd:4 (0000) 0101 rm:4',
    'qdadd{c} {rd}, {rm}, {rn}',
    plain(parallel.qdadd, ...nm),
  ),
  media(
    'QDSUB',
    139,
    'saturate',
    'cond:4 00010110 rn:4 rd:4 (0000) 0101 rm:4',
    'qdsub{c} {rd}, {rm}, {rn}',
    plain(parallel.qdsub, ...nm),
  ),
  media(
    'QSUB',
    141,
    'saturate',
    'cond:4 00010010 rn:4 rd:4 (0000) 0101 rm:4',
    'qsub{c} {rd}, {rm}, {rn}',
    plain(parallel.qsub, ...nm),
  ),
  media(
    'RBIT',
    144,
    'parallel',
    'cond:4 01101111 (1111) rd:4 (1111) 0011 rm:4',
    'rbit{c} {rd}, {rm}',
    plain(parallel.rbit, 'rd', 'rm'),
  ),
  media(
    'REV',
    145,
    'parallel',
    'cond:4 01101011 (1111) rd:4 (1111) 0011 rm:4',
    'rev{c} {rd}, {rm}',
    plain(parallel.rev, 'rd', 'rm'),
  ),
  media(
    'REV16',
    146,
    'parallel',
    'cond:4 01101011 (1111) rd:4 (1111) 1011 rm:4',
    'rev16{c} {rd}, {rm}',
    plain(parallel.rev16, 'rd', 'rm'),
  ),
  media(
    'REVSH',
    147,
    'parallel',
    'cond:4 01101111 (1111) rd:4 (1111) 1011 rm:4',
    'revsh{c} {rd}, {rm}',
    plain(parallel.revsh, 'rd', 'rm'),
  ),
  media(
    'SBFX',
    164,
    'parallel',
    'cond:4 0111101 size:5 rd:4 lsb:5 101 rn:4',
    'sbfx{c} {rd}, {rn}, #{lsb}, #{size}',
    op => {
      op.size++;
      return op.rd === 15 || op.rn === 15 || op.lsb + op.size > 32 ? UNPREDICTABLE : parallel.sbfx;
    },
  ),
  media(
    'SEL',
    166,
    'parallel',
    'cond:4 01101000 rn:4 rd:4 (1111) 1011 rm:4',
    'sel{c} {rd}, {rn}, {rm}',
    plain(parallel.sel, ...nm),
  ),
  media(
    'SSAT',
    193,
    'saturate',
    'cond:4 0110101 size:5 rd:4 amount:5 shift:1 01 rm:4',
    'ssat{c} {rd}, #{size}, {rm}{shift}',
    op => {
      if (op.rd === 15 || op.rm === 15) return UNPREDICTABLE;
      op.size++;
      decodeImmediateShift(op, op.shift * 2, op.amount);
      return parallel.ssat;
    },
  ),
  media(
    'SSAT16',
    194,
    'saturate',
    'cond:4 01101010 size:4 rd:4 (1111) 0011 rm:4',
    'ssat16{c} {rd}, #{size}, {rm}',
    op => {
      op.size++;
      return op.rd === 15 || op.rm === 15 ? UNPREDICTABLE : parallel.ssat16;
    },
  ),
  ...extensions('sxtb', [230, 233], '010', parallel.sxtab, parallel.sxtb),
  ...extensions('sxtb16', [231, 234], '000', parallel.sxtab16, parallel.sxtb16),
  ...extensions('sxth', [232, 235], '011', parallel.sxtah, parallel.sxth),
  media(
    'UBFX',
    246,
    'parallel',
    'cond:4 0111111 size:5 rd:4 lsb:5 101 rn:4',
    'ubfx{c} {rd}, {rn}, #{lsb}, #{size}',
    op => {
      op.size++;
      return op.rd === 15 || op.rn === 15 || op.lsb + op.size > 32 ? UNPREDICTABLE : parallel.ubfx;
    },
  ),
  media(
    'USAD8',
    268,
    'parallel',
    'cond:4 01111000 rd:4 1111 rm:4 0001 rn:4',
    'usad8{c} {rd}, {rn}, {rm}',
    plain(parallel.usad8, ...nm),
  ),
  media(
    'USADA8',
    269,
    'parallel',
    'cond:4 01111000 rd:4 ra:4 rm:4 0001 rn:4',
    'usada8{c} {rd}, {rn}, {rm}, {ra}',
    plain(parallel.usada8, ...nm),
  ),
  media(
    'USAT',
    270,
    'saturate',
    'cond:4 0110111 size:5 rd:4 amount:5 shift:1 01 rm:4',
    'usat{c} {rd}, #{size}, {rm}{shift}',
    op => {
      if (op.rd === 15 || op.rm === 15) return UNPREDICTABLE;
      decodeImmediateShift(op, op.shift * 2, op.amount);
      return parallel.usat;
    },
  ),
  media(
    'USAT16',
    271,
    'saturate',
    'cond:4 01101110 size:4 rd:4 (1111) 0011 rm:4',
    'usat16{c} {rd}, #{size}, {rm}',
    plain(parallel.usat16, 'rd', 'rm'),
  ),
  ...extensions('uxtb', [275, 278], '110', parallel.uxtab, parallel.uxtb),
  ...extensions('uxtb16', [276, 279], '100', parallel.uxtab16, parallel.uxtb16),
  ...extensions('uxth', [277, 280], '111', parallel.uxtah, parallel.uxth),
];

export const mediaA32: readonly Encoding[] = [...multiplications, ...parallels, ...packing];
