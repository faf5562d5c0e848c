// SPDX-License-Identifier: GPL-2.0-only
/**
 * The JSON of `armory boot --record`, as a schema that is also its documentation:
 * `docs/schema/boot-1.schema.json` is printed from it. Ranges of page tables have the names and formats of `inspect`.
 */
import { z } from 'zod';
import type { MachineRecord } from '../emulator/record/machine-record.js';
import type { PageTables } from '../lab/page-tables.js';
import { mapEntry } from './inspect-schema.js';

export const BOOT_SCHEMA = 'armory/boot/1';

/** A file that went into the run. */
export interface RecordedFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface BootDocument {
  readonly schema: typeof BOOT_SCHEMA;
  readonly run: {
    readonly machine: string;
    readonly kernel: RecordedFile;
    readonly initrd?: RecordedFile;
    readonly drives: readonly string[];
    readonly cmdline: string;
    readonly memoryBytes: number;
    readonly core: string;
    readonly cores: number;
    readonly tree: Omit<RecordedFile, 'file'>;
  };
  readonly end: { readonly how: string; readonly text: string; readonly exitCode: number };
  readonly console: { readonly text: string; readonly droppedBytes: number };
  readonly machine: MachineRecord;
  readonly pageTables: readonly PageTables[];
}

const count = z.number().int().nonnegative();
const hexNumber = z.string().regex(/^0x[0-9a-f]+$/);
const word = z.string().regex(/^0x[0-9a-f]{8}$/);
const double = z.string().regex(/^0x[0-9a-f]{16}$/);
const range = { start: hexNumber, end: hexNumber.describe('inclusive') };
const digest = { bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) };
const file = z.object({ file: z.string(), ...digest });

const run = z.object({
  machine: z.string().describe('virt, vexpress-a9, or the file of --board'),
  kernel: file,
  initrd: file.optional(),
  drives: z.array(z.string()).describe('files of --drive'),
  cmdline: z.string(),
  memoryBytes: count.describe('of all banks of /memory'),
  core: z.string(),
  cores: count,
  tree: z.object(digest).describe('the device tree as the guest got it'),
});

const end = z.object({
  how: z
    .enum([
      'seen',
      'left',
      'interrupted',
      'timeout',
      'off',
      'reset',
      'asleep',
      'panic',
      'looping',
      'halted',
      'stuck',
      'killed',
      'broken',
    ])
    .describe(
      'seen: --until; left: Ctrl-A X; interrupted: SIGINT, SIGTERM or SIGHUP; off, reset: the guest did it; asleep: nothing can wake it; looping: one exception for ever; halted: reboot: System halted; stuck: interrupts masked for ever; killed: by the debugger; broken: a file or stream failed, or its reader went away',
    ),
  text: z.string().describe('as standard error tells it'),
  exitCode: z.number(),
});

const lines = z.object({ operations: count, lines: count });
const byOperation = z.object({ clean: lines, invalidate: lines, 'clean-invalidate': lines });
const operations = z.object({ clean: count, invalidate: count, 'clean-invalidate': count });

const maintenance = z
  .object({
    inner: byOperation.describe('inner caches, by address'),
    outer: byOperation.describe('outer cache, by address'),
    innerAll: operations.describe('by set and way, once for all of them'),
    outerAll: operations.describe('by way'),
    barriers: z.object({ dsb: count, dmb: count, isb: count, 'outer-sync': count }),
    tlb: z.object({ mva: count, asid: count, all: count }),
  })
  .describe('cache and TLB maintenance and barriers, of all cores');

const banked = z.object({
  sp: word,
  lr: word,
  spsr: word.optional(),
  high: z.array(word).optional().describe('r8 to r12, FIQ mode only'),
});

const core = z.object({
  core: count,
  state: z.enum(['running', 'waiting for an interrupt', 'waiting for an event', 'off']),
  instructions: count,
  exceptions: z.object({
    undefined: count,
    svc: count,
    prefetchAbort: count,
    dataAbort: count,
    irq: count,
    fiq: count,
  }),
  tableWalks: z
    .object({ made: count, failed: count.describe('found no mapping') })
    .describe('each after a miss of the TLB'),
  registers: z.array(word).length(16).describe('of the current mode; r15 is the next instruction to execute'),
  cpsr: word,
  banked: z.object({ usr: banked, fiq: banked, irq: banked, svc: banked, abt: banked, und: banked }),
  vfp: z.object({ fpexc: word, fpscr: word, d: z.array(double) }),
  cp15: z
    .record(z.string(), z.union([word, double]))
    .describe('by name; with long descriptors TTBR0, TTBR1 and PAR have 64 bits'),
});

const machine = z.object({
  instructions: count.describe('of all cores'),
  guestSeconds: z.number().describe("of the guest's time"),
  memoryMap: z.object({
    ram: z.array(z.object(range)),
    devices: z.array(
      z.object({
        ...range,
        device: z.string().describe('as the model is called'),
        node: z.string().describe('path in the tree'),
        reads: count.describe('by cores'),
        writes: count,
      }),
    ),
  }),
  dma: z.array(
    z.object({
      node: z.string(),
      reads: count.describe('transfers from memory'),
      bytesRead: count,
      writes: count,
      bytesWritten: count,
      faults: count.describe('transfers that led to no memory'),
    }),
  ),
  maintenance,
  cores: z.array(core),
});

const listed = z
  .string()
  .optional()
  .describe("the kernel's listing of the entry: `PTE KERNEL      RW NX SHD MEM/CACHED/WBWA`");

const tables = z.object({
  cores: z.array(count).describe('whose register names the table'),
  register: z.enum(['TTBR0', 'TTBR1']),
  format: z.enum(['short', 'long (LPAE)']),
  base: hexNumber,
  va: hexNumber.describe('first address that it serves'),
  va_end: hexNumber,
  walked: z
    .boolean()
    .describe('false: no walk uses it (TTBR1 while TTBCR is 0, where Linux keeps its own table)'),
  ranges: z.array(mapEntry.extend({ listed })),
});

export const bootSchema: z.ZodType<BootDocument> = z.object({
  schema: z.literal(BOOT_SCHEMA),
  run,
  end,
  console: z.object({
    text: z.string().describe('what the guest printed on the console, read as UTF-8'),
    droppedBytes: count.describe('of the beginning of a text that was too long to keep'),
  }),
  machine,
  pageTables: z.array(tables).describe('at the end; one that several cores use is listed once'),
}) as unknown as z.ZodType<BootDocument>;

export function bootJson(record: Omit<BootDocument, 'schema'>): string {
  const document: BootDocument = { schema: BOOT_SCHEMA, ...record };
  return `${JSON.stringify(document, null, 1)}\n`;
}

/** JSON Schema of the document, for `docs/schema`. */
export function bootJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(bootSchema, { io: 'input' }), null, 2)}\n`;
}
