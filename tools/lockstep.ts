// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lock step with qemu-arm: random blocks of user instructions, class by class (A32, T16 and T32 together), on both, with
 * the same registers and memory. Ours are executed twice, by the interpreter and by the translator, which gets
 * every block after the second time. Prints what differs and a table of what was compared.
 *
 *   npm run lockstep -- [--count N] [--seed N] [--class NAME]… [--row PART] [--mode interpreter|translator|both] [--core NAME]
 *
 * Exit code: 0 everything is equal, 1 something differs, 2 wrong arguments, 125 nothing could be compared.
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../src/base/random.js';
import type { EncodingClass } from '../src/emulator/isa/encoding.js';
import { blockRecord } from './qemu-user/blocks.js';
import { codeText, compareRecords, type Side, shrink } from './qemu-user/compare.js';
import { BATCH, codeAddress, QemuUser, THUMB, whyNoQemuUser } from './qemu-user/qemu-user.js';
import { INTEGER_CLASSES, nameOf, type Target, targetsOf, VECTOR_CLASSES } from './qemu-user/targets.js';
import { undefinedRecord } from './qemu-user/undefined-words.js';
import { UserCore } from './qemu-user/user-core.js';

/** `mixed`: instructions of all classes in one block. `undefined`: words that the tables leave out. */
export type StreamName = EncodingClass | 'mixed' | 'undefined';
export const STREAMS: readonly StreamName[] = [...INTEGER_CLASSES, ...VECTOR_CLASSES, 'mixed', 'undefined'];
export const MODES = ['interpreter', 'translator'] as const;
export type Mode = (typeof MODES)[number];

const DEFAULT_COUNT = 200_000;
const CORES: readonly string[] = ['Cortex-A7', 'Cortex-A8', 'Cortex-A9', 'Cortex-A15'];
const DEFAULT_CORE = 'Cortex-A15';
/** Differences of a stream that are told. */
const TOLD = 10;
/** In a row, after which a row of the table counts as one of which no block can be made. */
const FAILURES = 2000;

export interface Outcome {
  readonly stream: StreamName;
  rows: number;
  instructions: number;
  blocks: number;
  /** Blocks that ended with a signal, on both sides. */
  signals: number;
  differing: number;
  /** Rows of which no block could be made. */
  readonly untried: string[];
  /** What differs, for people. */
  readonly differences: string[];
}

export function sidesOf(modes: readonly Mode[], core: string = DEFAULT_CORE): Side[] {
  return modes.map(name => {
    const side = { name, core: new UserCore(core) };
    side.core.cpu.translateAfter = name === 'translator' ? 1 : Number.POSITIVE_INFINITY;
    return side;
  });
}

/** Makes and compares blocks of one stream until `count` instructions were executed. */
export class Lockstep {
  private readonly qemu: QemuUser;
  private readonly sides: readonly Side[];
  private readonly core: string;

  constructor(qemu: QemuUser, sides: readonly Side[], core: string = DEFAULT_CORE) {
    this.qemu = qemu;
    this.sides = sides;
    this.core = core;
  }

  compare(stream: StreamName, count: number, seed: number, part = ''): Outcome {
    if (stream === 'undefined') return this.compareUndefined(count, seed);
    const kinds = stream === 'mixed' ? [...INTEGER_CLASSES, ...VECTOR_CLASSES] : [stream];
    const targets = targetsOf(kinds, part);
    const sets = [0, 1].map(thumb => targets.filter(target => target.thumb === thumb));
    const outcome = emptyOutcome(stream, targets.length);
    const random = new Random(seed);
    // Short vectors exist on no core of ours; qemu's older cores have them.
    const options = { shortVectors: this.core === DEFAULT_CORE };
    let usable = targets;
    let turn = 0;
    while (usable.length > 0 && outcome.instructions < count) {
      const records: Uint32Array[] = [];
      const makers: string[] = [];
      // A block has about five instructions.
      const batch = Math.min(BATCH, Math.ceil((count - outcome.instructions) / 4) + 1);
      while (records.length < batch && usable.length > 0) {
        const target = usable[turn++ % usable.length]!;
        const record = this.make(target, sets[target.thumb]!, random, records.length, options);
        if (record === null) {
          usable = usable.filter(other => other !== target);
          outcome.untried.push(nameOf(target));
          continue;
        }
        records.push(record);
        makers.push(nameOf(target));
      }
      this.compareBatch(outcome, records, makers);
    }
    return outcome;
  }

  /** On one side only: the translator leaves these words to the interpreter. */
  private compareUndefined(count: number, seed: number): Outcome {
    const outcome = emptyOutcome('undefined', 0);
    const random = new Random(seed);
    while (outcome.instructions < count) {
      const batch = Math.min(BATCH, count - outcome.instructions);
      const records = Array.from({ length: batch }, () => undefinedRecord(random));
      this.compareBatch(
        outcome,
        records,
        records.map(() => 'an undefined word'),
        this.sides.slice(0, 1),
      );
    }
    return outcome;
  }

  private make(
    target: Target,
    others: readonly Target[],
    random: Random,
    index: number,
    options: { shortVectors: boolean },
  ): Uint32Array | null {
    for (let i = 0; i < FAILURES; i++) {
      const record = blockRecord(target, others, random, codeAddress(index), options);
      if (record !== null) return record;
    }
    return null;
  }

