// SPDX-License-Identifier: GPL-2.0-only
/**
 * A comparison as a kernel developer reads it. One board: each call under each design, equal cells shown as
 * `=`; then what the designs cost; then verdicts with their reasons. Many boards: a line each, then how often
 * each reason occurred.
 */
import { formatSize } from '../base/address.js';
import { formatDiagnostic } from '../base/diagnostics.js';
import {
  type AllocationOutcome,
  type BoardComparison,
  type BoardFacts,
  type BoardRefusal,
  type BoardResult,
  type DesignRun,
  type DesignVerdict,
  type DeviceOutcome,
  errorsOf,
  isJudged,
  isRefusal,
  placeOf,
  type Reason,
  windowOf,
} from '../lab/results.js';
import { findingText } from './finding-text.js';
import { type Paint, table } from './table.js';

/** `NC`, `WBWA`, `SO`: the policy alone where inner and outer agree. */
function shortType(type: string): string {
  const both = /^normal inner=(\w+) outer=(\w+)$/.exec(type);
  if (both) return both[1] === both[2] ? both[1]! : `${both[1]}/${both[2]}`;
  if (type === 'strongly-ordered') return 'SO';
  return type;
}

function cell(outcome: AllocationOutcome, coherent: boolean): string {
  if (outcome.result !== 'ok') return outcome.result;
  const parts = [placeOf(outcome)];
  if (outcome.mapping && outcome.mapping.place !== 'no mapping') parts.push(shortType(outcome.mapping.type));
  if (outcome.alias?.cacheable && !coherent) parts.push(`+${shortType(outcome.alias.type)} alias`);
  if (outcome.unreachable) parts.push('UNREACHABLE');
  parts.push(...errorsOf(outcome).map(rule => rule.toUpperCase()));
  if (windowOf(outcome) !== undefined) parts.push(`(${windowOf(outcome)?.rule})`);
  return parts.join(' ');
}

function deviceName(device: DeviceOutcome): string {
  const others = device.alike.length - 1;
  const more = others > 0 ? ` and ${others} alike` : '';
  const traits = [device.coherent ? 'coherent' : '', device.restrictedPool ? 'restricted pool' : ''].filter(
    Boolean,
  );
  return `${device.device}${more}${traits.length > 0 ? ` (${traits.join(', ')})` : ''}`;
}

function callRows(comparison: BoardComparison, paint: Paint): string[][] {
  const runs = comparison.verdicts.map(verdict => verdict.run);
  const reference = runs[0]!;
  const rows: string[][] = [];
  for (const [index, device] of reference.devices.entries()) {
    rows.push([paint.heading(deviceName(device))]);
    for (const [call, outcome] of device.allocations.entries()) {
      const first = cell(outcome, device.coherent);
      const others = runs.slice(1).map(run => {
        const text = cell(run.devices[index]!.allocations[call]!, device.coherent);
        return text === first ? paint.faint('=') : text;
      });
      rows.push([`  ${outcome.kind}`, first, ...others]);
    }
  }
  return rows;
}

function costRows(runs: readonly DesignRun[], paint: Paint): string[][] {
  const lines: [string, (run: DesignRun) => string][] = [
    ['CMA in use', run => formatSize(run.costs.cmaPeakBytes)],
    ['vmalloc in use', run => formatSize(run.costs.vmallocPeakBytes)],
    ['atomic pool', run => formatSize(run.costs.poolBytes)],
    ['page tables', run => formatSize(run.costs.pageTableBytes)],
    [
      'direct map',
      ({ costs }) =>
        `${costs.directMapSections} sections, ${costs.directMapTables} tables of ${costs.directMapPages} pages`,
    ],
    ['vmalloc TLB entries', run => String(run.costs.vmallocPeakPages)],
    ['atomic 4K burst', run => String(run.limits.atomicBurst)],
    ['1M until NULL', run => String(run.limits.megabyteBuffers)],
    ['1M, vmalloc full', run => (run.limits.withoutVmallocSpace ? 'ok' : 'NULL')],
  ];
  return lines.map(([name, show]) => {
    const cells = runs.map(show);
    return [
      `  ${name}`,
      cells[0]!,
      ...cells.slice(1).map(text => (text === cells[0] ? paint.faint('=') : text)),
    ];
  });
}

