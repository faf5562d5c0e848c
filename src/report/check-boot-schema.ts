// SPDX-License-Identifier: GPL-2.0-only
/**
 * The JSON of `armory check-boot`, as a schema that is also its documentation:
 * `docs/schema/check-boot-1.schema.json` is printed from it.
 */
import { z } from 'zod';
import { agreesWhole, type BootCheck } from '../lab/check-boot/result.js';

export const CHECK_BOOT_SCHEMA = 'armory/check-boot/1';

const lines = z.array(z.string());

const field = z.object({
  field: z.string().describe('name in facts.json, or kind of DMA call'),
  outcome: z
    .enum(['agrees', 'differs', 'absent', 'input', 'not-understood'])
    .describe(
      'absent: the recording does not have it; input: it was taken from the recording; not-understood: the ' +
        'recording has lines of the kind that could not be read, and none that could',
    ),
  decidedBy: z.string().describe('kernel file and function to look at'),
  lines: z.number().describe('compared; 0 where nothing was'),
  agreeing: z.number(),
  recorded: lines.describe('lines in which the two differ, in order; empty unless the outcome is differs'),
  modelled: lines,
});

export interface CheckBootDocument extends BootCheck {
  readonly schema: typeof CHECK_BOOT_SCHEMA;
  readonly agrees: boolean;
}

export const checkBootSchema: z.ZodType<CheckBootDocument> = z.object({
  schema: z.literal(CHECK_BOOT_SCHEMA),
  board: z.string(),
  kernel: z.string().describe('preset or .config file'),
  baseline: z.string(),
  cmdline: z.string(),
  inputs: lines.describe('what the recording gave because nobody can derive it'),
  doubts: lines.describe(
    'what speaks against the comparison: a run.json of another run, lines not understood',
  ),
  agrees: z.boolean().describe('no field differs, and none is not understood'),
  fields: z.array(field),
}) as unknown as z.ZodType<CheckBootDocument>;

export function checkBootJson(check: BootCheck): string {
  const document: CheckBootDocument = { schema: CHECK_BOOT_SCHEMA, agrees: agreesWhole(check), ...check };
  return JSON.stringify(document, null, 1);
}

/** JSON Schema of the document, for `docs/schema`. */
export function checkBootJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(checkBootSchema, { io: 'input' }), null, 2)}\n`;
}
