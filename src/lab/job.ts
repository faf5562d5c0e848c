// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a user asks for: a board, what the boot loader adds, a kernel, designs. Plain data, so that it can be
 * handed to a worker thread. `prepare` turns it into a board and a config, or refuses with an InputError.
 */
import { FOUR_GiB, type Range } from '../base/address.js';
import { type Diagnostic, inputError } from '../base/diagnostics.js';
import { type Board, loadBoard } from '../board/board.js';
import {
  applyBootLoader,
  type BootLoaderFacts,
  memoryBeside,
  memoryNodes,
  physicalBanks,
} from '../board/memory.js';
import { isAvailable, isCompatible, stringOf, u32sOf } from '../devicetree/access.js';
import type { DtNode } from '../devicetree/tree.js';
import type { KernelConfig, KernelVersion } from '../linux/config.js';
import { loadKernelConfig } from '../linux/kconfig.js';
import { presetConfig, presetForBoard } from '../linux/presets.js';
import { findProbeNodes } from '../workloads/probe/devices.js';

export interface MemoryBankRequest {
  readonly sizeBytes: number;
  /** Absent: that of the tree's first memory node. */
  readonly base?: number;
}

/** What is known of a kernel whose config nobody names. Goes before what its tree says. */
export interface PresetHints {
  readonly lpae?: boolean;
  readonly restrictedPool?: boolean;
}

export interface BoardJob {
  /** `.dtb` or `.dts`. */
  readonly path: string;
  /** All of the board's memory, whatever the tree says. */
  readonly memory?: readonly MemoryBankRequest[];
  /** Memory to assume where the tree states none. */
  readonly assumedMemory?: readonly MemoryBankRequest[];
  readonly initrd?: { readonly address: number; readonly size: number };
  readonly imageAddress?: number;
  readonly treeAddress?: number;
  /** Size of the tree with the room that the boot loader left in it. */
  readonly treeBytes?: number;
  /** A `.config` file; `preset` otherwise, or the preset that fits the board's cores. */
  readonly configFile?: string;
  readonly preset?: string;
  readonly presetHints?: PresetHints;
  readonly systemMap?: string;
  readonly baseline?: KernelVersion;
  /** Absent: 'bootargs' of the tree. */
  readonly cmdline?: string;
  readonly hardwareFile?: string;
  /** Names; `legacy` is always run first. */
  readonly designs: readonly string[];
  /** False: the rules of coherency are not asked. */
  readonly rules?: boolean;
  /** Findings are wanted whole, with stacks. */
  readonly stories?: boolean;
}

export interface PreparedBoard {
  readonly board: Board;
  readonly bootLoader: BootLoaderFacts;
  readonly config: KernelConfig;
  /** What the tree or the boot loader calls memory. */
  readonly banks: readonly Range[];
  /** Memory beside it: pools of devices in memory of their own. */
  readonly beside: readonly Range[];
  readonly memoryFrom: 'tree' | 'command line' | 'assumed';
  readonly configFrom: 'file' | 'preset';
  readonly diagnostics: readonly Diagnostic[];
}

function statesNoMemory(board: Board): boolean {
  return memoryNodes(board.tree).every(row => row.size === 0n);
}

/** Adds to the tree what the boot loader would. */
function addBootLoader(board: Board, job: BoardJob): Pick<PreparedBoard, 'bootLoader' | 'memoryFrom'> {
  const assumed = job.memory === undefined && job.assumedMemory !== undefined && statesNoMemory(board);
  const memory = job.memory ?? (assumed ? job.assumedMemory : undefined);
  const bootLoader: BootLoaderFacts = {
    ...(memory && { memory }),
    ...(job.initrd && { initrd: job.initrd }),
    ...(job.imageAddress !== undefined && { imageAddress: job.imageAddress }),
    ...(job.treeAddress !== undefined && { treeAddress: job.treeAddress }),
    ...(job.cmdline !== undefined && { bootargs: job.cmdline }),
    ...(job.treeBytes !== undefined && { treeBytes: job.treeBytes }),
  };
  applyBootLoader(board, bootLoader);
  return { bootLoader, memoryFrom: assumed ? 'assumed' : job.memory ? 'command line' : 'tree' };
}

