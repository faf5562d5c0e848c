// SPDX-License-Identifier: GPL-2.0-only
/**
 * The hardware file of a board: facts about the real machine that its device tree lacks or has wrong.
 * A small JSON file beside the tree (`NAME.hardware.json` for `NAME.dtb`), each value with its source:
 *
 *   { "coherentFabric": { "value": true, "source": "Armada XP functional specification, ..." } }
 *
 * All keys are optional; unknown keys are errors. What each means is said in HardwareFacts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Diagnostic, EnvironmentError, InputError } from '../base/diagnostics.js';
import { findCore } from '../hw/cores.js';
import type { CacheIndexing } from '../hw/facts.js';

/** A value and where it is known from. */
export interface Sourced<T> {
  readonly value: T;
  readonly source: string;
}

/** What DMA masters below a bus really reach: `dmaStart` on the bus is `cpuStart` for the CPU. Bytes. */
export interface BusWindow {
  /** Device-tree path of the bus or of one device. */
  readonly node: string;
  readonly dmaStart: number;
  readonly cpuStart: number;
  readonly size: number;
}

export interface HardwareFacts {
  /** The interconnect snoops the CPU caches for all DMA masters. */
  readonly coherentFabric?: Sourced<boolean>;
  /** The true bus map, where 'dma-ranges' does not say it or lies. */
  readonly busWindows?: Sourced<readonly BusWindow[]>;
  /** Auxiliary control register of the outer cache (L2X0_AUX_CTRL) as firmware leaves it. */
  readonly outerCacheAuxiliaryControl?: Sourced<number>;
  /** Firmware has switched the outer cache on, so that its auxiliary control can no longer be changed. */
  readonly outerCacheEnabled?: Sourced<boolean>;
  /** Compatible of the core, where CPU nodes are missing or name another one. */
  readonly core?: Sourced<string>;
  readonly coreCount?: Sourced<number>;
  /** Indexing of this chip's data cache, where it differs from the core's general case. */
  readonly dataCache?: Sourced<CacheIndexing>;
  /** The core reports that it is part of a multiprocessor (MPIDR, SCU), whatever the number of CPU nodes. */
  readonly isSmp?: Sourced<boolean>;
}

/** A number, or a string such as `0x80000000`; up to 2^53. */
const integer = z
  .union([z.number(), z.string().regex(/^(0x[0-9a-fA-F]+|[0-9]+)$/, 'must be a number such as 0x1000')])
  .transform(Number)
  .refine(value => Number.isSafeInteger(value) && value >= 0, 'must be an integer from 0 to 2^53 - 1');

function sourced<T extends z.ZodType>(
  value: T,
): z.ZodOptional<z.ZodObject<{ value: T; source: z.ZodString }>> {
  return z
    .strictObject({ value, source: z.string().min(1, 'must say where the value is known from') })
    .optional();
}

const schema = z.strictObject({
  coherentFabric: sourced(z.boolean()),
  busWindows: sourced(
    z.array(
      z.strictObject({
        node: z.string().startsWith('/', 'must be a device-tree path'),
        dmaStart: integer,
        cpuStart: integer,
        size: integer.refine(size => size > 0, 'must not be 0'),
      }),
    ),
  ),
  outerCacheAuxiliaryControl: sourced(integer.refine(value => value < 2 ** 32, 'must fit 32 bits')),
  outerCacheEnabled: sourced(z.boolean()),
  core: sourced(
    z.string().refine(name => findCore([name]) !== undefined, 'must be the compatible of a known core'),
  ),
  coreCount: sourced(integer.refine(count => count >= 1 && count <= 32, 'must be from 1 to 32')),
  dataCache: sourced(z.enum(['VIVT', 'VIPT-aliasing', 'VIPT', 'PIPT', 'none'])),
  isSmp: sourced(z.boolean()),
});

/**
 * Parses the text of a hardware file; `file` is for messages. Throws an InputError that names every wrong
 * key.
 */
export function parseHardware(text: string, file: string): HardwareFacts {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError([problem(file, 'hardware-not-json', `not valid JSON: ${why}`)]);
  }
  const result = schema.safeParse(json);
  if (!result.success) throw new InputError(result.error.issues.flatMap(issue => explain(file, json, issue)));
  // Absent keys come back as such, not as undefined: zod keeps the shape of its input.
  return result.data as HardwareFacts;
}

/** The hardware file beside a tree. */
export function hardwareFileOf(treePath: string): string {
  return `${treePath.replace(/\.(dtb|dts)$/, '')}.hardware.json`;
}

/**
 * Reads the hardware file. Without `path` the one beside the tree is taken, if there is one: the tree's
 * name with `.dtb` or `.dts` replaced by `.hardware.json`. Throws an EnvironmentError if it cannot be read.
 */
export function loadHardware(treePath: string, path?: string): HardwareFacts {
  const file = path ?? hardwareFileOf(treePath);
  if (path === undefined && !existsSync(file)) return {};
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new EnvironmentError('read', file, error);
  }
  return parseHardware(text, file);
}

function problem(file: string, id: string, message: string, notes?: readonly string[]): Diagnostic {
  return { severity: 'error', id, message, position: { file }, ...(notes && { notes }) };
}

function explain(file: string, json: unknown, issue: z.core.$ZodIssue): Diagnostic[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => {
      const name = [...issue.path, key].join('.');
      const known = Object.keys(schema.shape).join(', ');
      return problem(file, 'hardware-unknown-key', `${name}: no such key`, [`the keys are ${known}`]);
    });
  }
  const key = issue.path.join('.') || 'the file';
  const value = JSON.stringify(valueAt(json, issue.path));
  return [problem(file, 'hardware-bad-value', `${key}: ${issue.message}; it is ${value ?? 'absent'}`)];
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = json;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}
