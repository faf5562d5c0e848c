// SPDX-License-Identifier: GPL-2.0-only
/**
 * Damaged input: whatever it is, it is read or refused with an InputError, in little time. What is read can
 * be written and printed, and comes back the same.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { sharedPath, skipWithout } from '../../tests/support/shared.js';
import { compareTrees } from './compare.js';
import { parseDtb, parseDts, printDts, writeDtb } from './load.js';
import { inputErrorOf, SMALL_SOURCE } from './test-support.js';
import type { DeviceTree } from './tree.js';

/** For one input of at most some hundred KiB; a reader that does quadratic work takes longer. */
const LIMIT_MS = 2000;

/** Reads damaged input; checks what comes out. */
function survives(read: () => DeviceTree): void {
  const start = performance.now();
  let tree: DeviceTree | undefined;
  const error = inputErrorOf(() => {
    tree = read();
  });
  assert.ok(performance.now() - start < LIMIT_MS, 'takes too long');
  if (!tree) {
    assert.ok(error && error.diagnostics.length > 0 && error.message.length > 0);
    return;
  }
  assert.deepEqual(compareTrees(tree, parseDtb(writeDtb(tree), 'again.dtb')), []);
  tree.bootCpuid = 0;
  assert.deepEqual(compareTrees(tree, parseDts(printDts(tree), 'again.dts')), []);
}

type Damage = (bytes: Buffer) => Buffer;

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (bytes: Buffer, where: number) => Math.floor(where * bytes.length);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(place, fc.nat(255)).map(
      ([where, byte]): Damage =>
        bytes => {
          bytes[at(bytes, where)] = byte;
          return bytes;
        },
    ),
  },
  fc.tuple(place, fc.nat(7)).map(
    ([where, bit]): Damage =>
      bytes => {
        const index = at(bytes, where);
        bytes[index] = bytes[index]! ^ (1 << bit);
        return bytes;
      },
  ),
  fc.tuple(fc.nat(15), fc.constantFrom(0, 1, 2, 3, 4, 9, 63, 64, 0x7fffffff, 0xffffffff)).map(
    ([field, value]): Damage =>
      bytes => {
        bytes.writeUInt32BE(value, field * 4);
        return bytes;
      },
  ),
  fc.tuple(place, fc.constantFrom(0, 1, 2, 3, 4, 9, 0xffffffff)).map(
    ([where, value]): Damage =>
      bytes => {
        bytes.writeUInt32BE(value, Math.min(Math.floor(at(bytes, where) / 4) * 4, bytes.length - 4));
        return bytes;
      },
  ),
  place.map(
    (where): Damage =>
      bytes =>
        Buffer.from(bytes.subarray(0, Math.max(64, at(bytes, where)))),
  ),
  fc.tuple(place, place, place).map(
    ([from, to, length]): Damage =>
      bytes => {
        const start = Math.floor(at(bytes, from) / 4) * 4;
        const piece = Buffer.from(bytes.subarray(start, start + Math.floor(at(bytes, length) / 64) * 4));
        piece.copy(bytes, Math.floor(at(bytes, to) / 4) * 4);
        return bytes;
      },
  ),
);

const damages = fc.array(damage, { minLength: 1, maxLength: 6 });

function readDamaged(original: Uint8Array, list: readonly Damage[]): void {
  let bytes = Buffer.from(original);
  for (const change of list) bytes = change(bytes) as Buffer<ArrayBuffer>;
  survives(() => parseDtb(bytes, 'damaged.dtb'));
}

test('damaged binaries', () => {
  const original = writeDtb(parseDts(SMALL_SOURCE, 'small.dts'));
  fc.assert(
    fc.property(damages, list => readDamaged(original, list)),
    { numRuns: 3000 },
  );
});

test('a damaged real binary', { skip: skipWithout('boards') }, () => {
  const original = readFileSync(join(sharedPath('boards')!, 'vt8500-bv07.dtb'));
  fc.assert(
    fc.property(damages, list => readDamaged(original, list)),
    { numRuns: 500 },
  );
});

test('random bytes behind the magic number', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      bytes.set([0xd0, 0x0d, 0xfe, 0xed, 0, 0, 0].slice(0, bytes.length));
      survives(() => parseDtb(bytes, 'random.dtb'));
    }),
    { numRuns: 1000 },
  );
});

