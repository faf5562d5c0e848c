// SPDX-License-Identifier: GPL-2.0-only
/** Exit codes, which `git bisect run` understands, and what a terminal may be shown. */
import type { Diagnostic } from '../base/diagnostics.js';

export const EXIT = {
  /** Ran, nothing found. */
  good: 0,
  /** Ran and found something: a regression, a recording that differs. */
  finding: 1,
  /** The user's input is wrong. */
  input: 2,
  /** A file or tool is missing. */
  environment: 3,
  /** Armory is wrong. */
  bug: 70,
  /** Stopped by a signal, as shells have it (128 + SIGINT): `git bisect run` stops too. */
  interrupted: 130,
  /** Cannot be tested: the kernel never booted. `git bisect run` skips such a commit. */
  untestable: 125,
} as const;

/** The code for wrong input; a kernel that panics while it boots cannot be tested. */
export function exitForInput(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.some(({ id }) => id === 'kernel-panic') ? EXIT.untestable : EXIT.input;
}

/** As `armory boot --bisect` ends: whatever kept the guest from being tried is not the commit's fault. */
export function exitForBisect(code: number): number {
  return code === EXIT.good || code === EXIT.interrupted ? code : EXIT.untestable;
}

/** Colours on a terminal only, unless NO_COLOR is set (any value but the empty one). */
export function useColour(): boolean {
  return process.stdout.isTTY === true && !process.env['NO_COLOR'];
}
