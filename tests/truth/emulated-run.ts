// SPDX-License-Identifier: GPL-2.0-only
/**
 * A recorded boot again, in the emulator: the recorded kernel on the recorded tree, with initrd and tree where QEMU had
 * put them, as large as they were, so that the kernel reserves and allocates the same bytes. What came of it is told
 * by the guest itself and by the machine.
 * The guest's tree differs from the recorded one in nodes that nobody models here: their 'compatible' is another name of
 * the same length, so that no driver takes them and the tree keeps its size.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyBootLoader, type BootLoaderFacts } from '../../src/board/memory.js';
import { stringOf } from '../../src/devicetree/access.js';
import { writeDtb } from '../../src/devicetree/dtb-write.js';
import { loadDeviceTree } from '../../src/devicetree/load.js';
import type { DeviceTree } from '../../src/devicetree/tree.js';
import { EmulatedBoard } from '../../src/emulator/board/emulated-board.js';
import { prepareCheck } from '../../src/lab/check-boot/prepare.js';
import type { Recording } from '../../src/lab/check-boot/recording.js';
import type { RunFile } from '../../src/lab/check-boot/run-file.js';
import { busyboxInitramfs, THE_END } from '../support/busybox-guest.js';

/** What the guest is asked. Its log goes first: what is read makes messages. */
const SCRIPT = `busybox dmesg -n 1
echo "[[log"
busybox dmesg -s 1000000
echo "log]]"
show version /proc/version
show iomem /proc/iomem
show zoneinfo /proc/zoneinfo
show vmallocinfo /proc/vmallocinfo
show meminfo /proc/meminfo
show memory /sys/kernel/debug/memblock/memory
show reserved /sys/kernel/debug/memblock/reserved`;

/** Ticks of the clock: several times what a boot needs. */
const PATIENCE = 20_000_000_000;
const SLICE = 10_000_000;

export interface EmulatedRun {
  /** The guest's console. */
  readonly text: string;
  readonly board: EmulatedBoard;
}

export interface RecordedBoot {
  /** With `board.dtb`. */
  readonly folder: string;
  readonly recording: Recording;
  readonly run: RunFile;
  readonly config: string;
}

/** The guest's tree, and what the boot loader adds to it. */
function prepare({ folder, recording, run, config }: RecordedBoot) {
  const job = { path: join(folder, 'board.dtb'), configFile: config, designs: [] };
  const { prepared } = prepareCheck(job, recording, run);
  return prepared;
}

/** The recording tells where its initrd was. It does not where somebody else than QEMU stated the memory. */
export function tellsPlacement(recorded: RecordedBoot): boolean {
  return prepare(recorded).bootLoader.initrd !== undefined;
}

/** No driver knows these nodes any more. */
function hide(tree: DeviceTree, paths: readonly string[]): void {
  for (const path of paths) {
    for (const node of tree.nodeByPath(path)!.walk()) {
      const compatible = node.properties.get('compatible');
      if (compatible === undefined) continue;
      const letters = compatible.value.map(byte => (byte === 0 ? 0 : 0x78));
      node.setProperty('compatible', letters);
    }
  }
}

/** The machine: the recorded tree's devices, its memory, and as many cores as QEMU was asked for. */
function machineFor({ folder, run }: RecordedBoot, memory: BootLoaderFacts['memory']): EmulatedBoard {
  const tree = loadDeviceTree(join(folder, 'board.dtb'));
  applyBootLoader({ tree }, memory === undefined ? {} : { memory });
  const cpus = tree.root.child('cpus')!;
  const cores = cpus.children.filter(node => stringOf(tree, node, 'device_type') === 'cpu');
  for (const node of cores.slice(run.smp ?? cores.length)) cpus.removeChild(node);
  return new EmulatedBoard(run.name ?? folder, tree);
}

/** Boots until the script has ended. Throws where the initramfs does not fit into the recorded initrd. */
export function runAgain(recorded: RecordedBoot, image: string, busybox: string): EmulatedRun {
  const { board: guest, bootLoader } = prepare(recorded);
  const board = machineFor(recorded, bootLoader.memory);
  const notes = board.diagnostics.filter(({ id }) => id === 'device-not-modelled');
  hide(
    guest.tree,
    notes.map(({ path }) => path!),
  );
  const { imageAddress, initrd, treeAddress, treeBytes = 0 } = bootLoader;
  const archive = busyboxInitramfs(busybox, SCRIPT);
  if (initrd === undefined || archive.length > initrd.size) {
    throw new Error(`the initramfs has ${archive.length} bytes, the recorded one ${initrd?.size}`);
  }
  const tree = writeDtb(guest.tree);
  const { system, console } = board;
  const { ram } = system.machine;
  ram.writeBytes(imageAddress!, new Uint8Array(readFileSync(image)));
  ram.writeBytes(initrd.address, archive);
  ram.writeBytes(treeAddress!, writeDtb(guest.tree, Math.max(0, treeBytes - tree.length)));
  const [first] = system.cpus;
  first!.powerOn(imageAddress!, 0);
  first!.r[1] = -1;
  first!.r[2] = treeAddress!;

  const printed: number[] = [];
  console!.onOutput = byte => printed.push(byte);
  const text = (): string => Buffer.from(printed).toString();
  while (system.clock.now < PATIENCE && system.run(SLICE) === 'ticks') {
    if (Buffer.from(printed.slice(-0x1000)).includes(`\n${THE_END}`)) break;
  }
  return { text: text(), board };
}
