// SPDX-License-Identifier: GPL-2.0-only
/**
 * Reads source text of device trees (.dts) piece by piece. Which pieces there are depends on where one is: a
 * name may begin with a digit or `#`, a byte string has hexadecimal pairs. So there is no token stream: the
 * parser asks for what the grammar allows next, and here is what lies in between: white space, comments,
 * `/include/` and the line markers that the C preprocessor leaves behind. Notation as in dtc-lexer.l of
 * dtc 1.7. Left out: the preprocessor itself.
 */
import { dirname, isAbsolute, join } from 'node:path';
import type { SourcePosition } from '../base/diagnostics.js';
import { type Problems, quote } from './check.js';

/** Reads a file that the source includes; an error that it throws is reported at the place of inclusion. */
export type ReadText = (path: string) => string;

/** All text together. A few includes that include each other's copies twice would fill any memory. */
const MAX_CHARACTERS: number = 16 * 1024 * 1024;
/** As dtc's MAX_SRCFILE_DEPTH. */
const MAX_INCLUDE_DEPTH = 200;

const LINE_MARKER = /#(?:line)?[ \t]+([0-9]{1,9})[ \t]+"([^"\n]{0,4096})"(?:[ \t]+[0-9]+)*/y;
const DIRECTIVE =
  /^\s*#\s*(?:include|define|undef|if|ifdef|ifndef|elif|else|endif|error|warning|pragma)(?![\w,.+*#?@-])/;
const MACRO_NAME = /[A-Za-z_]\w*/y;

/** One file that is being read. Lines count from 1. */
interface SourceText {
  /** For messages: a line marker changes it. */
  name: string;
  readonly path: string;
  readonly text: string;
  offset: number;
  line: number;
  lineStart: number;
}

export class DtsLexer {
  readonly problems: Problems;
  private source: SourceText;
  private readonly includers: SourceText[] = [];
  private readonly readText: ReadText | undefined;
  private characters = 0;

  constructor(text: string, file: string, problems: Problems, readText?: ReadText) {
    this.problems = problems;
    this.readText = readText;
    this.source = this.open(text, file);
  }

  /** Where the next piece begins. */
  position(): SourcePosition {
    this.skipBlank();
    const { name, line, offset, lineStart } = this.source;
    return { file: name, line, column: offset - lineStart + 1 };
  }

  atEnd(): boolean {
    this.skipBlank();
    return this.source.offset >= this.source.text.length;
  }

  /** Takes `text` if it comes next. */
  take(text: string): boolean {
    this.skipBlank();
    if (!this.source.text.startsWith(text, this.source.offset)) return false;
    this.source.offset += text.length;
    return true;
  }

  /** What comes next if `pattern` (with the flag `y`, never matching a line end) matches it; not taken. */
  peek(pattern: RegExp): string | undefined {
    this.skipBlank();
    pattern.lastIndex = this.source.offset;
    return pattern.exec(this.source.text)?.[0];
  }

  /** Takes what comes next if `pattern` matches it, as in `peek`. */
  match(pattern: RegExp): string | undefined {
    const found = this.peek(pattern);
    if (found !== undefined) this.source.offset += found.length;
    return found;
  }

  /** Takes `text` or throws. */
  expect(text: string): void {
    if (!this.take(text)) this.unexpected(`'${text}'`);
  }

  /** Takes what stands between two `mark`s, escapes included, if the first one comes next. */
  quoted(mark: '"' | "'"): string | undefined {
    this.skipBlank();
    return this.quotedHere(mark);
  }

  /**
   * Reads the file that the source calls `name`: looked for beside the file that says so and, where a line
   * marker names another file, beside that one. Returns its path and what `read` makes of it.
   */
  readNamed<T>(name: string, position: SourcePosition, read: ((path: string) => T) | undefined): [string, T] {
    const { path: here, name: marked } = this.source;
    const folders = isAbsolute(name) ? [''] : [...new Set([dirname(here), dirname(marked)])];
    const reasons: string[] = [];
    for (const folder of read ? folders : []) {
      const path = join(folder, name);
      try {
        return [path, read!(path)];
      } catch (cause) {
        reasons.push(cause instanceof Error ? cause.message : String(cause));
      }
    }
    if (!read) reasons.push('this source stands alone, there is nothing to read files with');
    return this.fail('dts-include', `cannot read ${quote(name)}`, position, reasons);
  }

  /** Reports that the next piece is not `wanted`, and what may be the reason. */
  unexpected(wanted: string): never {
    const position = this.position();
    const { text, offset, lineStart } = this.source;
    const lineEnd = text.indexOf('\n', offset);
    const line = text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
    if (DIRECTIVE.test(line.slice(0, 200))) this.failAsUnprocessed('a preprocessor directive', position);
    if (this.atEnd())
      return this.fail('dts-syntax', `expected ${wanted}, found the end of the file`, position);
    const found = /^\S{1,30}/.exec(text.slice(offset, offset + 30))?.[0] ?? '';
    const notes: string[] = [];
    if (this.peek(MACRO_NAME))
      notes.push(`if this is a macro, run the preprocessor first: ${this.command()}`);
    return this.fail('dts-syntax', `expected ${wanted}, found ${quote(found)}`, position, notes);
  }

