// SPDX-License-Identifier: GPL-2.0-only
/**
 * `facts.json`: what a real kernel was seen to make of its memory. Everything is optional, since a recorder may
 * not reach everything; what is there must have the right form. Unknown names are passed over.
 * Addresses are hexadecimal strings, ends of ranges are inclusive as in /proc/iomem; `dma_api` are the lines of a
 * kernel module that made DMA calls (dma-lines.ts), `*_lines` those of the kernel's log.
 */
import { z } from 'zod';
import { inputError } from '../../base/diagnostics.js';
import type { BootFacts, CmaFacts, InclusiveRange, PoolFacts } from '../facts.js';
import { checkDocument, readJson } from './document.js';

const hexNumber = z
  .string()
  .regex(/^0x[0-9a-fA-F]+$/, 'must be a hexadecimal number such as 0x1000, as a string');
const count = z.number().int().nonnegative();
const range = z.object({ start: hexNumber, end: hexNumber });
const lines = z.array(z.string());

const mapEntry = z.object({
  va: hexNumber,
  va_end: hexNumber,
  pa: hexNumber,
  size: hexNumber,
  kind: z.enum(['section', 'supersection', 'largepage', 'page', 'block']),
  ap: z.string(),
  type: z.string(),
  shareable: z.boolean().nullable(),
  tex: count.optional(),
  c: count.optional(),
  b: count.optional(),
  s: count.optional(),
  domain: count.optional(),
  linux_mt: z.string().optional(),
  attrindx: count.optional(),
  mair: z.string().optional(),
  sh: z.string().optional(),
  af: count.optional(),
  contiguous: count.optional(),
  ng: count.optional(),
  xn: count.optional(),
  pxn: count.optional(),
});

const memType = z.object({
  prot_pte: hexNumber,
  prot_l1: hexNumber,
  prot_sect: hexNumber,
  domain: hexNumber,
});

export const recordingSchema: z.ZodType = z.object({
  name: z.string().optional(),
  page_table_format: z.enum(['short', 'long (LPAE)']).optional(),
  linear_delta_pa_minus_va: hexNumber.optional(),
  lowmem_limit_pa: hexNumber.optional(),
  high_memory_va: hexNumber.optional(),
  layout: z.record(z.string(), z.string()).optional(),
  vars: z.record(z.string(), z.string()).optional(),
  zones: z
    .array(
      z.object({
        name: z.string(),
        start: hexNumber.nullable(),
        spanned_pages: count,
        present_pages: count,
        managed_pages: count,
      }),
    )
    .optional(),
  zone_ranges_dmesg: z.record(z.string(), range.nullable()).optional(),
  early_node_ranges: z.array(range).optional(),
  memblock_memory: z.array(range).optional(),
  memblock_reserved: z.array(range).optional(),
  iomem: z.array(range.extend({ name: z.string() })).optional(),
  meminfo_kb: z.record(z.string(), z.number()).optional(),
  cma_areas: z
    .array(z.object({ base: hexNumber, size: hexNumber, name: z.string(), lowmem: z.boolean() }))
    .optional(),
  cma_default_index: count.nullable().optional(),
  atomic_pool: z
    .object({
      pa: hexNumber,
      size: hexNumber,
      in_lowmem: z.boolean(),
      inside_cma: z.string().nullable().optional(),
      avail_at_snapshot: hexNumber.optional(),
      map: z.array(mapEntry),
    })
    .optional(),
  swiotlb: lines.optional(),
  swapper_pg_dir: z.object({ pa: hexNumber }).optional(),
  registers: z.record(z.string(), z.unknown()).optional(),
  mem_types_raw: z.record(z.string(), memType).optional(),
  protection_map: z.array(hexNumber).optional(),
  map_lowmem: z.array(mapEntry).optional(),
  map_vectors_fixmap: z.array(mapEntry).optional(),
  dma_api: lines.optional(),
  cpu_lines: lines.optional(),
  dma_lines: lines.optional(),
});

type SameAsModel = Partial<
  Pick<
    BootFacts,
    | 'name'
    | 'page_table_format'
    | 'linear_delta_pa_minus_va'
    | 'lowmem_limit_pa'
    | 'high_memory_va'
    | 'layout'
    | 'vars'
    | 'zones'
    | 'memblock_memory'
    | 'memblock_reserved'
    | 'cma_default_index'
    | 'swiotlb'
    | 'mem_types_raw'
    | 'protection_map'
    | 'map_lowmem'
    | 'map_vectors_fixmap'
  >
>;

/** Names and formats are those of the modelled facts, where these have them. */
export interface Recording extends SameAsModel {
  readonly zone_ranges_dmesg?: Readonly<Record<string, InclusiveRange | null>>;
  readonly early_node_ranges?: readonly InclusiveRange[];
  readonly iomem?: readonly (InclusiveRange & { readonly name: string })[];
  readonly meminfo_kb?: Readonly<Record<string, number>>;
  readonly cma_areas?: readonly Pick<CmaFacts, 'base' | 'size' | 'name' | 'lowmem'>[];
  readonly atomic_pool?: Pick<PoolFacts, 'pa' | 'size' | 'in_lowmem' | 'map'> &
    Partial<Pick<PoolFacts, 'inside_cma'>> & {
      /** Free bytes when the map was read, after the DMA calls. */
      readonly avail_at_snapshot?: string;
    };
  readonly swapper_pg_dir?: { readonly pa: string };
  readonly registers?: Readonly<Record<string, unknown>>;
  readonly dma_api?: readonly string[];
  readonly cpu_lines?: readonly string[];
  readonly dma_lines?: readonly string[];
}

/** What a recording may hold; its name is no part of what was seen. */
const fieldNames: readonly string[] = Object.keys((recordingSchema as z.ZodObject).shape).filter(
  name => name !== 'name',
);

/** The fields of a recording that a document has. */
export function recordedFields(document: object): string[] {
  return fieldNames.filter(name => Object.hasOwn(document, name));
}

/** Reads and checks `facts.json`; one that tells nothing is an InputError `facts-empty`. */
export function loadRecording(file: string): Recording {
  const recording = checkDocument<Recording>(
    recordingSchema,
    readJson(file, 'facts-json'),
    file,
    'facts-json',
  );
  if (recordedFields(recording).length === 0) {
    inputError('facts-empty', 'this holds no field of a recorded boot', {
      position: { file },
      notes: [`fields: ${fieldNames.join(', ')}`],
    });
  }
  return recording;
}
