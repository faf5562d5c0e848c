// SPDX-License-Identifier: GPL-2.0-only
/**
 * Reads the `.config` of a kernel build. Described in Documentation/kbuild/kconfig.rst and written by
 * scripts/kconfig/confdata.c (v6.12): `CONFIG_X=y|m|n`, `=123`, `=0x1f`, `="text"`, `# CONFIG_X is not set`,
 * and comments, of which the first names architecture and release.
 *
 * Stricter than the kernel's own reader, which skips lines it does not know: here such a line is an error,
 * so that a wrong file is noticed. What the linker does with the config is in `kernel-image.ts`.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  type Diagnostic,
  EnvironmentError,
  InputError,
  inputError,
  type SourcePosition,
} from '../base/diagnostics.js';
import { type KconfigValue, KernelConfig, type KernelVersion } from './config.js';
import { deriveImage, imageFromSystemMap } from './kernel-image.js';
import {
  baselineFor,
  isModelled,
  type KernelRelease,
  releaseOf,
  translateSymbols,
} from './kernel-release.js';

export interface ParsedKconfig {
  /** By name without `CONFIG_`. `y` and `m` are true, `n` and "is not set" false, numbers are numbers. */
  readonly symbols: Map<string, KconfigValue>;
  /** Warnings; errors are thrown. */
  readonly diagnostics: Diagnostic[];
  /** Of the header comment; undefined without one. */
  readonly release?: KernelRelease;
  /** Of the header comment: `arm`, as the kernel's `arch/` spells it. */
  readonly architecture?: string;
  /** Number of symbols that are `y`: how much was built in. */
  readonly builtIn: number;
}

export interface KernelConfigOptions {
  /** The modelled kernel to take, whatever the release of the file. */
  readonly baseline?: KernelVersion;
  readonly cmdline?: string;
  /** Path of the `System.map` of the same build; without one the image's layout is an estimate. */
  readonly systemMap?: string;
  /** Receives warnings and notes. */
  readonly report?: (diagnostic: Diagnostic) => void;
}

/** Errors reported of one file before the rest is only counted. */
const MAX_ERRORS = 20;

const HEADER = /^#\s*Linux\/(\S+)\s+((\d+)\.(\d+)\S*)\s+Kernel Configuration/;
const NOT_SET = /^#\s*CONFIG_([A-Za-z0-9_]+) is not set\s*$/;
const ASSIGNMENT = /^CONFIG_([A-Za-z0-9_]+)=(.*)$/;

/**
 * Parses the text of a `.config`; `file` is for messages. Throws an InputError with every line that is
 * neither an assignment, a comment, nor empty, and every value that has none of the known forms.
 */
export function parseKconfig(text: string, file: string): ParsedKconfig {
  if (text.includes('\0'))
    inputError('config-not-text', 'not a .config: it holds NUL bytes', { position: { file } });
  const symbols = new Map<string, KconfigValue>();
  const lines = new Map<string, number>();
  const errors: Diagnostic[] = [];
  const diagnostics: Diagnostic[] = [];
  let header: RegExpExecArray | null = null;
  let builtIn = 0;

  text.split('\n').forEach((raw, index) => {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const position: SourcePosition = { file, line: index + 1 };
    const notSet = NOT_SET.exec(line);
    if (notSet === null && (line.trim() === '' || line.startsWith('#'))) {
      header ??= HEADER.exec(line);
      return;
    }
    const assignment = notSet ?? ASSIGNMENT.exec(line);
    const name = assignment?.[1];
    if (name === undefined) {
      const rule = 'a line is CONFIG_X=value, "# CONFIG_X is not set", a comment, or empty';
      errors.push({ severity: 'error', id: 'config-line', message: `${quote(line)}: ${rule}`, position });
      return;
    }
    const valueText = notSet === null ? (assignment?.[2] ?? '').trimEnd() : 'n';
    const value = parseValue(valueText);
    if (value === undefined) {
      const rule = 'a value is y, m, n, a decimal or 0x number up to 2^53, or a text in double quotes';
      const message = `CONFIG_${name}=${quote(valueText)}: ${rule}`;
      errors.push({ severity: 'error', id: 'config-value', message, position });
      return;
    }
    const earlier = lines.get(name);
    if (earlier !== undefined) {
      const message = `CONFIG_${name} was set before; the later line counts, as in the kernel`;
      const notes = [`first set in line ${earlier}`];
      diagnostics.push({ severity: 'warning', id: 'config-duplicate', message, position, notes });
    }
    lines.set(name, index + 1);
    symbols.set(name, value);
    if (valueText === 'y') builtIn++;
  });

  if (errors.length > MAX_ERRORS) {
    const message = `${errors.length - MAX_ERRORS} more lines are wrong; is this a kernel's .config?`;
    errors.splice(MAX_ERRORS, Infinity, {
      severity: 'error',
      id: 'config-line',
      message,
      position: { file },
    });
  }
  if (errors.length > 0) throw new InputError([...errors, ...diagnostics]);
  return { symbols, diagnostics, builtIn, ...describeHeader(header) };
}

