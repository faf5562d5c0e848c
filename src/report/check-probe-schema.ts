// SPDX-License-Identifier: GPL-2.0-only
/**
 * The JSON of `armory check-probe`, as a schema that is also its documentation:
 * `docs/schema/check-probe-1.schema.json` is printed from it.
 */
import { z } from 'zod';
import type { CheckedProbe } from '../lab/check-probe/result.js';

export const CHECK_PROBE_SCHEMA = 'armory/check-probe/1';

const disagreement = z.object({
  call: z.string().describe('the call in words'),
  dev: z.string(),
  op: z.string(),
  seq: z.number().describe('of the recorded record'),
  field: z.string(),
  recorded: z.string().describe('as compared: where the kernel had a choice, only zone, alignment or bits'),
  modelled: z.string(),
});

const cell = z.object({
  op: z.string(),
  field: z.string().describe('a field of the records, or part of one: `cpu_pt.hw`'),
  byPlace: z
    .boolean()
    .describe(
      'the outcome hangs on where the page allocator found memory: the device does not reach all of it',
    ),
  compared: z.number(),
  agreed: z.number(),
  nulls: z.number().describe('not compared: one side could not obtain the value'),
  lookAt: z.string().describe('where Linux decides it'),
  disagreements: z.array(disagreement),
});

const schema = z.object({
  schema: z.literal(CHECK_PROBE_SCHEMA),
  verdict: z
    .enum(['agrees', 'differs', 'incomplete'])
    .describe('`incomplete`: what there is agrees, but the recording lacks records or calls'),
  totals: z
    .object({ compared: z.number(), agreed: z.number(), nulls: z.number() })
    .describe('of all cells, those by place among them'),
  board: z.string().describe("the tree's file name without folder and ending"),
  model: z.string().describe("'model' of the tree"),
  design: z.string().describe('of the modelled kernel'),
  open: z
    .object({ designs: z.array(z.string()), taken: z.string() })
    .nullable()
    .describe('designs that set the recorded symbols, if several do and none was named'),
  kernel: z.string().describe("name of the modelled kernel's config"),
  baseline: z.string().describe('version of the modelled kernel'),
  release: z.string().nullable().describe('`uname -r` of the recorded kernel'),
  missing: z.array(z.string()).describe('what the recording has lost, as far as it tells by itself'),
  differences: z.array(z.string()).describe('where the modelled kernel is another than the recorded one'),
  assumed: z.array(z.string()).describe('what was taken from the recording as given'),
  records: z.number().describe('in the recording'),
  unknown: z.array(z.string()).describe('operations of the recording that no version of the probe has'),
  cells: z.array(cell),
  unmatched: z.array(z.string()).describe('recorded calls that the modelled probe does not make'),
  extra: z.array(z.string()).describe('calls of the modelled probe that the recording does not have'),
});

export const checkProbeSchema: z.ZodType = schema;

export function checkProbeJson(checked: CheckedProbe): string {
  return JSON.stringify({ schema: CHECK_PROBE_SCHEMA, ...checked }, null, 1);
}

/** JSON Schema of the document, for `docs/schema`. */
export function checkProbeJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n`;
}
