// SPDX-License-Identifier: GPL-2.0-only
/**
 * The JSON of `armory compare`, as a schema that is also its documentation: `docs/schema/compare-1.schema.json`
 * is printed from it. The version changes when a field changes its meaning or goes away; new fields do not
 * change it.
 */
import { z } from 'zod';
import type { BoardResult } from '../lab/results.js';

export const COMPARE_SCHEMA = 'armory/compare/1';

const verdict = z.enum(['same', 'change', 'improvement', 'regression']);

const diagnostic = z.object({
  severity: z.enum(['error', 'warning', 'note']),
  id: z.string().describe('stable, kebab-case'),
  message: z.string(),
  position: z
    .object({
      file: z.string(),
      line: z.number().optional(),
      column: z.number().optional(),
      offset: z.number().optional().describe('bytes, in binary files'),
    })
    .optional(),
  path: z.string().optional().describe('device-tree path, with :property where one is meant'),
  notes: z.array(z.string()).optional(),
});

const mapping = z.object({
  place: z.enum(['direct map', 'vmalloc', 'no mapping']),
  type: z.string().describe('memory type as the hardware walks it: "normal inner=NC outer=NC", "device", …'),
  cacheable: z.boolean(),
});

const allocation = z.object({
  kind: z.string().describe('what the buffer stands for: ring, 64K, framebuffer, atomic, …'),
  sizeBytes: z.number(),
  result: z.enum(['ok', 'NULL']),
  source: z
    .enum([
      'cma-default',
      'cma-dev',
      'restricted',
      'declared',
      'atomic_pool',
      'atomic_pool_kernel',
      'atomic_pool_dma',
      'buddy',
    ])
    .optional()
    .describe('where the pages come from'),
  highmem: z.boolean().optional(),
  mapping: mapping.optional().describe("the driver's mapping"),
  alias: mapping.optional().describe("the direct map's mapping of the same pages, where it is another one"),
  unreachable: z
    .boolean()
    .optional()
    .describe('the device does not reach the buffer through the handle: masks, limits, or the true bus map'),
  zeroed: z.boolean().optional().describe('the call made every byte zero'),
  cleaned: z
    .boolean()
    .optional()
    .describe(
      'every line was cleaned and invalidated at all cache levels: by the call, or, for a pool, when it was made or grew',
    ),
  dmaHandle: z.string().optional(),
  findings: z
    .array(
      z.object({
        rule: z.string().describe('docs/rules.md'),
        severity: z.enum(['error', 'window', 'warning', 'note']),
        title: z.string(),
        bytes: z.number().describe('of the buffer'),
      }),
    )
    .optional()
    .describe(
      'what the rules say of the whole life of the buffer: allocation, use by CPU and device, release',
    ),
  log: z.array(z.string()).describe('what the kernel logged during the call'),
});

const run = z.object({
  design: z.string(),
  devices: z.array(
    z.object({
      device: z.string().describe('device-tree path of the one that was run'),
      alike: z.array(z.string()).describe('all devices that the kernel treats like it, itself first'),
      coherent: z.boolean(),
      restrictedPool: z.boolean(),
      behindIommu: z.boolean().describe("ARM's IOMMU operations do its DMA"),
      allocations: z.array(allocation),
    }),
  ),
  costs: z.object({
    cmaPeakBytes: z.number().describe('while one device holds all its buffers'),
    vmallocPeakBytes: z.number().describe('the same, guard pages included'),
    poolBytes: z.number().describe('atomic pools after the workload'),
    pageTableBytes: z.number().describe('page-table pages of the kernel'),
    directMapSections: z.number().describe('entries of the direct map that map 1 or 2 MiB'),
    directMapPages: z.number().describe('entries of the direct map that map 4 KiB'),
    directMapTables: z
      .number()
      .describe('first-level entries (LPAE: second-level) that lead to a table of pages'),
    vmallocPeakPages: z
      .number()
      .describe('4 KiB entries that vmalloc mappings of buffers take at the same time'),
    lazyRanges: z
      .number()
      .describe('ranges of kernel addresses that a process of boot time gets by a fault or at a switch'),
  }),
  limits: z.object({
    device: z.string().describe('the device that asked'),
    atomicBurst: z.number().describe('4 KiB atomic buffers until NULL, before any worker ran'),
    megabyteBuffers: z.number().describe('1 MiB buffers until NULL'),
    withoutVmallocSpace: z.boolean().describe('a 1 MiB buffer can be had while vmalloc space is full'),
  }),
  lost: z.array(z.string()).describe('memory that the kernel lost while all buffers were freed, by device'),
  bootLog: z.array(z.string()).describe('warnings and errors of the boot'),
});

const comparison = z.object({
  board: z.string(),
  file: z.string().describe('of the tree, as given'),
  facts: z.object({
    model: z.string(),
    core: z.string(),
    cores: z.number(),
    outerCache: z.string().nullable(),
    memoryBytes: z.number(),
    memoryFrom: z.enum(['tree', 'command line', 'assumed']),
    lowmemBytes: z.number(),
    knownBytes: z.number().describe('of it, what Linux knows after mem= and what machine code takes'),
    cma: z
      .object({ base: z.string(), sizeBytes: z.number(), highmem: z.boolean() })
      .nullable()
      .describe('the default area'),
    config: z.string(),
    baseline: z.string(),
    cmdline: z.string(),
  }),
  verdicts: z
    .array(
      z.object({
        design: z.string(),
        verdict,
        reasons: z.array(
          z.object({
            verdict: z.enum(['change', 'improvement', 'regression']),
            id: z.string().describe('stable, kebab-case'),
            text: z.string(),
            devices: z.array(z.string()).optional(),
            kinds: z.array(z.string()).optional(),
          }),
        ),
        run,
      }),
    )
    .describe('legacy first: the reference of all others'),
  diagnostics: z.array(diagnostic),
});

const refusal = z.object({
  board: z.string(),
  file: z.string(),
  refused: z.string().describe('why the board cannot be judged'),
  blame: z
    .enum(['input', 'environment', 'bug'])
    .describe('the board or its kernel, a missing file, or Armory itself'),
  diagnostics: z.array(diagnostic),
});

export interface CompareDocument {
  readonly schema: typeof COMPARE_SCHEMA;
  readonly boards: readonly BoardResult[];
}

export const compareSchema: z.ZodType<CompareDocument> = z.object({
  schema: z.literal(COMPARE_SCHEMA),
  boards: z.array(z.union([comparison, refusal])),
}) as unknown as z.ZodType<CompareDocument>;

/** JSON Schema of the document, for `docs/schema`. */
export function compareJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(compareSchema, { io: 'input' }), null, 2)}\n`;
}

/** The document, one line. */
export function compareJson(boards: readonly BoardResult[]): string {
  const document: CompareDocument = { schema: COMPARE_SCHEMA, boards };
  return JSON.stringify(document);
}
