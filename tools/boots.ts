// SPDX-License-Identifier: GPL-2.0-only
/**
 * Boots real kernels in the emulator, several at a time, and prints KTAP: the matrix of `boot-matrix.ts`, to a shell
 * that must find what the machine has, and recorded boots again, compared field by field (`repeat-boot.ts`). What is not
 * here, kernels or recordings, is skipped with a reason. Ends with 1 where a boot fails, with 3 where none could run.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BootDocument } from '../src/report/boot-schema.js';
import { debianKernel } from '../tests/probe-module/debian-kernel.js';
import { busyboxInitramfs } from '../tests/support/busybox-guest.js';
import { repositoryRoot } from '../tests/support/shared.js';
import { isRepeatable, repeatableBoots } from '../tests/truth/emulated-boots.js';
import {
  bootArguments,
  expectedLines,
  MATRIX,
  type MatrixBoot,
  RECORDED_SAMPLE,
  SCRIPT,
} from './boot-matrix.js';

const USAGE = `usage: node dist/tools/boots.js [--all] [--list] [--jobs N] [NAME…]   (npm run boots)
  NAME      boots whose names contain it; without, the matrix and a sample of the recorded boots
  --all     every recorded boot
  --list    names only
  --jobs N  boots at a time (as many as there are processors)
`;
/** Lines of a guest's console that are shown of a boot that failed. */
const LAST_LINES = 20;

interface Outcome {
  readonly ok: boolean;
  /** Behind the name: how long it took. */
  readonly note: string;
  /** What is wrong, a line each. */
  readonly lines: readonly string[];
}

interface Job {
  readonly name: string;
  readonly skip: string | null;
  readonly run: () => Promise<Outcome>;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function node(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--enable-source-maps', ...args], {
      cwd: repositoryRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', piece => stdout.push(piece));
    child.stderr.on('data', piece => stderr.push(piece));
    child.on('error', reject);
    child.on('close', code => {
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() });
    });
  });
}

function lastLines(text: string): string[] {
  return text.split(/\r?\n/).slice(-LAST_LINES);
}

async function runMatrixBoot(boot: MatrixBoot, folder: string, initrd: string): Promise<Outcome> {
  const record = join(folder, `${boot.name}.json`);
  const { code, stdout, stderr } = await node('dist/src/cli/main.js', ...bootArguments(boot, initrd, record));
  const printed = stdout.split(/\r?\n/);
  const missing = expectedLines(boot).filter(line => !printed.includes(line));
  if (code !== 0 || missing.length > 0) {
    const lines = missing.map(line => `not printed: ${line}`);
    return {
      ok: false,
      note: `exit code ${code}`,
      lines: [...lines, ...lastLines(stdout), ...lastLines(stderr)],
    };
  }
  const { machine } = JSON.parse(readFileSync(record, 'utf8')) as BootDocument;
  rmSync(record);
  const millions = Math.round(machine.instructions / 1e6);
  return { ok: true, note: `${millions} million instructions`, lines: [] };
}

async function runRecordedBoot(name: string): Promise<Outcome> {
  const { code, stdout, stderr } = await node('dist/tools/repeat-boot.js', name);
  const [sum = '', ...lines] = stdout.trimEnd().split('\n');
  const note = sum.replace(`${name}: `, '');
  return { ok: code === 0, note, lines: code === 0 ? [] : [...lines, ...lastLines(stderr)] };
}

function jobsOf(folder: string, initrd: string, all: boolean): Job[] {
  const every = all ? repeatableBoots() : [];
  const recorded = every.length > 0 ? every : RECORDED_SAMPLE;
  return [
    ...MATRIX.map(boot => ({
      name: boot.name,
      skip: boot.needs && `needs ${boot.needs}`,
      run: () => runMatrixBoot(boot, folder, initrd),
    })),
    ...recorded.map(name => ({
      name: `recorded-${name}`,
      skip: isRepeatable(name) ? null : 'needs the recording, whole, and its kernel',
      run: () => runRecordedBoot(name),
    })),
  ];
}

/** The number of boots that failed. KTAP numbers results in the order in which they come. */
async function runAll(jobs: readonly Job[], atATime: number): Promise<number> {
  const print = (line: string): boolean => process.stdout.write(`${line}\n`);
  const waiting = [...jobs];
  let ended = 0;
  let failed = 0;
  print('KTAP version 1');
  print(`1..${jobs.length}`);
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      if (job.skip !== null) {
        print(`ok ${++ended} ${job.name} # SKIP ${job.skip}`);
        continue;
      }
      const started = performance.now();
      const { ok, note, lines } = await job.run();
      const seconds = Math.round((performance.now() - started) / 1000);
      if (!ok) failed++;
      for (const line of lines) print(`# ${line}`);
      print(`${ok ? 'ok' : 'not ok'} ${++ended} ${job.name} # ${seconds} s, ${note}`);
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  return failed;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        jobs: { type: 'string', default: String(availableParallelism()) },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return null;
  }
}

async function main(): Promise<number> {
  const read = readArguments();
  if (read === null) return 2;
  const { values, positionals } = read;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const atATime = Number(values.jobs);
  if (!Number.isInteger(atATime) || atATime < 1) {
    process.stderr.write(`--jobs ${values.jobs}: a positive number is expected\n${USAGE}`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'armory-boots-'));
  try {
    const initrd = join(folder, 'initramfs.cpio');
    if (debianKernel !== undefined) writeFileSync(initrd, busyboxInitramfs(debianKernel.busybox, SCRIPT));
    const all = jobsOf(folder, initrd, values.all);
    const jobs = all.filter(
      ({ name }) => positionals.length === 0 || positionals.some(part => name.includes(part)),
    );
    if (jobs.length === 0) {
      process.stderr.write(`no boot has ${positionals.join(' or ')} in its name\n`);
      return 2;
    }
    if (values.list) {
      for (const { name } of jobs) process.stdout.write(`${name}\n`);
      return 0;
    }
    const failed = await runAll(jobs, atATime);
    if (failed > 0) return 1;
    return jobs.every(({ skip }) => skip !== null) ? 3 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
