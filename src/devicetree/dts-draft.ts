// SPDX-License-Identifier: GPL-2.0-only
/**
 * Source on its way to a tree. The parser yields node bodies as they are written (`NodeSource`); later ones
 * add to and override earlier ones, and the result of that is the draft. The rules are those of dtc 1.7
 * (livetree.c, merge_nodes(), delete_node()), including two that surprise: in the first body of a node
 * `/delete-property/` does nothing, and what was deleted comes back in its old place among its siblings.
 */
import type { SourcePosition } from '../base/diagnostics.js';
import type { Problems } from './check.js';
import { MAX_LEVELS } from './tree.js';

/** `label`, `/path` or `label/path`, as it stands behind `&`. */
export interface Reference {
  readonly target: string;
  readonly position: SourcePosition;
}

/** As it was written: `&label` or `&{/path}`. */
export function describeReference({ target }: Reference): string {
  const shown = target.length > 60 ? `${target.slice(0, 60)}…` : target;
  return target.includes('/') ? `&{${shown}}` : `&${shown}`;
}

/** A piece of a value: bytes, some cells of which are to become phandles, or a node's path as a string. */
export type ValuePart =
  | { readonly bytes: Uint8Array; readonly phandles: readonly PhandleCell[] }
  | { readonly path: Reference };

export interface PhandleCell {
  /** Byte offset in the part. */
  readonly offset: number;
  readonly to: Reference;
}

export interface PropertySource {
  readonly name: string;
  readonly labels: readonly string[];
  /** Labels of places inside the value; they only have to be unique. */
  readonly valueLabels: readonly string[];
  readonly parts: readonly ValuePart[];
  readonly position: SourcePosition;
  /** Stands for `/delete-property/`. */
  readonly deleted: boolean;
}

export interface NodeSource {
  readonly name: string;
  readonly labels: readonly string[];
  readonly properties: readonly PropertySource[];
  readonly children: readonly NodeSource[];
  readonly position: SourcePosition;
  readonly deleted: boolean;
  readonly omitIfUnreferenced: boolean;
}

export interface DraftProperty {
  /** The last one of several. */
  source: PropertySource;
  /** Of all of them. */
  readonly labels: Set<string>;
  deleted: boolean;
}

export interface Draft {
  readonly name: string;
  /** Levels above this node; 0 for the root. */
  readonly depth: number;
  readonly parent: Draft | null;
  readonly labels: Set<string>;
  /** Deleted ones included, which keep their place. */
  readonly properties: Map<string, DraftProperty>;
  readonly children: Map<string, Draft>;
  readonly position: SourcePosition;
  deleted: boolean;
  omitIfUnreferenced: boolean;
}

/** Nodes and properties that deletions may visit in total; only made-up input comes near. */
const MAX_DELETION_STEPS = 10_000_000;

export class DraftTree {
  root: Draft | undefined;
  private readonly problems: Problems;
  /** Who has a label or had it. While bodies add up, an old and a new owner may both be there. */
  private readonly owners: Map<string, Set<Draft>> = new Map();
  private deletionSteps = 0;

  constructor(problems: Problems) {
    this.problems = problems;
  }

  /** A body for `/`: the first one makes the tree. */
  addRoot(source: NodeSource): void {
    if (this.root) this.merge(this.root, source);
    else this.root = this.create(source, null);
  }

  addLabels(draft: Draft, labels: readonly string[]): void {
    for (const label of labels) {
      draft.labels.add(label);
      const owners = this.owners.get(label);
      if (owners) owners.add(draft);
      else this.owners.set(label, new Set([draft]));
    }
  }

  find(target: string): Draft | undefined {
    const [first = '', ...names] = target.split('/');
    let draft = first === '' ? this.root : this.byLabel(first);
    for (const name of names) {
      if (name === '') continue;
      const child: Draft | undefined = draft?.children.get(name);
      draft = child?.deleted ? undefined : child;
    }
    return draft;
  }

