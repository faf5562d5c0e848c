// SPDX-License-Identifier: GPL-2.0-only
/**
 * A recording from a real kernel against the modelled kernel of the same board: finds out from the recording what
 * ran (design, built in or module, exhaustion or not), runs the same probe, and compares.
 */
import { inputError } from '../../base/diagnostics.js';
import type { Design } from '../../designs/design.js';
import { designs } from '../../designs/index.js';
import type { KernelConfig, KernelVersion } from '../../linux/config.js';
import type { Kernel } from '../../linux/kernel.js';
import { baselineFor } from '../../linux/kernel-release.js';
import { cma_alloc, cma_used_pages } from '../../linux/mm/cma.js';
import { bare, type ProbeRecord } from '../../workloads/probe/record.js';
import { type ProbeOptions, runProbe } from '../../workloads/probe/script.js';
import { configText } from '../../workloads/probe/system.js';
import { bootDesign, type ProbeTime } from '../boot.js';
import type { PreparedBoard } from '../job.js';
import { addProbeDevices } from '../probe-board.js';
import { refuseUnbuildable } from '../run-design.js';
import { compareProbe } from './compare.js';
import type { CheckedProbe } from './result.js';

/** What a recording says of the kernel that it was made on. */
export interface RecordedKernel {
  /** `uname -r`; null where the recording does not say. */
  readonly release: string | null;
  /** The version to model; null as above. */
  readonly baseline: KernelVersion | null;
  /** Kconfig symbols by which designs differ; null as above. */
  readonly symbols: string | null;
  readonly time: ProbeTime;
  readonly options: ProbeOptions;
}

export function recordedKernel(records: readonly ProbeRecord[]): RecordedKernel {
  const module = records.some(({ op }) => op === 'module');
  const sys = records.find(({ op }) => op === 'sys');
  const release = typeof sys?.['rel'] === 'string' ? sys['rel'] : null;
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release ?? '') ?? [];
  return {
    release,
    baseline:
      major === undefined
        ? null
        : baselineFor({ major: Number(major), minor: Number(minor), text: release! }),
    symbols: typeof sys?.['cfg'] === 'string' ? sys['cfg'] : null,
    time: module ? 'booted' : 'initcalls',
    options: {
      module,
      exhaust: records.some(({ op }) => op.startsWith('x_')),
      hold: records.some(({ op }) => op === 'hold'),
    },
  };
}

/** The first design that sets the recorded symbols. An InputError where none does, or the recording has none. */
export function recordedDesign({ symbols }: RecordedKernel, config: KernelConfig): Design {
  const notes = [`designs: ${designs.map(({ name }) => name).join(', ')}`];
  if (symbols === null) {
    return inputError('design-unknown', 'the recording does not name its design: say --design', { notes });
  }
  const found = designs.find(design => configText(config.with(design.kconfig(config.version))) === symbols);
  if (found) return found;
  const text = symbols.trim() || 'none of the symbols';
  return inputError('design-unknown', `no design sets ${text} (${config.version}): say --design`, { notes });
}

/**
 * `prepared` should be the board with the tree that the real kernel was given; one without the probe's devices gets
 * those of `armory probe --overlay`.
 */
export function checkProbe(
  prepared: PreparedBoard,
  design: Design,
  records: readonly ProbeRecord[],
): CheckedProbe {
  refuseUnbuildable(design, prepared);
  const { board, config } = prepared;
  addProbeDevices(prepared);
  const { release, time, options } = recordedKernel(records);
  const k = bootDesign(prepared, design, time);
  const assumed = holdForOthers(k, records);
  const agreement = compareProbe(k, records, runProbe(k, options));
  return { board: board.name, design: design.name, kernel: config.name, release, assumed, ...agreement };
}

/**
 * On a board that does something, drivers hold contiguous memory before the probe starts. As many pages are taken
 * here. Model: in one piece, first-fit. Says what was taken.
 */
function holdForOthers(k: Kernel, records: readonly ProbeRecord[]): string[] {
  const held: string[] = [];
  for (const { op, base, used } of records) {
    const area = op === 'cma' ? k.cma.areas.find(candidate => bare(candidate.base) === base) : undefined;
    if (!area || typeof used !== 'number') continue;
    const pages = used - cma_used_pages(area);
    if (pages <= 0 || cma_alloc(k, area, pages, 0, true) === null) continue;
    held.push(`${pages} pages of contiguous area ${area.name} are held by others`);
  }
  return held;
}
