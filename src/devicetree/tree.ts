// SPDX-License-Identifier: GPL-2.0-only
/**
 * A device tree in memory: nodes, properties as raw bytes, labels, and where in the input each came from.
 * Described in the Devicetree Specification v0.4, chapter 2. The bytes get a meaning only when someone asks
 * for one: access.ts, to be read next. Left out: which notation a value had in its source (cells, string,
 * bytes), since a .dtb does not keep it either.
 */
import { invariant, type SourcePosition } from '../base/diagnostics.js';
import { decodeUtf8, readU32 } from './bytes.js';

/**
 * Levels of nodes, the root included, that Linux takes over; deeper ones it drops with a warning.
 * Linux: drivers/of/fdt.c, unflatten_dt_nodes() (v6.12): `FDT_MAX_DEPTH - 1`.
 */
export const MAX_LEVELS = 63;

/** One entry of the memory reservation block: physical address and size in bytes. */
export interface MemoryReservation {
  readonly address: bigint;
  readonly size: bigint;
}

export class DtProperty {
  readonly name: string;
  /** The raw value. Replace it, never write into it: it may be a view of something larger. */
  value: Uint8Array;
  readonly labels: string[] = [];
  position?: SourcePosition;

  constructor(name: string, value: Uint8Array, position?: SourcePosition) {
    this.name = name;
    this.value = value;
    if (position) this.position = position;
  }
}

export class DtNode {
  /** With the unit address (`uart@0`); empty for the root. */
  name: string;
  parent: DtNode | null = null;
  readonly children: DtNode[] = [];
  /** By name, in the order of the input. */
  readonly properties: Map<string, DtProperty> = new Map();
  readonly labels: string[] = [];
  position?: SourcePosition;

  constructor(name: string, position?: SourcePosition) {
    this.name = name;
    if (position) this.position = position;
  }

  /** `/` for the root, `/soc/uart@0` for others. */
  get path(): string {
    if (!this.parent) return '/';
    let path = '';
    for (let node: DtNode = this; node.parent; node = node.parent) path = `/${node.name}${path}`;
    return path;
  }

  /** What `'phandle'` or the older `'linux,phandle'` says; undefined without a usable one. */
  get phandle(): number | undefined {
    const property = this.properties.get('phandle') ?? this.properties.get('linux,phandle');
    return property?.value.length === 4 ? readU32(property.value, 0) : undefined;
  }

  /**
   * The child of that name. A name without unit address also finds the only child that has one, as
   * libfdt does for the early parts of Linux; where several match, none is returned.
   * Differs: libfdt's fdt_subnode_offset_namelen() takes the first of several.
   */
  child(name: string): DtNode | undefined {
    const exact = this.children.find(node => node.name === name);
    if (exact || name.includes('@')) return exact;
    const candidates = this.children.filter(node => node.name.startsWith(`${name}@`));
    return candidates.length === 1 ? candidates[0] : undefined;
  }

  /** Appends a node, or a new one of that name, and returns it. Siblings have different names. */
  addChild(child: DtNode | string): DtNode {
    const node = typeof child === 'string' ? new DtNode(child) : child;
    invariant(node.parent === null, () => `${node.name} already has a parent`);
    invariant(
      !this.children.some(other => other.name === node.name),
      `${this.path} already has ${node.name}`,
    );
    node.parent = this;
    this.children.push(node);
    return node;
  }

  /** Takes a child out; it may be added elsewhere. */
  removeChild(child: DtNode): void {
    const index = this.children.indexOf(child);
    invariant(index >= 0, () => `${child.name} is not a child of ${this.path}`);
    this.children.splice(index, 1);
    child.parent = null;
  }

  /** Adds a property or replaces its value; a replaced one stays where it is in the order. */
  setProperty(name: string, value: Uint8Array, position?: SourcePosition): DtProperty {
    const property = new DtProperty(name, value, position);
    this.properties.set(name, property);
    return property;
  }

  /** This node and everything below it: parents first, children in order. */
  *walk(): Generator<DtNode> {
    const pending: DtNode[] = [this];
    for (let node = pending.pop(); node; node = pending.pop()) {
      yield node;
      for (let index = node.children.length - 1; index >= 0; index--) pending.push(node.children[index]!);
    }
  }
}

export class DeviceTree {
  /** Name of the input, for messages. */
  file: string;
  root: DtNode;
  memreserve: MemoryReservation[] = [];
  /** Hardware id (`'reg'`) of the CPU that boots, from the header. */
  bootCpuid = 0;
  /** Bytes of the .dtb that this tree came from (`totalsize` of its header). Linux reserves as many. */
  sourceBytes?: number;
  private phandleIndex: Map<number, DtNode> = new Map();
  private labelIndex: Map<string, DtNode> = new Map();

  constructor(file: string, root: DtNode = new DtNode('')) {
    this.file = file;
    this.root = root;
  }

  /**
   * The node at `/a/b`, or at `alias/b` where `/aliases` has `alias`; names as in {@link DtNode.child}.
   * Linux: drivers/of/base.c, of_find_node_opts_by_path() (v6.12).
   * Differs: options after a colon (`'stdout-path'`) are for the caller to cut off.
   */
  nodeByPath(path: string): DtNode | undefined {
    if (path.startsWith('/')) return this.below(path);
    const slash = path.indexOf('/');
    const alias = slash < 0 ? path : path.slice(0, slash);
    const target = this.pathIn('aliases', alias);
    return target?.startsWith('/') ? this.below(slash < 0 ? target : target + path.slice(slash)) : undefined;
  }

  /** The first node in tree order with that phandle. */
  nodeByPhandle(phandle: number): DtNode | undefined {
    const cached = this.phandleIndex.get(phandle);
    if (cached?.phandle === phandle && this.contains(cached)) return cached;
    this.phandleIndex = new Map();
    for (const node of this.root.walk()) {
      const own = node.phandle;
      if (own !== undefined && !this.phandleIndex.has(own)) this.phandleIndex.set(own, node);
    }
    return this.phandleIndex.get(phandle);
  }

  /** The node with that label: known for sources, and for binaries built with `dtc -@` (`/__symbols__`). */
  nodeByLabel(label: string): DtNode | undefined {
    const cached = this.labelIndex.get(label);
    if (cached?.labels.includes(label) && this.contains(cached)) return cached;
    this.labelIndex = new Map();
    for (const node of this.root.walk()) for (const own of node.labels) this.labelIndex.set(own, node);
    const found = this.labelIndex.get(label);
    if (found) return found;
    const symbol = this.pathIn('__symbols__', label);
    return symbol?.startsWith('/') ? this.below(symbol) : undefined;
  }

  private below(path: string): DtNode | undefined {
    let node: DtNode | undefined = this.root;
    for (const name of path.split('/')) if (name !== '') node = node?.child(name);
    return node;
  }

  private pathIn(table: string, name: string): string | undefined {
    const value = this.root.child(table)?.properties.get(name)?.value;
    return value && decodeUtf8(value).split('\0', 1)[0];
  }

  private contains(node: DtNode): boolean {
    let top = node;
    while (top.parent) top = top.parent;
    return top === this.root;
  }
}
