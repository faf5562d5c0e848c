// SPDX-License-Identifier: GPL-2.0-only
/**
 * A board: the device tree that Linux is given, plus what the tree does not tell about the hardware.
 * From both together come the facts that a machine is built from. Nothing here knows what a kernel will
 * make of the tree. Next: `memory.ts` (what a boot loader adds), `hardware.ts` (the hardware file).
 */
import { basename } from 'node:path';
import { type Diagnostic, inputError } from '../base/diagnostics.js';
import { compatibles, stringOf } from '../devicetree/access.js';
import { loadDeviceTree } from '../devicetree/load.js';
import type { DeviceTree } from '../devicetree/tree.js';
import type { MachineFacts } from '../hw/facts.js';
import { boardCpus, type Cpus } from './cpus.js';
import { type HardwareFacts, hardwareFileOf, loadHardware } from './hardware.js';
import { boardOuterCache } from './outer-cache.js';

export class Board {
  /** The tree's file name without folder and `.dtb` or `.dts`. */
  readonly name: string;
  readonly tree: DeviceTree;
  readonly hardware: HardwareFacts;
  /** Warnings and notes about what had to be assumed. */
  readonly diagnostics: Diagnostic[] = [];
  readonly cpus: Cpus;

  constructor(name: string, tree: DeviceTree, hardware: HardwareFacts = {}) {
    this.name = name;
    this.tree = tree;
    this.hardware = hardware;
    this.cpus = boardCpus(tree, hardware, this.diagnostics);
  }

  /** 'compatible' of the root, most specific first. */
  get rootCompatibles(): string[] {
    return compatibles(this.tree.root);
  }

  /** 'model' of the root, or the board's name. */
  get model(): string {
    return stringOf(this.tree, this.tree.root, 'model') ?? this.name;
  }

  /** What the machine consists of. */
  machineFacts(): MachineFacts {
    const { core, count, caches } = this.cpus;
    const cache = this.hardware.dataCache?.value;
    return {
      core: cache === undefined ? core : { ...core, cache },
      coreCount: count,
      outerCache: boardOuterCache(this.tree, this.hardware, core),
      coherentFabric: this.hardware.coherentFabric?.value ?? 'unknown',
      physicalAddressBits: core.longDescriptors ? 40 : 32,
      ...caches,
    };
  }
}

export interface BoardOptions {
  /** Hardware file; by default the one beside the tree, if any. */
  readonly hardware?: string;
}

/**
 * Loads a tree (`.dtb` or `.dts`) and its hardware file. Throws an InputError where one of them is wrong,
 * an EnvironmentError where one cannot be read.
 */
export function loadBoard(path: string, options: BoardOptions = {}): Board {
  const tree = loadDeviceTree(path);
  const hardware = loadHardware(path, options.hardware);
  for (const { node } of hardware.busWindows?.value ?? []) {
    if (tree.nodeByPath(node)) continue;
    inputError('hardware-no-node', `'busWindows' names ${node}, which the tree does not have`, {
      position: { file: options.hardware ?? hardwareFileOf(path) },
    });
  }
  return new Board(basename(path).replace(/\.(dtb|dts)$/, ''), tree, hardware);
}
