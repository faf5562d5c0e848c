// SPDX-License-Identifier: GPL-2.0-only
/**
 * Instructions of every row of the tables, with random operands, read as GNU objdump reads them, but for what
 * DIFFERENCES and REFUSED name.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random } from '../../src/base/random.js';
import type { Row } from '../../src/emulator/isa/decoder.js';
import { disassemble, type InstructionSet } from '../../src/emulator/isa/disassemble.js';
import { a32, t16, t32 } from '../../src/emulator/isa/index.js';
import { Op } from '../../src/emulator/isa/op.js';
import { nop } from '../../src/emulator/isa/operands.js';

const OBJDUMP = 'arm-linux-gnueabihf-objdump';
const DECODERS = { a32, t16, t32 };
const PER_ROW = 40;

/** What is written in another way, and how either way becomes the same. */
const DIFFERENCES: readonly (readonly [string, RegExp, string | ((...found: string[]) => string)])[] = [
  ['comments', /\s*[;@].*$/, ''],
  ['spaces', /\s+/g, ' '],
  ['spaces', / $/, ''],
  ['spaces in lists', /,\s*(?=[^{]*\})/g, ','],
  [
    'CPS: spaces, no mask at all',
    /^(cps\w+) ?(none|\w*) ?,? ?(#\d+)?$/,
    (_, name, masks, mode) =>
      `${name} ${masks === '' ? 'none' : masks}${mode === undefined ? '' : `, ${mode}`}`,
  ],
  ['UXTAB16 rotates in capitals', /ROR/, 'ror'],
  ['a shift of SSAT, USAT and PKHTB by 32 as it is encoded', /^((?:[us]sat|pkhtb).* asr) #0$/, '$1 #32'],
  [
    'an immediate that has a shorter encoding shows its rotation',
    /#(\d+), (\d+)$/,
    (_, byte, by) => `#${(Number(byte) >>> Number(by)) | (Number(byte) << (32 - Number(by)))}`,
  ],
  [
    'coprocessors: sources of kernels write p15, c1 and 0',
    /^(m[cr]+\w* )(\d+)(.*)$/,
    (_, head, number, rest) =>
      `${head}p${number}${rest!.replaceAll(/cr(\d+)/g, 'c$1').replace(/\{(\d)\}/, '$1')}`,
  ],
  [
    'the number of a call has no #, or is hexadecimal',
    /^((?:svc|hvc|smc|bkpt)\w* )(\w+)$/,
    (_, head, number) => `${head}#${Number(number)}`,
  ],
  ['A32 shows one register of two', /^((?:ldrd|strd|ldrexd)\w* \w+|strexd\w* \w+, \w+), \w+(?=, \[)/, '$1'],
  [
    'LDREX writes r13 and r14',
    /^(ldrex\w* )r(1[34]),/,
    (_, head, n) => `${head}${n === '13' ? 'sp' : 'lr'},`,
  ],
  ['STM of A32 is stmia with ! or ^, and stm without', /^stmia(\w* .*[!^])/, 'stm$1'],
  ['T32 shows no offset of zero, nor its sign', /^((?:ld|st)\w*\.w .*), #-?0\]/, '$1]'],
  ['LDRD and STRD of T32 neither that nor their write-back', /^((?:ld|st)rd .*), #-?0\]!?$/, '$1]'],
  ['T32 shows no sign of zero', /\], #-0$/, '], #0'],
  ['hint 0', / \{0\}$/, ''],
  ['hints and barriers of ARMv8', /^sevl(\w*(\.w)?)$/, 'nop$1 {5}'],
  [
    'hints and barriers of ARMv8',
    /^(dsb|dmb) (n?[io]?sh)?ld$/,
    (_, name, domain) => `${name} #${{ osh: 1, nsh: 5, ish: 9 }[domain ?? ''] ?? 13}`,
  ],
  ['hints and barriers of ARMv8', /^ssbb$/, 'dsb #0'],
  ['hints and barriers of ARMv8', /^pssbb$/, 'dsb #4'],
  ['hints and barriers of ARMv8', /^dfb$/, 'dsb #12'],
  ['a hint of ARMv8 has no condition', /^nop\w* \{5\}$/, 'nop {5}'],
  ['T32 has older names of domains', /^(dsb|dmb) un(st)?$/, (_, name, st) => `${name} nsh${st ?? ''}`],
  [
    'T32: DBG is one of the hints that do nothing',
    /^dbg #(\d+)$/,
    (_, number) => `nop.w {${240 + Number(number)}}`,
  ],
  ['shifts to the left have no sign', /^vshl\.[is](\d+) (.*#)/, 'vshl.i$1 $2'],
  ['the immediate of VMOV as it is encoded', /^(vmov\w*\.f(?:32|64) [sd]\d+), #.*/, '$1, #'],
];

/** Words that objdump takes for something else. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['memory hints that are not allocated (A5.7.1)', /<UNDEFINED> instruction: 0xf[46][19]/],
  ['the same: no PLDW has an index behind it', /^pldw \[\w+\], /],
  ['CPS with a mode alone, T2', /^undefined \(bcc/],
  ['hints of ARMv8', /^(bti|pac|pacbti|aut|esb|csdb)\b/],
  ['a literal is not loaded as user code (A8.8.71, SEE LDRB (literal))', /^ldr(s?[bh])?t \w+, \[pc/],
];

function normal(text: string): string {
  return DIFFERENCES.reduce((done, [, found, written]) => done.replace(found, written as string), text);
}

/** A random word of the row. */
function wordOf({ pattern }: Row, random: Random): number {
  const { mask, shouldMask, value, shouldBe, bits } = pattern;
  const word = ((random.next() & ~mask & ~shouldMask) | value | shouldBe) >>> 0;
  return bits === 16 ? word & 0xffff : word;
}

interface Sample {
  readonly word: number;
  readonly text: string;
}

function samplesOf(set: InstructionSet): Sample[] {
  const random = new Random(1);
  const samples: Sample[] = [];
  let address = 0;
  for (const row of DECODERS[set].rows) {
    // An IT would change how objdump reads what follows.
    if (row.encoding.name === 'IT') continue;
    for (let i = 0; i < PER_ROW; i++) {
      const word = wordOf(row, random);
      // Another row has more fixed bits.
      if (DECODERS[set].find(word, new Op(nop)) !== row) continue;
      const text = disassemble(word, set, address);
      if (text === '<undefined>' || text === '<unpredictable>') continue;
      samples.push({ word, text });
      address += set === 't16' ? 2 : 4;
    }
  }
  return samples;
}

function codeOf(samples: readonly Sample[], set: InstructionSet): Uint8Array {
  const words = samples.map(({ word }) => word);
  if (set === 'a32') return new Uint8Array(Uint32Array.from(words).buffer);
  const halves = set === 't16' ? words : words.flatMap(word => [word >>> 16, word & 0xffff]);
  return new Uint8Array(Uint16Array.from(halves).buffer);
}

/** What objdump says to each instruction of the file. */
function objdump(file: string, set: InstructionSet): string[] {
  const options = set === 'a32' ? 'reg-names-std' : 'force-thumb,reg-names-std';
  const flags = ['-D', '-z', '-b', 'binary', '-marm', `-M${options}`, file];
  const { stdout } = spawnSync(OBJDUMP, flags, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  return stdout
    .split('\n')
    .map(line => line.split('\t'))
    .filter(columns => columns.length >= 3)
    .map(columns => columns.slice(2).join(' '));
}

const skip =
  spawnSync(OBJDUMP, ['--version'], { stdio: 'ignore' }).status === 0
    ? false
    : `no ${OBJDUMP} (Debian: binutils-arm-linux-gnueabihf)`;

for (const [set, atLeast] of [
  ['a32', 10_000],
  ['t16', 2000],
  ['t32', 8000],
] as const) {
  test(`the disassembly of ${set} is that of objdump`, { skip }, t => {
    const samples = samplesOf(set);
    const folder = mkdtempSync(join(tmpdir(), 'armory-disassembly-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'code');
    writeFileSync(file, codeOf(samples, set));
    const theirs = objdump(file, set);
    assert.equal(theirs.length, samples.length);
    const wrong: string[] = [];
    samples.forEach(({ word, text }, i) => {
      const other = theirs[i]!;
      if (normal(other) === normal(text) || REFUSED.some(([, refused]) => refused.test(other))) return;
      wrong.push(`${word.toString(16)}: ${text}; objdump: ${other}`);
    });
    assert.deepEqual(wrong, []);
    assert.ok(samples.length > atLeast, `${samples.length}`);
  });
}
