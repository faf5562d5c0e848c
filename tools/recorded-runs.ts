// SPDX-License-Identifier: GPL-2.0-only
/**
 * Recorded boots of real kernels in QEMU: what `run.json` says is turned into a board, with what QEMU is known to
 * do on the way. The comparison itself is the product's (`lab/check-boot`).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
import { type BoardJob, type MemoryBankRequest, prepareBoard } from '../src/lab/job.js';

interface Run {
  readonly name: string;
  readonly machine: string;
  readonly kernel: string;
  readonly mem: string;
  readonly smp: number;
  readonly cpu: string | null;
  readonly cmdline: string;
  /** Nodes that replaced those of the tree. */
  readonly memory_nodes?: string | null;
}

/** All recorded kernels have the 3G/1G split. */
const PAGE_OFFSET = 0xc0000000;

function parseMemory(text: string): number {
  const match = /^(\d+)([MG])$/.exec(text);
  if (!match) throw new Error(`memory size ${text}`);
  return Number(match[1]) * (match[2] === 'G' ? 1024 * MiB : MiB);
}

/** What QEMU writes into /memory: all of `-m`, unless the run names nodes, or the GPU takes its part. */
function recordedMemory(run: Run, board: Board): MemoryBankRequest[] {
  if (run.memory_nodes) {
    const cells = [...run.memory_nodes.split('reg')[1]!.matchAll(/0x[0-9a-f]+|\b\d+\b/g)].map(([cell]) =>
      Number(cell),
    );
    return Array.from({ length: cells.length / 4 }, (_, bank) => ({
      base: cells[4 * bank]! * 2 ** 32 + cells[4 * bank + 1]!,
      sizeBytes: cells[4 * bank + 2]! * 2 ** 32 + cells[4 * bank + 3]!,
    }));
  }
  // QEMU: hw/arm/raspi.c gives 64 MiB to the GPU; hw/arm/realview.c puts the PB's memory here.
  const taken = run.machine.startsWith('raspi') ? 64 * MiB : 0;
  const stated = memoryNodes(board.tree)[0]?.address ?? ramBase(board.tree)?.base ?? 0;
  const base = run.machine === 'realview-pb-a8' ? 0x70000000 : Number(stated);
  return [{ sizeBytes: parseMemory(run.mem) - taken, base }];
}

/** Cores of the emulated machine, where its tree says something else. */
function recordedHardware(run: Run, board: Board): HardwareFacts {
  const source = 'QEMU command line of the recording';
  const cores: Readonly<Record<string, string>> = {
    arm1176: 'arm,arm1176jzf-s',
    'cortex-a7': 'arm,cortex-a7',
    'cortex-a15': 'arm,cortex-a15',
  };
  const core = run.cpu ? cores[run.cpu] : undefined;
  // QEMU: hw/arm/exynos4210.c always makes two cores.
  const count = run.machine === 'smdkc210' ? 2 : run.smp;
  return {
    ...(board.cpus.count !== count && { coreCount: { value: count, source } }),
    ...(core && { core: { value: core, source } }),
    // QEMU's ARM1176 claims a data cache with aliases (target/arm: CTR 0x1dd20d2); other cores have none.
    ...((core === cores['arm1176'] || run.machine === 'raspi0') && {
      dataCache: { value: 'VIPT-aliasing' as const, source },
    }),
  };
}

/** Of the recorder's initial ramdisk. */
const INITRD_BYTES = 0x13e000;

type Placement = Pick<BoardJob, 'initrd' | 'treeAddress' | 'treeBytes'>;

/** Where the boot loader put the initrd and the tree, and how large the tree is. */
function placement(run: Run, physOffset: number, memoryBytes: number, fileBytes: number): Placement {
  // QEMU leaves memory nodes alone only where it is not the boot loader: the recorder's own put things there.
  if (run.memory_nodes) {
    const initrd = { address: physOffset + 100 * MiB, size: INITRD_BYTES };
    return { initrd, treeAddress: physOffset + 96 * MiB, treeBytes: fileBytes };
  }
  // QEMU: hw/arm/boot.c puts the initrd half-way into RAM, 128 MiB at most, and the tree behind it;
  // softmmu/device_tree.c, load_device_tree() leaves room in it.
  const initrd = { address: physOffset + Math.min(memoryBytes / 2, 128 * MiB), size: INITRD_BYTES };
  return {
    initrd,
    treeAddress: alignUp(initrd.address + initrd.size, 4096),
    treeBytes: 2 * (fileBytes + 10000),
  };
}

export function recordedRuns(folder: string): string[] {
  return readdirSync(folder).sort();
}

/** QEMU: machines with PSCI in the emulator: hw/arm, `psci_conduit`. Only where the tree has none. */
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
function changeAsQemu(tree: DeviceTree, run: Run): void {
  // Memory nodes are replaced by one with an address.
  for (const node of [...tree.root.children]) {
    if (node.name.split('@')[0] === 'memory') tree.root.removeChild(node);
  }
  if (PSCI_MACHINES.includes(run.machine) && !tree.root.child('psci')) addNode(tree, 'psci', PSCI);
  const virtio = VIRTIO_BASE[run.machine];
  for (let index = 0; virtio !== undefined && index < 4; index++) {
    addNode(tree, `virtio_mmio@${(virtio + 0x200 * index).toString(16)}`, VIRTIO);
  }
}

/** Compares one recorded run, with the configs of the recorded kernels in `configs`. */
export function checkRecordedRun(folder: string, configs: string): BootCheck {
  const run = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as Run;
  const recording: Recording = loadRecording(join(folder, 'facts.json'));
  const path = join(folder, 'board.dtb');
  const hardware = recordedHardware(run, new Board('', loadDeviceTree(path)));
  const board = new Board(run.name, loadDeviceTree(path), hardware);
  const memory = recordedMemory(run, board);
  if (!run.memory_nodes) changeAsQemu(board.tree, run);
  const bytes = memory.reduce((sum, bank) => sum + bank.sizeBytes, 0);
  const physOffset = recordedPhysOffset(recording, PAGE_OFFSET)!;
  const prepared = prepareBoard(board, {
    path,
    memory,
    ...placement(run, physOffset, bytes, board.tree.sourceBytes!),
    imageAddress: physOffset + 0x10000,
    cmdline: run.cmdline,
    configFile: join(configs, `${run.kernel}.config`),
    designs: [],
  });
  return checkBoot(prepared, recording);
}