/** The verdict and how many reasons of each kind there are: `improvement 1, change 9`. */
function verdictCell({ verdict, reasons }: DesignVerdict, paint: Paint): string {
  const kinds = (['regression', 'improvement', 'change'] as const).map(kind => {
    const count = reasons.filter(reason => reason.verdict === kind).length;
    return count === 0 ? '' : paint.verdict(kind, `${kind} ${count}`);
  });
  return verdict === 'same' ? paint.verdict(verdict) : kinds.filter(Boolean).join(', ');
}

function reasonLine(reason: Reason, paint: Paint): string {
  const calls = reason.kinds ? `${reason.kinds.join(', ')}: ` : '';
  const devices = reason.devices ? paint.faint(` [${countDevices(reason.devices)}]`) : '';
  return `    ${paint.verdict(reason.verdict)} ${paint.faint(`(${reason.id})`)} ${calls}${reason.text}${devices}`;
}

function countDevices(devices: readonly string[]): string {
  return devices.length === 1 ? devices[0]! : `${devices.length} devices`;
}

function cmaText({ cma }: BoardFacts): string {
  if (!cma) return 'none';
  return `${formatSize(cma.sizeBytes)} at ${cma.base} (${cma.highmem ? 'highmem' : 'lowmem'})`;
}

/** Warnings of each design's boot, those of `legacy` not repeated, and memory that was lost. */
function bootLogLines({ verdicts }: BoardComparison, paint: Paint): string[] {
  const common = new Set(verdicts[0]!.run.bootLog);
  return verdicts.flatMap(({ design, run }, index) => {
    const lines = index === 0 ? [...common] : run.bootLog.filter(line => !common.has(line));
    return [
      ...lines.map(line => `  ${paint.faint(`${design} boot:`)} ${line}`),
      ...run.lost.map(text => `  ${paint.faint(`${design} lost:`)} ${text}`),
    ];
  });
}

function factsLines(comparison: BoardComparison): string[] {
  const { facts } = comparison;
  const from = facts.memoryFrom === 'tree' ? '' : ` (${facts.memoryFrom})`;
  const known =
    facts.knownBytes === facts.memoryBytes ? '' : `, ${formatSize(facts.knownBytes)} of it Linux's`;
  const cores = facts.cores > 1 ? ` × ${facts.cores}` : '';
  const devices = comparison.verdicts[0]?.run.devices ?? [];
  const translated = devices.filter(({ behindIommu }) => behindIommu).flatMap(({ alike }) => alike);
  return [
    `  ${facts.model}: ${facts.core}${cores}${facts.outerCache ? `, ${facts.outerCache}` : ''}`,
    `  RAM ${formatSize(facts.memoryBytes)}${from}${known}, lowmem ${formatSize(facts.lowmemBytes)}, CMA ${cmaText(facts)}`,
    `  kernel ${facts.baseline}, ${facts.config}${facts.cmdline ? `, cmdline "${facts.cmdline}"` : ''}`,
    ...(translated.length > 0 ? [`  behind an IOMMU: ${countDevices(translated)}`] : []),
  ];
}

/** Everything about one board. */
export function boardText(comparison: BoardComparison, paint: Paint): string {
  const runs = comparison.verdicts.map(verdict => verdict.run);
  const head = ['', ...runs.map(run => run.design)];
  const verdictRow = [
    'verdict',
    ...comparison.verdicts.map((entry, index) => (index === 0 ? '' : verdictCell(entry, paint))),
  ];
  const rows = [
    ...callRows(comparison, paint),
    [paint.heading('costs and limits')],
    ...costRows(runs, paint),
    verdictRow,
  ];
  const reasons = comparison.verdicts
    .slice(1)
    .filter(entry => entry.reasons.length > 0)
    .flatMap(entry => [
      `  ${paint.heading(entry.design)}`,
      ...entry.reasons.map(reason => reasonLine(reason, paint)),
    ]);
  return [
    paint.heading(comparison.board),
    ...factsLines(comparison),
    ...comparison.diagnostics.map(diagnostic => `  ${formatDiagnostic(diagnostic)}`),
    ...bootLogLines(comparison, paint),
    '',
    table(paint, head, rows),
    ...(reasons.length > 0 ? ['', ...reasons] : []),
    ...runs.flatMap(run => findingBlocks(comparison, run, paint)),
  ].join('\n');
}

