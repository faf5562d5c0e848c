// SPDX-License-Identifier: GPL-2.0-only
/**
 * The JSON of `armory inspect`, as a schema that is also its documentation. Names and formats are those of
 * recordings of real kernels where it is the same thing: addresses in hexadecimal, ends of ranges inclusive.
 */
import { z } from 'zod';
import type { BootFacts } from '../lab/facts.js';

const hexNumber = z.string().regex(/^0x[0-9a-f]+$/);
const range = z.object({ start: hexNumber, end: hexNumber });

/** A range of a page table. */
export const mapEntry: z.ZodObject = z
  .object({
    va: hexNumber,
    va_end: hexNumber,
    pa: hexNumber,
    size: hexNumber,
    kind: z.enum(['section', 'supersection', 'largepage', 'page', 'block']),
    ap: z.string().describe('privileged/user access; the raw bits on ARMv4 and ARMv5'),
    type: z.string().describe('memory type as the hardware walks it'),
    shareable: z.boolean().nullable(),
    tex: z.number().optional().describe('this and the next four: short descriptors'),
    c: z.number().optional(),
    b: z.number().optional(),
    s: z.number().optional(),
    domain: z.number().optional(),
    linux_mt: z.string().optional().describe("memory type in the kernel's own entry, pages only"),
    attrindx: z.number().optional().describe('this and the next four: long descriptors'),
    mair: z.string().optional(),
    sh: z.string().optional(),
    af: z.number().optional(),
    contiguous: z.number().optional(),
    ng: z.number().optional().describe('this and the next two: all but ARMv4 and ARMv5'),
    xn: z.number().optional(),
    pxn: z.number().optional(),
  })
  .describe('a range of equal attributes, read from the real page tables');

const pool = z.object({
  pa: hexNumber,
  va: hexNumber,
  va_end: hexNumber,
  size: hexNumber,
  in_lowmem: z.boolean().describe("the pool's mapping is the direct map"),
  inside_cma: z.string().nullable().describe('name of the CMA area'),
  map: z.array(mapEntry),
});

export const inspectSchema: z.ZodType<BootFacts> = z.object({
  name: z.string().describe('the board'),
  model: z.string(),
  cpu: z.string(),
  kernel: z.string().describe('preset or .config file'),
  baseline: z.string(),
  design: z.string(),
  cmdline: z.string(),
  page_table_format: z.enum(['short', 'long (LPAE)']),
  lowmem_limit_pa: hexNumber.describe('first physical address that is not in the direct map'),
  lowmem_bytes: hexNumber,
  high_memory_va: hexNumber,
  linear_delta_pa_minus_va: hexNumber.describe('modulo 2^40'),
  layout: z.record(z.string(), z.string()).describe('kernel address layout, hexadecimal without 0x'),
  vars: z.record(z.string(), z.string()).describe("the kernel's variables of that name"),
  zones: z.array(
    z.object({
      name: z.string(),
      start: hexNumber.nullable(),
      spanned_pages: z.number(),
      present_pages: z.number(),
      managed_pages: z.number(),
    }),
  ),
  memblock_memory: z.array(range),
  memblock_reserved: z.array(range),
  system_ram: z.array(range).describe('what /proc/iomem calls System RAM'),
  cma_areas: z.array(
    z.object({
      base: hexNumber,
      size: hexNumber,
      name: z.string(),
      lowmem: z.boolean(),
      map: z.array(mapEntry).optional().describe('of areas in lowmem'),
    }),
  ),
  cma_default_index: z.number().nullable(),
  atomic_pool: pool.optional().describe("ARM's pool"),
  generic_pools: z.record(z.string(), z.array(pool)).optional(),
  swiotlb: z.array(z.string()).describe('lines of the log'),
  registers: z.record(z.string(), z.string()),
  mem_types_raw: z
    .record(
      z.string(),
      z.object({ prot_pte: hexNumber, prot_l1: hexNumber, prot_sect: hexNumber, domain: hexNumber }),
    )
    .describe('mem_types[]: bits of pages, tables and sections'),
  protection_map: z.array(hexNumber),
  swapper_pg_dir: z.object({ va: hexNumber, pa: hexNumber }),
  map_lowmem: z.array(mapEntry),
  map_vectors_fixmap: z.array(mapEntry),
  dmesg: z.array(z.string()),
}) as unknown as z.ZodType<BootFacts>;

/** JSON Schema of the document, for `docs/schema`. */
export function inspectJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(inspectSchema, { io: 'input' }), null, 2)}\n`;
}
