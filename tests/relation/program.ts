// SPDX-License-Identifier: GPL-2.0-only
/**
 * A program for the relation test: a list of steps on a few pages of memory, plain data so that a failing one
 * can be shortened and printed. Bytes are named by their offset in the data pages, `at`; mappings by a letter:
 *
 *   K  the kernel's direct map, cacheable unless a step changes it
 *   U  a user's mapping of the same page, cacheable, of another colour; there only after a step
 *   N  a non-cacheable mapping; there only after a step
 *   D  a page of Device memory: a store to it rings a doorbell
 *
 * Next: `world.ts` (the machine a program runs on), `execute.ts` (running it).
 */
import { hex } from '../../src/base/address.js';
import type { CoherencyPort } from '../../src/hw/dma/master.js';
import type {
  Barrier,
  Direction,
  InnerOperation,
  OuterOperation,
  TlbOperation,
} from '../../src/hw/observer.js';

export type Space = 'K' | 'U' | 'N';
/** What a mapping of one page is: cacheable, non-cacheable, strongly ordered, or absent. */
export type Mapping = 'C' | 'N' | 'S' | '-';

/** Bytes, by their offset in the data pages. */
export interface Place {
  readonly at: number;
  readonly size: number;
}
interface CpuPlace extends Place {
  readonly cpu: number;
  readonly space: Space;
}
export interface StreamingPlace extends Place {
  readonly port: CoherencyPort;
  readonly direction: Direction;
}

/** Who owns which bytes. A sync is about a part of its buffer. */
export type OwnershipStep =
  | { readonly op: 'allocate' | 'free'; readonly page: number }
  | ({ readonly op: 'mapped' | 'unmapped'; readonly skip: boolean } & StreamingPlace)
  | ({
      readonly op: 'sync-cpu' | 'sync-device';
      readonly from: number;
      readonly bytes: number;
    } & StreamingPlace)
  | {
      readonly op: 'coherent' | 'coherent-free';
      readonly port: CoherencyPort;
      readonly space: Space;
      readonly page: number;
    };

export type Step =
  | ({ readonly op: 'load' | 'read' | 'scan' } & CpuPlace)
  | ({ readonly op: 'store' | 'fill'; readonly value: number } & CpuPlace)
  | ({ readonly op: 'inner'; readonly kind: InnerOperation } & CpuPlace)
  | { readonly op: 'inner-all'; readonly cpu: number; readonly kind: InnerOperation }
  | ({ readonly op: 'outer'; readonly kind: OuterOperation } & Place)
  | { readonly op: 'outer-all'; readonly kind: OuterOperation }
  | { readonly op: 'barrier'; readonly cpu: number; readonly kind: Barrier }
  | { readonly op: 'map'; readonly space: Space; readonly page: number; readonly to: Mapping }
  | {
      readonly op: 'tlb';
      readonly cpu: number;
      readonly kind: TlbOperation;
      readonly space: Space;
      readonly page: number;
      readonly broadcast: boolean;
    }
  | { readonly op: 'doorbell'; readonly cpu: number }
  | ({ readonly op: 'device-read'; readonly port: CoherencyPort } & Place)
  | ({ readonly op: 'device-write'; readonly port: CoherencyPort; readonly value: number } & Place)
  | OwnershipStep;

export type Program = readonly Step[];

/** One line for each step, numbered. */
export function programText(program: Program): string {
  return program.map((step, index) => `${String(index).padStart(3)}  ${stepText(step)}`).join('\n');
}

function stepText(step: Step): string {
  const { op, ...rest } = step;
  const parts = Object.entries(rest).map(([name, value]) => {
    if (name === 'at' || name === 'from') return `${name} ${hex(value as number)}`;
    if (typeof value === 'boolean') return value ? name : `no ${name}`;
    return typeof value === 'number' ? `${name} ${value}` : value;
  });
  return `${op.padEnd(13)}${parts.join(', ')}`;
}
