// SPDX-License-Identifier: GPL-2.0-only
/**
 * A recording against the modelled kernel, call by call and field by field. The result counts by cell (operation and
 * field) and keeps each disagreement with both values.
 */
import type { Kernel } from '../../linux/kernel.js';
import { directionText, type ProbeRecord } from '../../workloads/probe/record.js';
import { align, type Pair } from './align.js';
import { isKnownOp, outputsOf, PASSED_OVER_OPS, unseenKinds, withoutKinds } from './fields.js';
import { lookAt } from './look-at.js';
import { Normaliser } from './normalise.js';
import { Places } from './places.js';
import { Reach } from './reach.js';
import type { Cell, ProbeAgreement } from './result.js';

const ABSENT = 'absent';

/** A call in words: `plain #17 alloc 4096 KERNEL`. */
function callText(record: ProbeRecord): string {
  const { dev, seq, op, phase, size, len, gfp, attrs, dir } = record;
  const parts = [dev, `#${seq}`, op, phase, size ?? len, gfp, attrs, directionText(dir)];
  return parts
    .filter(part => part !== undefined)
    .join(' ')
    .trim();
}

class Tally {
  readonly cells: Map<string, Cell> = new Map();
  private readonly normaliser: Normaliser;

  constructor(normaliser: Normaliser) {
    this.normaliser = normaliser;
  }

  private cell(op: string, field: string, byPlace: boolean): Cell {
    const key = `${op} ${field} ${byPlace}`;
    const found = this.cells.get(key) ?? {
      ...{ op, field, byPlace, compared: 0, agreed: 0, nulls: 0, disagreements: [] },
      lookAt: lookAt(op, field),
    };
    this.cells.set(key, found);
    return found;
  }

  /** A value that the recording's kernel did not show. */
  passOver(op: string, field: string): void {
    this.cell(op, field, false).nulls++;
  }

  add({ recorded: recordedWhole, modelled: modelledWhole }: Pair, byPlace: boolean): void {
    const unseen = unseenKinds(recordedWhole);
    const recorded = withoutKinds(recordedWhole, unseen);
    const modelled = modelledWhole && withoutKinds(modelledWhole, unseen);
    const theirs = outputsOf(recorded);
    const ours = modelled === null ? new Map<string, unknown>() : outputsOf(modelled);
    if (unseen.size > 0) this.cell(recorded.op, 'mnt', byPlace).nulls += unseen.size;
    for (const name of new Set([...theirs.keys(), ...ours.keys()])) {
      const cell = this.cell(recorded.op, name, byPlace);
      const [there, here] = [theirs.get(name), ours.get(name)];
      if (there === null || here === null) {
        cell.nulls++;
        continue;
      }
      cell.compared++;
      const expected = there === undefined ? ABSENT : this.normaliser.text(recorded, name, there);
      const actual = this.actual(modelled, name, here);
      if (expected === actual) cell.agreed++;
      else {
        const { dev, seq, op } = recorded;
        cell.disagreements.push({
          ...{ call: callText(recorded), dev, seq, op, field: name },
          ...{ recorded: expected, modelled: actual },
        });
      }
    }
  }

  private actual(modelled: ProbeRecord | null, name: string, value: unknown): string {
    if (modelled === null) return 'no such call';
    return value === undefined ? ABSENT : this.normaliser.text(modelled, name, value);
  }
}

function devicesBehindIommu(records: readonly ProbeRecord[]): ReadonlySet<string> {
  return new Set(records.filter(record => record['ops'] === 'iommu_ops').map(({ dev }) => dev));
}

/**
 * Operations whose records stand for something that could be none or many, and that this kernel does not let a module
 * see: one record without a name.
 */
function unseenParts(recorded: readonly ProbeRecord[]): ReadonlySet<string> {
  const parts = recorded.filter(({ op, name }) => (op === 'cma' || op === 'pool') && name === null);
  return new Set(parts.map(({ op }) => op));
}

/** `k`: the kernel on which the modelled probe ran, for its memory map. */
export function compareProbe(
  k: Kernel,
  recorded: readonly ProbeRecord[],
  modelled: readonly ProbeRecord[],
): ProbeAgreement {
  const places = new Places(k);
  const tally = new Tally(new Normaliser(k, places, devicesBehindIommu(recorded)));
  const reach = new Reach(k, places, recorded);
  const unseen = unseenParts(recorded);
  const wanted = ({ op }: ProbeRecord): boolean =>
    isKnownOp(op) && !PASSED_OVER_OPS.has(op) && !unseen.has(op);
  const { pairs, extra } = align(recorded.filter(wanted), modelled.filter(wanted));
  for (const op of unseen) tally.passOver(op, 'name');
  for (const pair of pairs) tally.add(pair, reach.hangsOnPlace(pair));
  return {
    records: recorded.length,
    cells: [...tally.cells.values()],
    unknown: [...new Set(recorded.map(({ op }) => op))].filter(op => !isKnownOp(op)),
    unmatched: pairs.filter(pair => pair.modelled === null).map(pair => callText(pair.recorded)),
    extra: extra.map(callText),
  };
}
