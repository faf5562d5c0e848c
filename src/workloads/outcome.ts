// SPDX-License-Identifier: GPL-2.0-only
/**
 * What came of one DMA call: plain data, the same in memory and in JSON. Addresses are hexadecimal strings as
 * Linux prints them, sizes are bytes.
 */
import type { Finding, Severity } from '../sanitizer/finding.js';

/** Where the CPU reaches a buffer. */
export type Place = 'direct map' | 'vmalloc' | 'no mapping';

/** Where its pages come from; the words of the DMA probe. */
export type Source =
  | 'cma-default'
  | 'cma-dev'
  | 'restricted'
  | 'declared'
  | 'atomic_pool'
  | 'atomic_pool_kernel'
  | 'atomic_pool_dma'
  | 'buddy';

export interface MappingFacts {
  readonly place: Place;
  /** Memory type as the hardware walks it, in the words of `armory inspect`; 'none' without a mapping. */
  readonly type: string;
  readonly cacheable: boolean;
}

/** A finding, without its story. */
export interface OutcomeFinding {
  readonly rule: string;
  readonly severity: Severity;
  readonly title: string;
  /** Bytes of the buffer that it concerns. */
  readonly bytes: number;
  /** All that is known of it, if that was asked for. */
  readonly story?: Finding;
}

export interface AllocationOutcome {
  readonly kind: string;
  readonly sizeBytes: number;
  readonly result: 'ok' | 'NULL';
  readonly source?: Source;
  readonly highmem?: boolean;
  readonly mapping?: MappingFacts;
  /** The kernel's other mapping of the same pages; absent where there is none. */
  readonly alias?: MappingFacts;
  /** The handle lies outside what the device's masks and bus limits reach. */
  readonly unreachable?: boolean;
  /** The call made every byte zero. */
  readonly zeroed?: boolean;
  /** Every line was cleaned and invalidated: by the call, or, for a pool's memory, when the pool was made or grew. */
  readonly cleaned?: boolean;
  readonly dmaHandle?: string;
  /** What the rules say of the buffer's whole life: allocation, use by CPU and device, and release. */
  readonly findings?: readonly OutcomeFinding[];
  /** What the kernel logged during the call. */
  readonly log: readonly string[];
}

/** Rules that say that data go wrong in this buffer. */
export function errorsOf(outcome: AllocationOutcome): string[] {
  const errors = (outcome.findings ?? []).filter(({ severity }) => severity === 'error');
  return [...new Set(errors.map(({ rule }) => rule))];
}

/** What goes wrong only if a line is filled in the short time between cleaning and remapping. */
export function windowOf(outcome: AllocationOutcome): OutcomeFinding | undefined {
  return outcome.findings?.find(({ severity }) => severity === 'window');
}

/** Does the CPU use another kind of mapping than the device needs: cacheable without snooping, or the reverse? */
export function isWronglyMapped(outcome: AllocationOutcome, coherent: boolean): boolean {
  const { mapping } = outcome;
  return mapping !== undefined && mapping.place !== 'no mapping' && mapping.cacheable !== coherent;
}

/** Where a buffer lives: `CMA in place`, `buddy in vmalloc`, `restricted pool in place`. */
export function placeOf(outcome: AllocationOutcome): string {
  const source = sourceNames[outcome.source ?? 'buddy'];
  const highmem = outcome.highmem ? ' (highmem)' : '';
  switch (outcome.mapping?.place) {
    case 'direct map':
      return `${source} in place`;
    case 'vmalloc':
      return `${source}${highmem} in vmalloc`;
    default:
      return `${source}${highmem} unmapped`;
  }
}

const sourceNames: Readonly<Record<Source, string>> = {
  'cma-default': 'CMA',
  'cma-dev': "device's CMA",
  restricted: 'restricted pool',
  declared: "device's pool",
  atomic_pool: 'ARM pool',
  atomic_pool_kernel: 'generic pool',
  atomic_pool_dma: 'generic DMA pool',
  buddy: 'buddy',
};
