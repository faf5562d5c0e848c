// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which interrupts a node has: 'interrupts' or 'interrupts-extended', through the maps of buses in between.
 * Linux: drivers/of/irq.c, of_irq_parse_one() and of_irq_parse_raw() (v6.12). Devicetree Specification v0.4, 2.4.
 */
import { inputError } from '../../base/diagnostics.js';
import { addressCells, u32Of, u32sOf } from '../../devicetree/access.js';
import type { DeviceTree, DtNode } from '../../devicetree/tree.js';

export interface Interrupt {
  readonly controller: DtNode;
  /** As many as the controller's '#interrupt-cells' says. */
  readonly cells: readonly number[];
}

/** Buses in one another's maps: more than any tree has, fewer than a loop. */
const MOST_MAPS = 16;

export function interruptsOf(tree: DeviceTree, node: DtNode): Interrupt[] {
  const extended = u32sOf(tree, node, 'interrupts-extended');
  if (extended.length > 0) return extendedInterrupts(tree, node, extended);
  const cells = u32sOf(tree, node, 'interrupts');
  if (cells.length === 0) return [];
  const parent = interruptParent(tree, node);
  const width = parent && interruptCells(tree, parent);
  if (parent === undefined || !width)
    return wrong(tree, node, 'interrupts', 'no interrupt controller is found above');
  const unit = u32sOf(tree, node, 'reg');
  const found: Interrupt[] = [];
  for (let at = 0; at + width <= cells.length; at += width) {
    const interrupt = throughMaps(tree, node, parent, unit, cells.slice(at, at + width));
    if (interrupt !== null) found.push(interrupt);
  }
  return found;
}

function extendedInterrupts(tree: DeviceTree, node: DtNode, cells: readonly number[]): Interrupt[] {
  const found: Interrupt[] = [];
  for (let at = 0; at < cells.length; ) {
    const controller = tree.nodeByPhandle(cells[at]!);
    const width = controller && interruptCells(tree, controller);
    if (controller === undefined || width === undefined) {
      return wrong(tree, node, 'interrupts-extended', `no controller has the phandle ${cells[at]}`);
    }
    found.push({ controller, cells: cells.slice(at + 1, at + 1 + width) });
    at += 1 + width;
  }
  return found;
}

function interruptCells(tree: DeviceTree, node: DtNode): number | undefined {
  return u32Of(tree, node, '#interrupt-cells');
}

function interruptParent(tree: DeviceTree, start: DtNode): DtNode | undefined {
  let node: DtNode | null | undefined = start;
  // Bounded: 'interrupt-parent' may lead in a circle.
  for (let steps = 0; node && steps < 64; steps++) {
    const phandle: number | undefined = u32Of(tree, node, 'interrupt-parent');
    node = phandle === undefined ? node.parent : tree.nodeByPhandle(phandle);
    if (node?.properties.has('#interrupt-cells')) return node;
  }
  return undefined;
}

/** Null: a map on the way has no entry for it. */
function throughMaps(
  tree: DeviceTree,
  node: DtNode,
  first: DtNode,
  unit: readonly number[],
  own: readonly number[],
): Interrupt | null {
  let controller = first;
  let address = unit;
  let cells = own;
  for (let steps = 0; steps < MOST_MAPS; steps++) {
    const map = u32sOf(tree, controller, 'interrupt-map');
    if (map.length === 0) return { controller, cells };
    const addressWidth = addressCells(controller);
    const width = addressWidth + cells.length;
    const mask = u32sOf(tree, controller, 'interrupt-map-mask');
    const wanted = [...Array.from({ length: addressWidth }, (_, i) => address[i] ?? 0), ...cells];
    const entry = findEntry(
      tree,
      map,
      width,
      cell => ((wanted[cell] ?? 0) & (mask[cell] ?? 0xffff_ffff)) >>> 0,
      mask,
    );
    if (entry === null) return null;
    controller = entry.controller;
    address = entry.address;
    cells = entry.cells;
  }
  return wrong(tree, node, 'interrupts', 'the maps of its buses lead in a circle');
}

interface MapEntry {
  readonly controller: DtNode;
  readonly address: readonly number[];
  readonly cells: readonly number[];
}

function findEntry(
  tree: DeviceTree,
  map: readonly number[],
  width: number,
  wanted: (cell: number) => number,
  mask: readonly number[],
): MapEntry | null {
  for (let at = 0; at + width < map.length; ) {
    const controller = tree.nodeByPhandle(map[at + width]!);
    if (controller === undefined) return null;
    // The parent's address cells count only where it says them. Linux: of_irq_parse_raw().
    const parentAddress = u32Of(tree, controller, '#address-cells') ?? 0;
    const parentCells = interruptCells(tree, controller) ?? 0;
    const behind = at + width + 1;
    const matches = Array.from({ length: width }, (_, cell) => cell).every(
      cell => (map[at + cell]! & (mask[cell] ?? 0xffff_ffff)) >>> 0 === wanted(cell),
    );
    if (matches) {
      return {
        controller,
        address: map.slice(behind, behind + parentAddress),
        cells: map.slice(behind + parentAddress, behind + parentAddress + parentCells),
      };
    }
    at = behind + parentAddress + parentCells;
  }
  return null;
}

function wrong(tree: DeviceTree, node: DtNode, property: string, message: string): never {
  return inputError('bad-interrupt', message, {
    position: { file: tree.file },
    path: `${node.path}:${property}`,
  });
}