const TOKENS = [...SMALL_SOURCE.match(/"(?:[^"\\]|\\.)*"|[\w#,@&.-]+|\/[a-z0-9-]+\/|\s+|./g)!];
const EXTRA = [
  ...[
    '/delete-node/',
    '/delete-property/',
    '/omit-if-no-ref/',
    '/include/ "x"',
    '/incbin/("x")',
    '/bits/ 8 <',
    '&uart0',
  ],
  ...[
    '&{/soc}',
    '&pool { };',
    'l: ',
    '(',
    ')',
    '?',
    '<<',
    "'a'",
    '[',
    ']',
    '{',
    '}',
    '/',
    '"',
    '/*',
    '*/',
    '//',
    '\\',
  ],
  ...[
    '#define x',
    '\n# 1 "f" 1\n',
    '/plugin/;',
    'phandle = <1>;',
    '08',
    '0xfffffffff',
    '\0',
    '\ufffd',
    '\u00e4',
    '#',
  ],
];

test('damaged source', () => {
  const edit = fc.record({
    where: place,
    kind: fc.constantFrom('remove', 'replace', 'insert', 'repeat', 'swap'),
    token: fc.constantFrom(...EXTRA, ...new Set(TOKENS)),
    other: place,
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), edits => {
      const tokens = [...TOKENS];
      for (const { where, kind, token, other } of edits) {
        const index = Math.floor(where * tokens.length);
        const second = Math.floor(other * tokens.length);
        if (kind === 'remove') tokens.splice(index, 1);
        else if (kind === 'replace') tokens[index] = token;
        else if (kind === 'insert') tokens.splice(index, 0, token);
        else if (kind === 'repeat') tokens.splice(index, 0, ...tokens.slice(second, second + 30));
        else [tokens[index], tokens[second]] = [tokens[second]!, tokens[index]!];
      }
      survives(() =>
        parseDts(
          tokens.join(''),
          'damaged.dts',
          () => 'l2: included',
          () => new Uint8Array(5),
        ),
      );
    }),
    { numRuns: 2000 },
  );
});

test('random text', () => {
  const token = fc.constantFrom(...EXTRA, ...new Set(TOKENS));
  fc.assert(
    fc.property(fc.array(token, { maxLength: 40 }), tokens => {
      survives(() => parseDts(`/dts-v1/; / { ${tokens.join(' ')}`, 'random.dts'));
    }),
    { numRuns: 1500 },
  );
});

test('large input of one kind takes time in proportion', () => {
  const many = (piece: string, count = 30_000) => piece.repeat(count);
  const numbered = (piece: (index: number) => string, count = 20_000) =>
    Array.from({ length: count }, (_, index) => piece(index)).join('');
  for (const source of [
    `/ { ${numbered(index => `n${index} { };`)} };`,
    `/ { ${numbered(index => `p${index};`)} };`,
    `/ { l: n { }; }; ${many('&l { a = <1>; };')}`,
    `/ { a { ${numbered(index => `n${index} { };`, 5000)} }; }; ${many('/ { /delete-node/ a; }; / { a { }; };', 5000)}`,
    `/ { a = <${many('&l ')}>; l: n { }; };`,
    `/ { a = ${many('"x", ')} "y"; };`,
    `/ { ${numbered(index => `l${index}: n${index} { r = <&l${index}>; };`)} };`,
    `/ { a = <(${many('1 + ')} 1)>; };`,
    `/ { a = "${many('\\x41')}"; };`,
    `/ { ${many('l: ', 200_000)} n { }; a = <${many('m: ', 200_000)}>; };`,
    `/ { a; }; ${numbered(index => `/ { l${index}: a; };`)}`,
    many('/ { };'),
    many('/* x */ // y\n'),
    many('/**/', 200_000),
  ]) {
    const start = performance.now();
    inputErrorOf(() => parseDts(`/dts-v1/; ${source}`, 'large.dts'));
    const elapsed = performance.now() - start;
    assert.ok(elapsed < LIMIT_MS, `${source.slice(0, 60)}… takes ${elapsed} ms`);
  }
});
