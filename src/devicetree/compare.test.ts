// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareTrees } from './compare.js';
import { parseDts } from './load.js';

function differences(first: string, second: string): string[] {
  return compareTrees(parseDts(`/dts-v1/; ${first}`, 'a'), parseDts(`/dts-v1/; ${second}`, 'b'));
}

test('order of properties, labels and notation make no difference', () => {
  assert.deepEqual(differences('/ { a = "AB"; b; l: n { }; };', '/ { b; a = [41 42 00]; n { }; };'), []);
});

test('every other difference is named with its path', () => {
  assert.deepEqual(
    differences(
      '/memreserve/ 1 2; / { a = <1>; b; n { x { }; }; m { }; gone { }; };',
      '/ { a = <2>; c; m { }; n { y { }; }; };',
    ),
    [
      '/memreserve/: [0x1+0x2] and []',
      '/:a: [00000001] and [00000002]',
      '/:b: only in the first',
      '/:c: only in the second',
      '/gone: only in the first',
      '/n: at another place among its siblings',
      '/n/x: only in the first',
      '/n/y: only in the second',
    ],
  );
});
