// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a CPU node states about its caches. Described in the Devicetree Specification v0.4, section 3.8: sizes in
 * bytes, 'd-cache-sets', 'd-cache-line-size'; a shared cache is a node of its own, named by 'next-level-cache'.
 * Linux does not read any of it on 32-bit ARM, so trees may be wrong unnoticed: a size that no cache can have is
 * ignored with a note. The line length is taken from the core.
 */
import { formatSize } from '../base/address.js';
import type { Diagnostic } from '../base/diagnostics.js';
import { readU32 } from '../devicetree/bytes.js';
import type { DeviceTree, DtNode } from '../devicetree/tree.js';
import { divide } from '../hw/cache/geometry.js';
import type { CoreFacts, MachineFacts } from '../hw/facts.js';

export type StatedCaches = Pick<
  MachineFacts,
  'dataCacheBytes' | 'dataCacheWays' | 'instructionCacheBytes' | 'l2Bytes'
>;

/** Nothing where there is no node. What is ignored is appended to `diagnostics`. */
export function statedCaches(
  tree: DeviceTree,
  node: DtNode | undefined,
  core: CoreFacts,
  diagnostics: Diagnostic[],
): StatedCaches {
  if (node === undefined || core.cache === 'none') return {};
  const size = (at: DtNode, property: string): number | undefined => {
    const bytes = cellOf(at, property);
    if (bytes !== undefined && divide(bytes, core.lineBytes, 1) !== null) return bytes;
    if (at.properties.has(property)) diagnostics.push(badSize(tree, at, property, bytes, core));
    return undefined;
  };
  const dataCacheBytes = size(node, 'd-cache-size');
  const instructionCacheBytes = size(node, 'i-cache-size');
  const phandle = core.integratedL2 ? cellOf(node, 'next-level-cache') : undefined;
  const next = phandle === undefined ? undefined : tree.nodeByPhandle(phandle);
  const l2Bytes = next && size(next, 'cache-size');
  const ways = dataCacheBytes && statedWays(node, dataCacheBytes, core);
  return {
    ...(dataCacheBytes && { dataCacheBytes }),
    ...(ways && { dataCacheWays: ways }),
    ...(instructionCacheBytes && { instructionCacheBytes }),
    ...(l2Bytes && { l2Bytes }),
  };
}

/** Size by sets by line, in the tree's own line length if it states one; undefined where that is no cache. */
function statedWays(node: DtNode, bytes: number, core: CoreFacts): number | undefined {
  const sets = cellOf(node, 'd-cache-sets');
  const line = cellOf(node, 'd-cache-line-size') ?? core.lineBytes;
  if (!sets || !line) return undefined;
  const ways = bytes / (sets * line);
  return divide(bytes, core.lineBytes, ways)?.ways === ways ? ways : undefined;
}

/** The first cell; undefined where there is none. These properties must not make a tree unusable. */
function cellOf(node: DtNode, property: string): number | undefined {
  const value = node.properties.get(property)?.value;
  return value === undefined || value.length < 4 ? undefined : readU32(value, 0);
}

function badSize(
  tree: DeviceTree,
  node: DtNode,
  property: string,
  bytes: number | undefined,
  core: CoreFacts,
): Diagnostic {
  return {
    severity: 'note',
    id: 'cache-size-ignored',
    message:
      bytes === undefined
        ? 'one 32-bit cell is expected; ignored'
        : `no cache with lines of ${core.lineBytes} bytes in up to 64 ways has ${formatSize(bytes)}; ignored`,
    position: node.position ?? { file: tree.file },
    path: `${node.path}:${property}`,
  };
}
