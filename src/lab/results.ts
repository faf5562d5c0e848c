// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a run says: plain data, the same in memory and in JSON. Numbers are bytes or counts as their names
 * say; addresses are hexadecimal strings as Linux prints them. `report/compare-schema.ts` documents the JSON.
 */
import type { Diagnostic } from '../base/diagnostics.js';
import type { AllocationOutcome } from '../workloads/outcome.js';

export {
  type AllocationOutcome,
  errorsOf,
  isWronglyMapped,
  type MappingFacts,
  type OutcomeFinding,
  type Place,
  placeOf,
  type Source,
  windowOf,
} from '../workloads/outcome.js';

/** Devices that the kernel treats alike: same masks, ranges, coherency, pools, IOMMU. */
export interface DeviceOutcome {
  readonly device: string;
  /** All devices of this kind, `device` first. */
  readonly alike: readonly string[];
  readonly coherent: boolean;
  readonly restrictedPool: boolean;
  /** ARM's IOMMU operations do its DMA. */
  readonly behindIommu: boolean;
  readonly allocations: readonly AllocationOutcome[];
}

/** Memory that the design takes for devices without IOMMU. `peak` is while all buffers of one of them are held. */
export interface Costs {
  readonly cmaPeakBytes: number;
  readonly vmallocPeakBytes: number;
  readonly poolBytes: number;
  readonly pageTableBytes: number;
  /** Mapping entries of the direct map: TLB reach is lost where pages stand instead of sections. */
  readonly directMapSections: number;
  readonly directMapPages: number;
  /** First-level entries (LPAE: second-level) of the direct map that lead to a table of pages. */
  readonly directMapTables: number;
  /** Pages, each a TLB entry, of vmalloc mappings while one device holds all its buffers. */
  readonly vmallocPeakPages: number;
  /** Ranges of kernel addresses that a process made at boot gets only by a fault or at its next switch. */
  readonly lazyRanges: number;
}

/** How much is there until the kernel says NULL. */
export interface Limits {
  /** Which device asked: of the largest group that is neither coherent nor behind an IOMMU nor has memory of its own. */
  readonly device: string;
  /** 4 KiB atomic buffers in one burst. */
  readonly atomicBurst: number;
  /** 1 MiB buffers. */
  readonly megabyteBuffers: number;
  /** Is 1 MiB still to be had when vmalloc space is full? */
  readonly withoutVmallocSpace: boolean;
}

export interface DesignRun {
  readonly design: string;
  readonly devices: readonly DeviceOutcome[];
  readonly costs: Costs;
  readonly limits: Limits;
  /** Memory that the kernel lost while all buffers were freed, by device. */
  readonly lost: readonly string[];
  /** Lines of warning level and above that the boot printed. */
  readonly bootLog: readonly string[];
}

export type Verdict = 'same' | 'change' | 'improvement' | 'regression';

export interface Reason {
  readonly verdict: Exclude<Verdict, 'same'>;
  /** Stable id, kebab-case: `alias-left`, `restricted-pool-works`. */
  readonly id: string;
  /** One line with the numbers. */
  readonly text: string;
  /** Devices and kinds of allocation that it holds for; absent: for the board. */
  readonly devices?: readonly string[];
  readonly kinds?: readonly string[];
}

export interface DesignVerdict {
  readonly design: string;
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
  readonly run: DesignRun;
}

export interface CmaPlace {
  readonly base: string;
  readonly sizeBytes: number;
  readonly highmem: boolean;
}

export interface BoardFacts {
  readonly model: string;
  readonly core: string;
  readonly cores: number;
  readonly outerCache: string | null;
  readonly memoryBytes: number;
  readonly memoryFrom: 'tree' | 'command line' | 'assumed';
  /** Of it, what Linux knows after `mem=` and what machine code takes. */
  readonly knownBytes: number;
  readonly lowmemBytes: number;
  /** The default area; null without one. */
  readonly cma: CmaPlace | null;
  readonly config: string;
  readonly baseline: string;
  readonly cmdline: string;
}

/** A board that was judged. */
export interface BoardComparison {
  readonly board: string;
  /** Of the tree, as given. */
  readonly file: string;
  readonly facts: BoardFacts;
  readonly verdicts: readonly DesignVerdict[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A board that could not be judged, and why. */
export interface BoardRefusal {
  readonly board: string;
  readonly file: string;
  readonly refused: string;
  /** What is to blame: the board or its kernel, a missing file, or Armory itself. */
  readonly blame: 'input' | 'environment' | 'bug';
  readonly diagnostics: readonly Diagnostic[];
}

export type BoardResult = BoardComparison | BoardRefusal;

export function isRefusal(result: BoardResult): result is BoardRefusal {
  return 'refused' in result;
}

export function isJudged(result: BoardResult): result is BoardComparison {
  return !isRefusal(result);
}
