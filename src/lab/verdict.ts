// SPDX-License-Identifier: GPL-2.0-only
/**
 * Judges one design against `legacy` on one board, call by call.
 *
 *   regression   a call that worked fails, or a call hands out memory that the device cannot reach, with old
 *                contents, cacheable to a device that does not snoop, or in which the rules find that data go
 *                wrong, where none did before
 *   improvement  a call that failed works, or a hazard is gone
 *   change       works, but lives elsewhere, costs more or less, or leaves another alias
 *
 * Limits of exhaustion (how many buffers until NULL) count as costs and are changes, not regressions: see
 * docs/decisions/limits-are-costs.md. A board's verdict is that of its gravest reason: a regression before an
 * improvement before a change.
 */
import { formatSize } from '../base/address.js';
import { invariant } from '../base/diagnostics.js';
import {
  type AllocationOutcome,
  type DesignRun,
  type DesignVerdict,
  type DeviceOutcome,
  errorsOf,
  isWronglyMapped,
  type Limits,
  placeOf,
  type Reason,
  type Verdict,
  windowOf,
} from './results.js';

/** A reason before it is known for which calls and devices it holds. */
interface Remark {
  readonly verdict: Exclude<Verdict, 'same'>;
  readonly id: string;
  readonly text: string;
}

const severity: readonly Verdict[] = ['regression', 'improvement', 'change', 'same'];

/** The verdict that decides for a board. */
function gravest(verdicts: readonly Verdict[]): Verdict {
  return severity.find(verdict => verdicts.includes(verdict)) ?? 'same';
}

function compareFailures(before: AllocationOutcome, after: AllocationOutcome): Remark[] | null {
  const worked = before.result === 'ok' && !before.unreachable;
  const works = after.result === 'ok' && !after.unreachable;
  if (worked && works) return null;
  if (worked) {
    if (after.result === 'ok') {
      return [
        { verdict: 'regression', id: 'unreachable', text: `${placeOf(after)}, out of the device's reach` },
      ];
    }
    return [{ verdict: 'regression', id: 'fails', text: `${placeOf(before)} -> ${after.result}` }];
  }
  if (works) {
    const id = after.source === 'restricted' ? 'restricted-pool-works' : 'works';
    const was = before.result === 'ok' ? `${placeOf(before)}, out of the device's reach` : before.result;
    return [{ verdict: 'improvement', id, text: `${was} -> ${placeOf(after)}` }];
  }
  if (before.result === after.result) return [];
  return [
    {
      verdict: 'change',
      id: after.result === 'ok' ? 'unreachable' : 'refused',
      text: `${describe(before)} -> ${describe(after)}`,
    },
  ];
}

function describe(outcome: AllocationOutcome): string {
  if (outcome.result !== 'ok') return outcome.result;
  return outcome.unreachable ? `${placeOf(outcome)}, out of the device's reach` : placeOf(outcome);
}

/** What differs between two calls of the same kind on the same device. */
function compareCalls(before: AllocationOutcome, after: AllocationOutcome, coherent: boolean): Remark[] {
  const failures = compareFailures(before, after);
  const remarks: Remark[] = [
    ...(failures ?? []),
    ...compareTypes(before, after, coherent),
    ...compareFindings(before, after),
  ];
  if (failures) return remarks;

  if (placeOf(before) !== placeOf(after)) {
    remarks.push({ verdict: 'change', id: 'moved', text: `${placeOf(before)} -> ${placeOf(after)}` });
  }
  remarks.push(...compareAliases(before, after, coherent));
  if (before.zeroed !== after.zeroed) {
    remarks.push(
      after.zeroed
        ? { verdict: 'change', id: 'zeroed', text: 'zeroed now' }
        : { verdict: 'regression', id: 'not-zeroed', text: 'no longer zeroed' },
    );
  }
  return remarks;
}

/**
 * What the rules say. A new error is a regression even where the call failed before: it hands out memory in which
 * data go wrong. A buffer that is not handed out any more has no errors, and is judged by that.
 */
function compareFindings(before: AllocationOutcome, after: AllocationOutcome): Remark[] {
  if (after.result !== 'ok') return [];
  const [had, has] = [errorsOf(before), errorsOf(after)];
  const remarks: Remark[] = has
    .filter(rule => !had.includes(rule))
    .map(rule => ({ verdict: 'regression', id: rule, text: titleOf(after, rule) }));
  if (before.result === 'ok') {
    for (const rule of had.filter(known => !has.includes(known))) {
      remarks.push({ verdict: 'improvement', id: rule, text: `no longer: ${titleOf(before, rule)}` });
    }
  }
  const [hadWindow, hasWindow] = [windowOf(before), windowOf(after)];
  if (hasWindow !== undefined && hadWindow === undefined) {
    remarks.push({ verdict: 'change', id: 'fill-window', text: hasWindow.title });
  } else if (hadWindow !== undefined && hasWindow === undefined && !has.includes(hadWindow.rule)) {
    // What was a window and is an error now has been said.
    remarks.push({ verdict: 'change', id: 'no-fill-window', text: `no longer: ${hadWindow.title}` });
  }
  return remarks;
}

function titleOf(outcome: AllocationOutcome, rule: string): string {
  return outcome.findings?.find(finding => finding.rule === rule)?.title ?? rule;
}

