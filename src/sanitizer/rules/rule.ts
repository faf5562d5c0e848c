// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a rule is. Each has a file of its own with its check, which looks at the state of one cell
 * (`../cell.ts`) and the bytes of one access, and with what a reader has to know about it.
 */
import type { Severity } from '../finding.js';

export interface Rule {
  /** Stable, kebab-case. */
  readonly id: string;
  readonly severity: Severity;
  /** What goes wrong, half a line: it is the title of a finding, with the place behind it. */
  readonly summary: string;
  /** Paragraphs for `armory explain`. */
  readonly explanation: readonly string[];
  /** What would have prevented it. */
  readonly missing: string;
  /** Manuals, kernel documentation, commits. */
  readonly references: readonly string[];
}
