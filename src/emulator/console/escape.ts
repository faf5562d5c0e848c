// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a user types on the guest's console, with Ctrl-A as the key that speaks to Armory instead: Ctrl-A X ends the
 * machine, Ctrl-A twice sends one Ctrl-A. Everything else after Ctrl-A is sent as it is, with the Ctrl-A before it.
 */

const CTRL_A = 0x01;

export interface Typed {
  /** What the guest gets. */
  readonly bytes: readonly number[];
  /** The user wants to leave; what was typed after it is dropped. */
  readonly leave: boolean;
}

export class EscapeFilter {
  /** Ctrl-A was the last key. */
  private escaped = false;

  take(input: Iterable<number>): Typed {
    const bytes: number[] = [];
    for (const byte of input) {
      if (!this.escaped) {
        if (byte === CTRL_A) this.escaped = true;
        else bytes.push(byte);
        continue;
      }
      this.escaped = false;
      if (byte === 0x78 || byte === 0x58) return { bytes, leave: true };
      if (byte !== CTRL_A) bytes.push(CTRL_A);
      bytes.push(byte);
    }
    return { bytes, leave: false };
  }
}
