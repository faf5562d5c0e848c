// SPDX-License-Identifier: GPL-2.0-only
/** JSON files of recordings: read, and checked against a schema. What is wrong names file, place, value and rule. */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { type Diagnostic, EnvironmentError, InputError } from '../../base/diagnostics.js';

/** Longer values are cut in messages. */
const LONGEST_VALUE = 60;

/** The JSON of a file. An EnvironmentError where it cannot be read, an InputError `id` where it is no JSON. */
export function readJson(file: string, id: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new EnvironmentError('read', file, error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `is not JSON: ${error instanceof Error ? error.message : String(error)}`;
    throw new InputError([{ severity: 'error', id, position: { file }, message }]);
  }
}

function placeOf(path: readonly PropertyKey[]): string {
  const text = path.map(key => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return text.replace(/^\./, '') || 'the document';
}

function valueAt(document: unknown, path: readonly PropertyKey[]): string {
  let value = document;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/** The checked document; an InputError `id` names each place that breaks a rule. */
export function checkDocument<T>(schema: z.ZodType, document: unknown, file: string, id: string): T {
  const checked = schema.safeParse(document);
  if (checked.success) return checked.data as T;
  throw new InputError(
    checked.error.issues.map(
      ({ path, message }): Diagnostic => ({
        severity: 'error',
        id,
        position: { file },
        message: `${placeOf(path)} is ${valueAt(document, path)}: ${message}`,
      }),
    ),
  );
}
