// SPDX-License-Identifier: GPL-2.0-only
/**
 * Merges an overlay into a tree, as `fdtoverlay` does before boot. Format: dtc's Documentation/dt-object-internal.txt
 * and Linux's Documentation/devicetree/overlay-notes.rst (v6.12): fragments with a `target-path`, phandles of the
 * overlay's own, which `__local_fixups__` finds.
 * Left out: targets and references by label or phandle (`__fixups__`); an overlay that has them is refused.
 */
import { inputError } from '../base/diagnostics.js';
import { stringOf } from './access.js';
import { encodeCells, readU32 } from './bytes.js';
import type { DeviceTree, DtNode } from './tree.js';

function largestPhandle(tree: DeviceTree): number {
  return Math.max(0, ...[...tree.root.walk()].map(node => node.phandle ?? 0));
}

/** The value with `shift` added to each cell that `offsets`, cells themselves, point at. */
function shiftCells(value: Uint8Array, offsets: readonly number[], shift: number): Uint8Array {
  const shifted = value.slice();
  for (const offset of offsets) shifted.set(encodeCells(readU32(value, offset) + shift), offset);
  return shifted;
}

function offsetsIn(fixups: DtNode | undefined, property: string): number[] {
  const value = fixups?.properties.get(property)?.value ?? new Uint8Array(0);
  return Array.from({ length: Math.floor(value.length / 4) }, (_, index) => readU32(value, 4 * index));
}

/** libfdt: fdt_overlay.c, overlay_apply_node(): a node that is new becomes the first of its parent's. */
function mergeNode(into: DtNode, from: DtNode, fixups: DtNode | undefined, shift: number): void {
  for (const { name, value, position } of from.properties.values()) {
    const offsets = name === 'phandle' ? [0] : offsetsIn(fixups, name);
    into.setProperty(name, shiftCells(value, offsets, shift), position);
  }
  for (const child of from.children) {
    let target = into.children.find(({ name }) => name === child.name);
    if (!target) {
      target = into.addChild(child.name);
      into.children.unshift(into.children.pop()!);
    }
    mergeNode(target, child, fixups?.child(child.name), shift);
  }
}

/** Changes `tree`. Throws an InputError where a fragment has no target in it. */
export function applyOverlay(tree: DeviceTree, overlay: DeviceTree): void {
  const where = { position: { file: overlay.file } };
  if (overlay.root.child('__fixups__')) {
    inputError('overlay-fixups', 'the overlay refers to labels of the tree (/__fixups__)', where);
  }
  const shift = largestPhandle(tree);
  for (const fragment of overlay.root.children) {
    const content = fragment.child('__overlay__');
    if (!content) continue;
    const path = stringOf(overlay, fragment, 'target-path');
    const target = path === undefined ? undefined : tree.nodeByPath(path);
    if (!target) {
      const message = path === undefined ? "no 'target-path'" : `${tree.file} has no node ${path}`;
      inputError('overlay-target', message, { ...where, path: fragment.path });
    }
    const fixups = overlay.root.child('__local_fixups__')?.child(fragment.name)?.child('__overlay__');
    mergeNode(target, content, fixups, shift);
  }
}
