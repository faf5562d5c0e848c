// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { u32Of } from './access.js';
import { readBig } from './bytes.js';
import { parseDtb, parseDts } from './load.js';
import { runDtc, skipWithoutDtc } from './test-support.js';

const OPERATORS = '|| && | ^ & == != < > <= >= << >> + - * / %'.split(' ');

/** Expressions whose divisors are never 0, with parentheses only where chance put them. */
const expression: fc.Arbitrary<string> = fc.letrec<{ tree: string }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(value => `0x${value.toString(16)}`),
      fc.nat(70).map(String),
    ),
    fc.tuple(tie('tree'), fc.constantFrom(...OPERATORS), tie('tree')).map(([left, operator, right]) => {
      return operator === '/' || operator === '%'
        ? `${left} ${operator} (1 + (${right} >> 1))`
        : `${left} ${operator} ${right}`;
    }),
    fc
      .tuple(fc.constantFrom('-', '~', '!'), tie('tree'))
      .map(([operator, operand]) => `${operator}${operand}`),
    fc.tuple(tie('tree'), tie('tree'), tie('tree')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    tie('tree').map(inner => `(${inner})`),
  ),
})).tree;

function sourceOf(expressions: readonly string[]): string {
  return `/dts-v1/; / { a = /bits/ 64 <${expressions.map(text => `(${text})`).join(' ')}>; };`;
}

function valuesOf(bytes: Uint8Array): bigint[] {
  return Array.from({ length: bytes.length / 8 }, (_, index) => readBig(bytes, index * 8, 8));
}

test('operators bind, wrap and shift as in C on unsigned 64 bits', () => {
  const cases: [string, bigint][] = [
    ['1 + 2 * 3', 7n],
    ['10 - 3 - 2', 5n],
    ['1 << 2 + 1', 8n],
    ['1 | 2 ^ 3 & 4', 3n],
    ['-1', 2n ** 64n - 1n],
    ['-1 / 2', 2n ** 63n - 1n],
    ['0 - 1 > 5', 1n],
    ['1 << 64', 0n],
    ['1 << 63', 2n ** 63n],
    ['~0 >> 63', 1n],
    ['!5 + !0', 1n],
    ['- - 5', 5n],
    ['1 ? 2 : 0 ? 3 : 4', 2n],
    ['0 ? 2 : 0 ? 3 : 4', 4n],
    ['1 || 0 && 0', 1n],
    ['3 == 3 != 0', 1n],
    ['1 < 2 == 1', 1n],
  ];
  for (const [text, value] of cases) {
    const tree = parseDts(sourceOf([text]), 'x.dts');
    assert.deepEqual(valuesOf(tree.root.properties.get('a')!.value), [value], text);
  }
});

test('both sides are computed even where C would not', { skip: skipWithoutDtc }, () => {
  const source = '/dts-v1/; / { a = <(0 && 1 / 0)>; };';
  assert.equal(runDtc(source, '-O', 'dtb'), undefined);
  assert.throws(() => parseDts(source, 'x.dts'), /division-by-zero/);
});

test('random expressions have the value that dtc gives them', { skip: skipWithoutDtc }, () => {
  const check = (texts: string[]) => {
    const source = sourceOf(texts);
    const reference = runDtc(source, '-O', 'dtb');
    assert.ok(reference, 'dtc accepts');
    const expected = valuesOf(parseDtb(reference, 'x.dtb').root.properties.get('a')!.value);
    assert.deepEqual(valuesOf(parseDts(source, 'x.dts').root.properties.get('a')!.value), expected);
  };
  fc.assert(fc.property(fc.array(expression, { minLength: 1, maxLength: 60 }), check), { numRuns: 25 });
});

test('characters and numbers mix', () => {
  const tree = parseDts("/dts-v1/; / { a = <('a' + 1)>; };", 'x.dts');
  assert.equal(u32Of(tree, tree.root, 'a'), 0x62);
});
