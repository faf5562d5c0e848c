// SPDX-License-Identifier: GPL-2.0-only
/**
 * The modelled kernel's call stack. Its functions have the kernel's names, so the stack of the code that runs is
 * the kernel's backtrace, once everything is left out that is not in `src/linux` or a modelled driver.
 */
import type { CapturedStack } from '../sanitizer/history.js';

/** Frames that are remembered: deeper than any path of the DMA code. */
const DEPTH = 24;

/** `at dma_direct_alloc (file:///…/src/linux/kernel/dma/direct.js:110:20)`: name and path. */
const FRAME =
  /^\s*at (?:async )?(?:\w+\.)?(\w+) \(.*\/src\/((?:linux|workloads\/drivers)\/[^)]*)\.js:\d+:\d+\)$/;

class Stack implements CapturedStack {
  private readonly error: { stack?: string };
  private parsed: readonly string[] | null = null;

  constructor(error: { stack?: string }) {
    this.error = error;
  }

  get frames(): readonly string[] {
    this.parsed ??= (this.error.stack ?? '')
      .split('\n')
      .map(line => FRAME.exec(line)?.[1])
      .filter(name => name !== undefined)
      .filter(isKernelName);
    return this.parsed;
  }
}

/** Names of Linux without an underscore. */
const SHORT_NAMES: ReadonlySet<string> = new Set(['mb', 'rmb', 'wmb', 'vmap', 'vunmap', 'writel']);

/** Functions that only help have no name in Linux, and are left out. */
function isKernelName(name: string): boolean {
  return name.includes('_') || SHORT_NAMES.has(name);
}

/** Remembers where the modelled kernel is. The text is made when somebody reads it. */
export function stackOfModel(): CapturedStack {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  const error: { stack?: string } = {};
  Error.captureStackTrace(error, stackOfModel);
  Error.stackTraceLimit = limit;
  return new Stack(error);
}