/**
 * Does the tree give devices a pool of bounce buffers of their own? The probe's devices do not count: putting them on
 * a board must not change which kernel it gets.
 */
function hasRestrictedPool({ tree }: Board): boolean {
  const regionsOf = (node: DtNode) =>
    u32sOf(tree, node, 'memory-region').map(phandle => tree.nodeByPhandle(phandle));
  const probes = new Set(findProbeNodes(tree).map(({ node }) => node));
  const probed = new Set([...probes].flatMap(regionsOf));
  const others = new Set([...tree.root.walk()].filter(node => !probes.has(node)).flatMap(regionsOf));
  const pools = tree.root.child('reserved-memory')?.children ?? [];
  return pools
    .filter(node => isAvailable(node) && isCompatible(node, 'restricted-dma-pool'))
    .some(node => !probed.has(node) || others.has(node));
}

function chooseConfig(job: BoardJob, board: Board, banks: readonly Range[]): KernelConfig {
  const options = {
    ...(job.baseline !== undefined && { baseline: job.baseline }),
    cmdline: job.cmdline ?? bootargs(board),
  };
  if (job.configFile !== undefined) {
    return loadKernelConfig(job.configFile, {
      ...options,
      report: diagnostic => board.diagnostics.push(diagnostic),
      ...(job.systemMap !== undefined && { systemMap: job.systemMap }),
    });
  }
  const { core } = board.machineFacts();
  const { lpae, restrictedPool } = job.presetHints ?? {};
  const needs = {
    architecture: core.architecture,
    needsLpae: core.longDescriptors && (lpae ?? banks.some(bank => bank.end > FOUR_GiB)),
    restrictedPool: core.longDescriptors && (restrictedPool ?? hasRestrictedPool(board)),
  };
  return presetConfig(job.preset ?? presetForBoard(needs), options);
}

/** What the tree's /chosen says, until the user says otherwise. */
function bootargs(board: Board): string {
  const chosen = board.tree.root.child('chosen');
  return (chosen && stringOf(board.tree, chosen, 'bootargs')) ?? '';
}

/**
 * Can a kernel of that config run on the core? Kernels up to ARMv5 and from ARMv6 exclude each other.
 * Linux: arch/arm/mm/Kconfig, CPU_V6, CPU_V6K, CPU_V7; arch/arm/kernel/head-common.S, __error_p (v6.12).
 */
function supportsCore(config: KernelConfig, architecture: number): boolean {
  const v6 = config.isEnabled('CPU_V6') || config.isEnabled('CPU_V6K');
  const v7 = config.isEnabled('CPU_V7');
  if (architecture >= 7) return v7;
  if (architecture === 6) return v6;
  return !v6 && !v7;
}

/** Throws an InputError that names everything that is wrong, an EnvironmentError where a file is missing. */
export function prepare(job: BoardJob): PreparedBoard {
  const options = job.hardwareFile === undefined ? {} : { hardware: job.hardwareFile };
  return prepareBoard(loadBoard(job.path, options), job);
}

/** As `prepare`, of a board that is there already; its tree is changed as a boot loader would. */
export function prepareBoard(board: Board, job: BoardJob): PreparedBoard {
  const { bootLoader, memoryFrom } = addBootLoader(board, job);
  const { core } = board.machineFacts();
  const where = { position: { file: job.path }, path: '/cpus' };
  if (!core.mmu) {
    inputError(
      'core-no-mmu',
      `${core.name} has no MMU; coherent memory of kernels without MMU is a fixed pool in every design`,
      where,
    );
  }
  const banks = physicalBanks(board);
  const config = chooseConfig(job, board, banks);
  if (!supportsCore(config, core.architecture)) {
    inputError(
      'core-not-built-in',
      `${config.name} is not built for ${core.name} (ARMv${core.architecture}): it would not boot`,
      where,
    );
  }
  if (config.isEnabled('ARM_LPAE') && !core.longDescriptors) {
    inputError(
      'core-no-lpae',
      `${config.name} sets CONFIG_ARM_LPAE, but ${core.name} has no long descriptors`,
      where,
    );
  }
  const beside = memoryBeside(board.tree, banks);
  const configFrom = job.configFile === undefined ? 'preset' : 'file';
  return { board, bootLoader, config, banks, beside, memoryFrom, configFrom, diagnostics: board.diagnostics };
}
