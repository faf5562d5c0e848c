// SPDX-License-Identifier: GPL-2.0-only
/**
 * Recorded boots of real kernels in QEMU: what `run.json` says is turned into a board, with what QEMU is known to
 * do on the way. The comparison itself is the product's (`lab/check-boot`).
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { alignUp, MiB } from '../src/base/address.js';
import { Board } from '../src/board/board.js';
import type { HardwareFacts } from '../src/board/hardware.js';
import { memoryNodes } from '../src/board/memory.js';
import { ramBase } from '../src/board/ram-base.js';
import { loadDeviceTree } from '../src/devicetree/load.js';
import type { DeviceTree } from '../src/devicetree/tree.js';
import { checkBoot } from '../src/lab/check-boot/compare.js';
import { recordedPhysOffset } from '../src/lab/check-boot/image.js';
import { loadRecording, type Recording } from '../src/lab/check-boot/recording.js';
import type { BootCheck } from '../src/lab/check-boot/result.js';
import { hardwareOfRun, loadRunFile, memoryOfRun, type RunFile } from '../src/lab/check-boot/run-file.js';
import { type BoardJob, type MemoryBankRequest, prepareBoard } from '../src/lab/job.js';

/** All recorded kernels have the 3G/1G split. */
const PAGE_OFFSET = 0xc0000000;

/** What QEMU writes into /memory: all of `-m`, unless the run names nodes, or the GPU takes its part. */
function recordedMemory(run: RunFile, board: Board, physOffset: number): MemoryBankRequest[] {
  const banks = memoryOfRun(run, board.tree) ?? [];
  if (run.memory_nodes) return banks;
  // QEMU: hw/arm/raspi.c gives 64 MiB to the GPU; hw/arm/realview.c puts the PB's memory elsewhere than the tree.
  const taken = run.machine?.startsWith('raspi') ? 64 * MiB : 0;
  const stated = memoryNodes(board.tree)[0]?.address ?? ramBase(board.tree)?.base;
  const base = run.machine === 'realview-pb-a8' ? 0x70000000 : Number(stated ?? physOffset);
  return banks.map(({ sizeBytes }) => ({ sizeBytes: sizeBytes - taken, base }));
}

/** Compatibles of cores that QEMU calls otherwise. */
const CORES: Readonly<Record<string, string>> = {
  arm926: 'arm,arm926ej-s',
  arm1136: 'arm,arm1136jf-s',
  arm1176: 'arm,arm1176jzf-s',
};

/** Cores of the emulated machine, where its tree says something else. */
function recordedHardware(run: RunFile, tree: DeviceTree): HardwareFacts {
  const source = 'QEMU command line of the recording';
  const renamed = CORES[run.cpu ?? ''];
  const stated: HardwareFacts = {
    ...hardwareOfRun(run),
    ...(renamed !== undefined && { core: { value: renamed, source } }),
    // QEMU: hw/arm/exynos4210.c always makes two cores.
    ...((run.machine === 'smdkc210' || run.machine === 'nuri') && { coreCount: { value: 2, source } }),
  };
  // QEMU's ARM1136 and ARM1176 claim a data cache with aliases (target/arm: CTR 0x1dd20d2); other cores have none.
  const { core } = new Board('', tree, stated).cpus;
  const aliases = core.name.startsWith('ARM1136') || core.name.startsWith('ARM1176');
  return aliases ? { ...stated, dataCache: { value: 'VIPT-aliasing', source } } : stated;
}

/** Of the recorder's initial ramdisk, where the recording does not show it. */
const INITRD_BYTES = 0x13e000;

type Placement = Pick<BoardJob, 'initrd' | 'treeAddress' | 'treeBytes'>;

/**
 * Where the boot loader put the initrd and the tree, and how large the tree is. The size of the initrd is what is
 * reserved there, with the tree on the next page.
 */
