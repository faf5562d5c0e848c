// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a device is to the rest of the machine: a block of registers that the bus reads and writes, wires that it
 * drives, and a state that can be taken out and put back. Time comes from `../clock.ts` and from nowhere else.
 * Next: `registers.ts` (how registers are declared), `pl031.ts` (the smallest device).
 */

export type AccessSize = 1 | 2 | 4;

/** The bus side of a device. `offset` is relative to its block and aligned to `size`. */
export interface MmioDevice {
  /** As messages call it: `PL011`, `GICD`. */
  readonly name: string;
  /** Unsigned. `cpu` is the core that loads. */
  read(offset: number, size: AccessSize, cpu: number): number;
  /** `value` is unsigned and has `size` bytes. `cpu` is the core that stores. */
  write(offset: number, size: AccessSize, value: number, cpu: number): void;
}

/** One interrupt wire; whoever drives it tells its level, any number of times. */
export interface InterruptLine {
  set(level: boolean): void;
}

/** A device whose state can be taken out, as plain data and typed arrays, and put back. */
export interface Stateful<State> {
  save(): State;
  restore(state: State): void;
}

/** A wire that leads nowhere. */
export const UNCONNECTED: InterruptLine = { set: () => undefined };
