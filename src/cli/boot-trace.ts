// SPDX-License-Identifier: GPL-2.0-only
/** `armory boot -d ITEMS -D FILE`: where the lines of a trace go, and when it begins and ends. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { EnvironmentError } from '../base/diagnostics.js';
import { TICKS_PER_SECOND } from '../emulator/clock.js';
import type { System } from '../emulator/system.js';
import type { TraceItem } from '../emulator/trace/items.js';
import { TraceLog } from '../emulator/trace/log.js';
import type { Symbols } from '../emulator/trace/symbols.js';
import { usageError } from './options.js';

export interface TraceOptions {
  /** -d, -D */
  readonly d?: readonly TraceItem[];
  readonly D?: string;
  /** Seconds of the guest's time. */
  readonly traceFrom?: number;
  readonly traceTo?: number;
}

/** Text that is collected before it is written to a file. */
const PIECE = 1 << 16;

export class BootTrace {
  readonly log: TraceLog;
  private readonly from: number;
  private readonly to: number;
  private readonly file: string | null;
  private readonly handle: number;
  private pending = '';
  private isOn = false;

  /** Null: none is asked for. Throws an InputError or an EnvironmentError. */
  static open(options: TraceOptions, system: System, symbols: Symbols | null): BootTrace | null {
    const { d: items, D: file, traceFrom, traceTo } = options;
    if (items === undefined) {
      const given = { '-D': file, '--trace-from': traceFrom, '--trace-to': traceTo };
      const lonely = Object.entries(given).find(([, value]) => value !== undefined);
      if (lonely !== undefined)
        usageError(`${lonely[0]} belongs to a trace: say with -d what is to be in it`);
      return null;
    }
    const { from, to } = { from: traceFrom ?? 0, to: traceTo ?? Number.POSITIVE_INFINITY };
    if (from >= to) usageError(`--trace-from ${from} is not before --trace-to ${to}`);
    return new BootTrace(items, file ?? null, from, to, system, symbols);
  }

  private constructor(
    items: readonly TraceItem[],
    file: string | null,
    from: number,
    to: number,
    system: System,
    symbols: Symbols | null,
  ) {
    this.file = file;
    this.from = Math.round(from * TICKS_PER_SECOND);
    this.to = Math.round(to * TICKS_PER_SECOND);
    this.handle = file === null ? -1 : this.attempt('open', file, () => openSync(file, 'w'));
    this.log = new TraceLog(system, { items, symbols, write: text => this.write(text) });
  }

  private attempt<T>(operation: string, file: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw new EnvironmentError(operation, file, error);
    }
  }

  private write(text: string): void {
    if (this.file === null) {
      process.stderr.write(text);
      return;
    }
    this.pending += text;
    if (this.pending.length >= PIECE) this.flush();
  }

  /** To be called where the guest pauses. */
  flush(): void {
    const { pending, file, handle } = this;
    if (file === null || pending === '') return;
    this.pending = '';
    this.attempt('write', file, () => {
      const bytes = Buffer.from(pending);
      for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
    });
  }

  /** Between two runs: begins and ends the trace where it is time. How many ticks there are until the next such time. */
  follow(now: number): number {
    const isDue = now >= this.from && now < this.to;
    if (isDue !== this.isOn) {
      this.isOn = isDue;
      if (isDue) this.log.begin();
      else this.log.end();
    }
    if (now < this.from) return this.from - now;
    return now < this.to ? this.to - now : Number.POSITIVE_INFINITY;
  }

  close(): void {
    if (this.file === null) return;
    this.flush();
    closeSync(this.handle);
  }
}
