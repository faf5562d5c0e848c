// SPDX-License-Identifier: GPL-2.0-only
/**
 * What QEMU does as the boot loader of a machine that `run.json` names: the memory that it states, cores that differ
 * from the tree's, what it changes in the tree, and where it puts initrd and tree. QEMU 7.2 with `-dtb`, as cited.
 * Of machines that are not in the tables here it changes no more than /memory and /chosen.
 */
import { alignUp, MiB } from '../../base/address.js';
import { Board } from '../../board/board.js';
import type { HardwareFacts } from '../../board/hardware.js';
import { memoryNodes } from '../../board/memory.js';
import { ramBase } from '../../board/ram-base.js';
import type { DeviceTree } from '../../devicetree/tree.js';
import type { BoardJob, MemoryBankRequest } from '../job.js';
import type { Recording } from './recording.js';
import { hardwareOfRun, memoryOfRun, type RunFile } from './run-file.js';

const PAGE_BYTES = 4096;

/** hw/arm/boot.c, KERNEL_LOAD_ADDR: above the start of memory. */
const IMAGE_OFFSET = 0x10000;

/**
 * QEMU writes into /memory all of `-m`, from where the machine's memory begins: hw/arm/boot.c, arm_load_dtb(). With
 * nodes that somebody else put into the tree it does not.
 */
export function isLoadedByQemu(run: RunFile | undefined): run is RunFile & { readonly machine: string } {
  return run?.machine !== undefined && !run.memory_nodes;
}

/** Where the machine's memory begins. Undefined: neither the tree nor the chip tells. */
function memoryBase(machine: string, tree: DeviceTree): number | undefined {
  // hw/arm/realview.c: the PB's memory is elsewhere than its tree says.
  if (machine === 'realview-pb-a8') return 0x70000000;
  const stated = memoryNodes(tree)[0]?.address ?? ramBase(tree)?.base;
  return stated === undefined ? undefined : Number(stated);
}

/** The memory as QEMU states it; `assumedBase` where nothing else tells where it begins. */
export function qemuMemory(
  run: RunFile & { readonly machine: string },
  tree: DeviceTree,
  asked: readonly MemoryBankRequest[] | undefined,
  assumedBase: number | undefined,
): MemoryBankRequest[] | undefined {
  // hw/arm/raspi.c: 64 MiB are the GPU's.
  const taken = run.machine.startsWith('raspi') ? 64 * MiB : 0;
  const ofRun = memoryOfRun(run, tree)?.map(bank => ({ ...bank, sizeBytes: bank.sizeBytes - taken }));
  const base = memoryBase(run.machine, tree) ?? assumedBase;
  return (asked ?? ofRun)?.map(bank => ({ ...(base !== undefined && { base }), ...bank }));
}

/** Cores of the emulated machine, where its tree says something else. */
export function qemuHardware(run: RunFile, tree: DeviceTree): HardwareFacts {
  const source = `QEMU, machine ${run.machine}`;
  const stated: HardwareFacts = {
    ...hardwareOfRun(run),
    // hw/arm/exynos4210.c always makes two cores.
    ...((run.machine === 'smdkc210' || run.machine === 'nuri') && { coreCount: { value: 2, source } }),
  };
  // Its ARM1136 and ARM1176 claim a data cache with aliases (target/arm: CTR 0x1dd20d2); other cores have none.
  const { core } = new Board('', tree, stated).cpus;
  const aliases = core.name.startsWith('ARM1136') || core.name.startsWith('ARM1176');
  return aliases ? { ...stated, dataCache: { value: 'VIPT-aliasing', source } } : stated;
}

/** Machines with PSCI in the emulator: hw/arm, `psci_conduit`. Their node replaces that of the tree. */
const PSCI_MACHINES: readonly string[] = [
  'mcimx6ul-evk',
  'mcimx7d-sabre',
  'orangepi-pc',
  'highbank',
  'midway',
];

/** Properties of the nodes that QEMU adds; only their number and names count here. */
const PSCI: readonly string[] = ['compatible', 'method', 'cpu_suspend', 'cpu_off', 'cpu_on', 'migrate'];
const VIRTIO: readonly string[] = ['compatible', 'reg', 'interrupt-parent', 'interrupts', 'dma-coherent'];
/** By machine: where the transports are. hw/arm/vexpress.c, vexpress_modify_dtb(). */
const VIRTIO_BASE: Readonly<Record<string, number>> = {
  'vexpress-a9': 0x10013000,
  'vexpress-a15': 0x1c130000,
};

function addNode(tree: DeviceTree, name: string, properties: readonly string[]): void {
  const node = tree.root.addChild(name);
  for (const property of properties) node.setProperty(property, new Uint8Array(4));
}

/**
 * What QEMU changes in a tree beside /chosen: hw/arm/boot.c, arm_load_dtb(). Memory nodes go, and the caller adds the
 * one with an address that replaces them.
 */
export function changeAsQemu(tree: DeviceTree, machine: string): void {
  for (const node of [...tree.root.children]) {
    if (node.name.split('@')[0] === 'memory') tree.root.removeChild(node);
  }
  if (PSCI_MACHINES.includes(machine)) {
    const existing = tree.root.child('psci');
    if (existing) tree.root.removeChild(existing);
    addNode(tree, 'psci', PSCI);
  }
  const virtio = VIRTIO_BASE[machine];
  for (let index = 0; virtio !== undefined && index < 4; index++) {
    addNode(tree, `virtio_mmio@${(virtio + 0x200 * index).toString(16)}`, VIRTIO);
  }
}

export type Placement = Pick<BoardJob, 'imageAddress' | 'initrd' | 'treeAddress' | 'treeBytes'>;

/**
 * The image is near the start of memory; the initrd half-way into it, 128 MiB at most, and the tree on the next page:
 * hw/arm/boot.c, arm_setup_direct_kernel_boot(). softmmu/device_tree.c, load_device_tree() leaves room in the tree.
 * How large the initrd is only the recording tells: it is reserved together with the tree behind it. `asked` goes first.
 */
export function qemuPlacement(
  recording: Recording,
  memory: readonly MemoryBankRequest[] | undefined,
  fileBytes: number | undefined,
  asked: Placement,
): Placement {
  const first = memory?.[0];
  if (first?.base === undefined) return {};
  const bytes = memory!.reduce((sum, bank) => sum + bank.sizeBytes, 0);
  const address = first.base + Math.min(bytes / 2, 128 * MiB);
  const treeBytes = asked.treeBytes ?? (fileBytes === undefined ? undefined : 2 * (fileBytes + 10000));
  const initrd =
    asked.initrd ?? (treeBytes === undefined ? undefined : initrdAt(recording, address, treeBytes));
  const treeAddress = alignUp(initrd ? initrd.address + initrd.size : address, PAGE_BYTES);
  return {
    imageAddress: first.base + IMAGE_OFFSET,
    ...(initrd && { initrd }),
    treeAddress,
    ...(treeBytes !== undefined && { treeBytes }),
  };
}

/** Linux: arch/arm/mm/init.c, arm_initrd_init() reserves whole pages (v6.12), so that the two touch. */
function initrdAt(recording: Recording, address: number, treeBytes: number): BoardJob['initrd'] {
  const reserved = recording.memblock_reserved?.find(({ start }) => Number(start) === address);
  const size = reserved ? Number(reserved.end) + 1 - treeBytes - address : 0;
  return size > 0 && size % PAGE_BYTES === 0 ? { address, size } : undefined;
}
