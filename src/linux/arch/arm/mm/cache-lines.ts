// SPDX-License-Identifier: GPL-2.0-only
/**
 * How a loop over cache lines turns an address range into operations, as every cache-*.S and cache-*.c of
 * arch/arm/mm has one. The loops differ in what they do with lines that the range covers in part, and in
 * whether they look at the range before or after the first line.
 * Neighbouring lines with one operation are one call; addresses given to it are those of whole lines.
 */
import { alignDown, alignUp } from '../../../../base/address.js';
import type { InnerOperation } from '../../../../hw/observer.js';

/** Called with whole lines. */
export type LineOperation = (operation: InnerOperation, start: number, size: number) => void;

/** The shape of a loop that invalidates. */
export interface Invalidation {
  /** Done to a first line of which a part lies outside the range, before everything else. */
  readonly first: InnerOperation | null;
  /** Done to such a last line. It may be the same line. */
  readonly last: InnerOperation | null;
  /** Such a first or last line is not invalidated again. */
  readonly skipsFirst: boolean;
  readonly skipsLast: boolean;
  /** The last line is left out where the first was all there is. */
  readonly lastIfLeft?: boolean;
  /** The loop asks at its end: an empty range still costs a line. */
  readonly atLeastOne: boolean;
}

/** Invalidates [start, end). */
export function invalidateLines(
  shape: Invalidation,
  lineBytes: number,
  start: number,
  end: number,
  operate: LineOperation,
): void {
  let from = alignDown(start, lineBytes);
  let to = end;
  if (from < start) {
    if (shape.first !== null) operate(shape.first, from, lineBytes);
    if (shape.skipsFirst) from += lineBytes;
  }
  const lastLine = alignDown(end, lineBytes);
  if (lastLine < end && (shape.lastIfLeft !== true || from < end)) {
    if (shape.last !== null) operate(shape.last, lastLine, lineBytes);
    if (shape.skipsLast) to = lastLine;
  }
  const bytes = Math.max(alignUp(to, lineBytes) - from, shape.atLeastOne ? lineBytes : 0);
  if (bytes > 0) operate('invalidate', from, bytes);
}

/** One operation on every line that [start, end) touches; `atLeastOne` as in Invalidation. */
export function eachLine(
  operation: InnerOperation,
  lineBytes: number,
  start: number,
  end: number,
  atLeastOne: boolean,
  operate: LineOperation,
): void {
  const from = alignDown(start, lineBytes);
  const bytes = Math.max(alignUp(end, lineBytes) - from, atLeastOne ? lineBytes : 0);
  if (bytes > 0) operate(operation, from, bytes);
}

/** A loop that does not align its start: it takes as many lines as `size` has, which may be one too few. */
export function eachLineUnaligned(
  operation: InnerOperation,
  lineBytes: number,
  start: number,
  size: number,
  operate: LineOperation,
): void {
  const lines = Math.max(1, Math.ceil(size / lineBytes));
  operate(operation, alignDown(start, lineBytes), lines * lineBytes);
}
