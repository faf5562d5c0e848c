// SPDX-License-Identifier: GPL-2.0-only
/**
 * The board and kernel that a recording is compared with. What the user asks for goes first, then `run.json` where it
 * is to be used, then the tree. Memory that none of them states is the recording's own, and that is said: it lacks what the machine
 * or `mem=` took away, so it is the last resort.
 */
import { Board, loadBoard } from '../../board/board.js';
import { type BoardJob, type MemoryBankRequest, type PreparedBoard, prepareBoard } from '../job.js';
import type { Recording } from './recording.js';
import { hardwareOfRun, memoryOfRun, type RunFile } from './run-file.js';

export interface PreparedCheck {
  readonly prepared: PreparedBoard;
  /** Fields that were taken from the recording. */
  readonly inputs: readonly string[];
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
  const loaded = loadBoard(job.path, job.hardwareFile === undefined ? {} : { hardware: job.hardwareFile });
  const hardware = { ...(run && hardwareOfRun(run)), ...loaded.hardware };
  const board = new Board(loaded.name, loaded.tree, hardware);
  const memory = asked.memory ?? (run && memoryOfRun(run, board.tree));
  const cmdline = asked.cmdline ?? run?.cmdline;
  const assumedMemory = recordedBanks(recording);
  const prepared = prepareBoard(board, {
    ...job,
    ...(memory && { memory }),
    ...(assumedMemory && { assumedMemory }),
    ...(cmdline !== undefined && { cmdline }),
  });
  return { prepared, inputs: prepared.memoryFrom === 'assumed' ? ['memblock_memory'] : [] };
}
