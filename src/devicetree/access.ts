// SPDX-License-Identifier: GPL-2.0-only
/**
 * Properties with a type: strings, cells, `reg`, phandles. Each function says what it returns where the
 * property is absent; a value that does not have the asked-for shape is an InputError that names file, node,
 * property, value and rule. Types are those of the Devicetree Specification v0.4, section 2.2.4; defaults
 * and comparisons are those of Linux (drivers/of), cited at each.
 */
import { inputError } from '../base/diagnostics.js';
import { decodeUtf8, readBig, readU32 } from './bytes.js';
import type { DeviceTree, DtNode, DtProperty } from './tree.js';

/** Linux: drivers/of/of_private.h, OF_ROOT_NODE_ADDR_CELLS_DEFAULT and its size twin, other than SPARC. */
const ROOT_CELLS_DEFAULT = 1;
/** Linux: drivers/of/address.c, OF_MAX_ADDR_CELLS. */
const MAX_CELLS = 4;

/** Address and size in bytes, as wide as the tree says. */
export interface RegEntry {
  readonly address: bigint;
  readonly size: bigint;
}

/** Throws the InputError that `node:property` breaks `rule`; the offending value is added to the message. */
function propertyError(
  id: string,
  node: DtNode,
  property: DtProperty | string,
  rule: string,
  file?: string,
): never {
  const name = typeof property === 'string' ? property : property.name;
  const known = typeof property === 'string' ? node.properties.get(name) : property;
  const position = known?.position ?? node.position ?? (file === undefined ? undefined : { file });
  return inputError(id, known ? `${rule}; it is ${describeValue(known.value)}` : rule, {
    ...(position && { position }),
    path: `${node.path}:${name}`,
  });
}

/** A short rendering of a value for messages: its length and its first bytes. */
function describeValue(value: Uint8Array): string {
  if (value.length === 0) return 'empty';
  const start = Buffer.from(value.subarray(0, 16))
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ');
  return `[${start}${value.length > 16 ? ' …' : ''}] (${value.length} ${value.length === 1 ? 'byte' : 'bytes'})`;
}

function splitStrings(node: DtNode, property: DtProperty, file?: string): string[] {
  const { value } = property;
  if (value.length === 0) return [];
  if (value[value.length - 1] !== 0) {
    propertyError('string-not-terminated', node, property, 'a string must end with a NUL byte', file);
  }
  return decodeUtf8(value, 0, value.length - 1).split('\0');
}

/** The raw value; undefined where absent. */
export function bytesOf(_tree: DeviceTree, node: DtNode, name: string): Uint8Array | undefined {
  return node.properties.get(name)?.value;
}

/**
 * The first string of the property; undefined where absent.
 * Linux: drivers/of/property.c, of_property_read_string() (v6.12), which also takes the first of a list.
 */
export function stringOf(tree: DeviceTree, node: DtNode, name: string): string | undefined {
  const property = node.properties.get(name);
  if (!property) return undefined;
  const first = splitStrings(node, property, tree.file)[0];
  return first ?? propertyError('string-empty', node, property, 'a string is expected', tree.file);
}

/** All strings of the property; none where it is absent or empty. */
export function stringsOf(tree: DeviceTree, node: DtNode, name: string): string[] {
  const property = node.properties.get(name);
  return property ? splitStrings(node, property, tree.file) : [];
}

/**
 * The first cell of the property; undefined where absent.
 * Linux: drivers/of/property.c, of_property_read_u32() (v6.12): a longer value is fine, a shorter is not.
 */
export function u32Of(tree: DeviceTree, node: DtNode, name: string): number | undefined {
  const property = node.properties.get(name);
  return property && firstCell(node, property, tree.file);
}

function firstCell(node: DtNode, property: DtProperty, file?: string): number {
  if (property.value.length < 4) {
    propertyError('cell-too-short', node, property, 'one 32-bit cell is expected', file);
  }
  return readU32(property.value, 0);
}

/** All cells of the property; none where absent. */
export function u32sOf(tree: DeviceTree, node: DtNode, name: string): number[] {
  return readCells(tree, node, name, [1]).map(([cell]) => Number(cell));
}

/** The strings of `'compatible'`, most specific first; none where absent. */
export function compatibles(node: DtNode): string[] {
  const property = node.properties.get('compatible');
  return property ? splitStrings(node, property) : [];
}

