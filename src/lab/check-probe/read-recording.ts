// SPDX-License-Identifier: GPL-2.0-only
/**
 * Reads a recording of the probe: one JSON object a line, as debugfs gives it, or a kernel log in which each record
 * stands behind `ARMORYPROBE ` or `DMAPROBE ` (the lab's module). Of a log all other lines are passed over.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Diagnostic, EnvironmentError, InputError, inputError } from '../../base/diagnostics.js';
import type { ProbeRecord } from '../../workloads/probe/record.js';

const recordSchema = z.looseObject({
  dev: z.string(),
  seq: z.int().nonnegative(),
  op: z.string(),
});

const LOG_PREFIX = /(?:ARMORY|DMA)PROBE (\{.*)$/;

function parseLine(text: string, file: string, line: number): ProbeRecord | Diagnostic {
  const problem = (message: string): Diagnostic => ({
    severity: 'error',
    id: 'recording-line',
    message,
    position: { file, line, column: 1 },
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return problem(`not a JSON object: ${(error as Error).message}`);
  }
  const parsed = recordSchema.safeParse(value);
  if (parsed.success) return parsed.data as ProbeRecord;
  const issue = parsed.error.issues[0]!;
  return problem(
    `${issue.path.join('.') || 'record'}: ${issue.message} (a record has 'dev', 'seq' and 'op')`,
  );
}

/** The records of `text`. Throws an InputError that names every line that is none. */
export function parseRecording(text: string, file: string): ProbeRecord[] {
  const lines = text.split(/\r?\n/).map((content, index) => ({ content, line: index + 1 }));
  const isLog = lines.some(({ content }) => LOG_PREFIX.test(content));
  const records: ProbeRecord[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const { content, line } of lines) {
    const json = isLog ? LOG_PREFIX.exec(content)?.[1] : content.trim();
    if (!json) continue;
    const parsed = parseLine(json, file, line);
    if ('severity' in parsed) diagnostics.push(parsed as Diagnostic);
    else records.push(parsed);
  }
  if (diagnostics.length > 0) throw new InputError(diagnostics);
  if (records.length === 0) {
    inputError('recording-empty', 'there is no record of the probe in this file', { position: { file } });
  }
  return records;
}

export function readRecording(file: string): ProbeRecord[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new EnvironmentError('read', file, error);
  }
  return parseRecording(text, file);
}
