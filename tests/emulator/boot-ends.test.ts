// SPDX-License-Identifier: GPL-2.0-only
/** `armory boot`: guests that panic, crash, hang or halt are told at a glance, at once, and with the right exit code. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { armory, type CliResult } from '../support/cli.js';
import { repositoryRoot } from '../support/shared.js';
import { printingKernel, tinyKernel } from '../support/tiny-kernel.js';

const folder = mkdtempSync(join(tmpdir(), 'armory-boot-ends-'));
after(() => rmSync(folder, { recursive: true }));

const B_SELF = 0xeafffffe;
const PANIC =
  'Kernel panic - not syncing: no reason\nCPU: 0\n---[ end Kernel panic - not syncing: no reason ]---\n';
/** So long that a test which waits for it fails. */
const LONG = '100';

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function boot(kernel: Uint8Array, ...options: readonly string[]): CliResult {
  return armory('boot', '--kernel', write('kernel', kernel), '--memory', '128M', ...options);
}

test('a panic ends the run when its last line is there, with every register', () => {
  const map = write('System.map.gz', gzipSync('40000000 T start\n42000000 T entry\n42001000 T end\n'));
  const { code, stderr, stdout } = boot(
    printingKernel(PANIC),
    ...['--until', 'login:', '--timeout', LONG, '--system-map', map],
  );
  assert.equal(code, 125);
  assert.equal(stdout, PANIC);
  assert.match(stderr, /armory: the guest's kernel has panicked, after 0\.00 s/);
  assert.match(stderr, /^CPU: 0 after \d+ instructions\nPC is at entry\+0x5c\/0x1000$/m);
  assert.match(stderr, /^Flags: \w{4} {2}IRQs off {2}FIQs off {2}Mode SVC_32 {2}ISA ARM/m);
});

test('what is waited for may be in the panic', () => {
  assert.equal(boot(printingKernel(PANIC), '--until', 'no reason').code, 0);
  assert.equal(boot(printingKernel(PANIC), '--until', 'end Kernel panic').code, 0);
  assert.equal(boot(printingKernel(PANIC)).code, 125);
});

test('a panic and a reset is no success', () => {
  // PSCI SYSTEM_RESET
  const reset = [0xe3000009, 0xe3480400, 0xe1400070, B_SELF];
  const { code, stderr } = boot(printingKernel(PANIC.slice(0, 40), reset), '--timeout', LONG);
  assert.match(stderr, /the guest has panicked and reset the machine/);
  assert.equal(code, 125);
  const plain = boot(printingKernel('bye\n', reset), '--timeout', LONG);
  assert.match(plain.stderr, /the guest reset the machine/);
  assert.equal(plain.code, 0);
});

test('one exception for ever is told at once, with how it began', () => {
  const { code, stderr } = boot(tinyKernel([0xe5901000]), '--timeout', LONG);
  assert.equal(code, 125);
  assert.match(stderr, /^armory: the guest does nothing but take one exception/m);
  assert.match(stderr, /^core 0 takes one exception for ever: prefetch abort, .*FAR 0x0000000c/m);
  assert.match(stderr, /^it began with: data abort, synchronous external abort, read, FAR 0x00000000/m);
  assert.match(stderr, /^hint: nobody is at the exception vectors yet/m);
  assert.match(stderr, /^PC is at 0xc$/m);
});

test('a loop without end is told at once; silence has its hints', () => {
  const { code, stderr } = boot(
    tinyKernel([0xe1a00000, 0xeafffffd]),
    ...['--core', 'Cortex-A9', '--timeout', LONG, '--cmdline', 'quiet'],
  );
  assert.equal(code, 125);
  assert.match(stderr, /loops with interrupts masked and will never do anything again/);
  assert.match(stderr, /^the guest has printed nothing$/m);
  assert.match(stderr, /^hint: --cmdline names no console; this machine's is console=ttyAMA0$/m);
  assert.match(stderr, /^hint: a kernel with long descriptors .* does not run on a Cortex-A9/m);
  const halted = boot(printingKernel('reboot: System halted\n'));
  assert.equal(halted.code, 0);
  assert.match(halted.stderr, /the guest has halted/);
  assert.doesNotMatch(halted.stderr, /PC is at/);
});

test('an error that the kernel survived is not forgotten', () => {
  const { code, stderr } = boot(
    printingKernel('Internal error: Oops: 5 [#1] SMP ARM\n'),
    '--until',
    'login:',
  );
  assert.equal(code, 125);
  assert.match(stderr, /^its kernel has reported an 'Internal error' before$/m);
});

test('--timeout shows what the cores do', () => {
  // Counts for ever.
  const { code, stderr } = boot(tinyKernel([0xe2800001, 0xeafffffd]), '--timeout', '0.05');
  assert.equal(code, 125);
  assert.match(stderr, /stopped by --timeout 0\.05/);
  assert.match(stderr, /^hint: it may be unpacking itself still/m);
  assert.match(stderr, /^pc : \[<4200004[04]>\] {4}lr : \[<00000000>\] {4}psr: /m);
});

test('a guest that sleeps for ever ends where nobody can type', () => {
  // cpsie i; wfi; b
  const { code, stderr } = boot(tinyKernel([0xf1080080, 0xe320f003, 0xeafffffd]), '--timeout', LONG);
  assert.equal(code, 125);
  assert.match(stderr, /the guest sleeps and nothing can wake it/);
});

test('a reader that goes away ends the run; what was waited for has then not been seen', () => {
  const kernel = write('flood', printingKernel('0123456789\n', [0xeafffff6]));
  const program = join(repositoryRoot, 'dist', 'src', 'cli', 'main.js');
  const piped = (options: string): string => {
    const command = `'${process.execPath}' '${program}' boot --kernel '${kernel}' --timeout ${LONG} ${options} | head -1 >/dev/null; echo \${PIPESTATUS[0]}`;
    return spawnSync('bash', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .stdout;
  };
  assert.equal(piped('--until never'), '125\n');
  assert.equal(piped(''), '0\n');
  assert.equal(piped('-d exec 2>&1 >/dev/null'), '0\n');
});

/** Runs a line of bash in which `boot` is `armory boot` with a kernel. What it prints. */
function shell(kernel: Uint8Array, line: string): string {
  const program = join(repositoryRoot, 'dist', 'src', 'cli', 'main.js');
  const command = `'${process.execPath}' '${program}' boot --kernel '${write('shell-kernel', kernel)}'`;
  return spawnSync('bash', ['-c', `boot() { ${command} --timeout ${LONG} "$@"; }; ${line}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).stdout;
}

const FLOOD = printingKernel('0123456789\n', [0xeafffff6]);

test('--record is written when the console breaks, and an older record does not survive', () => {
  const record = join(folder, 'broken.json');
  const ended = (line: string): unknown[] => {
    writeFileSync(record, 'older');
    const code = shell(FLOOD, line.replaceAll('RECORD', `--record '${record}'`)).trim();
    const { end, console } = JSON.parse(readFileSync(record, 'utf8'));
    assert.match(console.text, /^0123456789\n0123/);
    return [code, end.how, end.exitCode];
  };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash's
  const status = 'echo ${PIPESTATUS[0]}';
  assert.deepEqual(ended(`boot RECORD --until never | head -1 >/dev/null; ${status}`), [
    '125',
    'broken',
    125,
  ]);
  assert.deepEqual(ended(`boot RECORD | head -1 >/dev/null; ${status}`), ['0', 'broken', 0]);
  assert.deepEqual(ended('boot RECORD >/dev/full; echo $?'), ['3', 'broken', 3]);
  assert.deepEqual(ended('boot RECORD -d exec -D /dev/full >/dev/null; echo $?'), ['3', 'broken', 3]);
});

test('standard input goes to the guest with --until, too; its end is not the end of the run', () => {
  // Prints what it reads: ldr r3, [r0, #0x18]; tst r3, #0x10 (RXFE); bne; ldr r2, [r0]; str r2, [r0]; b
  const echo = printingKernel(
    'ready ',
    [0xe5903018, 0xe3130010, 0x1afffffc, 0xe5902000, 0xe5802000, 0xeafffff9],
  );
  assert.equal(shell(echo, `(sleep 1; echo login) | boot --until login; echo $?`), 'ready login0\n');
  assert.equal(shell(echo, `echo log | boot --until login --timeout 0.5; echo $?`), 'ready log\n125\n');
  for (const input of ['</dev/null', '<&-', '</'])
    assert.equal(shell(echo, `boot --until ready ${input}; echo $?`), 'ready0\n', input);
  // Sleeps: cpsie i; wfi; b. An input that never ends cannot wake it.
  const sleeper = tinyKernel([0xf1080080, 0xe320f003, 0xeafffffd]);
  for (const input of ['</dev/null', '</dev/zero', '<&-', '< <(echo key)'])
    assert.equal(shell(sleeper, `boot --until ready ${input}; echo $?`), '125\n', input);
});

test('--bisect: a guest that ran is good or bad, one that could not start is skipped', () => {
  const bisect = (kernel: Uint8Array, ...more: string[]) =>
    boot(kernel, '--bisect', '--until', 'login:', '--timeout', '0.3', ...more);
  assert.equal(bisect(printingKernel('login:')).code, 0);
  assert.equal(bisect(printingKernel(PANIC)).code, 1);
  assert.equal(bisect(tinyKernel([0xe5901000])).code, 1);
  assert.equal(bisect(tinyKernel([0xe2800001, 0xeafffffd])).code, 1);
  // PSCI SYSTEM_OFF
  assert.equal(bisect(printingKernel('bye', [0xe3000008, 0xe3480400, 0xe1400070, B_SELF])).code, 1);
  assert.equal(bisect(Buffer.from('no kernel')).code, 125);
  assert.equal(bisect(printingKernel('login:'), '--initrd', join(folder, 'absent')).code, 125);
  assert.equal(bisect(printingKernel('login:'), '--cores', '1.5').code, 125);
  const alone = boot(printingKernel('login:'), '--bisect');
  assert.equal(alone.code, 125);
  assert.match(alone.stderr, /--bisect needs --until/);
});

test('a trace goes where it is told', () => {
  const file = join(folder, 'trace');
  const { code, stderr } = boot(printingKernel('A'), '--until', 'A', '-d', 'exec,int', '-D', file);
  assert.equal(code, 0, stderr);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.equal(lines[0], 'cpu0 0: 0x42000000: ea00000e  b 0x42000040');
  assert.equal(lines[1], 'cpu0 1: 0x42000040: e3a00409  mov r0, #150994944');
  assert.match(lines.at(-1)!, /strne r2, \[r0\]/);
  const onError = boot(printingKernel('A'), '--until', 'A', '-d', 'in_asm');
  assert.match(onError.stderr, /^IN: \n0x42000000: {2}ea00000e {2}b 0x42000040$/m);
  // Nothing happens in the window.
  const window = boot(printingKernel('A'), ...['-d', 'exec', '--trace-from', '5', '--trace-to', '6']);
  assert.doesNotMatch(window.stderr, /cpu0/);
  for (const wrong of [
    ['-d', 'nonsense'],
    ['-D', file],
    ['--trace-from', '1'],
    ['-d', 'int', '--trace-from', '2', '--trace-to', '1'],
  ]) {
    assert.equal(boot(printingKernel('A'), ...wrong).code, 2, wrong.join(' '));
  }
  assert.equal(boot(printingKernel('A'), '-d', 'int', '-D', join(folder, 'absent', 'trace')).code, 3);
});

test('files and numbers that cannot be meant are refused', () => {
  const empty = write('empty', '');
  const kernel = printingKernel('A');
  for (const [option, file] of [
    ['--initrd', empty],
    ['--drive', empty],
    ['--system-map', empty],
    ['--drive', '/dev/null'],
  ] as const) {
    const { code, stderr } = boot(kernel, option, file);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`error \\(empty-file\\): the file of ${option} is empty`));
  }
  assert.equal(armory('boot', '--kernel', empty).code, 2);
  assert.equal(armory('boot', '--kernel', '/dev/zero').code, 3);
  for (const seconds of ['0', 'Infinity', ''])
    assert.equal(boot(kernel, '--timeout', seconds).code, 2, seconds);
  assert.equal(boot(kernel, '--system-map', write('map', 'no map\n')).code, 2);
  assert.equal(boot(kernel, '--system-map', write('map.gz', gzipSync('x').subarray(0, 12))).code, 3);
  const cores = boot(kernel, '--board', 'beaglebone-black', '--cores', '2');
  assert.equal(cores.code, 2);
  assert.match(cores.stderr, /error \(cores-of-board\): \/cpus: --cores 2: the tree has 1/);
});

test('what is refused names the option, and units', () => {
  const kernel = write('kernel', printingKernel('A'));
  const link = join(folder, 'link');
  symlinkSync(kernel, link);
  for (const [options, code, message] of [
    [['--record', link], 2, /same-file.*--record would overwrite the file of --kernel/],
    [['--record', join(folder, 'one'), '-d', 'int', '-D', join(folder, 'one')], 2, /-D would .* of --record/],
    [['--initrd', join(folder, 'absent')], 3, /cannot read the file of --initrd, .*absent: ENOENT/],
    [['--drive', join(folder, 'absent')], 3, /cannot open the file of --drive, .*absent: ENOENT/],
    [['--timeout', '0'], 2, /--timeout.*more than 0/],
    [['--cores', '0'], 2, /from 1 to 4/],
    [['--memory', '4G'], 2, /4 GiB of memory; .* 4080 MiB at most\n.*--memory/],
    [['--memory', '2G', '--machine', 'vexpress-a9'], 2, /2 GiB of memory; .* at most 1 GiB\n.*--memory/],
    [['--drive', ...new Array(9).fill(kernel)], 2, /slots for 9 devices\n.*--drive/],
  ] as const) {
    const run = armory('boot', '--kernel', kernel, ...options);
    assert.equal(run.code, code, run.stderr);
    assert.match(run.stderr, message);
  }
  const long = boot(
    printingKernel('A'),
    '--until',
    'A',
    '--cmdline',
    'x'.repeat(1024),
    '-d',
    'int',
    '--trace-from',
    '0',
  );
  assert.equal(long.code, 0);
  assert.match(
    long.stderr,
    /warning \(cmdline-too-long\): --cmdline has 1024 bytes; a kernel keeps the first 1023/,
  );
  assert.doesNotMatch(
    boot(printingKernel('A'), '--until', 'A', '--cmdline', 'x'.repeat(1023)).stderr,
    /warning/,
  );
});

test('a bundled board is booted by its name, with the memory of its tree or what is asked for', () => {
  const board = (...options: string[]): CliResult => {
    const file = write('kernel', tinyKernel([B_SELF]));
    return armory('boot', '--kernel', file, ...options);
  };
  assert.match(board('--board', 'beaglebone-black').stderr, /loops with interrupts masked/);
  assert.doesNotMatch(board('--board', 'beaglebone-black').stderr, /warning/);
  const over = board('--board', 'beaglebone-black', '--memory', '1G@0x40000000').stderr;
  assert.match(over, /memory-over-devices.*1 GiB from 0x40000000 on .*: \/ocp\/usb@47401400, and 4 more/);
  const source = readFileSync(join(repositoryRoot, 'boards', 'beaglebone-black.dts'), 'utf8');
  const odd = write('odd.dts', source.replace('<0x80000000 0x20000000>', '<0x80000000 0x20000800>'));
  assert.match(
    board('--board', odd).stderr,
    /memory-not-in-pages\): \/memory@80000000: the bank of 524290 KiB/,
  );
  const unknown = board('--board', 'no-such-board');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /board-unknown[\s\S]*bundled boards: beaglebone-black/);
  const high = board('--board', 'beaglebone-black', '--memory', '3G@0x80000000');
  assert.equal(high.code, 2);
  assert.match(
    high.stderr,
    /error \(memory-beyond-cells\): \/memory.*: 3 GiB from 0x80000000 on end at 0x140000000; addresses of one cell end at 0x100000000/,
  );
});

test('a bare kernel, and what only the virt machine has', () => {
  const bare = new Uint8Array(Uint32Array.from([0xe2800001, 0xeafffffd]).buffer);
  const ran = boot(bare, '--kernel-format', 'Image', '--timeout', '0.05');
  assert.equal(ran.code, 125);
  assert.match(ran.stderr, /^PC is at 0x4000800[04]$/m);
  const packed = boot(tinyKernel([0xeafffffe]), '--kernel-format', 'Image');
  assert.equal(packed.code, 2);
  assert.match(packed.stderr, /not-a-bare-kernel/);
  for (const option of ['--no-dma-coherent', '--pl310']) {
    const { code: refused, stderr } = boot(bare, '--machine', 'vexpress-a9', option);
    assert.equal(refused, 2);
    assert.match(stderr, new RegExp(`${option} goes with the virt machine only`));
  }
  assert.match(boot(bare, '--pl310').stderr, /pl310-behind-l2/);
});
