// SPDX-License-Identifier: GPL-2.0-only
/** Lists of lines are compared as a reader would: what is common is common, in order, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { agreesWhole, compareLines } from './result.js';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 });

test('equal lists agree, and only those', () => {
  fc.assert(
    fc.property(lines, lines, (a, b) => {
      const { outcome, agreeing, recorded, modelled } = compareLines('f', 'here', a, b);
      assert.equal(outcome === 'agrees', a.join() === b.join());
      if (outcome === 'agrees') return;
      assert.equal(recorded.length + agreeing, a.length);
      assert.equal(modelled.length + agreeing, b.length);
    }),
  );
});

test('a line that one side has more does not make those behind it differ', () => {
  const result = compareLines('f', 'here', ['1', '2', '3', '4'], ['1', 'x', '2', '4']);
  assert.deepEqual(
    [result.outcome, result.lines, result.agreeing, result.recorded, result.modelled],
    ['differs', 4, 3, ['3'], ['x']],
  );
});

test('nothing recorded and something modelled differs; what is absent does not', () => {
  const differs = compareLines('f', 'here', [], ['x']);
  assert.equal(differs.outcome, 'differs');
  const check = { board: 'b', kernel: 'k', baseline: '6.12', cmdline: '', inputs: [], doubts: [] };
  const absent = { ...differs, outcome: 'absent' as const };
  assert.equal(agreesWhole({ ...check, fields: [differs] }), false);
  assert.equal(agreesWhole({ ...check, fields: [absent] }), true);
});
