// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the sanitizer found, as text: each finding a block like one of KASAN's in a kernel log (what, the bad access,
 * the other party, the state of the line with a caret below the wrong bytes, its story), and many as a summary.
 * No line is longer than 110 columns, but for names that are.
 */
import { formatSize, hex } from '../base/address.js';
import type {
  Finding,
  FindingAccess,
  FindingBuffer,
  FindingLine,
  LineEvent,
  Severity,
} from '../sanitizer/finding.js';
import { rules } from '../sanitizer/rules/index.js';
import { wrap } from './paragraphs.js';
import { Paint, table } from './table.js';

export interface FindingTextOptions {
  /** A command that shows the finding again. */
  readonly replay?: string;
  readonly paint?: Paint;
}

/** First word of a block: what `grep` looks for in a log. */
const WORD: { readonly [severity in Severity]: string } = {
  error: 'BUG',
  window: 'WINDOW',
  warning: 'WARNING',
  note: 'NOTE',
};

const BYTE_STATES: readonly (readonly [letter: string, meaning: string])[] = [
  ['n', 'newest only in a cache'],
  ['s', 'older in a cache'],
  ['b', 'in a buffer'],
  ['x', 'thrown away'],
];

/** Frames of a stack that are shown. */
const FRAMES = 8;
const BYTES_IN_ROW = 32;
const GROUP = 8;

/** One finding, lines joined by newlines, none at the end. */
export function findingText(finding: Finding, options: FindingTextOptions = {}): string {
  const { paint = new Paint(false), replay } = options;
  const { rule, severity, title, access, buffer, other, line, missing, count, bytes, paddr } = finding;
  const lines = [
    paint.heading(`${WORD[severity]}: armory: ${rule} in ${placeOf(access)}`),
    wrap(title, '  ', '  '),
    `  ${accessText(access)}`,
    ...stackText(access.stack),
  ];
  if (buffer !== null)
    lines.push(...bufferText(buffer, paddr, line === null ? 'it starts' : 'first wrong byte'));
  if (line === null && finding.before !== '') lines.push(`  ${finding.before}`);
  if (other !== null) lines.push('', `  against: ${eventText(other)}`, ...stackText(other.stack));
  if (line !== null) lines.push('', ...lineText(finding, line));
  if (finding.events.length > 0) lines.push('', '  what happened to it:', ...storyText(finding.events));
  lines.push('', wrap(missing, '  missing: ', '           '));
  if (count > 1) lines.push(`  seen ${count} times here, ${formatSize(bytes)} in all`);
  if (replay !== undefined) lines.push(`  replay:  ${replay}`);
  lines.push(paint.faint(`  explain: armory explain ${rule}`));
  return lines.join('\n');
}

/** The places where each rule found something, and how often; below the table, how many of each severity. */
export function findingsSummary(findings: readonly Finding[], paint: Paint = new Paint(false)): string {
  if (findings.length === 0) return 'no findings';
  const rows: string[][] = [];
  for (const { id } of rules) {
    const found = findings.filter(finding => finding.rule === id);
    for (const [index, { severity, access, buffer, count, bytes }] of found.entries()) {
      const whose = buffer === null ? '' : buffer.device;
      const rule = index === 0 ? id : '';
      rows.push([rule, severity, placeOf(access), access.who, whose, `${count}`, formatSize(bytes)]);
    }
  }
  const counts = (Object.keys(WORD) as Severity[])
    .map(severity => ({ severity, count: findings.filter(finding => finding.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}${count > 1 ? 's' : ''}`);
  const drawn = table(paint, ['rule', 'severity', 'in', 'by', 'buffer of', 'times', 'bytes'], rows);
  return `${drawn}\n${counts.join(', ')}`;
}

/** The function, or who it was if nobody told a stack. */
function placeOf(access: FindingAccess): string {
  return access.stack[0] ?? access.who;
}

function accessText({ who, what, vaddr, dmaAddr, paddr, size }: FindingAccess): string {
  const places = [
    vaddr === null ? null : `vaddr ${hex(vaddr, 8)}`,
    dmaAddr === null ? null : `dma ${hex(dmaAddr, 8)}`,
    paddr === null ? 'no memory' : `paddr ${hex(paddr, 8)}`,
  ].filter(place => place !== null);
  return `${who}: ${what}, ${bytesText(size)} at ${places.join(', ')}`;
}

function bytesText(size: number): string {
  return size === 1 ? '1 byte' : size % 1024 === 0 ? formatSize(size) : `${size} bytes`;
}

function stackText(stack: readonly string[]): string[] {
  const shown = stack.slice(0, FRAMES).map(frame => `    ${frame}`);
  return stack.length > FRAMES ? [...shown, `    … ${stack.length - FRAMES} more`] : shown;
}

function bufferText(buffer: FindingBuffer, at: number | null, what: string): string[] {
  const { kind, device, driver, vaddr, paddr, dmaAddr, size } = buffer;
  const virtual = vaddr === null ? '' : `vaddr ${hex(vaddr, 8)}, `;
  const lines = [
    `  ${kind} buffer of ${device}${driver === device ? '' : ` (${driver})`}`,
    `    ${virtual}paddr ${hex(paddr, 8)}, dma ${hex(dmaAddr, 8)}, ${bytesText(size)}`,
  ];
  if (at !== null && at >= paddr && at < paddr + size) lines.push(`    ${what} ${at - paddr} bytes into it`);
  return lines;
}

function eventText({ who, what, paddr, size }: LineEvent): string {
  return size === 0 ? `${who}: ${what}` : `${who}: ${what}, ${bytesText(size)} at paddr ${hex(paddr, 8)}`;
}

function storyText(events: readonly LineEvent[]): string[] {
  const last = events.length - 1;
  return events.map((event, index) => {
    const frame = event.stack[0];
    const where = frame === undefined ? '' : `  (${frame})`;
    return `  ${index === last ? '>' : ' '}${`${index + 1}`.padStart(2)}. ${eventText(event)}${where}`;
  });
}

/** The bytes in groups of eight with carets below the wrong ones, and the state in words. */
function lineText(finding: Finding, line: FindingLine): string[] {
  const { paddr, bytes, wrong } = line;
  const legend = BYTE_STATES.filter(([letter]) => bytes.includes(letter)).map(([l, text]) => `${l} ${text}`);
  const lines = [
    `  line at paddr ${hex(paddr, 8)}${legend.length > 0 ? ` (${legend.join(', ')})` : ''}`,
    wrap(finding.before, '    before: ', '            '),
    wrap(finding.after, '    after:  ', '            '),
  ];
  const carets = Array.from(bytes, (_, at) => wrong.some(({ start, end }) => at >= start && at < end));
  for (let row = 0; row < bytes.length; row += BYTES_IN_ROW) {
    const label = `    ${hex(paddr + row, 8)}: `;
    const marks = carets.slice(row, row + BYTES_IN_ROW).map(isWrong => (isWrong ? '^' : ' '));
    lines.push(label + grouped(bytes.slice(row, row + BYTES_IN_ROW)));
    if (marks.includes('^')) lines.push(' '.repeat(label.length) + grouped(marks.join('')).trimEnd());
  }
  return lines;
}

function grouped(letters: string): string {
  const groups: string[] = [];
  for (let at = 0; at < letters.length; at += GROUP) groups.push(letters.slice(at, at + GROUP));
  return groups.join(' ');
}
