// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lock step with qemu-system-arm: one bare-metal program (`qemu-system/system-probe.c`) on QEMU's `virt` machine and on
 * ours. It does what only privileged code can do, faults in every way that the tables permit, and prints what the core
 * told. Lines that differ are printed side by side.
 *
 *   node dist/tools/system-lockstep.js [CORE]      cortex-a15 unless said otherwise
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MiB } from '../src/base/address.js';
import { EmulatedBoard } from '../src/emulator/board/emulated-board.js';
import { virtTree } from '../src/emulator/board/virt.js';
import { loadElf } from '../src/emulator/load/elf.js';

const COMPILER = 'arm-linux-gnueabihf-gcc';
const EMULATOR = 'qemu-system-arm';
const sources = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'tools', 'qemu-system');
/** Ticks after which the program must have ended; it needs some three million. */
const PATIENCE = 100_000_000;

/** Cores by QEMU's name. */
export const CORES: Readonly<Record<string, string>> = {
  'cortex-a7': 'Cortex-A7',
  'cortex-a15': 'Cortex-A15',
};

/** Why nothing can be compared here, or undefined. */
export function whyNoQemuSystem(): string | undefined {
  for (const tool of [COMPILER, EMULATOR]) {
    if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0) return `no ${tool}`;
  }
  return undefined;
}

/** What the program printed on both machines, line by line. */
export function runSystemProbe(core: string): { ours: string[]; theirs: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'armory-qemu-system-'));
  try {
    const program = join(folder, 'system-probe');
    build(program);
    return { ours: runHere(program, core), theirs: runQemu(program, core) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function build(program: string): void {
  const target = ['-marm', '-march=armv7-a', '-mfloat-abi=soft', '-O1'];
  const alone = ['-ffreestanding', '-fno-builtin', '-nostdlib', '-static', '-Wl,--build-id=none'];
  const files = [join(sources, 'start.S'), join(sources, 'system-probe.c')];
  const script = `-Wl,-T,${join(sources, 'probe.ld')}`;
  const built = spawnSync(COMPILER, [...target, ...alone, script, ...files, '-o', program], {
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`${COMPILER} failed: ${built.stderr}`);
}

function lines(text: string): string[] {
  return text.split('\n').map(line => line.trimEnd());
}

function runQemu(program: string, core: string): string[] {
  const machine = ['-M', 'virt', '-cpu', core, '-m', '64', '-nic', 'none', '-nographic', '-no-reboot'];
  const done = spawnSync(EMULATOR, [...machine, '-kernel', program], { encoding: 'utf8', timeout: 120_000 });
  if (done.status !== 0)
    throw new Error(`${EMULATOR} ended with ${done.status ?? done.signal}: ${done.stderr}`);
  return lines(done.stdout);
}

function runHere(program: string, core: string): string[] {
  const tree = virtTree({ memoryBytes: 64 * MiB, core: CORES[core]! });
  const board = new EmulatedBoard('virt', tree);
  const { system } = board;
  const entry = loadElf(system.machine.ram, readFileSync(program), program);
  const printed: number[] = [];
  board.console!.onOutput = byte => printed.push(byte);
  system.cpus[0]!.powerOn(entry, 0);
  system.run(PATIENCE);
  if (board.ended === null) printed.push(...Buffer.from('did not end'));
  return lines(Buffer.from(printed).toString());
}

/** Lines that differ, ours and theirs. */
export function differences(ours: readonly string[], theirs: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    if (ours[i] !== theirs[i]) found.push([ours[i] ?? '(nothing)', theirs[i] ?? '(nothing)']);
  }
  return found;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const reason = whyNoQemuSystem();
  if (reason !== undefined) {
    process.stdout.write(`nothing compared: ${reason}\n`);
    process.exit(3);
  }
  const { ours, theirs } = runSystemProbe(process.argv[2] ?? 'cortex-a15');
  const found = differences(ours, theirs);
  for (const [here, there] of found) process.stdout.write(`armory ${here}\nqemu   ${there}\n`);
  process.stdout.write(`${theirs.length} lines, ${found.length} differ\n`);
  process.exit(found.length === 0 ? 0 : 1);
}
