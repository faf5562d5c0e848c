// SPDX-License-Identifier: GPL-2.0-only
/**
 * The memory of the unpacked device tree and of its aliases. Linux: drivers/of/fdt.c, unflatten_device_tree(),
 * unflatten_dt_nodes(); drivers/of/base.c, of_alias_scan() (v6.12; 6.1 has smaller properties).
 * Only its size counts: the model reads the tree itself.
 */
import { alignUp } from '../../../base/address.js';
import { bytesOf } from '../../../devicetree/access.js';
import { decodeUtf8 } from '../../../devicetree/bytes.js';
import type { DeviceTree, DtNode } from '../../../devicetree/tree.js';
import type { KernelConfig } from '../../config.js';
import type { Kernel } from '../../kernel.js';
import { of_fdt_device_is_available } from './fdt.js';
import { fdt_scan_reserved_mem_reg_nodes } from './of_reserved_mem.js';

/** Alignment of everything in it, and of an alias. */
const WORD = 4;

/** sizeof(struct alias_prop) without its name. */
const ALIAS_BYTES = 20;

function hasKobjects(config: KernelConfig): boolean {
  return config.isEnabled('OF_KOBJ');
}

/** sizeof(struct device_node): 72 bytes, and a kobject of 36. Linux: include/linux/of.h (v6.12, v6.1). */
function nodeBytes(config: KernelConfig): number {
  return hasKobjects(config) ? 108 : 72;
}

/**
 * sizeof(struct property): four words, flags with OF_DYNAMIC, and a bin_attribute, which got llseek() in 6.8.
 * Linux: include/linux/of.h, include/linux/sysfs.h (v6.12, v6.1).
 */
function propertyBytes(config: KernelConfig): number {
  const flags = config.isEnabled('OF_DYNAMIC') ? 4 : 0;
  const attribute = config.atLeast('6.12') ? 36 : 32;
  return 16 + flags + (hasKobjects(config) ? attribute : 0);
}

/**
 * The seed of the random number generator is taken out of the tree when it has been used. Linux: drivers/of/fdt.c,
 * early_init_dt_scan_chosen().
 */
function isTakenOut(node: DtNode, property: string): boolean {
  const value = node.properties.get(property)?.value;
  return property === 'rng-seed' && node.path === '/chosen' && value !== undefined && value.length > 0;
}

/** Nodes in the order of the blob; without kobjects those that are not available are left out, but not their children. */
export function unflattenedBytes(tree: DeviceTree, config: KernelConfig): number {
  let bytes = 0;
  const take = (size: number): void => {
    bytes = alignUp(bytes, WORD) + size;
  };
  for (const node of tree.root.walk()) {
    if (!hasKobjects(config) && !of_fdt_device_is_available(node)) continue;
    take(nodeBytes(config) + utf8Bytes(node.name) + 1);
    for (const name of node.properties.keys()) if (!isTakenOut(node, name)) take(propertyBytes(config));
    // The name without the unit address becomes a property.
    if (!node.properties.has('name')) take(propertyBytes(config) + utf8Bytes(node.name.split('@')[0]!) + 1);
  }
  return alignUp(bytes, WORD);
}

function utf8Bytes(text: string): number {
  return Buffer.byteLength(text);
}

/** Takes the memory; 6.12 starts the regions of '/reserved-memory' that have an address only here. */
export function unflatten_device_tree(k: Kernel): void {
  if (k.config.atLeast('6.12')) fdt_scan_reserved_mem_reg_nodes(k);
  // A mark of its end follows.
  k.memblock.memblock_alloc(unflattenedBytes(k.board.tree, k.config) + 4, WORD);
  of_alias_scan(k);
}

/** A record for each alias that ends in a number and leads to a node. */
function of_alias_scan(k: Kernel): void {
  const { tree } = k.board;
  const aliases = tree.root.child('aliases');
  if (!aliases) return;
  for (const name of aliases.properties.keys()) {
    if (name === 'name' || name === 'phandle' || name === 'linux,phandle') continue;
    const stem = name.replace(/[0-9]+$/, '');
    if (stem === name || !leadsToNode(k, aliases, name)) continue;
    k.memblock.memblock_alloc(ALIAS_BYTES + utf8Bytes(stem) + 1, WORD);
  }
}

/**
 * The path is read up to a NUL and has no type: without a value (`i2c0;`) it is empty, since what follows a value in
 * the blob begins with a NUL, and no node has an empty path. Linux: drivers/of/base.c, of_find_node_opts_by_path().
 */
function leadsToNode(k: Kernel, aliases: DtNode, name: string): boolean {
  const { tree } = k.board;
  const [path = ''] = decodeUtf8(bytesOf(tree, aliases, name)!).split('\0', 1);
  return tree.nodeByPath(path.split(':', 1)[0]!) !== undefined;
}
