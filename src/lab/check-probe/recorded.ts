// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a recording says of the kernel that it was made on: its version, the symbols by which designs differ, its
 * config as far as the module writes it, what was asked of the module. From that comes what is modelled, where the
 * user does not say: baseline, preset, design.
 */
import { inputError } from '../../base/diagnostics.js';
import type { Design } from '../../designs/design.js';
import { designs } from '../../designs/index.js';
import type { KernelConfig, KernelVersion } from '../../linux/config.js';
import { baselineFor, type KernelRelease, parseRelease } from '../../linux/kernel-release.js';
import type { ProbeRecord } from '../../workloads/probe/record.js';
import type { ProbeOptions } from '../../workloads/probe/script.js';
import { configText } from '../../workloads/probe/system.js';
import type { ProbeTime } from '../boot.js';
import type { PresetHints } from '../job.js';
import type { OpenDesigns } from './result.js';

/** What a recording says of the kernel that it was made on. */
export interface RecordedKernel {
  /** `uname -r`; null where the recording does not say. */
  readonly release: string | null;
  /** The same, read; null also where it is no version. */
  readonly version: KernelRelease | null;
  /** The version to model; null as above. */
  readonly baseline: KernelVersion | null;
  /** Kconfig symbols by which designs differ; null as above. */
  readonly symbols: string | null;
  /** Kconfig symbols, without prefix: 0 and 1, numbers, hexadecimal text. Empty as above. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly hints: PresetHints;
  readonly time: ProbeTime;
  readonly options: ProbeOptions;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function flagOf(value: unknown): boolean | undefined {
  return value === 0 || value === 1 ? value === 1 : undefined;
}

/** The devices that the module was told to probe and could; undefined: all of the tree. */
function probedDevices(records: readonly ProbeRecord[], params: Readonly<Record<string, unknown>>) {
  const named = (Array.isArray(params['devices']) ? params['devices'] : []) as readonly string[];
  const skipped = new Set(records.filter(({ op }) => op === 'skipped').map(({ dev }) => dev));
  if (named.length === 0 && skipped.size === 0) return undefined;
  const all = named.length > 0 ? named : [...new Set(records.map(({ dev }) => dev))];
  return all.filter(name => !skipped.has(name));
}

/**
 * The module says what it was asked for, and always holds buffers in the end. Of other recordings only their calls
 * tell.
 */
function optionsOf(records: readonly ProbeRecord[], module: ProbeRecord | undefined): ProbeOptions {
  const params = objectOf(module?.['params']);
  const devices = probedDevices(records, params);
  return {
    module: module !== undefined,
    exhaust: flagOf(params['exhaust']) ?? records.some(({ op }) => op.startsWith('x_')),
    hold: flagOf(params['hold']) ?? (module !== undefined || records.some(({ op }) => op === 'hold')),
    ...(devices && { devices }),
  };
}

export function recordedKernel(records: readonly ProbeRecord[]): RecordedKernel {
  const module = records.find(({ op }) => op === 'module');
  const sys = records.find(({ op }) => op === 'sys');
  const config = objectOf(module?.['config']);
  const release = typeof sys?.['rel'] === 'string' ? sys['rel'] : null;
  const version = release === null ? null : parseRelease(release);
  const lpae = flagOf(config['ARM_LPAE']) ?? flagOf(sys?.['lpae']);
  // The last of `io_tlb` is for_alloc: the device allocates from a restricted pool.
  const bounces = records.some(
    ({ op, io_tlb }) => op === 'device' && Array.isArray(io_tlb) && io_tlb[3] === 1,
  );
  const restrictedPool = flagOf(config['DMA_RESTRICTED_POOL']) ?? bounces;
  return {
    release,
    version,
    baseline: version && baselineFor(version),
    symbols: typeof sys?.['cfg'] === 'string' ? sys['cfg'] : null,
    config,
    hints: lpae === undefined ? {} : { lpae, restrictedPool: lpae && restrictedPool },
    time: module ? 'booted' : 'initcalls',
    options: optionsOf(records, module),
  };
}

export interface RecordedDesign {
  readonly design: Design;
  /** Null: the symbols leave no choice. */
  readonly open: OpenDesigns | null;
}

/**
 * The design that sets the recorded symbols; the first where several do. An InputError where none does, or the
 * recording has none.
 */
export function recordedDesign({ symbols }: RecordedKernel, config: KernelConfig): RecordedDesign {
  const notes = [`designs: ${designs.map(({ name }) => name).join(', ')}`];
  if (symbols === null) {
    return inputError('design-unknown', 'the recording does not name its design: say --design', { notes });
  }
  const found = designs.filter(design => configText(config.with(design.kconfig(config.version))) === symbols);
  const [design] = found;
  if (design) {
    const names = found.map(({ name }) => name);
    return { design, open: names.length > 1 ? { designs: names, taken: design.name } : null };
  }
  const text = symbols.trim() || 'none of the symbols';
  return inputError('design-unknown', `no design sets ${text} (${config.version}): say --design`, { notes });
}
