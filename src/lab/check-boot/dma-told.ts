// SPDX-License-Identifier: GPL-2.0-only
/** What calls of one kind gave, as lines: what the recorder wrote beside what the model did. */

export class Told {
  readonly recorded: string[] = [];
  readonly modelled: string[] = [];

  add(head: string, recorded: string, modelled: string): void {
    this.recorded.push(`${head}: ${recorded}`);
    this.modelled.push(`${head}: ${modelled}`);
  }
}

/** A recorded 0 or 1, and a boolean of the model. */
export function flagText(value: boolean): string {
  return value ? '1' : '0';
}
