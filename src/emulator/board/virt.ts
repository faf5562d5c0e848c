// SPDX-License-Identifier: GPL-2.0-only
/**
 * The `virt`-like machine: RAM at 1 GiB, cores of one kind that are switched on by PSCI, and Armory's block of devices
 * where QEMU's machine of that name has them. Its tree is made here; there is nothing else that describes it.
 */

import { formatSize } from '../../base/address.js';
import { inputError } from '../../base/diagnostics.js';
import { DeviceTree } from '../../devicetree/tree.js';
import { coreByName } from '../../hw/cores.js';
import { coreIds, emulatedCores, MOST_CORES } from '../cpu/ids.js';
import { addDeviceBlock } from './device-block.js';
import { addNode, regCells, setProperties } from './tree-builder.js';

export const VIRT_RAM_BASE = 0x4000_0000;
const VIRT_DEVICES = 0x0800_0000;
/** Model: fewer slots than in QEMU's machine, which has 32: each empty one costs a kernel a look. */
const VIRTIO_SLOTS = 8;

export interface VirtOptions {
  /** By the name in `hw/cores.ts`. */
  readonly core?: string;
  readonly cores?: number;
  readonly memoryBytes: number;
  /** 'dma-coherent' on the virtio nodes; without it, the devices do not snoop. Default: yes, as in QEMU. */
  readonly dmaCoherent?: boolean;
  /** A PL310 behind the cores, which must have no second level of their own. */
  readonly pl310?: boolean;
  readonly virtioSlots?: number;
}

/** Throws an InputError for a combination that cannot be built. */
export function virtTree(options: VirtOptions): DeviceTree {
  const { core = 'Cortex-A15', cores = 1, memoryBytes, pl310 = false } = options;
  check(options, core, cores);
  const tree = new DeviceTree('virt');
  const { root } = tree;
  setProperties(root, {
    compatible: 'linux,dummy-virt',
    model: 'linux,dummy-virt',
    '#address-cells': [2],
    '#size-cells': [2],
  });
  addNode(root, `memory@${VIRT_RAM_BASE.toString(16)}`, {
    device_type: 'memory',
    reg: regCells(2, 2, [VIRT_RAM_BASE, memoryBytes]),
  });
  const cpus = addNode(root, 'cpus', { '#address-cells': [1], '#size-cells': [0] });
  for (let index = 0; index < cores; index++) {
    addNode(cpus, `cpu@${index}`, {
      device_type: 'cpu',
      compatible: `arm,${core.toLowerCase()}`,
      reg: [index],
      'enable-method': 'psci',
    });
  }
  addDeviceBlock(root, {
    base: VIRT_DEVICES,
    core: coreIds(core),
    coreCount: cores,
    virtioSlots: options.virtioSlots ?? VIRTIO_SLOTS,
    dmaCoherent: options.dmaCoherent ?? true,
    pl310,
    conduit: 'hvc',
  });
  return tree;
}

function check({ memoryBytes, pl310 }: VirtOptions, core: string, cores: number): void {
  const position = { file: 'virt' };
  if (!emulatedCores().includes(core)) {
    inputError('core-not-emulated', `a ${core} cannot be emulated`, {
      position,
      notes: [`emulated are ${emulatedCores().join(', ')}`],
    });
  }
  const facts = coreByName(core);
  const notes = ['`--cores` says how many'];
  if (!Number.isInteger(cores) || cores < 1 || cores > MOST_CORES) {
    inputError('too-many-cores', `${cores} cores; 1 to ${MOST_CORES} can be had`, { position, notes });
  }
  if (cores > 1 && !facts.multiprocessingExtensions) {
    inputError('too-many-cores', `a ${core} stands alone; ${cores} were asked for`, { position, notes });
  }
  if (pl310 && facts.integratedL2) {
    inputError('pl310-behind-l2', `a PL310 is put behind cores without a second level; a ${core} has one`, {
      position,
    });
  }
  const most = facts.longDescriptors ? 2 ** 40 - VIRT_RAM_BASE : 2 ** 32 - VIRT_RAM_BASE;
  if (memoryBytes > most || memoryBytes % 4096 !== 0 || memoryBytes <= 0) {
    inputError(
      'bad-memory-size',
      `${formatSize(memoryBytes)} of memory; with a ${core} there are whole pages, at most ${formatSize(most)}`,
      { position, notes: ['`--memory` says how much'] },
    );
  }
}
