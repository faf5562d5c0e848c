// SPDX-License-Identifier: GPL-2.0-only
/**
 * Between a guest's console and a terminal, or a pipe: keys go to the guest one by one, what it prints goes out in
 * pieces, and whatever happens the terminal is as it was when this is closed. Streams are handed in; nothing here
 * knows the process.
 */
import { EscapeFilter } from './escape.js';

/** As much of a readable stream as is needed; a terminal also has raw mode. */
export interface KeySource {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  off(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface TextSink {
  write(bytes: Uint8Array): unknown;
}

export interface TerminalOptions {
  /** Null: nobody types. */
  readonly input: KeySource | null;
  readonly output: TextSink;
  /** The guest's side: a UART's or a virtio console's receive(). */
  readonly receive: (bytes: readonly number[]) => void;
  /** Ctrl-A X. */
  readonly onLeave: () => void;
}

/** Bytes that are collected before they are written. */
const PIECE_BYTES = 4096;

export class Terminal {
  private readonly options: TerminalOptions;
  private readonly filter = new EscapeFilter();
  private readonly raw: boolean;
  private pending: number[] = [];
  private open = true;

  constructor(options: TerminalOptions) {
    this.options = options;
    const { input } = options;
    this.raw = input?.isTTY === true && input.setRawMode !== undefined;
    if (this.raw) input!.setRawMode!(true);
    input?.on('data', this.typed);
    input?.resume();
  }

  private readonly typed = (input: Uint8Array): void => {
    const { bytes, leave } = this.filter.take(input);
    if (bytes.length > 0) this.options.receive(bytes);
    if (leave) this.options.onLeave();
  };

  /** The guest prints. */
  print(byte: number): void {
    this.pending.push(byte);
    if (this.pending.length >= PIECE_BYTES) this.flush();
  }

  /** Writes what was collected: to be called whenever the guest pauses. */
  flush(): void {
    if (this.pending.length === 0) return;
    this.options.output.write(Uint8Array.from(this.pending));
    this.pending = [];
  }

  /** Gives the terminal back. May be called more than once. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.flush();
    const { input } = this.options;
    input?.off('data', this.typed);
    input?.pause();
    if (this.raw) input!.setRawMode!(false);
  }
}
