// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which functions of the modelled kernel are being executed, from the JavaScript stack: their names are the
 * kernel's, and their files mirror its tree. Functions of our own in between have no underscore in their names.
 */

const MOST = 2;
/** Frames to look at. */
const DEPTH = 40;

/** The innermost functions of the kernel, outer first: `__dma_clear_buffer › dmac_flush_range`. */
export function kernelPlace(): string | undefined {
  const names: string[] = [];
  for (const line of stackLines()) {
    const match = /at (?:\w+\.)?(\w+) .*\/linux\//.exec(line);
    const name = match?.[1];
    if (name === undefined || !isKernelName(name) || names.includes(name)) continue;
    names.push(name);
    if (names.length === MOST) break;
  }
  return names.length === 0 ? undefined : names.reverse().join(' › ');
}

/** Is the kernel executing `name` or something that it called? */
export function isInside(name: string): boolean {
  return stackLines().some(line => line.includes(name));
}

function stackLines(): string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = limit;
  return stack.split('\n').slice(1);
}

/** `snake_case` is what Linux has, and nothing else in the modelled kernel is. */
function isKernelName(name: string): boolean {
  return name.includes('_') && name === name.toLowerCase();
}