function describeHeader(header: RegExpExecArray | null): Pick<ParsedKconfig, 'release' | 'architecture'> {
  const [, architecture, text, major, minor] = header ?? [];
  if (architecture === undefined || text === undefined) return {};
  return { architecture, release: { major: Number(major), minor: Number(minor), text } };
}

function parseValue(text: string): KconfigValue | undefined {
  if (text === 'y' || text === 'm') return true;
  if (text === 'n') return false;
  if (/^-?\d+$/.test(text) || /^0[xX][0-9a-fA-F]+$/.test(text)) {
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(text)?.[1];
  return quoted?.replace(/\\(.)/g, '$1');
}

/** At most 40 characters of `text`, with control characters made visible. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/**
 * A kernel from the text of its `.config`; `name` is the file's name. Throws an InputError of parseKconfig,
 * `config-not-arm`, `config-no-mmu` or `config-xip`, or of the System.map if its text is given.
 */
export function kernelConfigFromText(
  text: string,
  name: string,
  options: Omit<KernelConfigOptions, 'systemMap'> & { systemMap?: { text: string; file: string } } = {},
): KernelConfig {
  const parsed = parseKconfig(text, name);
  checkModelled(parsed, name);
  const { version, notes } = chooseVersion(parsed, name, options.baseline);
  const report = options.report ?? (() => {});
  for (const diagnostic of [...parsed.diagnostics, ...notes]) report(diagnostic);

  const symbols = translateSymbols(parsed.symbols, parsed.release ?? releaseOf(version), version);
  const map = options.systemMap;
  const image =
    map === undefined
      ? deriveImage(symbols, parsed.builtIn)
      : imageFromSystemMap(map.text, map.file, pageOffset(symbols, name));
  return new KernelConfig({ name, version, symbols, cmdline: options.cmdline ?? '', image });
}

/**
 * Reads the `.config` at `path`, plain or compressed by gzip (`/proc/config.gz`). Throws the InputErrors of
 * kernelConfigFromText, an EnvironmentError where a file cannot be read.
 */
export function loadKernelConfig(path: string, options: KernelConfigOptions = {}): KernelConfig {
  const { systemMap, ...rest } = options;
  const map = systemMap === undefined ? {} : { systemMap: { text: readText(systemMap), file: systemMap } };
  return kernelConfigFromText(readText(path), path, { ...rest, ...map });
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return (gzipped ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (error) {
    throw new EnvironmentError('read', path, error);
  }
}

function checkModelled({ symbols, architecture }: ParsedKconfig, file: string): void {
  const refuse = (id: string, message: string, ...notes: string[]): never => {
    return inputError(id, message, { position: { file }, notes });
  };
  if (architecture !== undefined && architecture !== 'arm') {
    refuse('config-not-arm', `the file is of architecture ${architecture}; only 32-bit arm is modelled`);
  }
  if (symbols.get('ARM') !== true) {
    refuse(
      'config-not-arm',
      'CONFIG_ARM=y is missing, which every complete .config of 32-bit ARM has',
      'a defconfig lists only what differs from the defaults; `make ARCH=arm NAME_defconfig` completes it',
    );
  }
  if (symbols.get('MMU') !== true) {
    refuse(
      'config-no-mmu',
      'CONFIG_MMU is not set; the designs differ only in kernels with an MMU',
      'without one, coherent memory comes from CONFIG_DMA_GLOBAL_POOL or from uncached memory regions',
    );
  }
  if (symbols.get('XIP_KERNEL') === true) {
    refuse('config-xip', 'CONFIG_XIP_KERNEL=y: a kernel that executes from flash is not modelled');
  }
}

function chooseVersion(
  { release }: ParsedKconfig,
  file: string,
  baseline: KernelVersion | undefined,
): { version: KernelVersion; notes: Diagnostic[] } {
  if (baseline !== undefined) return { version: baseline, notes: [] };
  const version = release === undefined ? '6.12' : baselineFor(release);
  if (release !== undefined && isModelled(release)) return { version, notes: [] };
  const what =
    release === undefined ? 'no header names the release' : `release ${release.text} is not modelled`;
  const message = `${what}; ${version} is taken, and a baseline given by hand overrides that`;
  return { version, notes: [{ severity: 'note', id: 'config-release', message, position: { file } }] };
}

/** Start of the kernel's part of the address space. Linux: arch/arm/Kconfig, PAGE_OFFSET (v6.12). */
function pageOffset(symbols: ReadonlyMap<string, KconfigValue>, file: string): number {
  const value = symbols.get('PAGE_OFFSET');
  if (typeof value === 'number') return value;
  const message = 'CONFIG_PAGE_OFFSET is missing; it is needed to read a System.map';
  return inputError('config-page-offset', message, { position: { file } });
}
