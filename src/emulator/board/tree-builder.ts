// SPDX-License-Identifier: GPL-2.0-only
/** Short forms for making device trees: nodes with properties in one expression. */
import { encodeCells, encodeStrings } from '../../devicetree/bytes.js';
import type { DtNode } from '../../devicetree/tree.js';

/** Empty, one or more strings, or cells. */
export type Value = true | string | readonly string[] | readonly number[];

/** Adds a child with those properties; its name may be that of an existing one, which then gets them. */
export function addNode(
  parent: DtNode,
  name: string,
  properties: Readonly<Record<string, Value>> = {},
): DtNode {
  const node = parent.children.find(child => child.name === name) ?? parent.addChild(name);
  setProperties(node, properties);
  return node;
}

export function setProperties(node: DtNode, properties: Readonly<Record<string, Value>>): void {
  for (const [property, value] of Object.entries(properties)) node.setProperty(property, encode(value));
}

function encode(value: Value): Uint8Array {
  if (value === true) return new Uint8Array(0);
  if (typeof value === 'string') return encodeStrings(value);
  return value.every(each => typeof each === 'string')
    ? encodeStrings(...(value as readonly string[]))
    : encodeCells(...(value as readonly number[]));
}

/** A phandle that no node of the tree has, given to `node`, or the one that it has. */
export function givePhandle(root: DtNode, node: DtNode): number {
  const known = node.phandle;
  if (known !== undefined) return known;
  let highest = 0;
  for (const each of root.walk()) highest = Math.max(highest, each.phandle ?? 0);
  node.setProperty('phandle', encodeCells(highest + 1));
  return highest + 1;
}

/** 'reg' cells of one range, as wide as the root says. */
export function regCells(
  addressCells: number,
  sizeCells: number,
  ...ranges: readonly (readonly [number, number])[]
): number[] {
  const wide = (value: number, cells: number): number[] =>
    cells === 2 ? [Math.floor(value / 2 ** 32), value % 2 ** 32] : [value];
  return ranges.flatMap(([start, size]) => [...wide(start, addressCells), ...wide(size, sizeCells)]);
}
