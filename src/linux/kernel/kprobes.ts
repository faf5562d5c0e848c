// SPDX-License-Identifier: GPL-2.0-only
/**
 * Probes on the functions that maintain caches and TLBs by range: who asks for what, before the core's own loops
 * round it to lines. What then happens to caches is the machine's business. Linux: kernel/kprobes.c (v6.12).
 * Model: these functions only, and one handler for all of them.
 */

/**
 * Without the prefix of the core or cache: v7_dma_inv_range() is `dma_inv_range`, l2c210_inv_range() is
 * `outer_inv_range`, v7wbi_flush_kern_tlb_range() is `flush_kern_tlb_range`.
 */
export type ProbedFunction =
  | 'dma_inv_range'
  | 'dma_clean_range'
  | 'dma_flush_range'
  | 'outer_inv_range'
  | 'outer_clean_range'
  | 'outer_flush_range'
  | 'flush_kern_tlb_range';

/** [start, end): virtual addresses; physical ones for an outer cache. */
export type KprobeHandler = (name: ProbedFunction, start: number, end: number) => void;
