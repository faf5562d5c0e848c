// SPDX-License-Identifier: GPL-2.0-only
/**
 * One line of a recording: what the probe wrote down of one call, or of the machine. The modelled kernel's probe
 * (`script.ts`) and the kernel module (probe/armory_probe.c) write the same fields, so that two recordings can be
 * laid side by side. docs/probe.md lists them.
 * Addresses, masks and table entries are bare hexadecimal strings, counts and sizes (bytes) are numbers, flags are
 * 0 and 1; `null` is what the writer could not obtain. A field that means nothing for a call is left out.
 */
export interface ProbeRecord {
  /** The probed device, or `sys`. */
  readonly dev: string;
  /** Counts all records from 0. */
  readonly seq: number;
  /** The call that was made, or what is described. */
  readonly op: string;
  readonly [field: string]: unknown;
}

/** As the module names directions. Index: enum dma_data_direction. */
export const DIRECTIONS = ['BIDI', 'TODEV', 'FROMDEV'] as const;

/** For reading: in records, dma_alloc_pages() and its relatives have the number of the direction. */
export function directionText(dir: unknown): unknown {
  return typeof dir === 'number' ? (DIRECTIONS[dir] ?? dir) : dir;
}

/** A number without `0x`. Masks of all 64 bits are beyond what a number can hold exactly. */
export function bare(value: number): string {
  return value >= 2 ** 64 ? 'f'.repeat(16) : value.toString(16);
}

/** Fields to add to a record. `undefined` leaves a field out. */
export type Fields = Readonly<Record<string, unknown>>;

/** Collects records. */
export class Recorder {
  readonly records: ProbeRecord[] = [];
  /** Whom the next records are about. */
  dev = 'sys';

  write(op: string, fields: Fields): void {
    const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
    this.records.push({ dev: this.dev, seq: this.records.length, op, ...Object.fromEntries(entries) });
  }
}
