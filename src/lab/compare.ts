// SPDX-License-Identifier: GPL-2.0-only
/** One board under several designs, judged. Read `verdict.ts` next. */
import { basename } from 'node:path';
import { hex } from '../base/address.js';
import { EnvironmentError, InputError } from '../base/diagnostics.js';
import { designByName } from '../designs/index.js';
import { sharedOverride } from '../linux/arch/arm/mm/cache-l2x0.js';
import type { Kernel } from '../linux/kernel.js';
import { bootDesign, bootWatched } from './boot.js';
import { type BoardJob, type PreparedBoard, prepare } from './job.js';
import type { BoardComparison, BoardFacts, BoardResult, CmaPlace } from './results.js';
import { refuseUnbuildable, runDesign } from './run-design.js';
import { judge } from './verdict.js';

function outerCacheText(k: Kernel): string | null {
  const { outerCache } = k.machine.facts;
  if (!outerCache) return null;
  if (outerCache.model !== 'PL310') return outerCache.model;
  if (!k.machine.outerInUse) return 'PL310 (off)';
  const { set, by } = sharedOverride(k);
  if (by === 'nobody') return 'PL310 (shared override as firmware leaves it)';
  return `PL310 (shared override ${set ? 'set' : 'clear'} by the ${by})`;
}

function cmaPlace(k: Kernel): CmaPlace | null {
  const area = k.cma.dma_contiguous_default_area;
  if (!area) return null;
  return { base: hex(area.base), sizeBytes: area.size, highmem: area.base >= k.memory.arm_lowmem_limit };
}

function boardFacts(prepared: PreparedBoard, k: Kernel): BoardFacts {
  const { board, banks, config, memoryFrom } = prepared;
  const { core, coreCount } = board.machineFacts();
  return {
    model: board.model,
    core: core.name,
    cores: coreCount,
    outerCache: outerCacheText(k),
    memoryBytes: banks.reduce((sum, bank) => sum + (bank.end - bank.start), 0),
    memoryFrom,
    knownBytes: k.memblock.memblock_phys_mem_size(),
    lowmemBytes: k.memory.high_memory - k.memory.PAGE_OFFSET,
    cma: cmaPlace(k),
    config: config.name,
    baseline: config.version,
    cmdline: config.cmdline,
  };
}

/** Runs `legacy` and the asked-for designs. Throws InputError and EnvironmentError. */
export function compareBoard(job: BoardJob): BoardComparison {
  const prepared = prepare(job);
  const names = ['legacy', ...job.designs.filter(name => name !== 'legacy')];
  const designs = names.map(designByName);
  for (const design of designs) refuseUnbuildable(design, prepared);
  let facts: BoardFacts | undefined;
  const runs = designs.map(design => {
    const { k, sanitizer } =
      job.rules === false
        ? { k: bootDesign(prepared, design), sanitizer: null }
        : bootWatched(prepared, design, { stacks: job.stories === true });
    facts ??= boardFacts(prepared, k);
    return runDesign(k, design.name, sanitizer, job.stories);
  });
  const legacy = runs[0]!;
  return {
    board: prepared.board.name,
    file: job.path,
    facts: facts!,
    verdicts: runs.map(run => judge(legacy, run)),
    diagnostics: prepared.diagnostics,
  };
}

/** As `compareBoard`, but a board that cannot be judged becomes a result: one must not end a fleet. */
export function tryCompareBoard(job: BoardJob): BoardResult {
  try {
    return compareBoard(job);
  } catch (error) {
    const file = job.path;
    const board = basename(file).replace(/\.(dtb|dts)$/, '');
    if (error instanceof InputError) {
      const first = error.diagnostics.find(({ severity }) => severity === 'error');
      const refused = first ? `${first.message} (${first.id})` : error.message;
      return { board, file, refused, blame: 'input', diagnostics: error.diagnostics };
    }
    if (error instanceof EnvironmentError) {
      return { board, file, refused: error.message, blame: 'environment', diagnostics: [] };
    }
    const refused = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { board, file, refused, blame: 'bug', diagnostics: [] };
  }
}
