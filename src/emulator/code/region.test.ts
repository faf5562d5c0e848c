// SPDX-License-Identifier: GPL-2.0-only
/** Regions of random branches: dominators by their definition, and that what is left can be structured. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { b } from '../isa/execute-branch.js';
import { Op } from '../isa/op.js';
import { nop } from '../isa/operands.js';
import { Block } from './block.js';
import { CodePage } from './code-cache.js';
import { type Node, Region } from './region.js';

const SPACING = 64;

/** A page with a block for each list of the blocks that it branches to; the last branch has no condition. */
function pageOf(graph: readonly (readonly number[])[]): CodePage {
  const page = new CodePage(0, 0);
  for (const [i, targets] of graph.entries()) {
    const ops = targets.map((target, at) => {
      const op = new Op(b);
      op.offset = i * SPACING + 4 * at;
      op.imm = target * SPACING - op.offset;
      op.last = at === targets.length - 1 ? 1 : 0;
      return op;
    });
    if (ops.length === 0) {
      const end = new Op(nop);
      end.offset = i * SPACING;
      end.last = 1;
      ops.push(end);
    }
    const block = new Block(ops, 4 * ops.length);
    block.runs = 1;
    page.arm[(i * SPACING) >>> 2] = block;
  }
  return page;
}

/** Blocks that are reached from the entry without `without`. */
function reached(region: Region, without: Node | null): Set<Node> {
  const seen = new Set<Node>();
  const waiting = without === region.entry ? [] : [region.entry];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const to of node.successors) if (to !== without) waiting.push(to);
  }
  return seen;
}

function dominators(node: Node): Set<Node> {
  const found = new Set<Node>([node]);
  for (let each = node; each.dominator !== each; each = each.dominator) found.add(each.dominator);
  return found;
}

const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain(count =>
    fc.array(fc.array(fc.nat({ max: count - 1 }), { maxLength: 4 }), { minLength: count, maxLength: count }),
  );

test('dominators are what their definition says, and branches backwards lead to one', () => {
  fc.assert(
    fc.property(graphs, graph => {
      const page = pageOf(graph);
      const region = new Region(page, false, page.arm[0]!, 1);
      const all = reached(region, null);
      assert.deepEqual(new Set(region.nodes), all);
      for (const node of region.nodes) {
        const without = reached(region, node);
        for (const other of region.nodes) {
          const dominated = !without.has(other);
          assert.equal(dominators(other).has(node), dominated, `${node.offset} and ${other.offset}`);
        }
        for (const to of node.successors) {
          if (to.order <= node.order) assert.ok(to.isLoop && dominators(node).has(to));
        }
        const forwards = region.nodes.flatMap(from =>
          from.successors.filter(to => to === node && to.order > from.order),
        );
        assert.equal(node.isMerge, forwards.length > 1);
        assert.equal(
          node.dominated.every(below => below.dominator === node),
          true,
        );
      }
    }),
    { numRuns: 500 },
  );
});

test('a branch into the middle of a loop leaves the region', () => {
  // 0 leads to 1 and 2, which lead to each other: neither dominates the other.
  const page = pageOf([[1, 2], [2], [1]]);
  const region = new Region(page, false, page.arm[0]!, 1);
  const edges = region.nodes.flatMap(({ offset, successors }) =>
    successors.map(to => [offset / SPACING, to.offset / SPACING]),
  );
  assert.equal(edges.length, 3);
  const [first, second] = region.nodes.slice(1);
  assert.equal(region.target(second!, first!.offset), undefined);
  assert.equal(region.target(first!, second!.offset), second);
});

test('blocks that were not run often enough stay outside', () => {
  const page = pageOf([[1, 2], [0], [0]]);
  page.arm[SPACING >>> 2]!.runs = 5;
  const region = new Region(page, false, page.arm[0]!, 5);
  assert.deepEqual(
    region.nodes.map(({ offset }) => offset / SPACING),
    [0, 1],
  );
});
