// SPDX-License-Identifier: GPL-2.0-only
/**
 * Finds a core that takes the same exception at the same instruction again and again with next to nothing in between: it
 * will do nothing else for ever. That is how a kernel ends whose first exception comes before it has vectors.
 */
import type { Cpu, ExceptionTrace } from '../cpu/cpu.js';
import { VECTOR_FIQ, VECTOR_IRQ, VECTOR_PREFETCH_ABORT, VECTOR_UNDEFINED } from '../cpu/cpu.js';
import { FAULT_EXTERNAL, fault, faultStatus } from '../cpu/faults.js';
import { addressOf, causeOf, exceptionOf, placeOf, type Taken } from './exceptions.js';
import type { Symbols } from './symbols.js';

/** Instructions between two exceptions that a handler which does something needs at least. */
const NOTHING = 32;
/** So often, then it is said. */
const ENOUGH = 10_000;

interface Chain {
  last: Taken;
  /** Of the exceptions that came right after each other. */
  first: Taken;
  repeats: number;
}

export class ExceptionLoop implements ExceptionTrace {
  /** The exception, and the one with which it began. */
  found: { readonly repeated: Taken; readonly first: Taken } | null = null;
  private readonly chains: (Chain | undefined)[] = [];
  private readonly onFound: () => void;

  constructor(onFound: () => void) {
    this.onFound = onFound;
  }

  taken(cpu: Cpu, vector: number, returnAddress: number, psr: number): void {
    // Interrupts come from outside.
    if (vector === VECTOR_IRQ || vector === VECTOR_FIQ) return;
    const taken = exceptionOf(cpu, vector, returnAddress, psr);
    const chain = this.chains[cpu.index];
    if (chain === undefined || taken.count - chain.last.count > NOTHING) {
      this.chains[cpu.index] = { last: taken, first: taken, repeats: 0 };
      return;
    }
    const isSame = chain.last.vector === vector && chain.last.returnAddress === returnAddress;
    chain.repeats = isSame ? chain.repeats + 1 : 0;
    chain.last = taken;
    if (chain.repeats < ENOUGH || this.found !== null) return;
    this.found = { repeated: taken, first: chain.first };
    this.onFound();
  }

  /** What to tell, a line each. Null: there is no loop. */
  report(symbols: Symbols | null): string[] | null {
    if (this.found === null) return null;
    const { repeated, first } = this.found;
    const lines = [
      `core ${repeated.core} takes one exception for ever: ${causeOf(repeated)}; at ${placeOf(repeated, symbols)}`,
    ];
    const isOther = first.vector !== repeated.vector || first.returnAddress !== repeated.returnAddress;
    if (isOther) lines.push(`it began with: ${causeOf(first)}; at ${placeOf(first, symbols)}`);
    lines.push(...hints(repeated, first));
    return lines;
  }
}

/** What usually is the cause. */
function hints(repeated: Taken, first: Taken): string[] {
  const found: string[] = [];
  const address = addressOf(repeated);
  const base = repeated.vectorBase >>> 0;
  if (address >= base && address < base + 0x20) {
    found.push(
      'hint: nobody is at the exception vectors yet: an exception came before the kernel had set up its own',
    );
  }
  const { vector, status } = first;
  const external = faultStatus((status & (1 << 9)) !== 0, fault(FAULT_EXTERNAL), 0, false);
  if (vector === VECTOR_UNDEFINED) {
    found.push(
      'hint: the core does not have this instruction: is the kernel built for another one, or was it overwritten?',
    );
  } else if ((status & 0x43f) === external) {
    const what = vector === VECTOR_PREFETCH_ABORT ? 'executed' : 'accessed';
    found.push(
      `hint: what is ${what} is neither memory nor a device of this machine: do tree and --memory fit?`,
    );
  }
  return found;
}