/** The findings of a design that say that data go wrong, whole, where they were asked for. */
function findingBlocks({ file }: BoardComparison, run: DesignRun, paint: Paint): string[] {
  const replay = `armory compare ${file} --design ${run.design} --findings`;
  return run.devices.flatMap(({ allocations }) =>
    allocations.flatMap(({ kind, findings = [] }) =>
      findings
        .filter(({ severity }) => severity === 'error' || severity === 'window')
        .flatMap(({ story }) =>
          story === undefined
            ? []
            : ['', paint.heading(`${run.design}, ${kind}`), '', findingText(story, { paint, replay })],
        ),
    ),
  );
}

/** One line a board. */
export function summaryText(results: readonly BoardResult[], paint: Paint): string {
  const judged = results.filter(isJudged);
  const refused = results.filter(isRefusal);
  const designs = judged[0]?.verdicts.slice(1).map(entry => entry.design) ?? [];
  const rows = judged.map(({ board, facts, verdicts }) => [
    board,
    `${facts.core}${facts.cores > 1 ? ` × ${facts.cores}` : ''}`,
    `${formatSize(facts.memoryBytes)}${facts.memoryFrom === 'assumed' ? ' (assumed)' : ''}`,
    cmaText(facts),
    ...verdicts.slice(1).map(entry => verdictCell(entry, paint)),
  ]);
  const lines = [table(paint, ['board', 'core', 'RAM', 'CMA', ...designs], rows)];
  for (const { board, refused: why } of refused) lines.push(`${board}: not judged: ${why}`);
  return lines.join('\n');
}

/** Why boards were not judged, a line for each kind of reason with one board as the example. */
function refusalLines(refused: readonly BoardRefusal[]): string[] {
  const byId = new Map<string, BoardRefusal[]>();
  for (const refusal of refused) {
    const id = refusal.diagnostics.find(({ severity }) => severity === 'error')?.id ?? refusal.blame;
    byId.set(id, [...(byId.get(id) ?? []), refusal]);
  }
  return [...byId.values()].map(list => {
    const { board, refused: why } = list[0]!;
    return `not judged: ${list.length}, for one ${board}: ${why.split('\n')[0]}`;
  });
}

/** How often each verdict and each reason occurred, by design. */
export function fleetText(results: readonly BoardResult[], paint: Paint): string {
  const judged = results.filter(isJudged);
  const designs = judged[0]?.verdicts.slice(1).map(entry => entry.design) ?? [];
  const verdictRows = (['same', 'change', 'improvement', 'regression'] as const).map(verdict => [
    paint.verdict(verdict),
    ...designs.map((_, index) =>
      String(judged.filter(({ verdicts }) => verdicts[index + 1]!.verdict === verdict).length),
    ),
  ]);
  const counts = new Map<string, { reason: Reason; boards: number[] }>();
  for (const { verdicts } of judged) {
    for (const [index, entry] of verdicts.slice(1).entries()) {
      const seen = new Set<string>();
      for (const reason of entry.reasons) {
        const key = `${reason.verdict} ${reason.id}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const count = counts.get(key) ?? { reason, boards: designs.map(() => 0) };
        count.boards[index] = (count.boards[index] ?? 0) + 1;
        counts.set(key, count);
      }
    }
  }
  const reasonRows = [...counts.values()]
    .sort((a, b) => Math.max(...b.boards) - Math.max(...a.boards))
    .map(({ reason, boards }) => [`${paint.verdict(reason.verdict)} ${reason.id}`, ...boards.map(String)]);
  const refused = results.filter(isRefusal);
  const internal = refused.filter(({ blame }) => blame === 'bug').length;
  return [
    `${results.length} boards: ${judged.length} judged, ${refused.length - internal} not judged, ${internal} internal errors`,
    '',
    table(paint, ['boards by verdict', ...designs], verdictRows),
    '',
    table(paint, ['boards by reason', ...designs], reasonRows),
    ...(refused.length > 0 ? ['', ...refusalLines(refused)] : []),
  ].join('\n');
}
