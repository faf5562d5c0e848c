// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lets qemu-arm execute single instructions, for tests and comparisons: a small static program is built with the
 * cross compiler (Debian: gcc-arm-linux-gnueabihf, qemu-user) and fed with records.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Words of a record, as in `run-instructions.c`. */
export const RECORD_WORDS = 164;
export const WORD = 0;
/** In: 1 for T32. Out: the signal, or 0. */
export const THUMB = 1;
export const SIGNAL = 1;
export const FPSCR = 2;
export const APSR = 3;
/** r0 to r12. */
export const R = 4;
/** d0 to d31, low words first. */
export const D = 20;
export const MEMORY = 84;
export const MEMORY_WORDS = 64;
/** How many words of code follow WORD, and the words: 15 at most. */
export const EXTRA = 148;
export const EXTRA_CODE = 149;
export const EXTRA_WORDS = 15;
/** Where the memory of a record lies for the instruction. */
export const MEMORY_ADDRESS = 0x20000800;

export const SIGILL = 4;
export const SIGBUS = 7;
export const SIGSEGV = 11;

const COMPILER = 'arm-linux-gnueabihf-gcc';
const EMULATOR = 'qemu-arm';
const sources = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'tools', 'qemu-user');

/** Why instructions cannot be executed here, or undefined. */
export function whyNoQemuUser(): string | undefined {
  for (const tool of [COMPILER, EMULATOR]) {
    if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0) return `no ${tool}`;
  }
  return undefined;
}

/** The built program. */
export class QemuUser {
  private readonly folder: string = mkdtempSync(join(tmpdir(), 'armory-qemu-user-'));
  private readonly program: string = join(this.folder, 'run-instructions');

  constructor() {
    const files = ['run-instructions.c', 'run-one.S'].map(name => join(sources, name));
    const flags = ['-static', '-O1', '-marm', '-march=armv7-a', '-mfpu=neon-vfpv4', '-o', this.program];
    const built = spawnSync(COMPILER, [...flags, ...files], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`${COMPILER} failed: ${built.stderr}`);
  }

  /** Executes each record on its own. `cpu` as qemu-arm spells it. */
  run(records: Uint32Array, cpu = 'cortex-a15'): Uint32Array {
    const input = Buffer.from(records.buffer, records.byteOffset, records.byteLength);
    const done = spawnSync(EMULATOR, ['-cpu', cpu, this.program], {
      input,
      maxBuffer: records.byteLength + 1,
      timeout: 120_000,
      killSignal: 'SIGKILL',
    });
    if (done.status !== 0 || done.stdout.length !== input.length) {
      throw new Error(
        `${EMULATOR} ended with ${done.status ?? done.signal} after ${done.stdout.length} bytes`,
      );
    }
    return new Uint32Array(new Uint8Array(done.stdout).buffer);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
