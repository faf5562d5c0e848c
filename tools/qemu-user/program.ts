// SPDX-License-Identifier: GPL-2.0-only
/**
 * Builds a small program without a C library and runs it under qemu-arm and in Armory, in User mode: what it writes
 * and how it ends. Of system calls it may use write and exit.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MiB } from '../../src/base/address.js';
import { applyAccess, applyControl } from '../../src/emulator/cpu/cp15-registers.js';
import { VECTOR_SVC } from '../../src/emulator/cpu/cpu.js';
import { MODE_SVC, MODE_USER } from '../../src/emulator/cpu/modes.js';
import { loadElf } from '../../src/emulator/load/elf.js';
import { System } from '../../src/emulator/system.js';
import { coreByName } from '../../src/hw/cores.js';
import { encodeSection } from '../../src/hw/mmu/short-descriptor.js';

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'tools', 'qemu-user');
/** Where the program and its stack lie, in one section. */
const BASE = 0x10000000;
const TABLE = BASE + MiB;
const FLAGS =
  `-static -nostdlib -ffreestanding -fno-math-errno -fno-stack-protector -no-pie -fno-pic -O2 -march=armv7-a ` +
  `-mfpu=neon-vfpv4 -Wl,-Ttext-segment=0x${BASE.toString(16)},--build-id=none`;
const SYS_EXIT = 1;
const SYS_WRITE = 4;
/** More than any of the programs needs. */
const LIMIT = 10_000_000;

/** Builds `source` for A32 or T32; the program's bytes, and what it writes under qemu-arm. */
export function buildAndRun(
  source: string,
  set: '-marm' | '-mthumb',
): { elf: Uint8Array; output: Uint8Array } {
  const folder = mkdtempSync(join(tmpdir(), 'armory-program-'));
  try {
    const file = join(folder, 'program');
    const command = [...FLAGS.split(' '), set, '-o', file, join(SOURCES, source), '-lgcc'];
    const built = spawnSync('arm-linux-gnueabihf-gcc', command, { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the compiler failed: ${built.stderr}`);
    const run = spawnSync('qemu-arm', ['-cpu', 'cortex-a15', file], {
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    if (run.status !== 0) throw new Error(`qemu-arm ended with ${run.status ?? run.signal}`);
    return { elf: readFileSync(file), output: run.stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program in Armory; what it writes, and how many instructions it took. Throws if it does anything else. */
export function runProgram(
  elf: Uint8Array,
  core = 'Cortex-A15',
): { output: Uint8Array; instructions: number } {
  const facts = {
    core: coreByName(core),
    coreCount: 1,
    outerCache: null,
    coherentFabric: false,
    physicalAddressBits: 32,
  };
  const system = new System(facts, [{ start: BASE, end: BASE + 2 * MiB }]);
  const { ram } = system.machine;
  const cpu = system.cpus[0]!;
  const entry = loadElf(ram, elf, 'program');
  ram.write32(TABLE + 4 * (BASE / MiB), encodeSection(BASE, { tex: 1, c: 1, b: 1, ap: 3 }));
  cpu.mem.translator.registers.ttbr0 = TABLE;
  cpu.mem.translator.registers.dacr = 1;
  cpu.cp15.sctlr = 1;
  applyControl(cpu);
  cpu.mem.domainsChanged();
  cpu.cp15.cpacr = 0x00f00000;
  cpu.fp.fpexc = 0x40000000;
  cpu.switchMode(MODE_USER);
  applyAccess(cpu);
  cpu.masks = 0;
  cpu.r[13] = BASE + MiB - 16;
  cpu.branchExchange(entry);
  let vector = 0;
  cpu.trace = {
    taken: (_cpu, at) => {
      vector = at;
      cpu.yield();
    },
  };
  const chunks: Uint8Array[] = [];
  while (cpu.instructions < LIMIT) {
    vector = 0;
    cpu.run(LIMIT);
    if (vector !== VECTOR_SVC || cpu.mode !== MODE_SVC) {
      throw new Error(`vector ${vector}, return address ${(cpu.r[14]! >>> 0).toString(16)}`);
    }
    if (cpu.r[7] === SYS_EXIT) break;
    if (cpu.r[7] !== SYS_WRITE) throw new Error(`system call ${cpu.r[7]}`);
    chunks.push(Uint8Array.from({ length: cpu.r[2]! }, (_, i) => ram.read8(cpu.r[1]! + i)));
    cpu.r[0] = cpu.r[2]!;
    cpu.exceptionReturn(cpu.spsr, cpu.r[14]!);
  }
  return { output: Buffer.concat(chunks), instructions: cpu.instructions };
}
