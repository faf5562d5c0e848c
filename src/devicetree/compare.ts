// SPDX-License-Identifier: GPL-2.0-only
/**
 * What differs between two trees, for people and for tests. The order of children counts, since Linux takes
 * nodes in that order (memory regions, devices to probe); the order of a node's properties does not, and
 * labels, positions and notation are not part of a tree's meaning.
 */
import { equalBytes } from './bytes.js';
import type { DeviceTree, DtNode } from './tree.js';

/** One line per difference, beginning with the path; none where the trees are equivalent. */
export function compareTrees(a: DeviceTree, b: DeviceTree): string[] {
  const differences: string[] = [];
  if (a.bootCpuid !== b.bootCpuid) differences.push(`boot CPU: ${a.bootCpuid} and ${b.bootCpuid}`);
  const [reservedA, reservedB] = [a, b].map(tree =>
    tree.memreserve.map(({ address, size }) => `0x${address.toString(16)}+0x${size.toString(16)}`).join(' '),
  );
  if (reservedA !== reservedB) differences.push(`/memreserve/: [${reservedA}] and [${reservedB}]`);
  const pending: [DtNode, DtNode][] = [[a.root, b.root]];
  for (let pair = pending.pop(); pair; pair = pending.pop()) {
    const [left, right] = pair;
    compareProperties(left, right, differences);
    const common = compareChildren(left, right, differences);
    for (const child of common.reverse()) pending.push(child);
  }
  return differences;
}

function compareProperties(left: DtNode, right: DtNode, differences: string[]): void {
  for (const [name, { value }] of left.properties) {
    const other = right.properties.get(name)?.value;
    if (!other) differences.push(`${left.path}:${name}: only in the first`);
    else if (!equalBytes(value, other)) {
      differences.push(`${left.path}:${name}: [${hexOf(value)}] and [${hexOf(other)}]`);
    }
  }
  for (const name of right.properties.keys()) {
    if (!left.properties.has(name)) differences.push(`${right.path}:${name}: only in the second`);
  }
}

/** Returns the children that both have. */
function compareChildren(left: DtNode, right: DtNode, differences: string[]): [DtNode, DtNode][] {
  const others = new Map(right.children.map(child => [child.name, child]));
  const common: [DtNode, DtNode][] = [];
  for (const child of left.children) {
    const other = others.get(child.name);
    if (other) common.push([child, other]);
    else differences.push(`${child.path}: only in the first`);
    others.delete(child.name);
  }
  for (const child of others.values()) differences.push(`${child.path}: only in the second`);
  const ordered = new Set(common.map(([, other]) => other));
  const order = right.children.filter(child => ordered.has(child));
  const moved = common.findIndex(([, other], index) => order[index] !== other);
  if (moved >= 0) differences.push(`${common[moved]![0].path}: at another place among its siblings`);
  return common;
}

function hexOf(value: Uint8Array): string {
  const shown = Buffer.from(value.subarray(0, 32)).toString('hex');
  return value.length > 32 ? `${shown}… (${value.length} bytes)` : shown;
}