function placement(
  run: RunFile,
  recording: Recording,
  physOffset: number,
  memoryBytes: number,
  fileBytes: number,
): Placement {
  // QEMU leaves memory nodes alone only where it is not the boot loader: the recorder's own put things there.
  if (run.memory_nodes) {
    const initrd = { address: physOffset + 100 * MiB, size: INITRD_BYTES };
    return { initrd, treeAddress: physOffset + 96 * MiB, treeBytes: fileBytes };
  }
  // QEMU: hw/arm/boot.c puts the initrd half-way into RAM, 128 MiB at most, and the tree behind it;
  // softmmu/device_tree.c, load_device_tree() leaves room in it.
  const address = physOffset + Math.min(memoryBytes / 2, 128 * MiB);
  const treeBytes = 2 * (fileBytes + 10000);
  const reserved = recording.memblock_reserved?.find(({ start }) => Number(start) === address);
  const size = reserved ? Number(reserved.end) + 1 - treeBytes - address : INITRD_BYTES;
  const initrd = { address, size: size > 0 && size % 4096 === 0 ? size : INITRD_BYTES };
  return { initrd, treeAddress: alignUp(address + initrd.size, 4096), treeBytes };
}

/** QEMU: machines with PSCI in the emulator: hw/arm, `psci_conduit`. Their node replaces that of the tree. */
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
/** By machine: where the transports are. QEMU: hw/arm/vexpress.c, vexpress_modify_dtb(). */
const VIRTIO_BASE: Readonly<Record<string, number>> = {
  'vexpress-a9': 0x10013000,
  'vexpress-a15': 0x1c130000,
};

function addNode(tree: DeviceTree, name: string, properties: readonly string[]): void {
  const node = tree.root.addChild(name);
  for (const property of properties) node.setProperty(property, new Uint8Array(4));
}

/** What QEMU changes in a tree beside memory and /chosen: hw/arm/boot.c, arm_load_dtb(). */
function changeAsQemu(tree: DeviceTree, run: RunFile): void {
  // Memory nodes are replaced by one with an address.
  for (const node of [...tree.root.children]) {
    if (node.name.split('@')[0] === 'memory') tree.root.removeChild(node);
  }
  if (PSCI_MACHINES.includes(run.machine ?? '')) {
    const existing = tree.root.child('psci');
    if (existing) tree.root.removeChild(existing);
    addNode(tree, 'psci', PSCI);
  }
  const virtio = VIRTIO_BASE[run.machine ?? ''];
  for (let index = 0; virtio !== undefined && index < 4; index++) {
    addNode(tree, `virtio_mmio@${(virtio + 0x200 * index).toString(16)}`, VIRTIO);
  }
}

/** Compares one recorded run, with the configs of the recorded kernels in `configs`. */
export function checkRecordedRun(folder: string, configs: string): BootCheck {
  const run = loadRunFile(join(folder, 'run.json'));
  const recording = loadRecording(join(folder, 'facts.json'));
  const path = join(folder, 'board.dtb');
  const hardware = recordedHardware(run, loadDeviceTree(path));
  const board = new Board(run.name ?? basename(folder), loadDeviceTree(path), hardware);
  const physOffset = recordedPhysOffset(recording, PAGE_OFFSET) ?? 0;
  const memory = recordedMemory(run, board, physOffset);
  if (!run.memory_nodes) changeAsQemu(board.tree, run);
  const bytes = memory.reduce((sum, bank) => sum + bank.sizeBytes, 0);
  const prepared = prepareBoard(board, {
    path,
    memory,
    ...placement(run, recording, physOffset, bytes, board.tree.sourceBytes ?? 0),
    imageAddress: physOffset + 0x10000,
    cmdline: run.cmdline ?? '',
    configFile: join(configs, `${run.kernel}.config`),
    designs: [],
  });
  return checkBoot(prepared, recording);
}

export interface RecordedCheck {
  /** Name of the run's folder. */
  readonly run: string;
  /** With one result for each field, in the same order for all runs. */
  readonly check: BootCheck;
}

/** Compares every recorded run in `folder`, one after the other: some 40 ms each. */
export function* checkRecordedRuns(folder: string, configs: string): Generator<RecordedCheck> {
  for (const run of readdirSync(folder).sort())
    yield { run, check: checkRecordedRun(join(folder, run), configs) };
}
