// SPDX-License-Identifier: GPL-2.0-only
/** `armory boot --gdb`, with GDB itself where it is installed. The guest counts to sixteen and switches itself off. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { armory } from '../support/cli.js';
import { repositoryRoot } from '../support/shared.js';

/** Offset of the code behind the header of a zImage, and of its first instruction in the loop. */
const CODE = 0x40;
const IN_LOOP = 0x48;
/**
 * MOV r4, #0; ADD r4, r4, #1; CMP r4, #16; BNE to the ADD; PSCI's SYSTEM_OFF: MOVW r0, #8; MOVT r0, #0x8400; HVC #0; B .
 */
const COUNT = [
  0xe3a04000, 0xe2844001, 0xe3540010, 0x1afffffc, 0xe3000008, 0xe3480400, 0xe1400070, 0xeafffffe,
];

function image(): Uint8Array {
  const words = new Uint32Array(32);
  words[0] = 0xea000000 + CODE / 4 - 2;
  words[0x24 / 4] = 0x016f2818;
  words[0x2c / 4] = 4 * words.length;
  words[0x30 / 4] = 0x04030201;
  words.set(COUNT, CODE / 4);
  return new Uint8Array(words.buffer);
}

const folder = mkdtempSync(join(tmpdir(), 'armory-gdb-'));
const kernel = join(folder, 'zImage');
writeFileSync(kernel, image());
after(() => rmSync(folder, { recursive: true, force: true }));

/** A guest that waits, and the port on which it does. */
async function waiting(
  ...options: string[]
): Promise<{ guest: ChildProcess; port: string; text: () => string }> {
  const program = join(repositoryRoot, 'dist', 'src', 'cli', 'main.js');
  const guest = spawn(
    process.execPath,
    [program, 'boot', '--kernel', kernel, '--gdb', '0', '--timeout', '60', ...options],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let text = '';
  guest.stderr!.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  for (;;) {
    const [, port] = text.match(/target remote 127\.0\.0\.1:(\d+)\n/) ?? [];
    if (port !== undefined) return { guest, port, text: () => text };
    await once(guest.stderr!, 'data');
  }
}

const hasGdb = spawnSync('gdb-multiarch', ['--version']).status === 0;
const skip = hasGdb ? false : 'needs gdb-multiarch';

/** What GDB prints. */
async function gdb(port: string, ...commands: string[]): Promise<string> {
  const all = ['set architecture arm', 'set confirm off', `target remote 127.0.0.1:${port}`, ...commands];
  const child = spawn('gdb-multiarch', ['-nx', '-batch', ...all.flatMap(command => ['-ex', command])]);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  }
  await once(child, 'close');
  return text;
}

test('GDB sees the first instruction, stops at a breakpoint and watches the guest end', {
  skip,
}, async () => {
  const { guest, port, text } = await waiting('--cores', '2');
  const ended = once(guest, 'exit');
  const output = await gdb(
    port,
    ...['set $base = $pc', 'x/i $pc', 'info threads', `break *($base + ${IN_LOOP})`, 'continue'],
    ...[
      'ignore 1 4',
      'continue',
      'printf "count %d\\n", $r4',
      'stepi',
      'stepi',
      'printf "at %x\\n", $pc - $base',
    ],
    ...['printf "word %x\\n", *(unsigned *)($base + 0x24)', 'set $d3 = 1.5', 'print $d3', 'print $fpscr'],
    ...['x/w 0', 'set $r4 = 15', 'delete', 'continue'],
  );
  const [code] = (await ended) as [number];
  assert.match(output, /=> 0x[0-9a-f]+:\tb\t/);
  assert.match(output, /Thread 1 \(core 0, awake\)[\s\S]*Thread 2 \(core 1, asleep or off\)/);
  assert.match(output, /count 6\n/);
  assert.match(output, /at 44\n/);
  assert.match(output, /word 16f2818\n/);
  assert.match(output, /= 1\.5\n/);
  assert.match(output, /Cannot access memory at address 0x0/);
  assert.match(output, /exited normally/);
  assert.equal(code, 0, text());
  assert.match(text(), /switched itself off/);
});

test('a software watchpoint of GDB steps the guest', { skip }, async () => {
  const { guest, port } = await waiting();
  const ended = once(guest, 'exit');
  const output = await gdb(port, 'set can-use-hw-watchpoints 0', 'watch $r4 if $r4 == 5', 'continue', 'kill');
  const [code] = (await ended) as [number];
  assert.match(output, /Old value = 4\nNew value = 5\n/);
  assert.equal(code, 0);
});

test('a guest that is let go runs to its end', { skip }, async () => {
  const { guest, port } = await waiting();
  const ended = once(guest, 'exit');
  await gdb(port, 'detach');
  assert.deepEqual(await ended, [0, null]);
});

test('a port that is taken ends with 3, one that is none with 2', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as { port: number };
    const taken = armory('boot', '--kernel', kernel, '--gdb', String(port));
    assert.equal(taken.code, 3);
    assert.match(taken.stderr, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: `));
  } finally {
    server.close();
  }
  for (const wrong of ['65536', 'x']) {
    assert.equal(armory('boot', '--kernel', kernel, `--gdb=${wrong}`).code, 2, wrong);
  }
});