/** The memory type of the driver's mapping. A wrong one is a hazard; which of the right ones it is, is not. */
function compareTypes(before: AllocationOutcome, after: AllocationOutcome, coherent: boolean): Remark[] {
  const was = before.mapping?.type ?? before.result;
  const is = after.mapping?.type ?? after.result;
  if (after.result !== 'ok' || was === is) return [];
  const remark = { id: 'memory-type', text: `${was} -> ${is}` };
  const wrongBefore = isWronglyMapped(before, coherent);
  const wrongAfter = isWronglyMapped(after, coherent);
  if (wrongAfter && !wrongBefore) return [{ verdict: 'regression', ...remark }];
  if (before.result !== 'ok') return [];
  return [{ verdict: wrongBefore && !wrongAfter ? 'improvement' : 'change', ...remark }];
}

function compareAliases(before: AllocationOutcome, after: AllocationOutcome, coherent: boolean): Remark[] {
  if (coherent) return [];
  const had = before.alias?.cacheable ?? false;
  const has = after.alias?.cacheable ?? false;
  if (had === has) return [];
  return [
    has
      ? { verdict: 'change', id: 'alias-left', text: `cacheable alias stays: ${after.alias?.type}` }
      : { verdict: 'change', id: 'alias-gone', text: 'no cacheable alias any more' },
  ];
}

/** Joins equal remarks over calls and devices into reasons. */
class Reasons {
  private readonly byKey = new Map<string, { remark: Remark; kinds: Set<string>; devices: Set<string> }>();

  add(remark: Remark, device?: DeviceOutcome, kind?: string): void {
    const key = `${remark.verdict} ${remark.id} ${remark.text}`;
    const entry = this.byKey.get(key) ?? { remark, kinds: new Set(), devices: new Set() };
    if (kind) entry.kinds.add(kind);
    for (const name of device?.alike ?? []) entry.devices.add(name);
    this.byKey.set(key, entry);
  }

  /** The worst first, otherwise in the order of the calls. */
  list(): Reason[] {
    const reasons = [...this.byKey.values()].map(({ remark, kinds, devices }) => ({
      ...remark,
      ...(devices.size > 0 && { devices: [...devices] }),
      ...(kinds.size > 0 && { kinds: [...kinds] }),
    }));
    return reasons.sort((a, b) => severity.indexOf(a.verdict) - severity.indexOf(b.verdict));
  }
}

function compareCosts(before: DesignRun, after: DesignRun, reasons: Reasons): void {
  const change = (id: string, text: string): void => reasons.add({ verdict: 'change', id, text });
  const sizes = [
    ['cma', 'CMA in use', 'cmaPeakBytes'],
    ['vmalloc', 'vmalloc space in use', 'vmallocPeakBytes'],
    ['pool', 'atomic pool', 'poolBytes'],
    ['page-tables', 'page tables', 'pageTableBytes'],
  ] as const;
  for (const [id, name, field] of sizes) {
    const [was, is] = [before.costs[field], after.costs[field]];
    if (was !== is) change(`cost-${id}`, `${name} ${formatSize(was)} -> ${formatSize(is)}`);
  }
  const counts = [
    ['tlb-direct-map', '4 KiB entries of the direct map', 'directMapPages'],
    ['tlb-vmalloc', '4 KiB entries of vmalloc mappings in use', 'vmallocPeakPages'],
    ['lazy-entries', 'ranges that a process gets lazily', 'lazyRanges'],
  ] as const;
  for (const [id, name, field] of counts) {
    const [was, is] = [before.costs[field], after.costs[field]];
    if (was !== is) change(`cost-${id}`, `${name} ${was} -> ${is}`);
  }
  compareLimits(before.limits, after.limits, change);
}

function compareLimits(before: Limits, after: Limits, change: (id: string, text: string) => void): void {
  if (before.atomicBurst !== after.atomicBurst) {
    change('limit-atomic', `4 KiB atomic buffers in one burst ${before.atomicBurst} -> ${after.atomicBurst}`);
  }
  if (before.megabyteBuffers !== after.megabyteBuffers) {
    change(
      'limit-megabyte',
      `1 MiB buffers until NULL ${before.megabyteBuffers} -> ${after.megabyteBuffers}`,
    );
  }
  if (before.withoutVmallocSpace !== after.withoutVmallocSpace) {
    const text = after.withoutVmallocSpace ? 'no longer needs' : 'now needs';
    change('limit-vmalloc', `a 1 MiB buffer ${text} free vmalloc space`);
  }
}

/** Judges `run` against the run of `legacy` on the same board, config and command line. */
export function judge(legacy: DesignRun, run: DesignRun): DesignVerdict {
  const reasons = new Reasons();
  for (const [index, device] of run.devices.entries()) {
    const reference = legacy.devices[index];
    invariant(reference?.device === device.device, 'the same devices run under every design');
    for (const [call, after] of device.allocations.entries()) {
      const before = reference.allocations[call]!;
      for (const remark of compareCalls(before, after, device.coherent))
        reasons.add(remark, device, after.kind);
    }
  }
  if (run.lost.length > 0 && legacy.lost.length === 0) {
    const text = `memory is lost: ${run.lost.join('; ')}`;
    reasons.add({ verdict: 'regression', id: 'memory-lost', text });
  }
  compareCosts(legacy, run, reasons);
  const list = reasons.list();
  return { design: run.design, verdict: gravest(list.map(reason => reason.verdict)), reasons: list, run };
}
