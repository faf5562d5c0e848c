// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which fields of a record are what the caller asked for, which are what the kernel made of it, and which say
 * nothing about the modelled kernel. Only what the kernel made of a call is compared.
 */
import type { ProbeRecord } from '../../workloads/probe/record.js';

/** What tells one call from another, in the order in which calls are compared. */
const INPUTS = ['size', 'gfp', 'attrs', 'dir', 'off', 'len', 'skip', 'i', 'phase', 'name', 'bits', 'node'];

/** What was asked for. The directions of dma_alloc_pages() are numbers. */
export function inputsOf(record: ProbeRecord): unknown[] {
  return INPUTS.map(name => record[name] ?? null);
}

/**
 * Passed over: names of records, what identifies a kernel, the script's own constants, and memory that the script itself got from the page
 * allocator to map. `pages managed` are those of sysmem: they depend on what the kernel's image takes.
 */
const PASSED_OVER: ReadonlySet<string> = new Set([
  ...['dev', 'seq', 'op', ...INPUTS],
  ...['pace_ms', 'order', 'orig', 'totalram', 'rel', 'cfg', 'mnt_more'],
]);

/** Records about the probe itself. */
export const PASSED_OVER_OPS: ReadonlySet<string> = new Set(['module', 'kprobe', 'skipped', 'end']);

/** All other operations that some version of the probe records. */
const OPS: ReadonlySet<string> = new Set([
  ...['sys', 'sysmem', 'cma', 'pool', 'probe', 'device', 'iommu_sgt', 'iommu_sgt_done', 'done', 'hold'],
  ...['alloc', 'alloc_mnt', 'alloc_irqsoff', 'free', 'get_sgtable', 'dma_pool_alloc'],
  ...['alloc_pages', 'free_pages', 'alloc_noncoherent', 'free_noncoherent', 'alloc_noncontiguous'],
  ...['map_single', 'sync_cpu', 'sync_dev', 'unmap_single', 'map_page', 'unmap_page'],
  ...['map_sg', 'sync_sg_cpu', 'unmap_sg', 'x_atomic', 'x_atomic_paced', 'x_kernel'],
]);

/** Is it an operation that some version of the probe records? */
export function isKnownOp(op: string): boolean {
  return OPS.has(op) || PASSED_OVER_OPS.has(op);
}

const NO_TABLE = 'none';

/** Operations whose records sum up the maintenance that they did, where there was any. */
const TOTALLED: ReadonlySet<string> = new Set([
  ...['alloc_mnt', 'free', 'alloc_pages', 'free_pages', 'alloc_noncoherent', 'alloc_noncontiguous'],
  ...['map_single', 'sync_cpu', 'sync_dev', 'unmap_single', 'map_page', 'unmap_page'],
  ...['map_sg', 'sync_sg_cpu', 'unmap_sg'],
]);

/** Fields that are left out where they would be 0 or empty. */
function defaults(record: ProbeRecord): Readonly<Record<string, unknown>> {
  const isBuffer = record['va'] !== undefined && record['src'] !== undefined && record.op !== 'pool';
  return {
    ...(isBuffer && { bad_handle: 0, unreachable: 0, alias_pt: NO_TABLE }),
    ...(TOTALLED.has(record.op) && record['ok'] !== 0 && { mtot: {} }),
    ...(record.op === 'free' && { worked_around: 0 }),
  };
}

/** Parts of a page-table description that are compared one by one. */
const TABLE_PARTS = ['va', 't', 'l1', 'pte', 'hw', 'mem', 'xn', 's', 'pg'];

function isTableField(name: string): boolean {
  return name === 'pt' || name === 'cpu_pt' || name.startsWith('alias_');
}

type Maintenance = readonly (readonly [string, string | null, string | null, number | null])[];

/** Kinds of maintenance that the recording kernel did not let the module see. */
export function unseenKinds(record: ProbeRecord): ReadonlySet<string> {
  const list = (record['mnt'] ?? []) as Maintenance;
  const totals = Object.entries((record['mtot'] ?? {}) as Record<string, unknown>);
  return new Set([
    ...list.filter(([, start]) => start === null).map(([kind]) => kind),
    ...totals.filter(([, total]) => total === null).map(([kind]) => kind),
  ]);
}

/** Null: something was asked about, and all of it was of unseen kinds. */
function seenPart<T>(entries: readonly T[], kindOf: (entry: T) => string, kinds: ReadonlySet<string>) {
  const seen = entries.filter(entry => !kinds.has(kindOf(entry)));
  return entries.length > 0 && seen.length === 0 ? null : seen;
}

/**
 * The record without maintenance of these kinds. Of nothing but unseen kinds, `mnt` and `mtot` are null: that nobody saw
 * anything is no sum of 0. A call that failed has no sums, so none are left where there were none to see.
 */
export function withoutKinds(record: ProbeRecord, kinds: ReadonlySet<string>): ProbeRecord {
  if (kinds.size === 0) return record;
  const { mnt, mtot, ...rest } = record;
  const pieces = mnt === undefined ? undefined : seenPart(mnt as Maintenance, ([kind]) => kind, kinds);
  const totals = Object.entries((mtot ?? {}) as Record<string, unknown>);
  const sums = mtot === undefined ? undefined : seenPart(totals, ([kind]) => kind, kinds);
  return {
    ...(rest as ProbeRecord),
    ...(pieces !== undefined && { mnt: pieces }),
    ...(sums !== undefined && { mtot: sums && Object.fromEntries(sums) }),
  };
}

/**
 * The outputs of a record by name, the parts of page-table descriptions as `cpu_pt.t` and so on. `alias_pt` itself
 * says whether there is one.
 */
export function outputsOf(record: ProbeRecord): Map<string, unknown> {
  const outputs = new Map<string, unknown>();
  for (const [name, value] of Object.entries({ ...defaults(record), ...record })) {
    if (PASSED_OVER.has(name)) continue;
    if (!isTableField(name)) {
      outputs.set(name, value);
      continue;
    }
    outputs.set(name, value === null || value === NO_TABLE ? value : 'there');
    if (typeof value !== 'object' || value === null) continue;
    for (const part of TABLE_PARTS) {
      const found = (value as Record<string, unknown>)[part];
      if (found !== undefined) outputs.set(`${name}.${part}`, found);
    }
  }
  return outputs;
}
