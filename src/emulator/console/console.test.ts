// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import { EscapeFilter } from './escape.js';
import { Terminal } from './terminal.js';
import { TextWatch } from './text-watch.js';

test('Ctrl-A X leaves, Ctrl-A twice is one, anything else goes through', () => {
  const keys = (...input: number[][]) => {
    const filter = new EscapeFilter();
    const typed = input.map(bytes => filter.take(bytes));
    return { bytes: typed.flatMap(({ bytes }) => [...bytes]), leave: typed.some(({ leave }) => leave) };
  };
  assert.deepEqual(keys([0x61, 3, 0x62]), { bytes: [0x61, 3, 0x62], leave: false });
  assert.deepEqual(keys([0x61, 1], [0x78, 0x62]), { bytes: [0x61], leave: true });
  assert.deepEqual(keys([1, 0x58]), { bytes: [], leave: true });
  assert.deepEqual(keys([1, 1, 0x78]), { bytes: [1, 0x78], leave: false });
  assert.deepEqual(keys([1, 0x63]), { bytes: [1, 0x63], leave: false });
});

class FakeTerminal extends EventEmitter {
  readonly isTTY: boolean = true;
  readonly log: string[] = [];
  setRawMode(raw: boolean): void {
    this.log.push(`raw ${raw}`);
  }
  resume(): void {
    this.log.push('resume');
  }
  pause(): void {
    this.log.push('pause');
  }
}

test('the terminal is raw while the guest has it, and as it was afterwards', () => {
  const input = new FakeTerminal();
  const got: number[] = [];
  const out: string[] = [];
  let left = 0;
  const terminal = new Terminal({
    input,
    output: { write: bytes => out.push(Buffer.from(bytes).toString()) },
    receive: bytes => got.push(...bytes),
    onLeave: () => left++,
  });
  input.emit('data', Uint8Array.of(0x6c, 0x73, 3));
  for (const byte of Buffer.from('login: ')) terminal.print(byte);
  assert.deepEqual(out, []);
  terminal.flush();
  terminal.print(0x21);
  input.emit('data', Uint8Array.of(1, 0x78));
  terminal.close();
  terminal.close();
  input.emit('data', Uint8Array.of(0x7a));
  assert.deepEqual(got, [0x6c, 0x73, 3]);
  assert.deepEqual(out, ['login: ', '!']);
  assert.equal(left, 1);
  assert.deepEqual(input.log, ['raw true', 'resume', 'pause', 'raw false']);
});

test('a pipe needs no raw mode, and nobody has to type', () => {
  const pipe = Object.assign(new FakeTerminal(), { isTTY: false });
  new Terminal({ input: pipe, output: { write: () => 0 }, receive: () => {}, onLeave: () => {} }).close();
  assert.deepEqual(pipe.log, ['resume', 'pause']);
  new Terminal({ input: null, output: { write: () => 0 }, receive: () => {}, onLeave: () => {} }).close();
});

test('a text is found as soon as it is there, as String.includes() would', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 });
  fc.assert(
    fc.property(
      letters,
      letters.filter(text => text.length > 0 && text.length < 8),
      (printed, wanted) => {
        const watch = new TextWatch(wanted);
        [...Buffer.from(printed)].forEach((byte, i) => {
          watch.put(byte);
          assert.equal(watch.seen, printed.slice(0, i + 1).includes(wanted));
        });
        assert.equal(watch.text.text, printed);
      },
    ),
  );
});

test('what was printed is kept up to a limit', () => {
  const watch = new TextWatch(null, 10);
  for (let i = 0; i < 35; i++) watch.put(0x30 + (i % 10));
  const { text, missingBytes } = watch.text;
  assert.ok(text.length >= 10 && text.length <= 20);
  assert.equal(text.length + missingBytes, 35);
  assert.ok(text.endsWith('01234'));
});
