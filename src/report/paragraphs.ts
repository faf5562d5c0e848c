// SPDX-License-Identifier: GPL-2.0-only
/** Running text for the terminal. */

/** Columns that running text is broken at. */
const WIDTH = 100;

/** `text` in lines of at most 100 columns; `first` begins the first of them, `rest` the others. */
export function wrap(text: string, first: string, rest: string = first): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(/\s+/)) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line = isEmpty ? line + word : `${line} ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
