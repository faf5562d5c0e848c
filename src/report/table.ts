// SPDX-License-Identifier: GPL-2.0-only
/** Tables for the terminal: no borders, two spaces between columns, colours only where the terminal has them. */
import { Chalk, type ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { Verdict } from '../lab/results.js';

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

/** How results are painted. `colour` false gives plain text, whatever the terminal. */
export class Paint {
  private readonly chalk: ChalkInstance;

  constructor(colour: boolean) {
    this.chalk = new Chalk({ level: colour ? 1 : 0 });
  }

  verdict(verdict: Verdict, text: string = verdict): string {
    const colours = {
      same: this.chalk.dim,
      change: this.chalk.yellow,
      improvement: this.chalk.green,
      regression: this.chalk.red.bold,
    } as const;
    return colours[verdict](text);
  }

  heading(text: string): string {
    return this.chalk.bold(text);
  }

  faint(text: string): string {
    return this.chalk.dim(text);
  }
}

/**
 * Rows as aligned columns below `head`. A row of one cell is a heading over all columns. No trailing spaces.
 */
export function table(paint: Paint, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = head.length;
  const drawn = new Table({
    chars: noBorders,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  drawn.push(head.map(cell => paint.heading(cell)));
  for (const row of rows) drawn.push(row.length === 1 ? [{ content: row[0], colSpan: columns }] : [...row]);
  return drawn
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n');
}
