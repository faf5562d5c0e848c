// SPDX-License-Identifier: GPL-2.0-only
/** P1: a PL310 that answers non-cacheable accesses, and the cacheable alias that `step1` leaves behind. */
import { basename } from 'node:path';
import { formatSize } from '../../base/address.js';
import { bundledJob } from '../bundled.js';
import { runFleet } from '../fleet.js';
import { type BoardJob, prepare } from '../job.js';
import {
  type ExchangeRun,
  exchangesUnder,
  judgeSharedOverride,
  type SharedOverrideVerdict,
} from './p1-board.js';
import type { Cell, ResultTable, ScenarioFinding, ScenarioResult } from './result.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { errorRules, foundIn } from './watched.js';

const BOARD = 'radxa-rock';
const DESIGNS: readonly string[] = ['legacy', 'step1', 'step2'];

const id = 'p1-pl310-shared-override';
const title = 'A PL310 answers coherent accesses out of a cacheable alias';

/** Of boards without a hardware file, firmware's value is not known. */
const CAVEAT =
  "firmware may have set bit 22 before Linux: a board's hardware file can say so ('outerCacheAuxiliaryControl', and " +
  "'outerCacheEnabled' where Linux finds the cache switched on)";

function runCell({ findings }: ExchangeRun): Cell {
  const rules = errorRules(findings);
  const windows = findings
    .filter(({ severity }) => severity === 'window')
    .map(({ rule }) => `${rule} (window)`);
  return { text: [...rules, ...new Set(windows)].join(', ') || 'silent' };
}

/** The designs on one board. */
function designTable(job: BoardJob): { table: ResultTable; findings: ScenarioFinding[] } {
  const booted = DESIGNS.map(design => ({ design, runs: exchangesUnder(prepare(job), design, true).runs }));
  const rows = booted.map(({ design, runs }) => ({ name: design, cells: runs.map(runCell) }));
  const columns = booted[0]!.runs.map(({ sizeBytes }) => formatSize(sizeBytes));
  const findings = booted.flatMap(({ design, runs }) =>
    runs.flatMap(run => foundIn(`${design}, ${formatSize(run.sizeBytes)}`, run.findings)),
  );
  const title = `coherent buffers on ${basename(job.path)}`;
  return { table: { title, corner: 'design', columns, rows }, findings };
}

function count(
  verdicts: readonly SharedOverrideVerdict[],
  wanted: (v: SharedOverrideVerdict) => boolean,
): Cell {
  return { text: String(verdicts.filter(wanted).length) };
}

function fleetTables(verdicts: readonly SharedOverrideVerdict[]): ResultTable[] {
  const with310 = verdicts.filter(({ outcome }) => outcome === 'dangerous' || outcome === 'excluded');
  const reasons = [...new Set(with310.flatMap(({ reason }) => (reason === null ? [] : [reason])))];
  const numbered = reasons.map(reason => ({
    reason,
    boards: with310.filter(v => v.reason === reason).length,
  }));
  numbered.sort((a, b) => b.boards - a.boards || a.reason.localeCompare(b.reason));
  const rows = [
    { name: 'boards', cells: [{ text: String(verdicts.length) }] },
    { name: 'with a PL310', cells: [{ text: String(with310.length) }] },
    { name: 'step1 is dangerous', cells: [count(with310, v => v.outcome === 'dangerous')] },
    ...numbered.map(({ reason, boards }) => ({
      name: `  not: ${reason}`,
      cells: [{ text: String(boards) }],
    })),
    { name: 'not judged', cells: [count(verdicts, v => v.outcome === 'not judged')] },
  ];
  const tables: ResultTable[] = [
    { title: 'PL310 boards under step1', corner: '', columns: ['boards'], rows },
  ];
  const detailed = with310.length <= LISTED_BOARDS;
  const listed = detailed ? with310 : with310.filter(({ outcome }) => outcome === 'dangerous');
  tables.push({
    title: detailed ? 'boards with a PL310' : 'dangerous boards',
    corner: 'board',
    columns: ['step1', 'why not'],
    rows: listed.map(({ board, outcome, reason }) => ({
      name: board,
      cells: [{ text: outcome }, { text: reason ?? '-' }],
    })),
  });
  return tables;
}

/** Boards that are shown one by one. */
const LISTED_BOARDS = 40;

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const { seed, jobs, threads = 1, onDone } = options;
  if (jobs === undefined || jobs.length === 0) {
    const { table, findings } = designTable(bundledJob(BOARD, [])!);
    return { scenario: id, title, seed, tables: [table], findings, notes: [CAVEAT] };
  }
  const work = { worker: './scenarios/p1-worker.js', run: judgeSharedOverride };
  const verdicts = await runFleet(work, jobs, threads, onDone);
  const unknown = verdicts.filter(v => v.outcome === 'dangerous' && v.firmwareUnknown).length;
  const notes = unknown === 0 ? [] : [`of ${unknown} dangerous boards the register is not known: ${CAVEAT}`];
  return { scenario: id, title, seed, tables: fleetTables(verdicts), findings: [], notes };
}

export const p1SharedOverride: Scenario = {
  id,
  title,
  shows: [
    'While bit 22 of its auxiliary control register is clear, a PL310 looks non-cacheable accesses of shareable memory ' +
      'up. step1 maps every coherent buffer a second time and leaves the cacheable mapping of lowmem in place, through ' +
      'which a core may fill lines at any time: the CPU then reads what memory held before the device wrote. In place ' +
      '(legacy, step2) the cacheable mapping goes away, and what is left is the moment between the flush of new pages ' +
      'and the change of their mapping.',
    'With boards or folders of device trees: on how many of them, and what excludes the others.',
  ],
  references: [
    'Arm DDI 0246 (PL310), 2.3.2 and 3.3.4',
    'Linux: arch/arm/mm/cache-l2x0.c, __l2c_init(), l2c310_of_parse() (v6.12)',
  ],
  takesBoards: true,
  run,
};
