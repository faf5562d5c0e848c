// SPDX-License-Identifier: GPL-2.0-only
/**
 * The identification registers of each core beside qemu-system-arm's: one bare-metal program (`qemu-system/id-probe.c`) on
 * the board of QEMU that has the core and on ours. Registers that differ are printed, and why where that is known.
 *
 *   node dist/tools/id-lockstep.js [CORE]…      all four unless said otherwise
 *
 * Exit code: 0 nothing differs but what is known, 1 something does, 125 nothing could be compared.
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
import { whyNoQemuSystem } from './system-lockstep.js';

const source = join(
  dirname(fileURLToPath(import.meta.url)),
  '..',
  '..',
  'tools',
  'qemu-system',
  'id-probe.c',
);
const FLAGS =
  '-marm -march=armv7-a -mfloat-abi=soft -O1 -ffreestanding -fno-builtin -nostdlib -static -Wl,--build-id=none';
/** Our `virt` board, whatever the core. */
const OURS = { uart: 0x09000000, text: 0x40010000 };
const TICKS = 1_000_000;

/** A board of QEMU with the core: where its UART is, and where memory. */
interface QemuBoard {
  readonly machine: string;
  readonly uart: number;
  readonly text: number;
}

const VIRT: QemuBoard = { machine: 'virt', ...OURS };
export const BOARDS: Readonly<Record<string, QemuBoard>> = {
  'Cortex-A7': VIRT,
  'Cortex-A8': { machine: 'realview-pb-a8', uart: 0x10009000, text: 0x70010000 },
  'Cortex-A9': { machine: 'vexpress-a9,secure=off', uart: 0x10009000, text: 0x60010000 },
  'Cortex-A15': VIRT,
};

/** Register to value, as the program prints them. */
export type Identification = ReadonlyMap<string, string>;

function build(folder: string, { uart, text }: { uart: number; text: number }, qemu: boolean): string {
  const program = join(folder, `id-probe-${qemu ? 'qemu' : 'armory'}`);
  const place = [`-DUART=${uart}`, `-Wl,-Ttext=0x${text.toString(16)}`, ...(qemu ? ['-DQEMU'] : [])];
  const built = spawnSync('arm-linux-gnueabihf-gcc', [...FLAGS.split(' '), ...place, source, '-o', program], {
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`the compiler failed: ${built.stderr}`);
  return program;
}

function parsed(text: string): Identification {
  const lines = text.split('\n').map(line => line.trimEnd());
  if (!lines.includes('end')) throw new Error(`the program did not come to its end: ${text}`);
  return new Map(
    lines.slice(0, lines.indexOf('end')).map(line => [line.slice(0, line.length - 9), line.slice(-8)]),
  );
}

/** What the program prints on both. */
export function runIdProbe(core: string): { ours: Identification; theirs: Identification } {
  const folder = mkdtempSync(join(tmpdir(), 'armory-id-'));
  try {
    const board = BOARDS[core]!;
    const program = build(folder, board, true);
    const machine = ['-M', board.machine, '-cpu', core.toLowerCase(), '-m', '128', '-nographic'];
    const options = ['-monitor', 'none', '-nic', 'none', '-no-reboot', '-semihosting', '-kernel', program];
    const run = spawnSync('qemu-system-arm', [...machine, ...options], { encoding: 'utf8', timeout: 60_000 });
    return { ours: parsed(runHere(build(folder, OURS, false), core)), theirs: parsed(run.stdout) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runHere(program: string, core: string): string {
  const board = new EmulatedBoard('virt', virtTree({ memoryBytes: 64 * MiB, core }));
  const { system } = board;
  const printed: number[] = [];
  board.console!.onOutput = byte => printed.push(byte);
  system.cpus[0]!.powerOn(loadElf(system.machine.ram, readFileSync(program), program), 0);
  system.run(TICKS);
  return Buffer.from(printed).toString();
}

/** QEMU 7.2 counts on its Cortex-A7 and A15 (ARM_FEATURE_PMU in target/arm/cpu_tcg.c). */
const NOT_COUNTED: Readonly<Record<string, string>> = Object.fromEntries(
  ['PMXEVCNTR increased', 'PMXEVCNTR wrapped', 'PMOVSR behind', 'PMCCNTR counts'].map(name => [
    name,
    "the counters of QEMU's model of this core stand still",
  ]),
);

/** Why a register is not as in QEMU 7.2, by core and register. */
export const KNOWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Cortex-A7': {
    '0 CCSIDR': "DDI 0464F, 4.3.22: 32 KiB in 4 ways of 64 bytes; QEMU has a Cortex-A15's",
    '1 CCSIDR': "DDI 0464F, 4.3.22: 32 KiB in 2 ways of 32 bytes; QEMU has a Cortex-A15's",
    '2 CCSIDR': "DDI 0464F, 4.3.22: 512 KiB in 8 ways; QEMU has a Cortex-A15's",
  },
  'Cortex-A8': {
    CLIDR: 'DDI 0344K, 3.2.20: with a second level, as every board of that core has; QEMU has none',
    '2 CCSIDR': 'DDI 0344K, 3.2.21: 256 KiB in 8 ways of 64 bytes; QEMU has none',
    ...NOT_COUNTED,
  },
  'Cortex-A9': NOT_COUNTED,
};

export interface IdDifference {
  readonly register: string;
  readonly ours: string;
  readonly theirs: string;
  /** Undefined: nobody knows. */
  readonly reason: string | undefined;
}

export function idDifferences(core: string): IdDifference[] {
  const { ours, theirs } = runIdProbe(core);
  const found: IdDifference[] = [];
  for (const [register, value] of ours) {
    if (theirs.get(register) === value) continue;
    const reason = KNOWN[core]?.[register] ?? KNOWN.all?.[register];
    found.push({ register, ours: value, theirs: theirs.get(register) ?? 'nothing', reason });
  }
  return found;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const why = whyNoQemuSystem();
  if (why !== undefined) {
    process.stdout.write(`nothing compared: ${why}\n`);
    process.exit(125);
  }
  let unknown = 0;
  const asked = process.argv.slice(2);
  for (const core of asked.length > 0 ? asked : Object.keys(BOARDS)) {
    for (const { register, ours, theirs, reason } of idDifferences(core)) {
      if (reason === undefined) unknown++;
      process.stdout.write(`${core} ${register}: ${ours}, qemu ${theirs}${reason ? `: ${reason}` : ''}\n`);
    }
  }
  process.exit(unknown === 0 ? 0 : 1);
}
