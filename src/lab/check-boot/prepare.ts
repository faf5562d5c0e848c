// SPDX-License-Identifier: GPL-2.0-only
/**
 * The board and kernel that a recording is compared with. What the user asks for goes first, then `run.json` where it
 * is to be used, with what QEMU does for its `machine` (qemu.ts), then the tree. What none of them states is the
 * recording's own, and that is said: the size of an initrd, where the tree was put, and as the last resort memory, of
 * which it lacks what the machine or `mem=` took away.
 */
import { Board, loadBoard } from '../../board/board.js';
import type { HardwareFacts } from '../../board/hardware.js';
import type { DeviceTree } from '../../devicetree/tree.js';
import { type BoardJob, type MemoryBankRequest, type PreparedBoard, prepareBoard } from '../job.js';
import { recordedPhysOffset } from './image.js';
import {
  changeAsQemu,
  isLoadedByQemu,
  type Placement,
  qemuHardware,
  qemuMemory,
  qemuPlacement,
} from './qemu.js';
import type { Recording } from './recording.js';
import { runDoubts } from './run-doubts.js';
import { hardwareOfRun, memoryOfRun, type RunFile } from './run-file.js';

/** Where neither tree nor chip tells where memory begins: that of a 3G/1G split. */
const PAGE_OFFSET = 0xc0000000;

export interface PreparedCheck {
  readonly prepared: PreparedBoard;
  /** What was taken from the recording: fields by name, and what is part of one. */
  readonly inputs: readonly string[];
  /** Why the run may not be that of the recording. */
  readonly doubts: readonly string[];
}

/** Ranges that touch are one bank: parts of memory with other flags are listed by themselves. */
function recordedBanks(recording: Recording): MemoryBankRequest[] | undefined {
  const banks: { base: number; sizeBytes: number }[] = [];
  for (const { start, end } of recording.memblock_memory ?? []) {
    const last = banks.at(-1);
    const bytes = Number(end) + 1 - Number(start);
    if (last && last.base + last.sizeBytes === Number(start)) last.sizeBytes += bytes;
    else banks.push({ base: Number(start), sizeBytes: bytes });
  }
  return banks.length > 0 ? banks : undefined;
}

/** Linux reserves as many bytes as the tree has; undefined where not exactly one range fits. */
function recordedTree(recording: Recording, bytes: number | undefined): number | undefined {
  const fitting = recording.memblock_reserved?.filter(
    ({ start, end }) => Number(end) + 1 - Number(start) === bytes,
  );
  return fitting?.length === 1 ? Number(fitting[0]!.start) : undefined;
}

/** A boot loader that nobody describes. */
function recordedPlacement(recording: Recording, fileBytes: number | undefined, asked: Placement): Placement {
  const treeAddress = asked.treeAddress ?? recordedTree(recording, asked.treeBytes ?? fileBytes);
  return treeAddress === undefined ? {} : { treeAddress };
}

function hardwareOf(run: RunFile | undefined, tree: DeviceTree): HardwareFacts {
  if (!run) return {};
  return run.machine === undefined ? hardwareOfRun(run) : qemuHardware(run, tree);
}

/**
 * `asked` is what the user said himself, `job` has what a bundled board brings, too. Throws an InputError that names
 * everything that is wrong, an EnvironmentError where a file is missing.
 */
export function prepareCheck(
  job: BoardJob,
  recording: Recording,
  run?: RunFile,
  asked: Pick<BoardJob, 'memory' | 'cmdline'> = {},
): PreparedCheck {
  const { name, tree, hardware } = loadBoard(
    job.path,
    job.hardwareFile === undefined ? {} : { hardware: job.hardwareFile },
  );
  const board = new Board(run?.name ?? name, tree, { ...hardwareOf(run, tree), ...hardware });
  const { sourceBytes } = tree;
  let memory = asked.memory ?? (run && memoryOfRun(run, tree));
  let placement = recordedPlacement(recording, sourceBytes, job);
  if (isLoadedByQemu(run)) {
    memory = qemuMemory(run, tree, asked.memory, recordedPhysOffset(recording, PAGE_OFFSET));
    placement = qemuPlacement(recording, memory, sourceBytes, job);
    if (memory) changeAsQemu(tree, run.machine);
  }
  const cmdline = asked.cmdline ?? run?.cmdline;
  const assumedMemory = recordedBanks(recording);
  const prepared = prepareBoard(board, {
    ...placement,
    ...job,
    ...(memory && { memory }),
    ...(assumedMemory && { assumedMemory }),
    ...(cmdline !== undefined && { cmdline }),
  });
  const inputs = [
    ...(placement.initrd && !job.initrd ? ['size of the initrd'] : []),
    ...(placement.treeAddress !== undefined && job.treeAddress === undefined && !isLoadedByQemu(run)
      ? ['address of the device tree']
      : []),
    ...(prepared.memoryFrom === 'assumed' ? ['memblock_memory'] : []),
  ];
  const doubts = run === undefined ? [] : runDoubts(run, recording, board.cpus.count);
  return { prepared, inputs, doubts };
}
