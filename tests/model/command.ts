// SPDX-License-Identifier: GPL-2.0-only
/**
 * How a command is written down: what it may choose, when it is legal, what it does to the kernel and to the
 * reference. Commands pick among live objects by number, so that they stay meaningful when others are taken out.
 */
import fc from 'fast-check';
import { checkFindings } from './checks.js';
import type { Reference } from './reference.js';
import type { System } from './system.js';

export interface Definition<Args> {
  readonly name: string;
  readonly args: fc.Arbitrary<Args>;
  check(m: Readonly<Reference>, args: Args): boolean;
  act(m: Reference, r: System, args: Args): void;
}

export type DmaCommand = fc.Command<Reference, System>;

class Step<Args> implements DmaCommand {
  private readonly definition: Definition<Args>;
  private readonly args: Args;
  private readonly cpu: number;

  constructor(definition: Definition<Args>, args: Args, cpu: number) {
    this.definition = definition;
    this.args = args;
    this.cpu = cpu;
  }

  check(m: Readonly<Reference>): boolean {
    return this.definition.check(m, this.args);
  }

  run(m: Reference, r: System): void {
    m.tally.commands++;
    r.onCpu(this.cpu);
    this.definition.act(m, r, this.args);
    checkFindings(m, r);
  }

  toString(): string {
    return `${this.definition.name}(${JSON.stringify(this.args)})@${this.cpu}`;
  }
}

export function commandOf<Args>(definition: Definition<Args>): fc.Arbitrary<DmaCommand> {
  return fc.tuple(definition.args, fc.nat(1)).map(([args, cpu]) => new Step(definition, args, cpu));
}

/** One of the list, which must not be empty. */
export function pick<T>(list: readonly T[], number: number): T {
  return list[number % list.length]!;
}

export function remove<T>(list: T[], item: T): void {
  list.splice(list.indexOf(item), 1);
}
