// SPDX-License-Identifier: GPL-2.0-only
/**
 * A real kernel on the emulated machine, its console on the terminal. The only place of the emulator that knows a wall
 * clock: a guest that never gets where it should is stopped by it.
 */
import { readFileSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { type Diagnostic, EnvironmentError, formatDiagnostic, inputError } from '../base/diagnostics.js';
import { applyBootLoader } from '../board/memory.js';
import { loadDeviceTree } from '../devicetree/load.js';
import type { DeviceTree } from '../devicetree/tree.js';
import { EmulatedBoard } from '../emulator/board/emulated-board.js';
import { graft, isModelledMachine } from '../emulator/board/graft.js';
import { startLinux } from '../emulator/board/start-linux.js';
import { vexpressTree } from '../emulator/board/vexpress.js';
import { virtTree } from '../emulator/board/virt.js';
import { TICKS_PER_SECOND } from '../emulator/clock.js';
import { Terminal } from '../emulator/console/terminal.js';
import { TextWatch } from '../emulator/console/text-watch.js';
import { VirtioBlock } from '../emulator/devices/virtio/block.js';
import { DiskImage } from '../emulator/devices/virtio/disk-image.js';
import { GdbServer } from '../emulator/gdb/server.js';
import { FileSource } from '../emulator/load/file-source.js';
import type { NamedFile } from '../emulator/load/linux.js';
import type { MemoryBankRequest } from '../lab/job.js';
import { BootRecord } from './boot-record.js';
import { EXIT } from './exit.js';

export interface BootOptions {
  readonly machine: 'virt' | 'vexpress-a9';
  readonly board?: string;
  readonly kernel: string;
  readonly initrd?: string;
  readonly drive?: string[];
  readonly memory: MemoryBankRequest[];
  readonly core?: string;
  readonly cores?: number;
  readonly cmdline: string;
  readonly until?: string;
  readonly timeout?: number;
  readonly record?: string;
  readonly gdb?: number;
}

/** Ticks between two looks at the keyboard and the clock. */
const SLICE = 500_000;
/** How long a guest that sleeps is left alone while somebody may type, in milliseconds. */
const REST_MS = 5;
/** They end the run, which is told and recorded as after any other end. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** What Linux prints when it gives up (kernel/panic.c, panic()), and how long it may go on telling why, in ticks. */
const PANIC = 'Kernel panic - not syncing';
const LAST_WORDS = 2 * TICKS_PER_SECOND;

function readInput(file: string): NamedFile {
  try {
    return { file, bytes: new Uint8Array(readFileSync(file)) };
  } catch (error) {
    throw new EnvironmentError('read', file, error);
  }
}

/** The tree of the machine that was asked for, with its memory. */
function treeOf(options: BootOptions, notes: Diagnostic[]): DeviceTree {
  const { board, machine, memory, cores, core } = options;
  if (board !== undefined) {
    const tree = loadDeviceTree(board);
    applyBootLoader({ tree }, { memory });
    if (!isModelledMachine(tree)) notes.push(...graft(tree, cores === undefined ? {} : { cores }));
    return tree;
  }
  const [bank] = memory;
  if (memory.length !== 1 || bank!.base !== undefined) {
    inputError(
      'machine-memory',
      `the ${machine} machine has one bank of memory at a fixed place: write --memory SIZE`,
    );
  }
  const memoryBytes = bank!.sizeBytes;
  if (machine === 'virt')
    return virtTree({ memoryBytes, cores: cores ?? 1, ...(core !== undefined && { core }) });
  if (core !== undefined) inputError('machine-core', 'the vexpress-a9 machine has Cortex-A9 cores');
  return vexpressTree({ memoryBytes, cores: cores ?? 1 });
}

/** Why the run ended. */
type End = 'seen' | 'left' | 'interrupted' | 'timeout' | 'off' | 'reset' | 'asleep' | 'panic' | 'killed';

/** Runs until something ends it. */
async function session(
  machine: EmulatedBoard,
  options: BootOptions,
  debug: GdbServer | null,
  record: BootRecord | null,
): Promise<End> {
  const { system, console: uart } = machine;
  const watch = new TextWatch(options.until ?? null);
  const panic = new TextWatch(PANIC);
  let lastWords = Number.POSITIVE_INFINITY;
  let hasLeft = false;
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
  };
  const input = process.stdin.isTTY === true || options.until === undefined ? process.stdin : null;
  const terminal = new Terminal({
    input,
    output: process.stdout,
    receive: bytes => uart?.receive([...bytes]),
    onLeave: () => {
      hasLeft = true;
    },
  });
  if (uart !== null) {
    uart.onOutput = byte => {
      terminal.print(byte);
      record?.console.put(byte);
      watch.put(byte);
      if (watch.seen) system.stop();
      panic.put(byte);
      if (panic.seen) lastWords = Math.min(lastWords, system.clock.now + LAST_WORDS);
    };
  }
  const started = performance.now();
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    for (;;) {
      const before = system.instructions;
      const stop = debug === null ? system.run(SLICE) : debug.run(SLICE);
      terminal.flush();
      if (watch.seen) return 'seen';
      if (machine.ended !== null) return machine.ended;
      if (system.clock.now >= lastWords) return 'panic';
      await setImmediate();
      if (hasLeft) return 'left';
      if (isInterrupted) return 'interrupted';
      if (debug?.isKilled === true) return 'killed';
      if (options.timeout !== undefined && performance.now() - started > 1000 * options.timeout)
        return 'timeout';
      const idle = stop === 'asleep' || system.instructions - before < SLICE / 10;
      if (stop === 'asleep' && input === null && debug?.isAttached !== true) return 'asleep';
      if (idle && (input?.isTTY === true || debug !== null)) await setTimeout(REST_MS);
    }
  } finally {
    terminal.close();
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

function explain(end: End, options: BootOptions, machine: EmulatedBoard): string {
  const { system } = machine;
  const seconds = (system.clock.now / TICKS_PER_SECOND).toFixed(2);
  const millions = Math.round(system.instructions / 1e6);
  const after = `after ${seconds} s of the guest's time and ${millions} million instructions`;
  switch (end) {
    case 'seen':
      return `'${options.until}' seen ${after}`;
    case 'left':
      return `left ${after}`;
    case 'interrupted':
      return `interrupted ${after}`;
    case 'timeout':
      return `stopped by --timeout ${options.timeout} ${after}`;
    case 'panic':
      return `the guest's kernel has panicked, ${after}`;
    case 'asleep':
      return `the guest sleeps and nothing can wake it, ${after}`;
    case 'killed':
      return `ended by the debugger ${after}`;
    case 'off':
    case 'reset':
      return `the guest ${end === 'off' ? 'switched itself off' : 'reset the machine'} ${after}`;
  }
}

function exitFor(end: End, options: BootOptions): number {
  if (end === 'interrupted') return EXIT.interrupted;
  if (options.until !== undefined) return end === 'seen' ? EXIT.good : EXIT.untestable;
  return ['left', 'off', 'reset', 'killed'].includes(end) ? EXIT.good : EXIT.untestable;
}

/** Boots, and tells on standard error how it ended. The exit code. */
export async function runBoot(options: BootOptions): Promise<number> {
  const notes: Diagnostic[] = [];
  const tree = treeOf(options, notes);
  const drives = (options.drive ?? []).map(file => new FileSource(file));
  let debug: GdbServer | null = null;
  let record: BootRecord | null = null;
  try {
    const machine = new EmulatedBoard(options.board ?? options.machine, tree, {
      virtio: drives.map(drive => new VirtioBlock(new DiskImage(drive))),
    });
    for (const note of [...notes, ...machine.diagnostics]) {
      if (note.severity !== 'note') process.stderr.write(`${formatDiagnostic(note)}\n`);
    }
    const { cmdline } = options;
    const kernel = readInput(options.kernel);
    const initrd = options.initrd === undefined ? {} : { initrd: readInput(options.initrd) };
    startLinux(machine, { kernel, commandLine: cmdline, ...initrd });
    if (options.record !== undefined) {
      const name = options.board ?? options.machine;
      const inputs = { machine: name, kernel, ...initrd, drives: options.drive ?? [], cmdline };
      record = new BootRecord(options.record, machine, inputs);
    }
    if (options.gdb !== undefined) {
      debug = await GdbServer.listen(machine.system, options.gdb);
      process.stderr.write(`armory: the guest waits for GDB: target remote 127.0.0.1:${debug.port}\n`);
    }
    const end = await session(machine, options, debug, record);
    const text = explain(end, options, machine);
    const exitCode = exitFor(end, options);
    process.stderr.write(`\narmory: ${text}\n`);
    record?.write(machine, { how: end, text, exitCode });
    return exitCode;
  } finally {
    debug?.close();
    record?.close();
    for (const drive of drives) drive.close();
  }
}
