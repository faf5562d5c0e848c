// SPDX-License-Identifier: GPL-2.0-only
/**
 * VFP and Advanced SIMD instructions of every row read as GNU objdump reads them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random } from '../../src/base/random.js';
import { vectorField } from '../../src/emulator/isa/disassemble-vector.js';
import { a32 } from '../../src/emulator/isa/index.js';
import { Op } from '../../src/emulator/isa/op.js';
import { nop } from '../../src/emulator/isa/operands.js';
import { targetsOf, VECTOR_CLASSES } from '../../tools/qemu-user/targets.js';

const OBJDUMP = 'arm-linux-gnueabihf-objdump';
const CORE = 'r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 sp lr pc'.split(' ');

/** Undefined: UNDEFINED, or UNPREDICTABLE. */
function disassemble(word: number): string | undefined {
  const op = new Op(nop);
  op.word = word | 0;
  const row = a32.find(word, op);
  if (row === null || typeof row.encoding.decode(op) === 'string') return undefined;
  return row.encoding.syntax.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'c') return '';
    const value = op[name as keyof Op];
    return vectorField(op, name) ?? (/^r[tn]2?$/.test(name) ? CORE[value as number]! : String(value));
  });
}

function normal(text: string): string {
  return (
    text
      .replace(/\s*[;@].*$/, '')
      .replaceAll(/, (?=[^{]*\})/g, ',')
      .replaceAll(/\s+/g, ' ')
      .trim()
      // objdump says s where signs do not matter, and shows the immediate of VMOV as it is encoded.
      .replace(/^vshl\.[is](\d+) (.*#)/, 'vshl.i$1 $2')
      .replace(/^(vmov\.f(?:32|64) [sd]\d+), #.*/, '$1, #')
  );
}

test('the disassembly is that of objdump', t => {
  if (spawnSync(OBJDUMP, ['--version'], { stdio: 'ignore' }).status !== 0) return t.skip(`no ${OBJDUMP}`);
  const random = new Random(1);
  const words: number[] = [];
  const ours: string[] = [];
  for (const { row, thumb } of targetsOf(VECTOR_CLASSES)) {
    if (thumb === 1) continue;
    const { mask, shouldMask, value, shouldBe, widths } = row.pattern;
    for (let i = 0; i < 12; i++) {
      let word = ((random.next() & ~mask & ~shouldMask) | value | shouldBe) >>> 0;
      if (widths.has('cond')) word = ((word & 0x0fffffff) | 0xe0000000) >>> 0;
      const text = disassemble(word);
      if (text === undefined) continue;
      words.push(word);
      ours.push(`${word.toString(16)} ${normal(text)}`);
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'armory-disassembly-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'code');
  writeFileSync(file, new Uint8Array(Uint32Array.from(words).buffer));
  const flags = ['-D', '-b', 'binary', '-marm', '-Mreg-names-std', file];
  const { stdout } = spawnSync(OBJDUMP, flags, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const theirs = stdout
    .split('\n')
    .map(line => line.split('\t'))
    .filter(columns => columns.length >= 3)
    .map((columns, i) => `${words[i]!.toString(16)} ${normal(columns.slice(2).join(' '))}`);
  assert.ok(ours.length > 1000);
  assert.deepEqual(theirs, ours);
});