/** Linux: include/linux/of.h, of_compat_cmp() (v6.12): upper and lower case are the same. */
export function isCompatible(node: DtNode, compatible: string): boolean {
  const wanted = compatible.toLowerCase();
  return compatibles(node).some(name => name.toLowerCase() === wanted);
}

/** Linux: drivers/of/base.c, __of_device_is_available() (v6.12): no `'status'`, `ok` or `okay`. */
export function isAvailable(node: DtNode): boolean {
  const property = node.properties.get('status');
  if (!property) return true;
  const status = splitStrings(node, property)[0];
  return status === 'ok' || status === 'okay';
}

/**
 * `'#address-cells'` that holds for the children of `node`: its own, else the nearest ancestor's, else 1.
 * Linux: drivers/of/base.c, of_bus_n_addr_cells() (v6.12); for the root also drivers/of/fdt.c,
 * early_init_dt_scan_root().
 * Differs: a value that is too short or above 4 (OF_MAX_ADDR_CELLS) is an error here.
 */
export function addressCells(node: DtNode): number {
  return inheritedCells(node, '#address-cells');
}

/** `'#size-cells'` that holds for the children of `node`, found as in {@link addressCells}. */
export function sizeCells(node: DtNode): number {
  return inheritedCells(node, '#size-cells');
}

function inheritedCells(start: DtNode, name: string): number {
  for (let node: DtNode | null = start; node; node = node.parent) {
    const property = node.properties.get(name);
    if (!property) continue;
    const cells = firstCell(node, property);
    if (cells > MAX_CELLS) {
      propertyError('cells-out-of-range', node, property, `at most ${MAX_CELLS} cells are supported`);
    }
    return cells;
  }
  return ROOT_CELLS_DEFAULT;
}

/**
 * The property as rows of numbers, `groups` giving the cells of each: [2, 1] reads `<hi lo size …>` as
 * pairs. No rows where absent. The length must be a multiple of a row.
 */
export function readCells(
  tree: DeviceTree,
  node: DtNode,
  name: string,
  groups: readonly number[],
): bigint[][] {
  const property = node.properties.get(name);
  if (!property || property.value.length === 0) return [];
  const { value } = property;
  const rowBytes = groups.reduce((sum, cells) => sum + cells * 4, 0);
  if (rowBytes === 0 || value.length % rowBytes !== 0) {
    const rule = `the length must be a multiple of ${rowBytes} bytes (${groups.join('+')} cells)`;
    propertyError('length-not-a-multiple', node, property, rule, tree.file);
  }
  const rows: bigint[][] = [];
  let offset = 0;
  while (offset < value.length) {
    const row: bigint[] = [];
    for (const cells of groups) {
      row.push(readBig(value, offset, cells * 4));
      offset += cells * 4;
    }
    rows.push(row);
  }
  return rows;
}

/** `'reg'` by the cell counts that hold for the parent's children; none where absent. */
export function regOf(tree: DeviceTree, node: DtNode): RegEntry[] {
  const bus = node.parent ?? node;
  const rows = readCells(tree, node, 'reg', [addressCells(bus), sizeCells(bus)]);
  return rows.map(([address = 0n, size = 0n]) => ({ address, size }));
}

/**
 * The nodes that a list of bare phandles names (`'memory-region'`, `'iommus'` without arguments); none where
 * absent. A phandle that no node has is an InputError; code that must go on, as Linux would with -ENODEV,
 * takes `u32sOf` and `DeviceTree.nodeByPhandle`.
 */
export function phandlesOf(tree: DeviceTree, node: DtNode, name: string): DtNode[] {
  return u32sOf(tree, node, name).map(phandle => resolvePhandle(tree, node, name, phandle));
}

/** The node that the first cell of the property names; undefined where absent. Errors as `phandlesOf`. */
export function phandleOf(tree: DeviceTree, node: DtNode, name: string): DtNode | undefined {
  const phandle = u32Of(tree, node, name);
  return phandle === undefined ? undefined : resolvePhandle(tree, node, name, phandle);
}

function resolvePhandle(tree: DeviceTree, node: DtNode, name: string, phandle: number): DtNode {
  const target = tree.nodeByPhandle(phandle);
  if (target) return target;
  const rule = `no node has the phandle 0x${phandle.toString(16)}`;
  return propertyError('phandle-dangling', node, name, rule, tree.file);
}
