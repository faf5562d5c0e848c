// SPDX-License-Identifier: GPL-2.0-only
/** Boots a design's kernel on the board of a cache kind, with somebody watching from the first instruction. */
import { invariant } from '../../base/diagnostics.js';
import { Board } from '../../board/board.js';
import type { Design } from '../../designs/design.js';
import { parseDts } from '../../devicetree/load.js';
import { Machine } from '../../hw/machine.js';
import type { Observer } from '../../hw/observer.js';
import { of_reserved_mem_device_init, platform_dma_configure } from '../../linux/drivers/of/device.js';
import { device } from '../../linux/include/linux/device.js';
import { start_kernel } from '../../linux/init/main.js';
import { Kernel } from '../../linux/kernel.js';
import { type PreparedBoard, prepareBoard } from '../job.js';
import { type CacheKind, type Contiguous, commandLine, treeSource } from './kinds.js';

/** Noise: what no program writes. */
const NOISE = 0x5a;

export function prepareKind(kind: CacheKind, contiguous: Contiguous): PreparedBoard {
  const name = `${kind.id}.dts`;
  const board = new Board(kind.id, parseDts(treeSource(kind), name), kind.hardware);
  const prepared = prepareBoard(board, {
    path: name,
    preset: kind.preset,
    baseline: '6.12',
    cmdline: commandLine(kind, contiguous),
    designs: [],
  });
  return { ...prepared, config: prepared.config.with(kind.symbols ?? {}) };
}

/** Why the design cannot be built for the kind; null where it can. */
export function refusal(kind: CacheKind, design: Design): string | null {
  return design.refuse(prepareKind(kind, 'lowmem').config);
}

/** The kernel of `design`; `observe` is asked for an observer before anything happens. */
export function bootKind(prepared: PreparedBoard, design: Design, observe: (k: Kernel) => Observer): Kernel {
  const { board, bootLoader, banks } = prepared;
  const machine = new Machine(board.machineFacts(), banks);
  for (const { start, end } of banks) machine.ram.fill(start, end - start, NOISE);
  const config = prepared.config.with(design.kconfig(prepared.config.version));
  const k = new Kernel(machine, board, bootLoader, config, design.hooks);
  machine.observer = observe(k);
  start_kernel(k);
  return k;
}

/** The device at a path, as its driver finds it. */
export function probe(k: Kernel, path: string): device {
  const node = k.board.tree.nodeByPath(path);
  invariant(node, () => `no node ${path}`);
  const dev = new device(path, node);
  platform_dma_configure(k, dev);
  if (node.properties.has('memory-region')) of_reserved_mem_device_init(k, dev);
  return dev;
}
