// SPDX-License-Identifier: GPL-2.0-only
/** What every command ends with: bytes are compared, and findings that no known fact explains are failures. */
import assert from 'node:assert/strict';
import type { Finding } from '../../src/sanitizer/finding.js';
import type { Bytes } from './bytes.js';
import type { Reference } from './reference.js';
import { factOfKind } from './rules.js';
import type { System } from './system.js';

/** Reads the known bytes of [at, at + size) and compares them. `read` gets a place in `bytes`. */
export function compareBytes(
  who: string,
  bytes: Bytes,
  at: number,
  size: number,
  read: (at: number, size: number) => Uint8Array,
): void {
  for (const run of bytes.known(at, size)) {
    const seen = read(run.at, run.bytes.length);
    assert.equal(seen.length, run.bytes.length, `${who}: an access faulted`);
    const wrong = seen.findIndex((value, i) => value !== run.bytes[i]);
    if (wrong < 0) continue;
    const where = `byte 0x${(run.at + wrong).toString(16)} of ${bytes.size}`;
    assert.fail(`${who} reads ${seen[wrong]} instead of ${run.bytes[wrong]}: ${where}`);
  }
}

function explained(m: Reference, finding: Finding): boolean {
  const paddr = finding.paddr ?? finding.access.paddr;
  const ofKind = factOfKind(m.setup);
  const facts = [...(ofKind ? [ofKind] : []), ...(paddr === null ? [] : m.factsAt(paddr))];
  for (const fact of facts) {
    if (!fact.allows(finding)) continue;
    const { facts: seen } = m.tally;
    seen.set(fact.name, (seen.get(fact.name) ?? 0) + finding.count);
    return true;
  }
  return false;
}

export function checkFindings(m: Reference, r: System): void {
  for (const finding of r.sanitizer.takeFindings()) {
    // Two live mappings of different types are worth a note; the other rules say whether they bite.
    if (finding.severity === 'note' || explained(m, finding)) continue;
    const events = finding.events
      .map(({ who, what, paddr }) => `${who}: ${what} ${paddr.toString(16)}`)
      .join('; ');
    assert.fail(`${finding.rule} (${finding.severity}): ${finding.title}\n${events}`);
  }
  m.commandDone();
}
