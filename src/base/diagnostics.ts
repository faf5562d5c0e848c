// SPDX-License-Identifier: GPL-2.0-only
/**
 * What goes wrong, by kind. The kind decides the carrier and the exit code (see docs/errors.md):
 * the user's input is wrong (`InputError`, 2), the environment is (`EnvironmentError`, 3), or we are
 * (`BugError`, 70). What Linux refuses is a number, as in the kernel, and never one of these.
 */
import { visible } from './text.js';

export type Severity = 'error' | 'warning' | 'note';

/** A place in an input file. Lines and columns count from 1; a binary file has a byte offset instead. */
export interface SourcePosition {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;
}

/** One thing to tell about the input, as a value with a stable id (`memory-no-size`, kebab-case). */
export interface Diagnostic {
  readonly severity: Severity;
  readonly id: string;
  /** What is wrong and which rule it breaks, with the numbers. One line, no full stop. */
  readonly message: string;
  readonly position?: SourcePosition;
  /** Device-tree path, with `:property` where one is meant. */
  readonly path?: string;
  /** The other half of a conflict, or what to do. */
  readonly notes?: readonly string[];
}

function formatPosition(position: SourcePosition): string {
  if (position.line !== undefined) return `${position.file}:${position.line}:${position.column ?? 1}`;
  if (position.offset !== undefined) return `${position.file}:+0x${position.offset.toString(16)}`;
  return position.file;
}

/** `file:line:col: severity (check-id): /node:property: what`, each note indented below; fit for a terminal. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const place = diagnostic.position ? `${formatPosition(diagnostic.position)}: ` : '';
  const path = diagnostic.path ? `${diagnostic.path}: ` : '';
  const head = `${place}${diagnostic.severity} (${diagnostic.id}): ${path}${diagnostic.message}`;
  return visible([head, ...(diagnostic.notes ?? []).map(note => `    note: ${note}`)].join('\n'));
}

/** The user's input is wrong. Carries every diagnostic that was collected, errors and warnings. */
export class InputError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.name = 'InputError';
    this.diagnostics = diagnostics;
  }
}

/** Throws an InputError with one diagnostic. */
export function inputError(
  id: string,
  message: string,
  where: { position?: SourcePosition; path?: string; notes?: readonly string[] } = {},
): never {
  throw new InputError([{ severity: 'error', id, message, ...where }]);
}

/** A file, tool or server that we need is not there or does not answer. */
export class EnvironmentError extends Error {
  readonly operation: string;
  readonly path: string;

  constructor(operation: string, path: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`cannot ${operation} ${path}: ${why}`, { cause });
    this.name = 'EnvironmentError';
    this.operation = operation;
    this.path = path;
  }
}

/** Armory itself is wrong. */
export class BugError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BugError';
  }
}

/** Checks what must hold whatever the input is. A message that has to be put together is a function. */
export function invariant(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new BugError(typeof message === 'string' ? message : message());
}
