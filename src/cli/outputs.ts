// SPDX-License-Identifier: GPL-2.0-only
/**
 * Standard output and standard error, when they fail: the reader has gone away, the disk is full, the terminal was hung
 * up. Left alone, Node would end the program with 1, which means a regression.
 */
import { EnvironmentError } from '../base/diagnostics.js';

type Listener = (error: EnvironmentError) => void;

let listener: Listener | null = null;

/** Whoever reads has seen enough: of standard output, or of a pipe that an option names. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}

/** To be called once. `otherwise` is told while nobody else listens. */
export function watchOutputs(otherwise: Listener): void {
  listener = otherwise;
  for (const [stream, name] of [
    [process.stdout, 'standard output'],
    [process.stderr, 'standard error'],
  ] as const) {
    stream.on('error', (error: Error) => listener?.(new EnvironmentError('write', name, error)));
  }
}

/** From now on `to` is told instead, so that what has begun can be ended in order. Returns the way back. */
export function divertOutputErrors(to: Listener): () => void {
  const before = listener;
  listener = to;
  return () => {
    listener = before;
  };
}
