// SPDX-License-Identifier: GPL-2.0-only
/**
 * How the two modes of the machine relate. Wrong means: a CPU load, a device read or what a device wrote has a
 * byte that differs from what a machine without caches and buffers gives for the same program, undefined bytes
 * (never written, or freed) excluded.
 *
 *   wild programs    what goes wrong with caches that hold data, under any seed, the rules have reported: at that
 *                    step or before, at that line
 *   legal programs   the rules report nothing, and nothing goes wrong
 *
 * ARMORY_RELATION_PROGRAMS: programs of each sort for each kind of machine. ARMORY_SEED: the first seed; a failure
 * prints the one that it needs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.js';
import { type Report, Runner, type Wrong } from './execute.js';
import { KINDS, type Kind } from './kinds.js';
import { legalProgram } from './legal.js';
import { minimise } from './minimise.js';
import { type Program, programText } from './program.js';
import { wildProgram } from './wild.js';
import { DATA, PAGE } from './world.js';

const PROGRAMS = Number(process.env['ARMORY_RELATION_PROGRAMS'] ?? 10_000);
const FIRST_SEED = Number(process.env['ARMORY_SEED'] ?? 1);
/** Live runs of a wild program. */
const WILD_SEEDS = 3;
/** One legal program in so many also runs live. */
const LIVE_LEGAL_SHARE = 4;

/** Rules about who may touch what, and notes: they say nothing about bytes. */
const NOT_ABOUT_BYTES = new Set(['ownership', 'wild-dma', 'mismatched-alias', 'divergent-kernel-map']);

/** Findings of the hardware's rules that a reader has to act on. */
function serious(reports: readonly Report[]): readonly Report[] {
  return reports.filter(({ finding }) => {
    return finding.severity !== 'note' && !NOT_ABOUT_BYTES.has(finding.rule);
  });
}

/** Whether some finding, made no later than the wrong byte was seen, is about its line. */
function foretold(wrong: Wrong, reports: readonly Report[], kind: Kind): boolean {
  return serious(reports).some(({ step, finding }) => {
    if (step > wrong.step) return false;
    // Operations on whole caches have no address.
    const start = finding.access.paddr;
    if (start === null) return true;
    const end = start + finding.access.size - 1;
    // A wrong translation is reported where it is used first: the rest of the page is wrong with it.
    const unit = finding.rule === 'stale-tlb-entry' ? PAGE : kind.lineBytes;
    const place = Math.floor((DATA + wrong.at) / unit);
    return Math.floor(start / unit) <= place && place <= Math.floor(end / unit);
  });
}

function unforetold(wrong: readonly Wrong[], reports: readonly Report[], kind: Kind): Wrong | undefined {
  return wrong.find(each => !foretold(each, reports, kind));
}

function describe(program: Program, seed: number, more: readonly string[]): string {
  return [`program of seed ${seed}:`, programText(program), ...more].join('\n');
}

function reportTexts(reports: readonly Report[]): string[] {
  return reports.map(({ step, finding }) => `reported at ${step}: ${finding.rule}: ${finding.title}`);
}

