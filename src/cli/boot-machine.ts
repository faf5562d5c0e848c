// SPDX-License-Identifier: GPL-2.0-only
/** What `armory boot` is asked for: the machine as a device tree, and files. What does not fit is said here. */
import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { formatSize, hex, overlapBytes } from '../base/address.js';
import { type Diagnostic, EnvironmentError, inputError } from '../base/diagnostics.js';
import { Board } from '../board/board.js';
import { applyBootLoader, type MemoryRow, memoryNodes } from '../board/memory.js';
import { isAvailable } from '../devicetree/access.js';
import { loadDeviceTree } from '../devicetree/load.js';
import type { DeviceTree } from '../devicetree/tree.js';
import { graft, isModelledMachine } from '../emulator/board/graft.js';
import { cpuRanges } from '../emulator/board/tree-address.js';
import { vexpressTree } from '../emulator/board/vexpress.js';
import { virtTree } from '../emulator/board/virt.js';
import { FileSource } from '../emulator/load/file-source.js';
import type { NamedFile } from '../emulator/load/linux.js';
import { Symbols } from '../emulator/trace/symbols.js';
import type { MemoryBankRequest } from '../lab/job.js';
import { bundledBoard, refuseUnknownName } from './board-options.js';
import { ofOption } from './boot-files.js';

export interface MachineOptions {
  readonly machine: 'virt' | 'vexpress-a9';
  readonly board?: string;
  readonly memory?: MemoryBankRequest[];
  readonly core?: string;
  readonly cores?: number;
  /** False: no 'dma-coherent' on the virtio nodes of the virt machine. */
  readonly dmaCoherent: boolean;
  /** On the virt machine. */
  readonly pl310?: boolean;
}

const PAGE = 4096n;
const DEFAULT_MEMORY: readonly MemoryBankRequest[] = [{ sizeBytes: 256 * 2 ** 20 }];

/** The tree, with its memory; what a user should know goes to `notes`. */
export function treeOf(options: MachineOptions, notes: Diagnostic[]): DeviceTree {
  const { board, machine, cores, core, dmaCoherent, pl310 = false } = options;
  if (board !== undefined || machine !== 'virt') {
    if (!dmaCoherent) inputError('machine-coherent', '--no-dma-coherent goes with the virt machine only');
    if (pl310) inputError('machine-pl310', '--pl310 goes with the virt machine only');
  }
  if (board !== undefined) return boardTree(board, options, notes);
  const memory = options.memory ?? DEFAULT_MEMORY;
  const [bank] = memory;
  if (memory.length !== 1 || bank!.base !== undefined) {
    inputError(
      'machine-memory',
      `the ${machine} machine has one bank of memory at a fixed place: write --memory SIZE`,
    );
  }
  const memoryBytes = bank!.sizeBytes;
  if (machine === 'virt') {
    const chosen = core === undefined ? {} : { core };
    return virtTree({ memoryBytes, cores: cores ?? 1, dmaCoherent, pl310, ...chosen });
  }
  if (core !== undefined) inputError('machine-core', 'the vexpress-a9 machine has Cortex-A9 cores');
  return vexpressTree({ memoryBytes, cores: cores ?? 1 });
}

/** A real board: a file, or a bundled one by its name. */
function boardTree(name: string, options: MachineOptions, notes: Diagnostic[]): DeviceTree {
  const bundled = bundledBoard(name);
  if (bundled === undefined) refuseUnknownName(name);
  const tree = ofOption('--board', () => loadDeviceTree(bundled?.path ?? name));
  const memory = options.memory ?? (statesMemory(tree) ? undefined : DEFAULT_MEMORY);
  applyBootLoader({ tree }, memory === undefined ? {} : { memory });
  notes.push(...doubtfulMemory(tree, options.memory !== undefined));
  const { cores } = options;
  const { count } = new Board(name, tree).cpus;
  const isModelled = isModelledMachine(tree);
  if (cores !== undefined && (cores > count || (isModelled && cores !== count))) {
    const rule = isModelled ? 'it says itself how many there are' : 'a board has those of its tree at most';
    inputError('cores-of-board', `--cores ${cores}: the tree has ${count}, and ${rule}`, {
      position: { file: tree.file },
      path: '/cpus',
    });
  }
  if (!isModelled) notes.push(...graft(tree, cores === undefined ? {} : { cores }));
  return tree;
}