  /** Adds `source` to what is there already; its properties replace those of the same name. */
  merge(draft: Draft, source: NodeSource): void {
    draft.deleted = false;
    this.addLabels(draft, source.labels);
    for (const property of source.properties) mergeProperty(draft, property);
    for (const child of source.children) {
      const old = draft.children.get(child.name);
      if (child.deleted) {
        if (old) this.delete(old);
      } else if (old) {
        this.merge(old, child);
      } else {
        draft.children.set(child.name, this.create(child, draft));
      }
    }
  }

  delete(draft: Draft): void {
    if (draft.deleted) return;
    this.deletionSteps += 1 + draft.properties.size + draft.children.size;
    if (this.deletionSteps > MAX_DELETION_STEPS) {
      this.problems.fail('dts-too-large', 'too many deletions of large nodes', draft.position);
    }
    draft.deleted = true;
    draft.labels.clear();
    for (const child of draft.children.values()) this.delete(child);
    for (const property of draft.properties.values()) deleteProperty(property);
  }

  private create(source: NodeSource, parent: Draft | null): Draft {
    const draft: Draft = {
      name: source.name,
      depth: parent ? parent.depth + 1 : 0,
      parent,
      labels: new Set(),
      properties: new Map(),
      children: new Map(),
      position: source.position,
      deleted: source.deleted,
      omitIfUnreferenced: source.omitIfUnreferenced,
    };
    if (draft.depth >= MAX_LEVELS) {
      const message = `nodes are nested deeper than ${MAX_LEVELS} levels, which Linux does not take`;
      this.problems.fail('dts-nesting', message, source.position);
    }
    if (!source.deleted) this.addLabels(draft, source.labels);
    for (const property of source.properties) this.createProperty(draft, property);
    for (const child of source.children) this.createChild(draft, child);
    return draft;
  }

  private createProperty(draft: Draft, property: PropertySource): void {
    const old = draft.properties.get(property.name);
    if (!old || old.deleted) addProperty(draft, property);
    else if (!property.deleted) this.reportDuplicate('property', draft, property, old.source);
  }

  private createChild(draft: Draft, child: NodeSource): void {
    const old = draft.children.get(child.name);
    if (!old) draft.children.set(child.name, this.create(child, draft));
    else if (old.deleted) {
      if (!child.deleted) this.merge(old, child);
    } else if (child.deleted) this.reportOwnDeletion(draft, child);
    else this.reportDuplicate('node', draft, child, old);
  }

  /** dtc takes the deletion for a second node of that name. */
  private reportOwnDeletion(draft: Draft, { name, position }: NodeSource): void {
    const message = `'${name}' cannot be deleted in the body that defines it`;
    this.problems.error('delete-in-first-body', message, { position, path: draftPath(draft) });
  }

  private reportDuplicate(
    what: 'node' | 'property',
    draft: Draft,
    duplicate: { readonly name: string; readonly position: SourcePosition },
    first: { readonly position: SourcePosition },
  ): void {
    const { file, line, column } = first.position;
    this.problems.error(`duplicate-${what}`, `the node already has a ${what} of that name`, {
      position: duplicate.position,
      path: `${draftPath(draft)}${what === 'property' ? ':' : draft.parent ? '/' : ''}${duplicate.name}`,
      notes: [`the first one is at ${file}:${line}:${column}`],
    });
  }

  private byLabel(label: string): Draft | undefined {
    const owners = this.owners.get(label) ?? [];
    for (const draft of owners) {
      if (draft.labels.has(label)) return draft;
      this.owners.get(label)?.delete(draft);
    }
    return undefined;
  }
}

function mergeProperty(draft: Draft, property: PropertySource): void {
  const old = draft.properties.get(property.name);
  if (!old) {
    if (!property.deleted) addProperty(draft, property);
  } else if (property.deleted) {
    deleteProperty(old);
  } else {
    old.source = property;
    old.deleted = false;
    for (const label of property.labels) old.labels.add(label);
  }
}

function addProperty(draft: Draft, source: PropertySource): void {
  const { name, labels, deleted } = source;
  draft.properties.set(name, { source, labels: new Set(labels), deleted });
}

function deleteProperty(property: DraftProperty): void {
  property.deleted = true;
  property.labels.clear();
}

export function draftPath(draft: Draft): string {
  let path = '';
  for (let node = draft; node.parent; node = node.parent) path = `/${node.name}${path}`;
  return path || '/';
}
