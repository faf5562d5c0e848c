// SPDX-License-Identifier: GPL-2.0-only
/** Writes the JSON Schemas of the commands' output into `docs/schema`; a test compares them. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootJsonSchema } from '../src/report/boot-schema.js';
import { checkBootJsonSchema } from '../src/report/check-boot-schema.js';
import { checkProbeJsonSchema } from '../src/report/check-probe-schema.js';
import { compareJsonSchema } from '../src/report/compare-schema.js';
import { inspectJsonSchema } from '../src/report/inspect-schema.js';
import { scenarioJsonSchema } from '../src/report/scenario-schema.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs', 'schema');
writeFileSync(join(folder, 'boot-1.schema.json'), bootJsonSchema());
writeFileSync(join(folder, 'check-boot-1.schema.json'), checkBootJsonSchema());
writeFileSync(join(folder, 'check-probe-1.schema.json'), checkProbeJsonSchema());
writeFileSync(join(folder, 'compare-1.schema.json'), compareJsonSchema());
writeFileSync(join(folder, 'inspect-1.schema.json'), inspectJsonSchema());
writeFileSync(join(folder, 'scenario-1.schema.json'), scenarioJsonSchema());
