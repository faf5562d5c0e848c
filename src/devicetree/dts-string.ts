// SPDX-License-Identifier: GPL-2.0-only
/**
 * Strings in source and their escapes, which are those of C: named ones, up to three octal and up to two
 * hexadecimal digits; any other escaped character stands for itself (Devicetree Specification v0.4,
 * section 6.2; dtc 1.7, util.c, get_escape_char()).
 */
import type { SourcePosition } from '../base/diagnostics.js';
import { quote } from './check.js';
import type { DtsLexer } from './dts-lex.js';

const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{0,2})|(.))/gs;

const NAMED: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
};

/** The bytes of a string's or character's content, other characters than escapes in UTF-8. */
export function unescapeBytes(lexer: DtsLexer, content: string, position: SourcePosition): Uint8Array {
  if (content.includes('\ufffd')) {
    const message = `${quote(content)} is not UTF-8; write the bytes as \\x escapes`;
    lexer.problems.error('bad-string', message, { position });
  }
  if (!content.includes('\\')) return new Uint8Array(Buffer.from(content, 'utf8'));
  const parts: Buffer[] = [];
  let copied = 0;
  for (const found of content.matchAll(ESCAPE)) {
    const [text, octal, hex, character] = found;
    parts.push(Buffer.from(content.slice(copied, found.index), 'utf8'));
    copied = found.index + text.length;
    if (octal !== undefined) parts.push(Buffer.of(Number.parseInt(octal, 8) & 0xff));
    else if (hex) parts.push(Buffer.of(Number.parseInt(hex, 16)));
    else if (character !== undefined) parts.push(Buffer.from(NAMED[character] ?? character, 'utf8'));
    else lexer.problems.error('bad-string', `\\x without digits in ${quote(content)}`, { position });
  }
  parts.push(Buffer.from(content.slice(copied), 'utf8'));
  return new Uint8Array(Buffer.concat(parts));
}
