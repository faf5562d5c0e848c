// SPDX-License-Identifier: GPL-2.0-only
/**
 * What becomes one function: the blocks of one page that are reached from a hot one by direct branches, as a graph that
 * structured code can express. Blocks that were hardly ever run stay outside; a branch to them leaves the region.
 *
 * The graph is put in order as in N. Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to
 * Structured Control Flow" (ICFP 2022): reverse postorder, dominators (Cooper, Harvey and Kennedy, "A Simple, Fast
 * Dominance Algorithm", 2001). A branch backwards to a block that does not dominate its source cannot be structured and
 * leaves the region as well.
 */
import { b, cbz } from '../isa/execute-branch.js';
import type { Op } from '../isa/op.js';
import type { Block } from './block.js';
import type { CodePage } from './code-cache.js';

/**
 * A region has at most so many blocks, and begins no further one beyond so many instructions: with the last one fewer than
 * the 1024 that a site has places for (`translations.ts`).
 */
const MOST_BLOCKS = 48;
const MOST_OPS = 600;

export class Node {
  readonly block: Block;
  /** Of its first instruction in the page. */
  readonly offset: number;
  /** Index of its first instruction among all of the region. */
  readonly firstSite: number;
  /** Place in reverse postorder; -1: not reached. */
  order = -1;
  /** Immediate dominator; its own for the entry. */
  dominator: Node = this;
  readonly dominated: Node[] = [];
  /** A branch backwards leads here. */
  isLoop = false;
  /** More than one branch forwards leads here. */
  isMerge = false;
  /** Blocks that may follow. */
  successors: Node[] = [];

  constructor(block: Block, firstSite: number) {
    this.block = block;
    this.offset = block.ops[0]!.offset;
    this.firstSite = firstSite;
  }
}

/** Where a direct branch leads, in the page of its block; undefined: it is no direct branch. May be outside the page. */
export function branchTarget(op: Op): number | undefined {
  return op.execute === b || op.execute === cbz ? op.offset + op.imm : undefined;
}

/** Where execution goes on behind a block that does not end with a branch; undefined: it does, or in an IT block. */
export function fallsTo(block: Block): number | undefined {
  const end = block.ops[block.ops.length - 1]!;
  return end.last === 1 || end.itNext !== 0 ? undefined : end.offset + end.length;
}

export class Region {
  readonly page: CodePage;
  /** T32. */
  readonly thumb: boolean;
  readonly entry: Node;
  /** In reverse postorder. */
  nodes: Node[] = [];
  private readonly byOffset: Map<number, Node> = new Map();
  /** For each site its block. */
  private readonly sites: Node[] = [];

  /** `wanted`: how often a block must have been run to be a part of it. */
  constructor(page: CodePage, thumb: boolean, first: Block, wanted: number) {
    this.page = page;
    this.thumb = thumb;
    this.entry = this.collect(first, wanted);
    for (const node of this.byOffset.values()) this.connect(node);
    while (this.arrange());
    this.nodes = this.nodes.filter(({ order }) => order >= 0);
    for (const node of this.nodes) {
      for (let i = 0; i < node.block.ops.length; i++) this.sites[node.firstSite + i] = node;
      if (node !== this.entry) node.dominator.dominated.push(node);
      for (const to of node.successors) if (to.order <= node.order) to.isLoop = true;
    }
    const forwards = new Map<Node, number>();
    for (const node of this.nodes) {
      for (const to of node.successors) {
        if (to.order > node.order) forwards.set(to, (forwards.get(to) ?? 0) + 1);
      }
    }
    for (const [node, count] of forwards) node.isMerge = count > 1;
  }

  /** The block of an instruction, by its place among all of the region. */
  nodeAt(site: number): Node {
    return this.sites[site]!;
  }

  /** The block to which `from` may branch at `offset`; undefined: such a branch leaves the region. */
  target(from: Node, offset: number): Node | undefined {
    const to = this.byOffset.get(offset);
    return to !== undefined && from.successors.includes(to) ? to : undefined;
  }

  private collect(first: Block, wanted: number): Node {
    const entry = new Node(first, 0);
    this.byOffset.set(entry.offset, entry);
    let sites = first.ops.length;
    const waiting = [entry];
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
      for (const offset of successorOffsets(node.block)) {
        if (this.byOffset.size >= MOST_BLOCKS || sites > MOST_OPS) return entry;
        if (offset < 0 || offset >= 4096 || this.byOffset.has(offset)) continue;
        const block = this.thumb ? this.page.thumb[offset >>> 1] : this.page.arm[offset >>> 2];
        if (block === undefined || block.runs < wanted) continue;
        const next = new Node(block, sites);
        sites += block.ops.length;
        this.byOffset.set(offset, next);
        waiting.push(next);
      }
    }
    return entry;
  }

  /** A block that branches to one place twice has two branches there. */
  private connect(node: Node): void {
    for (const offset of successorOffsets(node.block)) {
      const to = this.byOffset.get(offset);
      if (to !== undefined) node.successors.push(to);
    }
  }

  /** Finds order and dominators. True: a branch had to be taken out, and both must be found again. */
  private arrange(): boolean {
    this.findOrder();
    this.findDominators();
    let removed = false;
    for (const node of this.nodes) {
      const kept = node.successors.filter(to => to.order > node.order || dominates(to, node));
      if (kept.length !== node.successors.length) {
        node.successors = kept;
        removed = true;
      }
    }
    return removed;
  }

  private findOrder(): void {
    const postorder: Node[] = [];
    const seen = new Set<Node>([this.entry]);
    const path: { node: Node; next: number }[] = [{ node: this.entry, next: 0 }];
    for (let top = path[0]; top !== undefined; top = path[path.length - 1]) {
      const to = top.node.successors[top.next++];
      if (to === undefined) {
        postorder.push(top.node);
        path.pop();
      } else if (!seen.has(to)) {
        seen.add(to);
        path.push({ node: to, next: 0 });
      }
    }
    for (const node of this.byOffset.values()) node.order = -1;
    this.nodes = postorder.reverse();
    for (const [order, node] of this.nodes.entries()) node.order = order;
  }

  private findDominators(): void {
    const known = new Set<Node>([this.entry]);
    this.entry.dominator = this.entry;
    for (let changed = true; changed; ) {
      changed = false;
      for (const from of this.nodes) {
        if (!known.has(from)) continue;
        for (const to of from.successors) {
          if (to === this.entry) continue;
          const dominator = known.has(to) ? common(to.dominator, from) : from;
          if (known.has(to) && dominator === to.dominator) continue;
          known.add(to);
          to.dominator = dominator;
          changed = true;
        }
      }
    }
  }
}

function successorOffsets(block: Block): number[] {
  const found: number[] = [];
  for (const op of block.ops) {
    const target = branchTarget(op);
    if (target !== undefined) found.push(target);
  }
  const next = fallsTo(block);
  if (next !== undefined) found.push(next);
  return found;
}

function common(a: Node, b: Node): Node {
  let one = a;
  let other = b;
  while (one !== other) {
    if (one.order > other.order) one = one.dominator;
    else other = other.dominator;
  }
  return one;
}

function dominates(a: Node, b: Node): boolean {
  let node = b;
  while (node.order > a.order) node = node.dominator;
  return node === a;
}
