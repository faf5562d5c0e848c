// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the guest has printed: kept for a report, up to a limit, and searched for a text that somebody waits for. The
 * text may come in any pieces.
 */

export class TextWatch {
  /** The text that is waited for has come. */
  seen = false;
  private readonly wanted: Uint8Array | null;
  /** How much of `wanted` the last bytes are. */
  private matched = 0;
  private readonly fallback: Uint16Array;
  private readonly most: number;
  private kept: number[] = [];
  private dropped = 0;

  /** `wanted`: UTF-8. `most`: bytes that are kept, the latest. */
  constructor(wanted: string | null, most: number = 4 * 2 ** 20) {
    this.wanted = wanted === null || wanted === '' ? null : Buffer.from(wanted, 'utf8');
    this.fallback = fallbackTable(this.wanted ?? new Uint8Array(0));
    this.most = most;
  }

  put(byte: number): void {
    this.kept.push(byte);
    if (this.kept.length > 2 * this.most) {
      this.dropped += this.kept.length - this.most;
      this.kept = this.kept.slice(-this.most);
    }
    const { wanted } = this;
    if (wanted === null || this.seen) return;
    while (this.matched > 0 && wanted[this.matched] !== byte) this.matched = this.fallback[this.matched - 1]!;
    if (wanted[this.matched] === byte) this.matched++;
    if (this.matched === wanted.length) this.seen = true;
  }

  /** Everything, or where that was too much its end, and how many bytes are missing. */
  get text(): { readonly text: string; readonly missingBytes: number } {
    return { text: Buffer.from(this.kept).toString('utf8'), missingBytes: this.dropped };
  }
}

/**
 * For each prefix the length of its longest proper suffix that is a prefix too. Knuth, Morris, Pratt: "Fast Pattern
 * Matching in Strings", SIAM Journal on Computing 6(2), 1977.
 */
function fallbackTable(wanted: Uint8Array): Uint16Array {
  const table = new Uint16Array(wanted.length);
  let length = 0;
  for (let i = 1; i < wanted.length; i++) {
    while (length > 0 && wanted[i] !== wanted[length]) length = table[length - 1]!;
    if (wanted[i] === wanted[length]) length++;
    table[i] = length;
  }
  return table;
}
