// SPDX-License-Identifier: GPL-2.0-only
/** The module's records as the tests here read them: from debugfs, and from a kernel log (probe/README.md). */

export interface TableFacts {
  readonly t: string;
  readonly pte?: string;
  readonly hw?: string;
  readonly pg: readonly number[] | null;
}

/** The fields that are looked at. */
export interface ModuleRecord {
  readonly dev: string;
  readonly seq: number;
  readonly op: string;
  readonly phase?: string;
  readonly size?: number;
  readonly ok?: number;
  readonly cpu?: string;
  readonly va?: string;
  readonly src?: string | null;
  readonly zero?: number;
  readonly cpu_pt?: TableFacts;
  readonly alias_after?: TableFacts;
  readonly mnt?: readonly (readonly unknown[])[];
  readonly pools?: Readonly<Record<string, readonly number[]>>;
  readonly coherent?: number;
  readonly mask?: string;
  readonly range?: readonly string[];
  readonly dma_mem?: number;
  readonly cma_dev?: readonly unknown[];
  readonly name?: string | null;
  readonly used?: number | null;
  readonly kind?: string;
  readonly sym?: string | null;
  readonly seen?: number;
  readonly knows?: Readonly<Record<string, unknown>>;
  readonly records?: number;
  readonly lost?: number;
}

/** One object a line. */
export function recordsOfText(text: string): ModuleRecord[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as ModuleRecord);
}

/** Lines behind a mark; one that ends in a backslash goes on in the next. */
export function recordsOfLog(text: string): ModuleRecord[] {
  const pieces = [...text.matchAll(/ARMORYPROBE (.*)$/gm)].map(([, piece]) => piece!);
  return recordsOfText(
    pieces.map(piece => (piece.endsWith('\\') ? piece.slice(0, -1) : `${piece}\n`)).join(''),
  );
}