/** Nodes whose 'reg' is no device's. */
const NO_DEVICES = ['memory', 'cpus', 'reserved-memory', 'chosen'];

/** Banks that a board can hardly have: in parts of pages, or, where --memory says so, over its devices. */
function doubtfulMemory(tree: DeviceTree, isAsked: boolean): Diagnostic[] {
  const notes: Diagnostic[] = [];
  const warn = (id: string, { address, size, node }: MemoryRow, message: string): void => {
    const bank = `the bank of ${formatSize(Number(size))} from ${hex(Number(address))} on`;
    const position = { file: tree.file };
    notes.push({ severity: 'warning', id, message: `${bank} ${message}`, position, path: node.path });
  };
  for (const row of memoryNodes(tree)) {
    if (row.address % PAGE !== 0n || row.size % PAGE !== 0n)
      warn('memory-not-in-pages', row, 'is not in whole pages of 4096 bytes: a kernel uses those within');
    const [first, ...others] = isAsked ? devicesIn(tree, row) : [];
    if (first === undefined) continue;
    const more = others.length > 0 ? `, and ${others.length} more` : '';
    warn('memory-over-devices', row, `of --memory lies over what the board has there: ${first}${more}`);
  }
  return notes;
}

/** Devices with registers in a bank. */
function devicesIn(tree: DeviceTree, { address, size }: MemoryRow): string[] {
  const bank = { start: Number(address), end: Number(address + size) };
  const nodes = tree.root.children.filter(({ name }) => !NO_DEVICES.includes(name.split('@')[0]!));
  return nodes
    .flatMap(node => [...node.walk()])
    .filter(node => {
      const ranges = isAvailable(node) ? cpuRanges(tree, node) : [];
      return ranges.some(
        range =>
          range !== null && overlapBytes(bank, { start: range.start, end: range.start + range.size }) > 0,
      );
    })
    .map(({ path }) => path);
}

function statesMemory(tree: DeviceTree): boolean {
  return memoryNodes(tree).some(({ size }) => size > 0n);
}

/** Linux: arch/arm/include/uapi/asm/setup.h, COMMAND_LINE_SIZE (v6.12): with the zero at the end. */
const COMMAND_LINE_SIZE = 1024;

/** Linux: drivers/of/fdt.c, early_init_dt_scan_chosen() (v6.12): what does not fit is cut off without a word. */
export function checkCommandLine(text: string, notes: Diagnostic[]): void {
  const bytes = Buffer.byteLength(text);
  if (bytes < COMMAND_LINE_SIZE) return;
  notes.push({
    severity: 'warning',
    id: 'cmdline-too-long',
    message: `--cmdline has ${bytes} bytes; a kernel keeps the first ${COMMAND_LINE_SIZE - 1} (COMMAND_LINE_SIZE)`,
  });
}

/** A file that an option names. Throws an InputError where it is empty, and an EnvironmentError where it cannot be read. */
export function readInput(option: string, file: string): NamedFile {
  let bytes: Uint8Array;
  try {
    // It would never end.
    if (statSync(file).isCharacterDevice()) throw new Error('it is a device');
    bytes = new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new EnvironmentError(`read the file of ${option},`, file, error);
  }
  refuseEmpty(option, file, bytes.length);
  return { file, bytes };
}

/** The disk images of --drive, open. */
export function openDrives(files: readonly string[]): FileSource[] {
  const drives: FileSource[] = [];
  for (const file of files) {
    const drive = ofOption('--drive', () => new FileSource(file));
    drives.push(drive);
    refuseEmpty('--drive', file, drive.size);
  }
  return drives;
}

function refuseEmpty(option: string, file: string, bytes: number): void {
  if (bytes === 0) inputError('empty-file', `the file of ${option} is empty`, { position: { file } });
}

/** The System.map of --system-map, which may be compressed with gzip. */
export function readSymbols(file: string): Symbols {
  const { bytes } = readInput('--system-map', file);
  let text = bytes;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      text = gunzipSync(bytes);
    } catch (error) {
      throw new EnvironmentError('decompress the file of --system-map,', file, error);
    }
  }
  return Symbols.parse(Buffer.from(text).toString('latin1'), file);
}
