// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the sanitizer reports: plain data, complete enough to act on without a debugger.
 * Addresses are numbers here; reports print them as Linux does. Next: `rules/rule.ts`.
 */
import type { DmaAddr, Paddr, Range, Vaddr } from '../base/address.js';

/**
 * `error`: data goes wrong on this hardware, sooner or later. `window`: it can, if the hardware does something
 * in a short time between two operations. `warning`: a rule of the DMA API is broken, and on this machine
 * nothing else. `note`: worth knowing; the other rules say whether it bites.
 */
export type Severity = 'error' | 'window' | 'warning' | 'note';

/** Something that happened to the line, oldest first. */
export interface LineEvent {
  /** Position in the run: events of one run are numbered from 1. */
  readonly number: number;
  /** `CPU 0` or the path of a device. */
  readonly who: string;
  readonly what: string;
  readonly paddr: Paddr;
  readonly size: number;
  /** Innermost function first; empty where nobody told. */
  readonly stack: readonly string[];
}

/** The access or operation that the finding is about. */
export interface FindingAccess {
  readonly who: string;
  readonly what: string;
  /** Null for a device. */
  readonly vaddr: Vaddr | null;
  /** Null for a CPU. */
  readonly dmaAddr: DmaAddr | null;
  /** Null where the address leads to no memory. */
  readonly paddr: Paddr | null;
  readonly size: number;
  readonly stack: readonly string[];
}

/** The buffer that the bytes belong to, as the kernel handed it out. */
export interface FindingBuffer {
  readonly kind: 'coherent' | 'streaming';
  readonly device: string;
  readonly driver: string;
  readonly vaddr: Vaddr | null;
  readonly paddr: Paddr;
  readonly dmaAddr: DmaAddr;
  readonly size: number;
}

/**
 * What a byte of a line was like before the access: `.` the same everywhere, `n` newest in a cache only, `s` older
 * in a cache, `b` in a buffer on the way to memory, `x` thrown away. The worst counts, in this order.
 */
export type ByteState = '.' | 'n' | 's' | 'b' | 'x';

/** The line, or the part of a long one that is judged at once. */
export interface FindingLine {
  readonly paddr: Paddr;
  /** One ByteState for each byte. */
  readonly bytes: string;
  /** Runs of wrong bytes, counted from `paddr`. */
  readonly wrong: readonly Range[];
}

export interface Finding {
  /** Id of the rule, kebab-case. */
  readonly rule: string;
  readonly severity: Severity;
  /** One line: what goes wrong, where. */
  readonly title: string;
  readonly access: FindingAccess;
  /** Null where the bytes belong to no buffer that is known. */
  readonly buffer: FindingBuffer | null;
  /** Who did the thing that collides with the access; null where it is too long ago. */
  readonly other: LineEvent | null;
  /** First wrong byte. */
  readonly paddr: Paddr | null;
  /** Null where it is not about the state of a line. */
  readonly line: FindingLine | null;
  /** State of its line before the access, and after it, in words. */
  readonly before: string;
  readonly after: string;
  /** What is remembered of the line, oldest first, the access last. */
  readonly events: readonly LineEvent[];
  /** The operation that was missing, in words. */
  readonly missing: string;
  /** How often the same thing happened at the same place, this time included. */
  count: number;
  /** Bytes concerned, all times together. */
  bytes: number;
}
