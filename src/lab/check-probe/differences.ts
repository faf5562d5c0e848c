// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the kernel that is modelled is not the one that was recorded: version, design, Kconfig symbols. What differs
 * in the calls is then no news about the model.
 */
import type { KernelConfig, KernelVersion } from '../../linux/config.js';
import { releaseOf, translateSymbols } from '../../linux/kernel-release.js';
import { configText } from '../../workloads/probe/system.js';
import type { RecordedKernel } from './recorded.js';

/** Symbols that decide what a module can see, and nothing about DMA. */
const NOT_MODELLED: ReadonlySet<string> = new Set(['KPROBES', 'KALLSYMS_ALL', 'DMA_API_DEBUG']);

/** Symbols of a module that was built for `from`, as the modelled `to` means them. Hexadecimal text is a number. */
function translated(recorded: RecordedKernel, to: KernelVersion): Map<string, number> {
  const numbers = Object.entries(recorded.config).flatMap(([name, value]): [string, number][] => {
    if (typeof value === 'number') return [[name, value]];
    const number = typeof value === 'string' ? Number.parseInt(value, 16) : Number.NaN;
    return Number.isNaN(number) ? [] : [[name, number]];
  });
  // A release that is no version is taken for the modelled one.
  return translateSymbols(new Map(numbers), recorded.version ?? releaseOf(to), to) as Map<string, number>;
}

function valueText(value: number, isFlag: boolean, name: string): string {
  if (isFlag) return value === 1 ? 'y' : 'n';
  return name === 'PAGE_OFFSET' ? value.toString(16) : String(value);
}

/** `the recording's kernel has ARM_LPAE=n, the modelled y`. A symbol that the config does not name is not set. */
function symbolDifferences(recorded: RecordedKernel, config: KernelConfig): string[] {
  const { symbols } = config.parts();
  return [...translated(recorded, config.version)].flatMap(([name, there]) => {
    if (NOT_MODELLED.has(name)) return [];
    const here = symbols.get(name);
    const isFlag = typeof here !== 'number' && there <= 1;
    if (!isFlag && here === undefined) return [];
    const number = typeof here === 'number' ? here : Number(here === true);
    if (number === there) return [];
    const [theirs, ours] = [valueText(there, isFlag, name), valueText(number, isFlag, name)];
    return [`the recording's kernel has ${name}=${theirs}, the modelled ${ours}`];
  });
}

/** A line for each difference. `config`: of the modelled kernel, with its design's symbols. */
export function kernelDifferences(recorded: RecordedKernel, config: KernelConfig): string[] {
  const { release, baseline, symbols } = recorded;
  const lines: string[] = [];
  if (baseline !== null && baseline !== config.version) {
    lines.push(`the recording is of ${release}, the modelled kernel is ${config.version}`);
  } else if (
    release !== null &&
    !release.startsWith(`${releaseOf(config.version).text}.`) &&
    release !== config.version
  ) {
    lines.push(`the recording is of ${release}, which is modelled as ${config.version}`);
  }
  const modelled = configText(config);
  if (symbols !== null && symbols !== modelled) {
    const [theirs, ours] = [symbols, modelled].map(text => text.trim() || 'none');
    lines.push(`the recording's kernel sets ${theirs}, the modelled design ${ours}`);
  }
  const lpae = recorded.hints.lpae;
  if (lpae !== undefined && recorded.config['ARM_LPAE'] === undefined && lpae !== config.phys64) {
    const [theirs, ours] = [lpae, config.phys64].map(isSet => (isSet ? 'y' : 'n'));
    lines.push(`the recording's kernel has ARM_LPAE=${theirs}, the modelled ${ours}`);
  }
  return [...lines, ...symbolDifferences(recorded, config)];
}

/** The same of the file of --config, before a design has set its symbols: it may be of a kernel of another design. */
export function fileDifferences({ symbols }: RecordedKernel, file: KernelConfig): string[] {
  const inFile = configText(file);
  if (symbols === null || symbols === inFile) return [];
  const [theirs, ours] = [symbols, inFile].map(text => text.trim() || 'none');
  return [`the recording's kernel sets ${theirs}, ${file.name} ${ours}: it is of another design`];
}
