// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lets qemu-arm execute instructions, for tests and comparisons: a small static program is built with the
 * cross compiler (Debian: gcc-arm-linux-gnueabihf, qemu-user) and fed with records.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Words of a record, as in `run-instructions.c`. */
export const RECORD_WORDS = 196;
/** How many words of code there are. */
export const LENGTH = 0;
/** In: 1 for T32. Out: the signal, or 0. */
export const THUMB = 1;
export const SIGNAL = 1;
export const FPSCR = 2;
export const APSR = 3;
/** r0 to r14. */
export const R = 4;
/** Out: the instruction that caused the signal; 0 without one. */
export const PC = 19;
/** d0 to d31, low words first. */
export const D = 20;
export const MEMORY = 84;
export const MEMORY_WORDS = 64;
/** No block stores behind these bytes of its memory: there are the targets of its branches, and its branch tables. */
export const STORED_BYTES = 192;
export const TABLE_BYTES = 16;
/** The words of code, as they lie in memory. `code.ts` makes them. */
export const CODE = 148;
export const CODE_WORDS = 48;
/** Where the memory of a record lies for the instruction: in a page whose neighbours are absent and whose rest is 0. */
export const MEMORY_ADDRESS = 0x20000800;
/**
 * Code of all records of a run lies in one area, that of each in a slot of its own; some slots cross into the next page.
 * The rest of the area is 0 and may be read.
 */
export const CODE_AREA = 0x10000000;
export const CODE_AREA_BYTES = 0x400000;
const SLOT_BYTES = 256;
/** Code that is done branches to this address, where A32 code is. */
export const RETURN_ADDRESS = 0x0ff00e00;
/** Records of a run, at most. */
export const BATCH = 10_000;

/** Where the code of record `index` of a run lies. */
export function codeAddress(index: number): number {
  return CODE_AREA + 0x10e4 + SLOT_BYTES * index;
}

export const SIGILL = 4;
export const SIGBUS = 7;
export const SIGSEGV = 11;
/** It did not come to an end. */
export const SIGVTALRM = 26;

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
    const answers = new Uint32Array(records.length);
    for (let at = 0; at < records.length; at += BATCH * RECORD_WORDS) {
      answers.set(this.runBatch(records.subarray(at, at + BATCH * RECORD_WORDS), cpu), at);
    }
    return answers;
  }

  private runBatch(records: Uint32Array, cpu: string): Uint32Array {
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
