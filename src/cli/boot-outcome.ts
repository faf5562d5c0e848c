// SPDX-License-Identifier: GPL-2.0-only
/** How a run of `armory boot` ended: in words, with the cores' registers where it ended badly, and as an exit code. */
import { FOUR_GiB } from '../base/address.js';
import type { EnvironmentError } from '../base/diagnostics.js';
import { physicalBanks } from '../board/memory.js';
import type { EmulatedBoard } from '../emulator/board/emulated-board.js';
import { TICKS_PER_SECOND } from '../emulator/clock.js';
import { kernelRegisters } from '../emulator/trace/registers.js';
import type { Symbols } from '../emulator/trace/symbols.js';
import type { GuestWatch } from './boot-watch.js';
import { EXIT } from './exit.js';
import { isBrokenPipe } from './outputs.js';

/** Why the run ended. */
export type End =
  | 'seen'
  | 'left'
  | 'interrupted'
  | 'timeout'
  | 'off'
  | 'reset'
  | 'asleep'
  | 'panic'
  | 'looping'
  | 'halted'
  | 'stuck'
  | 'killed'
  | 'broken';

/** Ends of a guest that came to nothing: what its cores do is shown. */
const BAD: readonly End[] = ['timeout', 'asleep', 'panic', 'looping', 'stuck'];
/** Ends that are as good as any where nobody waits for a text. */
const GOOD: readonly End[] = ['left', 'off', 'reset', 'halted', 'killed', 'broken'];
/** Ends that say nothing of the guest. */
const OUTSIDE: readonly End[] = ['left', 'killed', 'broken'];

export interface Asked {
  readonly until?: string;
  /** A guest that ran and did not print `until` is a finding. */
  readonly bisect?: boolean;
  readonly timeout?: number;
  readonly cmdline: string;
}

/** `watch` knows what the guest has said; `broken`: the file or stream of this run that failed. */
export function exitFor(
  end: End,
  asked: Asked,
  watch: GuestWatch,
  broken: EnvironmentError | null = null,
): number {
  if (end === 'interrupted') return EXIT.interrupted;
  if (broken !== null && !isBrokenPipe(broken.cause))
    return asked.bisect === true ? EXIT.untestable : EXIT.environment;
  if (end === 'seen') return EXIT.good;
  if (asked.bisect === true && !OUTSIDE.includes(end)) return EXIT.finding;
  if (asked.until !== undefined) return EXIT.untestable;
  return GOOD.includes(end) && !watch.panic.seen ? EXIT.good : EXIT.untestable;
}

/** One line. */
export function explain(
  end: End,
  asked: Asked,
  { system }: EmulatedBoard,
  watch: GuestWatch,
  broken: EnvironmentError | null = null,
): string {
  const seconds = (system.clock.now / TICKS_PER_SECOND).toFixed(2);
  const millions = Math.round(system.instructions / 1e6);
  const after = `after ${seconds} s of the guest's time and ${millions} million instructions`;
  switch (end) {
    case 'seen':
      return `'${asked.until}' seen ${after}`;
    case 'left':
      return `left ${after}`;
    case 'interrupted':
      return `interrupted ${after}`;
    case 'timeout':
      return `stopped by --timeout ${asked.timeout} ${after}`;
    case 'panic':
      return `the guest's kernel has panicked, ${after}`;
    case 'asleep':
      return `the guest sleeps and nothing can wake it, ${after}`;
    case 'looping':
      return `the guest does nothing but take one exception, ${after}`;
    case 'halted':
      return `the guest has halted ${after}`;
    case 'stuck':
      return `the guest loops with interrupts masked and will never do anything again, ${after}`;
    case 'killed':
      return `ended by the debugger ${after}`;
    case 'broken':
      return `${broken?.message ?? 'a file or stream failed'}, ${after}`;
    case 'off':
    case 'reset': {
      const what = end === 'off' ? 'switched itself off' : 'reset the machine';
      return `the guest ${watch.panic.seen ? 'has panicked and ' : ''}${what} ${after}`;
    }
  }
}

/** What else is to be told: causes, hints, and what each core does. */
export function details(
  end: End,
  asked: Asked,
  board: EmulatedBoard,
  watch: GuestWatch,
  symbols: Symbols | null,
): string[] {
  const lines = end === 'looping' ? [...watch.loop.report(symbols)!] : [];
  if (watch.oops.seen && end !== 'seen') lines.push("its kernel has reported an 'Internal error' before");
  if (!BAD.includes(end)) return lines;
  if (!watch.hasPrinted) lines.push('the guest has printed nothing', ...silenceHints(end, asked, board));
  for (const cpu of board.system.cpus) lines.push('', ...kernelRegisters(cpu, symbols));
  return lines;
}

/**
 * A kernel unpacks itself in so many instructions at most, and says nothing until then: 6.12 of 6 MiB, with gzip, in 100
 * million; Debian's armmp, with xz, in 2,050 million.
 */
const UNPACKING = 2_500_000_000;

/** What usually is the cause of a guest that prints nothing. */
function silenceHints(end: End, { cmdline }: Asked, { system, tree }: EmulatedBoard): string[] {
  const { core } = system.machine.facts;
  const hints: string[] = [];
  if (end === 'timeout' && system.instructions < UNPACKING) {
    hints.push('hint: it may be unpacking itself still: that takes 100 to 2,100 million instructions');
  }
  if (!/(^| )(console|earlycon)\b/.test(cmdline)) {
    hints.push("hint: --cmdline names no console; this machine's is console=ttyAMA0");
  } else if (!/(^| )earlycon\b/.test(cmdline)) {
    hints.push('hint: earlycon in --cmdline shows what a kernel says before it has its console');
  }
  if (end === 'stuck') {
    hints.push(
      'hint: a kernel ends like this before its console if it does not know the core, or cannot be unpacked',
    );
    if (!core.longDescriptors) {
      hints.push(
        `hint: a kernel with long descriptors (CONFIG_ARM_LPAE) does not run on a ${core.name}, which has none`,
      );
    }
  }
  const highest = Math.max(...physicalBanks({ tree }).map(bank => bank.end));
  if (highest > FOUR_GiB) {
    hints.push(
      'hint: memory ends above 4 GiB, where only a kernel with long descriptors (CONFIG_ARM_LPAE) gets',
    );
  }
  return hints;
}
