// SPDX-License-Identifier: GPL-2.0-only
/**
 * The JSON of `armory scenario run`, as a schema that is also its documentation:
 * `docs/schema/scenario-1.schema.json` is printed from it.
 */
import { z } from 'zod';
import type { ScenarioResult } from '../lab/scenarios/result.js';
import { type FindingJson, findingJson, findingSchema } from './finding-schema.js';

export const SCENARIO_SCHEMA = 'armory/scenario/1';

const table = z.object({
  title: z.string(),
  corner: z.string().describe('above the names of the rows'),
  columns: z.array(z.string()),
  rows: z.array(
    z.object({
      name: z.string(),
      cells: z
        .array(z.object({ text: z.string(), reason: z.string().optional().describe('why, in a line') }))
        .describe('one for each column'),
    }),
  ),
  posted: z
    .string()
    .optional()
    .describe('nothing of the table was run: where it is from, and what is not explained'),
});

const finding = z.object({
  run: z.string().describe("which of the scenario's runs it was seen in"),
  finding: findingSchema,
});

const schema = z.object({
  schema: z.literal(SCENARIO_SCHEMA),
  scenario: z.string(),
  title: z.string(),
  seed: z.number().describe('of everything that was left to chance'),
  tables: z.array(table),
  findings: z.array(finding),
  notes: z.array(z.string()),
});

export interface ScenarioDocument extends Omit<ScenarioResult, 'findings'> {
  readonly schema: typeof SCENARIO_SCHEMA;
  readonly findings: readonly { readonly run: string; readonly finding: FindingJson }[];
}

export const scenarioSchema: z.ZodType<ScenarioDocument> = schema as unknown as z.ZodType<ScenarioDocument>;

export function scenarioJson(result: ScenarioResult): string {
  const findings = result.findings.map(({ run, finding: found }) => ({ run, finding: findingJson(found) }));
  return JSON.stringify({ schema: SCENARIO_SCHEMA, ...result, findings }, null, 1);
}

/** JSON Schema of the document, for `docs/schema`. */
export function scenarioJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(scenarioSchema, { io: 'input' }), null, 2)}\n`;
}
