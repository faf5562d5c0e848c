// SPDX-License-Identifier: GPL-2.0-only
/**
 * What makes any device tree wrong, whichever notation it came in. These are the checks of the reference
 * compiler that are errors there and not just warnings (dtc 1.7, checks.c: node_name_chars, node_name_format,
 * property_name_chars, duplicate_node_names, explicit_phandles). Linux would take most such trees and use the
 * first of two, but two things of one name or phandle mean that the author meant something else.
 */
import { type Diagnostic, InputError, type SourcePosition } from '../base/diagnostics.js';
import { readU32 } from './bytes.js';
import type { DeviceTree, DtNode, DtProperty } from './tree.js';

const NODE_NAME = /^[a-zA-Z0-9,._+-]+(@[a-zA-Z0-9,._+-]*)?$/;
const PROPERTY_NAME = /^[a-zA-Z0-9,._+*#?-]+$/;

/** Diagnostics of one input. Keeps the first ones only: hostile input can produce millions. */
export class Problems {
  private static readonly LIMIT = 50;
  readonly list: Diagnostic[] = [];
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  error(
    id: string,
    message: string,
    where: { position?: SourcePosition | undefined; path?: string; notes?: readonly string[] } = {},
  ): void {
    if (this.list.length >= Problems.LIMIT) return;
    const { position = { file: this.file }, path, notes } = where;
    this.list.push(makeError(id, message, position, path, notes));
  }

  /** Throws everything collected so far and this. */
  fail(id: string, message: string, position: SourcePosition, notes?: readonly string[]): never {
    throw new InputError([...this.list, makeError(id, message, position, undefined, notes)]);
  }

  /** Throws what was collected, if anything was. */
  throwIfAny(): void {
    if (this.list.length > 0) throw new InputError(this.list);
  }
}

function makeError(
  id: string,
  message: string,
  position: SourcePosition,
  path?: string,
  notes?: readonly string[],
): Diagnostic {
  return { severity: 'error', id, message, position, ...(path && { path }), ...(notes && { notes }) };
}

/**
 * Reports wrong and repeated names and phandles. Takes out `'name'` properties, as dtc does: they only
 * repeat the name of their node, and where they do not, that is reported.
 */
export function checkTree(tree: DeviceTree, problems: Problems): void {
  const owners = new Map<number, DtNode>();
  for (const node of tree.root.walk()) {
    checkNames(node, problems);
    dropNameProperty(node, problems);
    checkPhandle(node, owners, problems);
  }
}

function checkNames(node: DtNode, problems: Problems): void {
  if (node.parent && !NODE_NAME.test(node.name)) {
    const rule =
      'a node name is made of letters, digits and ,._+- with at most one @ before the unit address';
    problems.error('node-name', `bad node name ${quote(node.name)}: ${rule}`, {
      position: node.position,
      path: node.parent.path,
    });
  }
  for (const property of node.properties.values()) {
    if (PROPERTY_NAME.test(property.name)) continue;
    const rule = 'a property name is made of letters, digits and ,._+*#?-';
    problems.error('property-name', `bad property name ${quote(property.name)}: ${rule}`, {
      position: property.position,
      path: node.path,
    });
  }
  if (node.children.length > 1) checkSiblings(node, problems);
}

function dropNameProperty(node: DtNode, problems: Problems): void {
  const property = node.properties.get('name');
  if (!property) return;
  node.properties.delete('name');
  const text = Buffer.from(property.value).toString('latin1');
  if (text === `${node.name.split('@', 1)[0]}\0`) return;
  problems.error('name-property', `${quote(text)} is not the name of the node without its unit address`, {
    position: property.position,
    path: `${node.path}:name`,
  });
}

function checkSiblings(node: DtNode, problems: Problems): void {
  const seen = new Set<string>();
  for (const child of node.children) {
    if (seen.has(child.name)) {
      problems.error('duplicate-node', 'a sibling has the same name', {
        position: child.position,
        path: child.path,
      });
    }
    seen.add(child.name);
  }
}

function checkPhandle(node: DtNode, owners: Map<number, DtNode>, problems: Problems): void {
  const values = ['phandle', 'linux,phandle']
    .map(name => node.properties.get(name))
    .filter(property => property !== undefined)
    .map(property => readPhandle(node, property, problems));
  const [phandle, legacy] = values;
  if (phandle === undefined) return;
  const where = { position: node.position, path: node.path };
  if (legacy !== undefined && legacy !== phandle) {
    problems.error('phandle-mismatch', `'phandle' ${phandle} and 'linux,phandle' ${legacy} differ`, where);
  }
  const other = owners.get(phandle);
  if (other) {
    problems.error('duplicate-phandle', `the phandle ${phandle} is already that of ${other.path}`, where);
  } else {
    owners.set(phandle, node);
  }
}

function readPhandle(node: DtNode, property: DtProperty, problems: Problems): number | undefined {
  const where = { position: property.position, path: `${node.path}:${property.name}` };
  if (property.value.length !== 4) {
    problems.error('bad-phandle', `a phandle is one cell, not ${property.value.length} bytes`, where);
    return undefined;
  }
  const phandle = readU32(property.value, 0);
  if (phandle !== 0 && phandle !== 0xffffffff) return phandle;
  problems.error('bad-phandle', `0x${phandle.toString(16)} cannot be a phandle`, where);
  return undefined;
}

/** A name from the input between quotation marks, with what cannot be printed escaped, and not too long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
