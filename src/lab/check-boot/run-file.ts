// SPDX-License-Identifier: GPL-2.0-only
/**
 * `run.json` beside `facts.json`: how the recorded machine was started. Taken from it, when asked: memory, number and
 * kind of cores, command line, and of a machine of QEMU what QEMU does (qemu.ts). Everything is optional, and unknown names are passed over.
 *
 *   { "mem": "1G", "smp": 4, "cpu": "cortex-a15", "cmdline": "console=ttyAMA0", "machine": "virt", "kernel": "armmp" }
 *
 * `memory_nodes` is device-tree source: nodes that replaced those of the tree, with the root's numbers of cells.
 */

import { z } from 'zod';
import { inputError } from '../../base/diagnostics.js';
import type { HardwareFacts } from '../../board/hardware.js';
import { addressCells, sizeCells } from '../../devicetree/access.js';
import type { DeviceTree } from '../../devicetree/tree.js';
import { findCore } from '../../hw/cores.js';
import { memparse } from '../../linux/lib/cmdline.js';
import type { MemoryBankRequest } from '../job.js';
import { checkDocument, readJson } from './document.js';
import { recordedFields } from './recording.js';

const size = z
  .string()
  .refine(text => /^[0-9]/.test(text) && memparse(text).rest === '', 'must be a size such as 512M')
  .refine(text => memparse(text).value % 4096 === 0, 'must be a multiple of 4096');

const schema: z.ZodType = z.object({
  name: z.string().optional(),
  machine: z.string().optional(),
  kernel: z.string().optional(),
  mem: size.optional(),
  smp: z.number().int().min(1).max(256).optional(),
  cpu: z.string().nullable().optional(),
  cmdline: z.string().optional(),
  memory_nodes: z.string().nullable().optional(),
});

export interface RunFile {
  readonly name?: string;
  readonly machine?: string;
  readonly kernel?: string;
  readonly mem?: string;
  readonly smp?: number;
  readonly cpu?: string | null;
  readonly cmdline?: string;
  readonly memory_nodes?: string | null;
}

/** Reads and checks `run.json`. What says nothing of a start, or what was seen of one, is an InputError. */
export function loadRunFile(file: string): RunFile {
  const document = readJson(file, 'run-json');
  const run = checkDocument<RunFile>(schema, document, file, 'run-json');
  const position = { file };
  const seen = recordedFields(document as object);
  if (seen.length > 0) {
    const notes = [`it holds ${seen.slice(0, 3).join(', ')}`];
    inputError('run-is-recording', 'this is what was seen of a boot, not how it was started', {
      position,
      notes,
    });
  }
  const { machine, mem, smp, cpu, cmdline, memory_nodes } = run;
  if ([machine, mem, smp, cpu, cmdline, memory_nodes].every(value => value === undefined)) {
    const notes = ['fields: machine, mem, smp, cpu, cmdline, memory_nodes'];
    inputError('run-empty', 'this says nothing of how a machine was started', { position, notes });
  }
  return run;
}

/** The memory, at the place of the tree's where no node says. Undefined: the run does not tell. */
export function memoryOfRun(run: RunFile, tree: DeviceTree): MemoryBankRequest[] | undefined {
  if (run.memory_nodes) return banksOf(run.memory_nodes, tree);
  return run.mem === undefined ? undefined : [{ sizeBytes: memparse(run.mem).value }];
}

/** All cells of every 'reg'. */
function banksOf(source: string, tree: DeviceTree): MemoryBankRequest[] {
  const [forAddress, forSize] = [addressCells(tree.root), sizeCells(tree.root)];
  const cells = [...source.matchAll(/\breg\s*=\s*([^;]*);/g)].flatMap(([, list]) =>
    [...list!.matchAll(/\b(?:0x[0-9a-fA-F]+|[0-9]+)\b/g)].map(([cell]) => Number(cell)),
  );
  const banks: MemoryBankRequest[] = [];
  const join = (from: number, count: number): number =>
    cells.slice(from, from + count).reduce((value, cell) => value * 2 ** 32 + cell, 0);
  for (let at = 0; at + forAddress + forSize <= cells.length; at += forAddress + forSize) {
    banks.push({ base: join(at, forAddress), sizeBytes: join(at + forAddress, forSize) });
  }
  return banks;
}

/** Compatibles of cores that QEMU calls otherwise than Linux, beside `arm,`: target/arm/cpu_tcg.c. */
const QEMU_NAMES: Readonly<Record<string, string>> = {
  arm926: 'arm,arm926ej-s',
  arm1136: 'arm,arm1136jf-s',
  'arm1136-r2': 'arm,arm1136jf-s',
  arm1176: 'arm,arm1176jzf-s',
};

/** Cores that the machine was given, where a core of that name is known. */
export function hardwareOfRun(run: RunFile): HardwareFacts {
  const source = 'run.json';
  const compatible = run.cpu ? (QEMU_NAMES[run.cpu] ?? `arm,${run.cpu}`) : undefined;
  const core = compatible !== undefined && findCore([compatible]) ? compatible : undefined;
  return {
    ...(run.smp !== undefined && { coreCount: { value: run.smp, source } }),
    ...(core !== undefined && { core: { value: core, source } }),
  };
}
