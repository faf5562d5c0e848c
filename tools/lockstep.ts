// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lock step with qemu-arm: random blocks of integer instructions, class by class, on both, with the same registers and
 * memory; prints what was compared and what differs. VFP and Advanced SIMD: `qemu-user/vector-lockstep.ts`.
 *
 *   node dist/tools/lockstep.js [INSTRUCTIONS PER CLASS [SEED [CLASS]]]
 */
import { pathToFileURL } from 'node:url';
import { Random } from '../src/base/random.js';
import type { EncodingClass } from '../src/emulator/isa/encoding.js';
import { INTEGER_CLASSES, integerRecord, integerTargets } from './qemu-user/integer-blocks.js';
import {
  APSR,
  EXTRA,
  EXTRA_CODE,
  MEMORY,
  MEMORY_WORDS,
  QemuUser,
  R,
  RECORD_WORDS,
  SIGNAL,
  THUMB,
  WORD,
  whyNoQemuUser,
} from './qemu-user/qemu-user.js';
import { UserCore } from './qemu-user/user-core.js';

const BATCH = 10_000;

export interface ClassOutcome {
  readonly kind: EncodingClass;
  rows: number;
  instructions: number;
  blocks: number;
  differing: number;
  /** Rows of which no block could be made. */
  readonly untried: string[];
  readonly differences: string[];
}

const hex = (value: number | undefined): string => (value ?? 0).toString(16).padStart(8, '0');

function difference(given: Uint32Array, ours: Uint32Array, theirs: Uint32Array): string | undefined {
  const found: string[] = [];
  const differ = (name: string, at: number, mask = 0xffffffff): void => {
    if (((ours[at]! ^ theirs[at]!) & mask) === 0) return;
    found.push(`${name} ${hex(given[at])} -> ${hex(ours[at])}, qemu ${hex(theirs[at])}`);
  };
  differ('signal', SIGNAL);
  // After a signal nothing else is comparable: qemu may have stored in part.
  if (ours[SIGNAL] === 0 && theirs[SIGNAL] === 0) {
    differ('apsr', APSR, 0xf80f0000);
    for (let i = 0; i < 13; i++) differ(`r${i}`, R + i);
    for (let i = 0; i < MEMORY_WORDS; i++) differ(`memory+${4 * i}`, MEMORY + i);
  }
  if (found.length === 0) return undefined;
  const code = [given[WORD], ...given.subarray(EXTRA_CODE, EXTRA_CODE + given[EXTRA]!)].map(hex).join(' ');
  return `${given[THUMB] === 0 ? 'A32' : 'T32'} ${code}: ${found.slice(0, 4).join('; ')}`;
}

/** Compares blocks of one class until `count` instructions were executed. */
export function compareClass(
  qemu: QemuUser,
  core: UserCore,
  kind: EncodingClass,
  count: number,
  seed: number,
): ClassOutcome {
  const random = new Random(seed);
  const targets = integerTargets(kind);
  const outcome: ClassOutcome = {
    kind,
    rows: targets.length,
    instructions: 0,
    blocks: 0,
    differing: 0,
    untried: [],
    differences: [],
  };
  const tried = new Set<string>();
  let turn = 0;
  while (outcome.instructions < count && targets.length > 0) {
    const records: Uint32Array[] = [];
    const names: string[] = [];
    for (let failures = 0; records.length < Math.min(BATCH, count); ) {
      const target = targets[turn++ % targets.length]!;
      const name = `${target.row.encoding.name} ${target.row.encoding.encoding} "${target.row.encoding.pattern}"`;
      const record = integerRecord(target, targets, random);
      if (record === null) {
        if (++failures > 1000 * targets.length) return outcome;
        continue;
      }
      tried.add(name);
      names.push(name);
      records.push(record);
    }
    compareRecords(qemu, core, outcome, records, names);
  }
  for (const { row } of targets) {
    const name = `${row.encoding.name} ${row.encoding.encoding} "${row.encoding.pattern}"`;
    if (!tried.has(name)) outcome.untried.push(name);
  }
  return outcome;
}

function compareRecords(
  qemu: QemuUser,
  core: UserCore,
  outcome: ClassOutcome,
  records: readonly Uint32Array[],
  names: readonly string[],
): void {
  const all = new Uint32Array(records.length * RECORD_WORDS);
  records.forEach((record, i) => {
    all.set(record, i * RECORD_WORDS);
  });
  const answers = qemu.run(all);
  records.forEach((given, i) => {
    const theirs = answers.subarray(i * RECORD_WORDS, (i + 1) * RECORD_WORDS);
    const ours = given.slice();
    const before = core.cpu.instructions;
    core.run(ours);
    outcome.instructions += core.cpu.instructions - before - 1;
    outcome.blocks++;
    const text = difference(given, ours, theirs);
    if (text === undefined) return;
    outcome.differing++;
    if (outcome.differences.length < 40) outcome.differences.push(`${names[i]}: ${text}`);
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  const reason = whyNoQemuUser();
  if (reason !== undefined) {
    print(`nothing compared: ${reason}`);
    process.exit(3);
  }
  const [count = '200000', seed = '1', only] = process.argv.slice(2);
  const qemu = new QemuUser();
  const core = new UserCore();
  let differing = 0;
  for (const kind of INTEGER_CLASSES) {
    if (only !== undefined && only !== kind) continue;
    const outcome = compareClass(qemu, core, kind, Number(count), Number(seed));
    differing += outcome.differing;
    print(
      `${kind}: ${outcome.rows} rows, ${outcome.instructions} instructions in ${outcome.blocks} blocks, ${outcome.differing} differ`,
    );
    for (const text of outcome.differences) print(`    ${text}`);
    for (const name of outcome.untried) print(`    not tried: ${name}`);
  }
  qemu.close();
  process.exit(differing === 0 ? 0 : 1);
}
