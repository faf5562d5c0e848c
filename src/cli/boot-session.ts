// SPDX-License-Identifier: GPL-2.0-only
/**
 * A real kernel on the emulated machine, its console on the terminal. The only place of the emulator that knows a wall
 * clock: a guest that never gets where it should is stopped by it.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import { type Diagnostic, EnvironmentError, formatDiagnostic } from '../base/diagnostics.js';
import { EmulatedBoard } from '../emulator/board/emulated-board.js';
import { startLinux } from '../emulator/board/start-linux.js';
import { Terminal } from '../emulator/console/terminal.js';
import { VirtioBlock } from '../emulator/devices/virtio/block.js';
import { DiskImage } from '../emulator/devices/virtio/disk-image.js';
import { MemoryView } from '../emulator/gdb/memory-view.js';
import { GdbServer } from '../emulator/gdb/server.js';
import { isDeadEnd } from '../emulator/trace/dead-end.js';
import { ofOption, refuseSameFile } from './boot-files.js';
import {
  checkCommandLine,
  type MachineOptions,
  openDrives,
  readInput,
  readSymbols,
  treeOf,
} from './boot-machine.js';
import { details, type End, exitFor, explain } from './boot-outcome.js';
import { BootRecord } from './boot-record.js';
import { BootTrace, type TraceOptions } from './boot-trace.js';
import { GuestWatch } from './boot-watch.js';
import { usageError } from './options.js';
import { divertOutputErrors } from './outputs.js';

export interface BootOptions extends MachineOptions, TraceOptions {
  readonly kernel: string;
  readonly kernelFormat: 'zImage' | 'Image';
  readonly accessPlatform?: boolean;
  readonly initrd?: string;
  readonly drive?: string[];
  readonly cmdline: string;
  readonly until?: string;
  readonly bisect?: boolean;
  readonly timeout?: number;
  readonly record?: string;
  readonly gdb?: number;
  readonly systemMap?: string;
}

/** Ticks between two looks at the keyboard and the clock. */
const SLICE = 500_000;
/** How long a guest that sleeps is left alone while somebody may type, in milliseconds. */
const REST_MS = 5;
/** They end the run, which is told and recorded as after any other end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Characters that may wait for the guest before a pipe or file on standard input is read on. */
const WAITING_AT_MOST = 4096;

/** Who looks at the guest while it runs. */
interface Onlookers {
  readonly watch: GuestWatch;
  readonly trace: BootTrace | null;
  readonly debug: GdbServer | null;
  readonly record: BootRecord | null;
  readonly outputs: OutputWatch;
}

/** A file or stream of this run that failed: the first one. */
interface OutputWatch {
  broken: EnvironmentError | null;
}

