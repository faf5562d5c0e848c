// SPDX-License-Identifier: GPL-2.0-only
/** Boots a kernel of one design on a fresh machine of a board, alone or with the sanitizer on watch. */
import type { Design } from '../designs/design.js';
import type { LiveOptions } from '../hw/cache/live-caches.js';
import { Machine } from '../hw/machine.js';
import { do_initcalls, start_kernel } from '../linux/init/main.js';
import type { ArchDma } from '../linux/kernel/dma/arch.js';
import { Kernel } from '../linux/kernel.js';
import { Sanitizer } from '../sanitizer/sanitizer.js';
import { POISON } from '../workloads/coherent-run.js';
import { watchingPools } from '../workloads/preparation-watch.js';
import type { PreparedBoard } from './job.js';
import { stackOfModel } from './stack.js';

/** When a driver probes: while initcalls run, as a built-in one does, or later, as a module does. */
export type ProbeTime = 'initcalls' | 'booted';

/** A machine with noise in its memory, and the kernel of `design` booted on it. */
export function bootDesign(prepared: PreparedBoard, design: Design, time: ProbeTime = 'booted'): Kernel {
  return boot(prepared, design, watchingPools(design.hooks), time);
}

export interface Watched {
  readonly k: Kernel;
  readonly sanitizer: Sanitizer;
}

export interface WatchOptions {
  readonly live?: LiveOptions;
  /** Findings tell the functions of the modelled kernel. Default true; where only rules count, half the time. */
  readonly stacks?: boolean;
}

/**
 * As above, with the sanitizer on watch from the first initcall that touches memory for DMA: by then caches and
 * tables are as they stay, and all memory may have dirty lines of whoever had it before. Memory that no kernel
 * maps cached, a device's own, counts as clean.
 * With `live`, caches that hold data are attached once the kernel is up: before that nothing reads memory that a
 * device wrote.
 */
export function bootWatched(prepared: PreparedBoard, design: Design, options: WatchOptions = {}): Watched {
  const { live, stacks = true } = options;
  let sanitizer: Sanitizer | undefined;
  const hooks = watchingPools(design.hooks);
  const k = boot(prepared, design, {
    ...hooks,
    atomic_pool_init: kernel => {
      sanitizer = new Sanitizer(kernel.machine, stacks ? { stackOf: stackOfModel } : {});
      for (const { start, end } of prepared.beside) sanitizer.assumeClean(start, end - start);
      for (const { start, end } of neverMapped(kernel)) sanitizer.assumeClean(start, end - start);
      kernel.machine.observer = sanitizer;
      hooks.atomic_pool_init(kernel);
    },
  });
  if (live) k.machine.attachCaches(live);
  return { k, sanitizer: sanitizer! };
}

/** Memory that the kernel was told to keep out of its direct mapping. */
function neverMapped(k: Kernel): { start: number; end: number }[] {
  return k.memblock.memory.filter(({ nomap }) => nomap);
}

function boot(prepared: PreparedBoard, design: Design, hooks: ArchDma, time: ProbeTime = 'booted'): Kernel {
  const { board, bootLoader, banks, beside } = prepared;
  const memory = [...banks, ...beside].sort((a, b) => a.start - b.start);
  const machine = new Machine(board.machineFacts(), memory);
  for (const { start, end } of memory) machine.ram.fill(start, end - start, POISON);
  const config = prepared.config.with(design.kconfig(prepared.config.version));
  const k = new Kernel(machine, board, bootLoader, config, hooks);
  if (time === 'initcalls') do_initcalls(k);
  else start_kernel(k);
  return k;
}
