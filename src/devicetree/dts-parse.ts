// SPDX-License-Identifier: GPL-2.0-only
/**
 * The grammar of device-tree source (.dts, version 1): Devicetree Specification v0.4, chapter 6, and what
 * dtc 1.7 (dtc-parser.y) knows beyond it: overriding by `&label` and `&{/path}`, `/omit-if-no-ref/`. Reads
 * what `cpp` puts out, but does not preprocess; overlays (`/plugin/`) have to be merged before.
 * Differs: a number that does not fit its cell is an error; dtc truncates it with a warning.
 * Next: dts-draft.ts (how bodies add up), dts-resolve.ts (how references become phandles and paths).
 */
import { concatBytes, storeBig } from './bytes.js';
import { Problems } from './check.js';
import {
  DraftTree,
  describeReference,
  type NodeSource,
  type PhandleCell,
  type PropertySource,
  type Reference,
  type ValuePart,
} from './dts-draft.js';
import { MAX_U64, parseInteger } from './dts-expression.js';
import { DtsLexer, type ReadText } from './dts-lex.js';
import { resolveDraft } from './dts-resolve.js';
import { unescapeBytes } from './dts-string.js';
import { type DeviceTree, MAX_LEVELS, type MemoryReservation } from './tree.js';

const LABEL = /[a-zA-Z_]\w*:/y;
const NAME = /\\?[a-zA-Z0-9,._+*#?@-]+/y;
const REFERENCE = /&(?:[a-zA-Z_]\w*|\{[a-zA-Z0-9,._+*#?@/-]*\})/y;
const BYTE = /[0-9a-fA-F]{2}/y;

/** Reads a file for `/incbin/`; an error that it throws is reported at that place. */
export type ReadBinary = (path: string) => Uint8Array;

/**
 * The tree that `text` describes. `file` is its name in messages, and included files are looked for beside
 * it; without readers for them, includes are errors. Throws an InputError with all that was found wrong.
 */
export function parseDts(
  text: string,
  file: string,
  readInclude?: ReadText,
  readBinary?: ReadBinary,
): DeviceTree {
  return new DtsParser(text, file, readInclude, readBinary).parse();
}

class DtsParser {
  private readonly file: string;
  private readonly problems: Problems;
  private readonly lexer: DtsLexer;
  private readonly draft: DraftTree;
  private readonly readBinary: ReadBinary | undefined;
  private readonly memreserve: MemoryReservation[] = [];

  constructor(text: string, file: string, readText?: ReadText, readBinary?: ReadBinary) {
    this.file = file;
    this.readBinary = readBinary;
    this.problems = new Problems(file);
    this.lexer = new DtsLexer(text, file, this.problems, readText);
    this.draft = new DraftTree(this.problems);
  }

  parse(): DeviceTree {
    const { lexer } = this;
    lexer.expect('/dts-v1/');
    lexer.expect(';');
    while (lexer.take('/dts-v1/')) lexer.expect(';');
    const position = lexer.position();
    if (lexer.take('/plugin/')) {
      const notes = [
        'compile both with dtc -@ and merge them: fdtoverlay -i base.dtb -o board.dtb overlay.dtbo',
      ];
      lexer.fail('dts-plugin', 'this is an overlay; merge it into its base tree first', position, notes);
    }
    while (this.reservation());
    while (!lexer.atEnd()) this.topLevel();
    if (!this.draft.root) lexer.unexpected("the root node '/ {'");
    return resolveDraft(this.draft, this.file, this.memreserve, this.problems);
  }

  private reservation(): boolean {
    const { lexer } = this;
    const labels = this.labels();
    const position = lexer.position();
    if (!lexer.take('/memreserve/')) {
      if (labels.length > 0) lexer.unexpected("'/memreserve/'");
      return false;
    }
    const address = this.number();
    const size = this.number();
    lexer.expect(';');
    if (size === 0n) {
      const message = 'a reservation of size 0 would end the list in the binary';
      this.problems.error('memreserve-empty', message, { position });
    }
    this.memreserve.push({ address, size });
    return true;
  }

  private topLevel(): void {
    const { lexer } = this;
    const position = lexer.position();
    const labels = this.labels();
    if (labels.length === 0 && lexer.take('/delete-node/')) {
      const target = this.target();
      lexer.expect(';');
      if (target === this.draft.root) lexer.fail('dts-syntax', 'the root node cannot be deleted', position);
      if (target) this.draft.delete(target);
    } else if (labels.length === 0 && lexer.take('/omit-if-no-ref/')) {
      const target = this.target();
      lexer.expect(';');
      if (target) target.omitIfUnreferenced = true;
    } else if (lexer.peek(REFERENCE) !== undefined) {
      const target = this.target();
      const body = this.nodeBody('', labels, position, target?.depth ?? 0);
      if (target) this.draft.merge(target, body);
    } else {
      if (labels.length > 0 || !lexer.take('/')) lexer.unexpected("'/ {' or a reference '&…'");
      this.draft.addRoot(this.nodeBody('', [], position, 0));
    }
  }

  /** A reference to a node that exists already. */
  private target(): ReturnType<DraftTree['find']> {
    const reference = this.reference() ?? this.lexer.unexpected("a reference '&…'");
    const target = this.draft.find(reference.target);
    if (!target) {
      const message = `there is no node ${describeReference(reference)} above this place`;
      this.problems.error('reference-unresolved', message, { position: reference.position });
    }
    return target;
  }

  /** `{ … };` of a node that has `level` nodes above it. */
  private nodeBody(
    name: string,
    labels: readonly string[],
    position: NodeSource['position'],
    level: number,
    omitIfUnreferenced = false,
  ): NodeSource {
    const { lexer } = this;
    if (level >= MAX_LEVELS) {
      const message = `nodes are nested deeper than ${MAX_LEVELS} levels, which Linux does not take`;
      lexer.fail('dts-nesting', message, position);
    }
    const properties: PropertySource[] = [];
    const children: NodeSource[] = [];
    lexer.expect('{');
    while (!lexer.take('}')) this.nodeItem(properties, children, level);
    lexer.expect(';');
    return { name, labels, properties, children, position, deleted: false, omitIfUnreferenced };
  }

  private nodeItem(properties: PropertySource[], children: NodeSource[], level: number): void {
    const { lexer } = this;
    const position = lexer.position();
    const labels = this.labels();
    if (lexer.take('/delete-node/')) {
      const name = this.name('the name of a node');
      lexer.expect(';');
      children.push(deletedNode(name, position));
      return;
    }
    const omit = lexer.take('/omit-if-no-ref/');
    if (omit) this.labels(labels);
    const deleted = !omit && lexer.take('/delete-property/');
    const namePosition = lexer.position();
    const name = this.name("a property, a node or '}'");
    if (!deleted && lexer.peek(/\{/y)) {
      children.push(this.nodeBody(name, labels, position, level + 1, omit));
      return;
    }
    const valueLabels: string[] = [];
    const parts = !deleted && lexer.take('=') ? this.value(valueLabels) : [];
    if (omit || !lexer.take(';')) {
      const wanted = omit ? "'{'" : deleted || parts.length > 0 ? "';'" : "'=', '{' or ';'";
      lexer.unexpectedAfter(name, wanted, namePosition);
    }
    if (children.length > 0) {
      const message = `the property '${name}' follows a subnode; properties must come first`;
      this.problems.error('property-after-node', message, { position });
    }
    properties.push({ name, labels, valueLabels, parts, position, deleted });
  }

  private value(labels: string[]): ValuePart[] {
    const parts: ValuePart[] = [];
    do {
      this.labels(labels);
      parts.push(this.valuePart(labels));
      this.labels(labels);
    } while (this.lexer.take(','));
    return parts;
  }

  private valuePart(labels: string[]): ValuePart {
    const { lexer } = this;
    const position = lexer.position();
    const text = lexer.quoted('"');
    if (text !== undefined) {
      return plain(concatBytes([unescapeBytes(lexer, text, position), new Uint8Array(1)]));
    }
    if (lexer.take('<')) return this.cells(32, labels);
    if (lexer.take('[')) return this.byteString(labels);
    if (lexer.take('/bits/')) {
      const bits = Number(this.number());
      if (![8, 16, 32, 64].includes(bits)) {
        lexer.fail('dts-syntax', `elements have 8, 16, 32 or 64 bits, not ${bits}`, position);
      }
      lexer.expect('<');
      return this.cells(bits, labels);
    }
    if (lexer.take('/incbin/')) return plain(this.binaryFile());
    const path = this.reference();
    return path ? { path } : lexer.unexpected("a value: a string, '<', '[', '/bits/', '/incbin/' or '&…'");
  }

  /** Elements of `bits` bits up to and with the `>`. */
  private cells(bits: number, labels: string[]): ValuePart {
    const { lexer } = this;
    const values: bigint[] = [];
    const phandles: PhandleCell[] = [];
    for (this.labels(labels); !lexer.take('>'); this.labels(labels)) {
      const to = this.reference();
      if (to) {
        if (bits !== 32) {
          const message = 'a reference needs 32-bit elements';
          this.problems.error('reference-size', message, { position: to.position });
        }
        phandles.push({ offset: values.length * 4, to });
        values.push(0xffffffffn);
      } else {
        values.push(this.element(bits));
      }
    }
    const size = bits / 8;
    const bytes = new Uint8Array(values.length * size);
    values.forEach((value, index) => {
      storeBig(bytes, index * size, size, value);
    });
    return { bytes, phandles };
  }

  /** A number that fits as unsigned, or as the 64-bit two's complement of a negative one. */
  private element(bits: number): bigint {
    const { lexer } = this;
    const position = lexer.position();
    const value = parseInteger(lexer) ?? lexer.unexpected("a number, '(', a reference '&…' or '>'");
    const mask = (1n << BigInt(bits)) - 1n;
    if (value > mask && (value | mask) !== MAX_U64) {
      const message = `0x${value.toString(16)} does not fit into ${bits} bits`;
      this.problems.error('value-out-of-range', message, { position });
    }
    return value;
  }

  private byteString(labels: string[]): ValuePart {
    const { lexer } = this;
    const digits: string[] = [];
    for (this.labels(labels); !lexer.take(']'); this.labels(labels)) {
      digits.push(lexer.match(BYTE) ?? lexer.unexpected("two hexadecimal digits or ']'"));
    }
    return plain(new Uint8Array(Buffer.from(digits.join(''), 'hex')));
  }

  /** `("file")` or `("file", offset, length)`; a length beyond the end means up to the end. */
  private binaryFile(): Uint8Array {
    const { lexer } = this;
    lexer.expect('(');
    const position = lexer.position();
    const name = lexer.quoted('"') ?? lexer.unexpected('the name of a file');
    let range: [number, number] | undefined;
    if (lexer.take(',')) {
      const start = Number(this.number());
      lexer.expect(',');
      range = [start, start + Number(this.number())];
    }
    lexer.expect(')');
    const [, bytes] = lexer.readNamed(name, position, this.readBinary);
    return range ? bytes.subarray(...range) : bytes;
  }

  /** Takes the labels that come next, adding to `labels`. */
  private labels(labels: string[] = []): string[] {
    for (let label = this.lexer.match(LABEL); label !== undefined; label = this.lexer.match(LABEL)) {
      labels.push(label.slice(0, -1));
    }
    return labels;
  }

  private name(wanted: string): string {
    const name = this.lexer.match(NAME) ?? this.lexer.unexpected(wanted);
    return name.startsWith('\\') ? name.slice(1) : name;
  }

  private number(): bigint {
    return parseInteger(this.lexer) ?? this.lexer.unexpected('a number');
  }

  private reference(): Reference | undefined {
    const position = this.lexer.position();
    const text = this.lexer.match(REFERENCE);
    if (text === undefined) return undefined;
    const target = text.startsWith('&{') ? text.slice(2, -1) : text.slice(1);
    if (target === '') this.lexer.fail('dts-syntax', 'an empty reference', position);
    return { target, position };
  }
}

function plain(bytes: Uint8Array): ValuePart {
  return { bytes, phandles: [] };
}

function deletedNode(name: string, position: NodeSource['position']): NodeSource {
  const nothing: never[] = [];
  return {
    name,
    labels: nothing,
    properties: nothing,
    children: nothing,
    position,
    deleted: true,
    omitIfUnreferenced: false,
  };
}
