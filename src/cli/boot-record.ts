// SPDX-License-Identifier: GPL-2.0-only
/**
 * `armory boot --record FILE`: what a run leaves behind, in one file. The file is opened before the guest starts, so that
 * a bad path costs no boot, emptied when it starts, so that an older record is never taken for this run's, and written
 * when the run has ended, whatever ended it.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { EnvironmentError } from '../base/diagnostics.js';
import { physicalBanks } from '../board/memory.js';
import { writeDtb } from '../devicetree/dtb-write.js';
import type { EmulatedBoard } from '../emulator/board/emulated-board.js';
import type { NamedFile } from '../emulator/load/linux.js';
import { machineRecord } from '../emulator/record/machine-record.js';
import { pageTables } from '../lab/page-tables.js';
import { type BootDocument, bootJson, type RecordedFile } from '../report/boot-schema.js';

/** Of the console's text this much is kept at least, and at most twice as much. */
const KEPT_BYTES = 32 * 2 ** 20;

/** The end of what the guest prints. */
class ConsoleText {
  private older: Buffer = Buffer.alloc(0);
  private bytes: Buffer = Buffer.alloc(4096);
  private length = 0;
  private dropped = 0;

  put(byte: number): void {
    if (this.length === this.bytes.length) this.grow();
    this.bytes[this.length++] = byte;
  }

  private grow(): void {
    if (this.length < KEPT_BYTES) {
      this.bytes = Buffer.concat([this.bytes, Buffer.alloc(this.length)]);
      return;
    }
    this.dropped += this.older.length;
    this.older = this.bytes;
    this.bytes = Buffer.alloc(KEPT_BYTES);
    this.length = 0;
  }

  get record(): BootDocument['console'] {
    const text = Buffer.concat([this.older, this.bytes.subarray(0, this.length)]).toString();
    return { text, droppedBytes: this.dropped };
  }
}

function digestOf(bytes: Uint8Array): Omit<RecordedFile, 'file'> {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** What was put into the machine. */
export interface BootInputs {
  readonly machine: string;
  readonly kernel: NamedFile;
  readonly initrd?: NamedFile;
  readonly drives: readonly string[];
  readonly cmdline: string;
}

export class BootRecord {
  readonly console: ConsoleText = new ConsoleText();
  private readonly file: string;
  private readonly handle: number;
  private readonly run: BootDocument['run'];

  /** Of a machine whose guest is loaded. Throws an EnvironmentError where the file cannot be written. */
  constructor(file: string, board: EmulatedBoard, inputs: BootInputs) {
    this.file = file;
    const { machine, kernel, initrd, drives, cmdline } = inputs;
    const named = (each: NamedFile): RecordedFile => ({ file: each.file, ...digestOf(each.bytes) });
    const { core, coreCount } = board.system.machine.facts;
    this.run = {
      machine,
      kernel: named(kernel),
      ...(initrd !== undefined && { initrd: named(initrd) }),
      drives,
      cmdline,
      memoryBytes: physicalBanks({ tree: board.tree }).reduce((sum, { start, end }) => sum + end - start, 0),
      core: core.name,
      cores: coreCount,
      tree: digestOf(writeDtb(board.tree)),
    };
    this.handle = this.attempt(() => openSync(file, 'a'));
  }

  private attempt<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      throw new EnvironmentError('write', this.file, error);
    }
  }

  /** To be called once, between two runs of the machine. */
  write(board: EmulatedBoard, end: BootDocument['end']): void {
    const { run, console, handle } = this;
    const cores = board.system.cpus.map(({ mem }) =>
      mem.translator.enabled ? mem.translator.registers : null,
    );
    const text = bootJson({
      run,
      end,
      console: console.record,
      machine: machineRecord(board),
      pageTables: pageTables(board.system.machine.ram, cores),
    });
    this.attempt(() => {
      try {
        writeFileSync(handle, text);
      } catch (error) {
        this.empty();
        throw error;
      }
    });
  }

  /** The guest starts. */
  begin(): void {
    this.attempt(() => this.empty());
  }

  /** Half a record is none. */
  private empty(): void {
    if (fstatSync(this.handle).isFile()) ftruncateSync(this.handle, 0);
  }

  close(): void {
    closeSync(this.handle);
  }
}