  private compareBatch(
    outcome: Outcome,
    records: readonly Uint32Array[],
    makers: readonly string[],
    sides: readonly Side[] = this.sides,
  ): void {
    const { qemu } = this;
    const cpu = this.core.toLowerCase();
    const compared = compareRecords(qemu, sides, records, cpu);
    outcome.instructions += compared.instructions;
    outcome.blocks += records.length;
    outcome.signals += compared.signals;
    compared.differences.forEach((found, i) => {
      if (found.length === 0) return;
      outcome.differing++;
      if (outcome.differences.length >= TOLD) return;
      outcome.differences.push(this.describe(makers[i]!, records[i]!, found, cpu));
    });
  }

  private describe(maker: string, record: Uint32Array, found: readonly string[], cpu: string): string {
    const { qemu, sides } = this;
    const set = record[THUMB] === 0 ? 'A32' : 'T32';
    const smallest = shrink(qemu, sides, record, cpu);
    const [again] = compareRecords(qemu, sides, [smallest], cpu).differences;
    const shown = again!.length > 0 ? again! : found;
    const code = again!.length > 0 ? smallest : record;
    return [
      `${set} block for ${maker}`,
      ...codeText(code).map(line => `  ${line}`),
      ...shown.slice(0, 8).map(line => `  ${line}`),
    ].join('\n');
  }
}

function emptyOutcome(stream: StreamName, rows: number): Outcome {
  return {
    stream,
    rows,
    instructions: 0,
    blocks: 0,
    signals: 0,
    differing: 0,
    untried: [],
    differences: [],
  };
}

function table(outcomes: readonly Outcome[]): string[] {
  const rows = outcomes.map(({ stream, rows, instructions, blocks, signals, differing }) =>
    [stream, rows, instructions, blocks, signals, differing].map(String),
  );
  const all = [['stream', 'encodings', 'instructions', 'blocks', 'signals', 'differ'], ...rows];
  const widths = all[0]!.map((_, i) => Math.max(...all.map(row => row[i]!.length)));
  return all.map(row =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
}

const USAGE = `usage: npm run lockstep -- [--count N] [--seed N] [--class NAME]... [--row PART] [--mode MODE] [--core NAME]
  --count  instructions of each class (${DEFAULT_COUNT})
  --seed   of the random blocks (1)
  --class  ${STREAMS.join(', ')} (all)
  --row    only encodings whose name contains it
  --mode   ${MODES.join(', ')} (both)
  --core   ${CORES.join(', ')} (${DEFAULT_CORE})
`;

function readArguments() {
  try {
    return parseArgs({
      options: {
        count: { type: 'string', default: String(DEFAULT_COUNT) },
        seed: { type: 'string', default: '1' },
        class: { type: 'string', multiple: true },
        row: { type: 'string', default: '' },
        mode: { type: 'string', default: 'both' },
        core: { type: 'string', default: DEFAULT_CORE },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return null;
  }
}

/** Arguments that no run can be made with, as a line for each. */
function faultsOf(values: NonNullable<ReturnType<typeof readArguments>>): string[] {
  const faults: string[] = [];
  if (!(Number(values.count) > 0)) faults.push(`--count ${values.count}: a positive number is expected`);
  if (!Number.isInteger(Number(values.seed))) faults.push(`--seed ${values.seed}: an integer is expected`);
  for (const name of values.class ?? []) {
    if (!STREAMS.some(stream => stream === name)) faults.push(`--class ${name}: there is no such class`);
  }
  if (values.mode !== 'both' && !MODES.some(mode => mode === values.mode)) {
    faults.push(`--mode ${values.mode}: there is no such mode`);
  }
  if (!CORES.includes(values.core)) faults.push(`--core ${values.core}: it is not emulated`);
  return faults;
}

function main(): number {
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  const values = readArguments();
  if (values === null) return 2;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const faults = faultsOf(values);
  if (faults.length > 0) {
    process.stderr.write(`${faults.join('\n')}\n${USAGE}`);
    return 2;
  }
  const count = Number(values.count);
  const seed = Number(values.seed);
  const streams = STREAMS.filter(stream => values.class?.includes(stream) ?? true);
  const modes = MODES.filter(mode => values.mode === 'both' || values.mode === mode);
  const reason = whyNoQemuUser();
  if (reason !== undefined) {
    print(`nothing compared: ${reason}`);
    return 125;
  }
  print(`seed ${seed}, ${count} instructions of each class, ${modes.join(' and ')} on ${values.core}`);
  const qemu = new QemuUser();
  try {
    const lockstep = new Lockstep(qemu, sidesOf(modes, values.core), values.core);
    const outcomes = streams.map(stream => {
      const outcome = lockstep.compare(stream, count, seed, values.row);
      for (const text of outcome.differences) print(`${stream}: ${text}`);
      for (const name of outcome.untried) print(`${stream}: not tried: ${name}`);
      return outcome;
    });
    for (const line of table(outcomes)) print(line);
    return outcomes.some(({ differing }) => differing > 0) ? 1 : 0;
  } finally {
    qemu.close();
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = main();
}