for (const [index, kind] of KINDS.entries()) {
  const programSeed = (n: number): number => FIRST_SEED + n * KINDS.length + index;

  test(`${kind.name}: what goes wrong has been reported`, context => {
    const runner = new Runner(kind);
    const tally = { wrong: 0, reported: 0, unseen: 0 };
    for (let n = 0; n < PROGRAMS; n++) {
      const seed = programSeed(n);
      const program = wildProgram(kind, new Random(seed));
      const reports = runner.rules(program);
      let seen = false;
      for (let live = 0; live < WILD_SEEDS; live++) {
        const wrong = runner.live(program, seed * WILD_SEEDS + live);
        if (wrong.length > 0) seen = true;
        if (unforetold(wrong, reports, kind) !== undefined) {
          failWild(runner, program, seed, seed * WILD_SEEDS + live);
        }
      }
      if (seen) tally.wrong++;
      if (serious(reports).length > 0) {
        tally.reported++;
        if (!seen) tally.unseen++;
      }
    }
    const { wrong, reported, unseen } = tally;
    context.diagnostic(
      `wild: ${PROGRAMS} programs, ${PROGRAMS * WILD_SEEDS} live runs, ${wrong} wrong in some, all reported; ` +
        `${reported} reported, ${unseen} of them never seen wrong`,
    );
    assert.ok(wrong * 50 > PROGRAMS, 'the programs make enough mistakes to prove something');
  });

  if (!kind.hasLegal) continue;
  test(`${kind.name}: legal programs get no report`, context => {
    const runner = new Runner(kind);
    let runs = 0;
    let windows = 0;
    for (let n = 0; n < PROGRAMS; n++) {
      const seed = programSeed(n);
      const { steps, window } = legalProgram(kind, new Random(seed));
      if (window) windows++;
      if (complaints(runner, steps, window).length > 0) failLegal(runner, steps, window, seed);
      if (n % LIVE_LEGAL_SHARE !== 0 || window) continue;
      runs++;
      if (runner.live(steps, seed).length > 0) failLive(runner, steps, seed);
    }
    const allowed = windows > 0 ? `, ${windows} programs with Linux' fill window` : '';
    context.diagnostic(`legal: ${PROGRAMS} programs, ${runs} live runs, 0 reports${allowed}`);
  });
}

test('programs do not see those that ran before them, and rules change no byte', () => {
  for (const kind of KINDS) {
    const used = new Runner(kind);
    for (let seed = 0; seed < 40; seed++) {
      const program = wildProgram(kind, new Random(seed));
      const fresh = new Runner(kind);
      assert.ok(used.rulesMachineIsFlat(program), describe(program, seed, [kind.name]));
      assert.deepEqual(reportTexts(used.rules(program)), reportTexts(fresh.rules(program)));
      assert.deepEqual(used.live(program, seed), fresh.live(program, seed));
    }
  }
});

/** A cacheable alias beside a non-cacheable mapping is worth a note, and legal. */
function complaints(runner: Runner, program: Program, window: boolean): readonly Report[] {
  return runner.rules(program).filter(({ finding }) => {
    if (finding.rule === 'mismatched-alias' && finding.severity === 'note') return false;
    return !(window && finding.severity === 'window');
  });
}

function failWild(runner: Runner, program: Program, seed: number, liveSeed: number): never {
  const fails = (shorter: Program): Wrong | undefined => {
    const reports = runner.rules(shorter);
    for (let more = 0; more < 24; more++) {
      const wrong = runner.live(shorter, more === 0 ? liveSeed : more);
      const silent = unforetold(wrong, reports, runner.kind);
      if (silent !== undefined) return silent;
    }
    return undefined;
  };
  const shortest = minimise(program, shorter => fails(shorter) !== undefined);
  const wrong = fails(shortest);
  const where = wrong && `wrong and not reported: step ${wrong.step}, byte ${wrong.at.toString(16)}`;
  assert.fail(describe(shortest, seed, [`${where}`, ...reportTexts(runner.rules(shortest))]));
}

/** A shorter program that gets the same report though nothing goes wrong in many live runs. */
function failLegal(runner: Runner, program: Program, window: boolean, seed: number): never {
  const { rule } = complaints(runner, program, window)[0]!.finding;
  const fails = (shorter: Program): boolean => {
    if (!complaints(runner, shorter, window).some(({ finding }) => finding.rule === rule)) return false;
    for (let more = 0; more < 48; more++) if (runner.live(shorter, more).length > 0) return false;
    return true;
  };
  const shortest = fails(program) ? minimise(program, fails) : program;
  assert.fail(describe(shortest, seed, reportTexts(complaints(runner, shortest, window))));
}

/** A shorter program that goes wrong without a report. */
function failLive(runner: Runner, program: Program, seed: number): never {
  const fails = (shorter: Program): Wrong | undefined => {
    if (serious(runner.rules(shorter)).length > 0) return undefined;
    for (let more = 0; more < 24; more++) {
      const wrong = runner.live(shorter, more === 0 ? seed : more);
      if (wrong.length > 0) return wrong[0];
    }
    return undefined;
  };
  const shortest = minimise(program, shorter => fails(shorter) !== undefined);
  const wrong = fails(shortest);
  assert.fail(describe(shortest, seed, [`wrong: ${JSON.stringify(wrong)}`]));
}