  /** As `unexpected`, for a name with nothing sensible behind it. It may be a directive without `#` value. */
  unexpectedAfter(name: string, wanted: string, position: SourcePosition): never {
    if (DIRECTIVE.test(name)) this.failAsUnprocessed(`the preprocessor directive ${quote(name)}`, position);
    return this.unexpected(wanted);
  }

  /** Throws everything collected so far and this. */
  fail(id: string, message: string, position: SourcePosition, notes: readonly string[] = []): never {
    const chain = [...this.includers].reverse().map(({ name, line }) => `included from ${name}:${line}`);
    return this.problems.fail(id, message, position, [...notes, ...chain.slice(0, 10)]);
  }

  private failAsUnprocessed(what: string, position: SourcePosition): never {
    const message = `${what} is not part of the language: run the C preprocessor first`;
    return this.fail('dts-preprocessor', message, position, [this.command()]);
  }

  private command(): string {
    const outermost = this.includers[0] ?? this.source;
    const target = `${outermost.path.replace(/(\.pp)?\.dtsi?$/, '')}.pp.dts`;
    return `cpp -nostdinc -I include -undef -x assembler-with-cpp ${outermost.path} > ${target}`;
  }

  private open(text: string, path: string): SourceText {
    this.characters += text.length;
    if (this.characters > MAX_CHARACTERS) {
      const message = `the source is longer than ${MAX_CHARACTERS} characters, includes counted each time`;
      this.fail('dts-too-large', message, { file: path });
    }
    return { name: path, path, text, offset: 0, line: 1, lineStart: 0 };
  }

  /** Moves to the next piece. */
  private skipBlank(): void {
    for (;;) {
      const { source } = this;
      const { text, offset } = source;
      const code = text.charCodeAt(offset);
      if (code === 0x0a) this.startLine(source.offset++);
      else if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) source.offset++;
      else if (code === 0x23 && offset === source.lineStart && this.skipLineMarker()) continue;
      else if (code === 0x2f && this.skipSlash()) continue;
      else if (offset >= text.length && this.includers.length > 0) this.source = this.includers.pop()!;
      else return;
    }
  }

  /** Counts the line that ends at `lineEnd`. */
  private startLine(lineEnd: number): void {
    this.source.line++;
    this.source.lineStart = lineEnd + 1;
  }

  private quotedHere(mark: '"' | "'"): string | undefined {
    const { source } = this;
    const { text, name, line, offset, lineStart } = source;
    if (text[offset] !== mark) return undefined;
    for (source.offset++; source.offset < text.length; source.offset++) {
      if (text[source.offset] === mark) return text.slice(offset + 1, source.offset++);
      if (text[source.offset] === '\\') source.offset++;
      if (text[source.offset] === '\n') this.startLine(source.offset);
    }
    const what = mark === '"' ? 'string' : 'character';
    const position = { file: name, line, column: offset - lineStart + 1 };
    return this.fail('dts-syntax', `the ${what} is not terminated`, position);
  }

  private skipLineMarker(): boolean {
    const { source } = this;
    LINE_MARKER.lastIndex = source.offset;
    const marker = LINE_MARKER.exec(source.text);
    if (!marker) return false;
    source.offset += marker[0].length;
    source.line = Number(marker[1]) - 1;
    source.name = marker[2] || source.path;
    return true;
  }

  /** A comment or an include; false where the slash is something else. */
  private skipSlash(): boolean {
    const { source } = this;
    const { text, offset } = source;
    if (text[offset + 1] === '/') {
      const end = text.indexOf('\n', offset);
      source.offset = end < 0 ? text.length : end;
      return true;
    }
    if (text[offset + 1] === '*') {
      this.skipComment();
      return true;
    }
    if (!text.startsWith('/include/', offset)) return false;
    this.include();
    return true;
  }

  private skipComment(): void {
    const { source } = this;
    const { text, offset, name, line, lineStart } = source;
    const end = text.indexOf('*/', offset + 2);
    if (end < 0) {
      const position = { file: name, line, column: offset - lineStart + 1 };
      this.fail('dts-syntax', 'the comment is not terminated', position);
    }
    for (let at = offset; at < end; at++) if (text.charCodeAt(at) === 0x0a) this.startLine(at);
    source.offset = end + 2;
  }

  private include(): void {
    const { source } = this;
    const { name: file, line, offset, lineStart } = source;
    const position = { file, line, column: offset - lineStart + 1 };
    source.offset += '/include/'.length;
    while (/\s/.test(source.text.charAt(source.offset))) {
      if (source.text[source.offset] === '\n') this.startLine(source.offset);
      source.offset++;
    }
    const name = this.quotedHere('"');
    if (name === undefined) this.fail('dts-syntax', "expected a string behind '/include/'", position);
    if (this.includers.length + 1 >= MAX_INCLUDE_DEPTH) {
      this.fail('dts-include-depth', `more than ${MAX_INCLUDE_DEPTH} files inside of each other`, position);
    }
    const [path, text] = this.readNamed(name, position, this.readText);
    this.checkCycle(path, position);
    this.includers.push(source);
    this.source = this.open(text, path);
  }

  /** There are no conditions in the language, so a file that includes itself does so for ever. */
  private checkCycle(path: string, position: SourcePosition): void {
    const open = [...this.includers, this.source].map(source => join(source.path));
    if (!open.includes(path)) return;
    const chain = [...open.slice(open.indexOf(path)), path].join(' -> ');
    this.fail('dts-include-cycle', `${quote(path)} includes itself: ${chain}`, position);
  }
}
