// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleFinding } from './finding-fixture.js';
import { findingsSummary, findingText } from './finding-text.js';

test('a finding as a block', () => {
  assert.equal(
    findingText(exampleFinding, { replay: 'armory scenario run p1-worker --seed 5' }),
    `BUG: armory: stale-read in mac_rx
  a load may see an older value than the newest
  CPU 1: load (normal inner=WBWA outer=WBWA), 4 bytes at vaddr 0xc0000048, paddr 0x1240000048
    mac_rx
    mac_poll
    net_rx_action
  streaming buffer of /soc/mac@1000 (mac)
    paddr 0x1240000000, dma 0x40000000, 2 KiB
    first wrong byte 72 bytes into it

  against: /soc/mac@1000: write, 64 bytes at paddr 0x1240000040

  line at paddr 0x1240000040 (n newest only in a cache, s older in a cache, b in a buffer, x thrown away)
    before: inner: may hold it, stale 0-11
    after:  inner: may hold it, stale 0-7
    0x1240000040: ssssssss ssss.... nnnnxxxx bbbbbbbb
                           ^^^^

  what happened to it:
    1. /soc/mac@1000: write, 64 bytes at paddr 0x1240000040
    2. CPU 0: dsb  (mac_irq)
  > 3. CPU 1: load, 4 bytes at paddr 0x1240000048  (mac_rx)

  missing: Invalidate the line.
  seen 3 times here, 12 B in all
  replay:  armory scenario run p1-worker --seed 5
  explain: armory explain stale-read`,
  );
});

test('what nobody knows is left out, and the severity is the first word', () => {
  const text = findingText({
    ...exampleFinding,
    severity: 'window',
    access: { ...exampleFinding.access, vaddr: null, paddr: null, dmaAddr: 0x1000, stack: [] },
    buffer: null,
    other: null,
    line: null,
    before: '',
    events: [],
    count: 1,
  });
  assert.equal(
    text,
    `WINDOW: armory: stale-read in CPU 1
  a load may see an older value than the newest
  CPU 1: load (normal inner=WBWA outer=WBWA), 4 bytes at dma 0x00001000, no memory

  missing: Invalidate the line.
  explain: armory explain stale-read`,
  );
});

test('long stacks are cut, long buffers of a line wrap', () => {
  const stack = Array.from({ length: 12 }, (_, i) => `f${i}`);
  const line = { paddr: 0, bytes: '.'.repeat(64), wrong: [{ start: 40, end: 41 }] };
  const text = findingText({ ...exampleFinding, line, access: { ...exampleFinding.access, stack } });
  assert.match(text, /\n {4}f7\n {4}… 4 more\n/);
  const rows = text.split('\n').filter(row => /^ {4}0x/.test(row) || row.includes('^'));
  assert.deepEqual(rows, [
    '    0x00000000: ........ ........ ........ ........',
    '    0x00000020: ........ ........ ........ ........',
    '                         ^',
  ]);
});

test('many findings by rule, in the order of the rules', () => {
  const other = { ...exampleFinding, rule: 'lost-write', buffer: null, count: 1 };
  const note = { ...exampleFinding, severity: 'note' as const, rule: 'mismatched-alias' };
  assert.equal(
    findingsSummary([note, other, exampleFinding, exampleFinding]),
    `rule              severity  in      by     buffer of      times  bytes
stale-read        error     mac_rx  CPU 1  /soc/mac@1000  3      12 B
                  error     mac_rx  CPU 1  /soc/mac@1000  3      12 B
lost-write        error     mac_rx  CPU 1                 1      12 B
mismatched-alias  note      mac_rx  CPU 1  /soc/mac@1000  3      12 B
3 errors, 1 note`,
  );
  assert.equal(findingsSummary([]), 'no findings');
});
