// SPDX-License-Identifier: GPL-2.0-only
/**
 * The last step of reading source: the draft becomes a tree, references become phandles and paths, and nodes
 * under `/omit-if-no-ref/` that nothing refers to go away. Phandles are given out as dtc 1.7 does
 * (livetree.c, get_node_phandle()): the lowest number from 1 on that is free, in the order in which the tree
 * first refers to the nodes. Circles of references need no care: each is resolved once.
 * Left out: dtc guesses the boot CPU from the first node in `/cpus`; here it is 0, as in a kernel's build,
 * which passes `-b 0`. ARM does not use it.
 */
import { concatBytes, encodeCells, storeU32 } from './bytes.js';
import { checkTree, type Problems } from './check.js';
import {
  type Draft,
  type DraftProperty,
  type DraftTree,
  describeReference,
  draftPath,
  type Reference,
  type ValuePart,
} from './dts-draft.js';
import { DeviceTree, DtNode, DtProperty, type MemoryReservation } from './tree.js';

/** Bytes of all values together: a short reference may stand for a long path, many times. */
const MAX_VALUE_BYTES: number = 16 * 1024 * 1024;

/** The finished tree. Throws an InputError with everything in `problems`, old and new. */
export function resolveDraft(
  draft: DraftTree,
  file: string,
  memreserve: MemoryReservation[],
  problems: Problems,
): DeviceTree {
  const tree = new Resolver(draft, problems).resolve(file);
  tree.memreserve = memreserve;
  checkTree(tree, problems);
  problems.throwIfAny();
  return tree;
}

interface Unresolved {
  readonly node: DtNode;
  readonly property: DtProperty;
  readonly parts: readonly ValuePart[];
}

class Resolver {
  private readonly drafts: DraftTree;
  private readonly problems: Problems;
  private readonly nodes: Map<Draft, DtNode> = new Map();
  private readonly unresolved: Unresolved[] = [];
  private readonly omittable: DtNode[] = [];
  private readonly referenced: Set<DtNode> = new Set();
  private readonly phandles: Map<DtNode, number> = new Map();
  private readonly usedPhandles: Set<number> = new Set();
  private nextPhandle = 1;
  private readonly labelOwners: Map<string, string> = new Map();
  private valueBytes = 0;

  constructor(drafts: DraftTree, problems: Problems) {
    this.drafts = drafts;
    this.problems = problems;
  }

  resolve(file: string): DeviceTree {
    const root = this.build(this.drafts.root!);
    const tree = new DeviceTree(file, root);
    this.collectPhandles(root);
    for (const { property, parts } of this.unresolved) {
      property.value = this.joined(
        parts.map(part => this.resolvePart(part)),
        property,
      );
    }
    for (const node of this.omittable) {
      if (!this.referenced.has(node)) node.parent?.removeChild(node);
    }
    return tree;
  }

  private build(draft: Draft): DtNode {
    const node = new DtNode(draft.name, draft.position);
    this.nodes.set(draft, node);
    if (draft.omitIfUnreferenced) this.omittable.push(node);
    for (const label of draft.labels) {
      node.labels.push(label);
      this.claimLabel(label, draftPath(draft), draft.position);
    }
    for (const property of draft.properties.values()) {
      if (!property.deleted) this.buildProperty(draft, node, property);
    }
    for (const childDraft of draft.children.values()) {
      if (childDraft.deleted) continue;
      const child = this.build(childDraft);
      child.parent = node;
      node.children.push(child);
    }
    return node;
  }

  private buildProperty(draft: Draft, node: DtNode, { source, labels }: DraftProperty): void {
    const { name, parts, position, valueLabels } = source;
    const property = new DtProperty(name, new Uint8Array(0), position);
    for (const label of labels) property.labels.push(label);
    node.properties.set(name, property);
    const needsReferences = parts.some(part => 'path' in part || part.phandles.length > 0);
    if (needsReferences) this.unresolved.push({ node, property, parts });
    else
      property.value = this.joined(
        parts.map(part => ('bytes' in part ? part.bytes : new Uint8Array(0))),
        property,
      );
    for (const label of [...labels, ...valueLabels]) {
      this.claimLabel(label, `${draftPath(draft)}:${name}`, position);
    }
  }

  private claimLabel(label: string, owner: string, position: Reference['position']): void {
    const first = this.labelOwners.get(label);
    if (first === undefined) this.labelOwners.set(label, owner);
    else if (first !== owner) {
      this.problems.error('duplicate-label', `the label '${label}' is already that of ${first}`, {
        position,
        path: owner,
      });
    }
  }

  /** The phandles that the source gives in numbers; `phandle = <&self>` asks for an automatic one. */
  private collectPhandles(root: DtNode): void {
    for (const node of root.walk()) {
      const { phandle } = node;
      if (phandle === undefined || phandle === 0 || phandle === 0xffffffff) continue;
      this.phandles.set(node, phandle);
      this.usedPhandles.add(phandle);
    }
  }

  private resolvePart(part: ValuePart): Uint8Array {
    if ('path' in part) {
      const path = this.target(part.path)?.path ?? '';
      this.account(path.length, part.path);
      return new Uint8Array(Buffer.from(`${path}\0`, 'latin1'));
    }
    for (const { offset, to } of part.phandles) {
      const target = this.target(to);
      if (target) storeU32(part.bytes, offset, this.phandleFor(target));
    }
    return part.bytes;
  }

  private target(reference: Reference): DtNode | undefined {
    const draft = this.drafts.find(reference.target);
    const node = draft && this.nodes.get(draft);
    if (node) this.referenced.add(node);
    else {
      const message = `there is no node ${describeReference(reference)} to refer to`;
      this.problems.error('reference-unresolved', message, { position: reference.position });
    }
    return node;
  }

  private phandleFor(node: DtNode): number {
    const known = this.phandles.get(node);
    if (known !== undefined) return known;
    while (this.usedPhandles.has(this.nextPhandle)) this.nextPhandle++;
    const phandle = this.nextPhandle++;
    this.phandles.set(node, phandle);
    if (!node.properties.has('phandle')) node.setProperty('phandle', encodeCells(phandle));
    return phandle;
  }

  private joined(parts: readonly Uint8Array[], property: DtProperty): Uint8Array {
    const bytes = parts.length === 1 ? parts[0]! : concatBytes(parts);
    this.account(bytes.length, property);
    return bytes;
  }

  private account(bytes: number, where: { readonly position?: Reference['position'] }): void {
    this.valueBytes += bytes;
    if (this.valueBytes <= MAX_VALUE_BYTES) return;
    const message = `the values together exceed ${MAX_VALUE_BYTES} bytes`;
    this.problems.fail('dts-too-large', message, where.position ?? { file: '' });
  }
}
