// SPDX-License-Identifier: GPL-2.0-only
/**
 * Reads a recording of the probe: one JSON object a line, as debugfs gives it, or a kernel log in which each record
 * stands behind `ARMORYPROBE ` or `DMAPROBE ` (the lab's module). Of a log all other lines are passed over; a record
 * that ends in a backslash goes on in the next, since printk() cuts long lines. A file in which records do not follow
 * each other is none: two recordings, one behind the other, would be compared as one.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Diagnostic, EnvironmentError, InputError, inputError } from '../../base/diagnostics.js';
import type { ProbeRecord } from '../../workloads/probe/record.js';

/** What must be there, and the shape of the lists that are taken apart. */
const recordSchema = z.looseObject({
  dev: z.string(),
  seq: z.int().nonnegative(),
  op: z.string(),
  mnt: z.nullish(z.array(z.tuple([z.string()], z.unknown()))),
  sg: z.nullish(z.array(z.tuple([z.string(), z.string(), z.number()], z.unknown()))),
});

const LOG_PREFIX = /(?:ARMORY|DMA)PROBE (.*)$/;

interface Line {
  readonly text: string;
  /** Where it begins. */
  readonly line: number;
}

/** The records' lines. */
function recordLines(text: string): Line[] {
  const lines = text.split(/\r?\n/).map((content, index) => ({ text: content, line: index + 1 }));
  if (!lines.some(line => LOG_PREFIX.test(line.text))) return lines.filter(line => line.text.trim() !== '');
  const whole: { text: string; line: number }[] = [];
  let goesOn = false;
  for (const { text: content, line } of lines) {
    const piece = LOG_PREFIX.exec(content)?.[1]?.trimEnd();
    if (piece === undefined) continue;
    const last = whole.at(-1);
    const part = piece.endsWith('\\') ? piece.slice(0, -1) : piece;
    if (goesOn && last) last.text += part;
    else whole.push({ text: part, line });
    goesOn = piece.endsWith('\\');
  }
  return whole;
}

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
  const rule =
    issue.path[0] === 'mnt' || issue.path[0] === 'sg'
      ? 'a list of lists, docs/probe.md has their members'
      : "a record has 'dev', 'seq' and 'op'";
  return problem(`${issue.path.join('.') || 'record'}: ${issue.message} (${rule})`);
}

/** Bad lines that are named one by one. */
const MOST_LINES = 5;

function firstOf(diagnostics: readonly Diagnostic[], file: string): readonly Diagnostic[] {
  const more = diagnostics.length - MOST_LINES;
  if (more <= 0) return diagnostics;
  const message = `and ${more} more lines that are no records`;
  const rest = { severity: 'error', id: 'recording-line', message, position: { file } } as const;
  return [...diagnostics.slice(0, MOST_LINES), rest];
}

/**
 * Both writers number all their records from 0. Says what is wrong where a number does not go up: what is missing
 * between two records is another matter (`completeness.ts`).
 */
function orderProblem({ seq }: ProbeRecord, before: Numbered): string | null {
  if (seq > before.seq) return null;
  const last = `seq ${before.seq} of line ${before.line}`;
  if (seq === 0) return `a second recording begins here: seq 0 behind ${last}`;
  return seq === before.seq
    ? `seq ${seq} stands here again: it was in line ${before.line}`
    : `records are out of order: seq ${seq} behind ${last}`;
}

interface Numbered {
  readonly seq: number;
  readonly line: number;
}

/** Not a single line is JSON: said once, and not of every line. */
function refuseProse(lines: readonly Line[], file: string): void {
  if (lines.length === 0 || lines.some(({ text }) => /^\s*\{\s*"/.test(text))) return;
  const message =
    'not a recording of the probe: no line is a JSON object, and none has a record behind `ARMORYPROBE `';
  inputError('recording-none', message, {
    position: { file },
    notes: ["records are in the kernel's log only if the module was loaded with log=1"],
  });
}

/** The records of `text`. Throws an InputError that names every line that is none, or the first out of order. */
export function parseRecording(text: string, file: string): ProbeRecord[] {
  const records: ProbeRecord[] = [];
  const diagnostics: Diagnostic[] = [];
  const lines = recordLines(text);
  refuseProse(lines, file);
  let before: Numbered | undefined;
  for (const { text: json, line } of lines) {
    const parsed = parseLine(json, file, line);
    if ('severity' in parsed) {
      diagnostics.push(parsed as Diagnostic);
      continue;
    }
    const problem = before && diagnostics.length === 0 ? orderProblem(parsed, before) : null;
    if (problem !== null) inputError('recording-order', problem, { position: { file, line, column: 1 } });
    before = { seq: parsed.seq, line };
    records.push(parsed);
  }
  if (diagnostics.length > 0) throw new InputError(firstOf(diagnostics, file));
  if (records.length === 0) {
    inputError('recording-empty', 'there is no record of the probe in this file', { position: { file } });
  }
  return records;
}

/**
 * Throws an InputError where the bytes are no text. A log of a serial line may hold anything between its records.
 */
export function decodeRecording(bytes: Uint8Array, file: string): string {
  const text = new TextDecoder('utf-8').decode(bytes);
  if (/(?:ARMORY|DMA)PROBE /.test(text)) return text;
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const isBinary = isGzip || /[\0\ufffd]/.test(text);
  if (!isBinary) return text;
  const kind = isGzip ? 'compressed by gzip' : 'a binary file';
  return inputError('recording-binary', `not a recording of the probe, but ${kind}`, { position: { file } });
}

export function readRecording(file: string): ProbeRecord[] {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new EnvironmentError('read', file, error);
  }
  return parseRecording(decodeRecording(bytes, file), file);
}
