// SPDX-License-Identifier: GPL-2.0-only
/** Writes `docs/rules.md` from the sanitizer's rules; a test compares them. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rulesMarkdown } from '../src/report/explain-text.js';
import { rules } from '../src/sanitizer/rules/index.js';

const file = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs', 'rules.md');
writeFileSync(file, rulesMarkdown(rules));