/** Runs until something ends it. */
async function session(machine: EmulatedBoard, options: BootOptions, onlookers: Onlookers): Promise<End> {
  const { system, console: uart } = machine;
  const { watch, trace, debug, record, outputs } = onlookers;
  const memory = new MemoryView(system.machine);
  let hasLeft = false;
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
  };
  const input = process.stdin;
  let canBeTyped = true;
  const endInput = (): void => {
    canBeTyped = false;
  };
  input.once('end', endInput);
  // A folder, or a terminal that was hung up.
  input.on('error', endInput);
  let isHeld = false;
  const terminal = new Terminal({
    input,
    output: process.stdout,
    receive: bytes => {
      uart?.receive(bytes);
      if (uart === null || input.isTTY === true || uart.waiting <= WAITING_AT_MOST) return;
      isHeld = true;
      input.pause();
    },
    onLeave: () => {
      hasLeft = true;
    },
  });
  if (uart !== null) {
    uart.onOutput = byte => {
      terminal.print(byte);
      record?.console.put(byte);
      watch.put(byte);
    };
  }
  const started = performance.now();
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    for (;;) {
      const before = system.instructions;
      const ticks = Math.min(SLICE, trace?.follow(system.clock.now) ?? SLICE);
      const stop = debug === null ? system.run(ticks) : debug.run(ticks);
      terminal.flush();
      trace?.flush();
      if (watch.until.seen) return 'seen';
      if (machine.ended !== null) return machine.ended;
      if (watch.hasPanicked) return 'panic';
      if (isHeld && uart!.waiting <= WAITING_AT_MOST) {
        isHeld = false;
        input.resume();
      }
      await setImmediate();
      if (hasLeft) return 'left';
      if (isInterrupted) return 'interrupted';
      if (outputs.broken !== null) return 'broken';
      if (debug?.isKilled === true) return 'killed';
      // With a debugger there is somebody who wants to look at it.
      if (debug === null && watch.loop.found !== null) return 'looping';
      if (debug === null && isDeadEnd(system, memory)) return watch.halt.seen ? 'halted' : 'stuck';
      if (options.timeout !== undefined && performance.now() - started > 1000 * options.timeout)
        return 'timeout';
      if (stop === 'asleep' && (!canBeTyped || isHeld) && debug?.isAttached !== true) return 'asleep';
      const idle = system.instructions - before < SLICE / 10 && (input.isTTY === true || debug !== null);
      if (stop === 'asleep' || idle) await setTimeout(REST_MS);
    }
  } catch (error) {
    // A full disk below the trace; a disk image that cannot be read any more.
    if (!(error instanceof EnvironmentError)) throw error;
    outputs.broken ??= error;
    return 'broken';
  } finally {
    terminal.close();
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

/** Boots, and tells on standard error how it ended. The exit code. */
export async function runBoot(options: BootOptions): Promise<number> {
  if (options.bisect === true && options.until === undefined)
    usageError('--bisect needs --until: what a good kernel prints');
  refuseSameFile(options);
  const notes: Diagnostic[] = [];
  checkCommandLine(options.cmdline, notes);
  const tree = treeOf(options, notes);
  const symbols = options.systemMap === undefined ? null : readSymbols(options.systemMap);
  const drives = openDrives(options.drive ?? []);
  let debug: GdbServer | null = null;
  let trace: BootTrace | null = null;
  let record: BootRecord | null = null;
  const outputs: OutputWatch = { broken: null };
  const heedOutputs = divertOutputErrors(error => {
    outputs.broken ??= error;
  });
  try {
    const machine = new EmulatedBoard(options.board ?? options.machine, tree, {
      virtio: drives.map(drive => new VirtioBlock(new DiskImage(drive))),
      accessPlatform: options.accessPlatform === true,
    });
    for (const note of [...notes, ...machine.diagnostics]) {
      if (note.severity !== 'note') process.stderr.write(`${formatDiagnostic(note)}\n`);
    }
    const { cmdline } = options;
    const kernel = readInput('--kernel', options.kernel);
    const initrd = options.initrd === undefined ? {} : { initrd: readInput('--initrd', options.initrd) };
    const format = options.kernelFormat === 'Image' ? 'image' : 'zImage';
    startLinux(machine, { kernel, format, commandLine: cmdline, ...initrd });
    if (options.record !== undefined) {
      const name = options.board ?? options.machine;
      const inputs = { machine: name, kernel, ...initrd, drives: options.drive ?? [], cmdline };
      const { record: file } = options;
      record = ofOption('--record', () => new BootRecord(file, machine, inputs));
    }
    trace = ofOption('-D', () => BootTrace.open(options, machine.system, symbols));
    const watch = new GuestWatch(machine.system, options.until, trace?.log ?? null);
    if (options.gdb !== undefined) {
      debug = await GdbServer.listen(machine.system, options.gdb);
      process.stderr.write(`armory: the guest waits for GDB: target remote 127.0.0.1:${debug.port}\n`);
    }
    record?.begin();
    const end = await session(machine, options, { watch, trace, debug, record, outputs });
    const more = details(end, options, machine, watch, symbols).map(line => `${line}\n`);
    const text = explain(end, options, machine, watch, outputs.broken);
    process.stderr.write(`\narmory: ${text}\n${more.join('')}`);
    // What was printed last may fail, too.
    await setImmediate();
    const exitCode = exitFor(end, options, watch, outputs.broken);
    record?.write(machine, { how: end, text, exitCode });
    return exitCode;
  } finally {
    heedOutputs();
    debug?.close();
    trace?.close();
    record?.close();
    for (const drive of drives) drive.close();
  }
}
