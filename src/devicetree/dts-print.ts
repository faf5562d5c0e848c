// SPDX-License-Identifier: GPL-2.0-only
/**
 * Prints a tree as source (.dts, Devicetree Specification v0.4, chapter 6). The notation of a value is
 * guessed from its bytes, as `dtc -O dts` does for a binary: strings, else cells, else bytes; whatever is
 * chosen, reading it back gives the same bytes. Labels are kept, references are not: a phandle stays a
 * number. Source has no place for the boot CPU's id.
 */
import { readU32 } from './bytes.js';
import type { DeviceTree, DtNode, DtProperty } from './tree.js';

/** The tree as the text of a .dts file. */
export function printDts(tree: DeviceTree): string {
  const lines = ['/dts-v1/;', ''];
  for (const { address, size } of tree.memreserve) {
    lines.push(`/memreserve/ 0x${address.toString(16)} 0x${size.toString(16)};`);
  }
  printNode(tree.root, '', lines);
  return `${lines.join('\n')}\n`;
}

function printNode(node: DtNode, indent: string, lines: string[]): void {
  const inner = `${indent}\t`;
  lines.push(`${indent}${labelPrefix(node.labels)}${node.parent ? node.name : '/'} {`);
  for (const property of node.properties.values()) {
    lines.push(`${inner}${labelPrefix(property.labels)}${printProperty(property)}`);
  }
  for (const child of node.children) {
    lines.push('');
    printNode(child, inner, lines);
  }
  lines.push(`${indent}};`);
}

function labelPrefix(labels: readonly string[]): string {
  return labels.map(label => `${label}: `).join('');
}

function printProperty({ name, value }: DtProperty): string {
  if (value.length === 0) return `${name};`;
  if (looksLikeStrings(value)) return `${name} = ${printStrings(value)};`;
  if (value.length % 4 === 0) return `${name} = <${printCells(value)}>;`;
  return `${name} = [${Buffer.from(value)
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ')}];`;
}

function printCells(value: Uint8Array): string {
  const cells: string[] = [];
  for (let offset = 0; offset < value.length; offset += 4) {
    cells.push(`0x${readU32(value, offset).toString(16).padStart(2, '0')}`);
  }
  return cells.join(' ');
}

/** Printable text with a NUL behind each piece, and no piece empty. */
function looksLikeStrings(value: Uint8Array): boolean {
  let previous = 0;
  for (const byte of value) {
    if (byte === 0 ? previous === 0 : !isText(byte)) return false;
    previous = byte;
  }
  return previous === 0;
}

function isText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || (byte >= 0x07 && byte <= 0x0d);
}

/** Source spelling of the bytes that cannot stand for themselves between quotation marks. */
const ESCAPES: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

function printStrings(value: Uint8Array): string {
  let text = '"';
  value.forEach((byte, index) => {
    if (byte !== 0) text += ESCAPES[byte] ?? String.fromCharCode(byte);
    else text += index === value.length - 1 ? '"' : '", "';
  });
  return text;
}
