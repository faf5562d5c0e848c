// SPDX-License-Identifier: GPL-2.0-only
/**
 * A design: one way to provide coherent memory, as the Kconfig symbols that it selects and the functions that
 * it gives generic code. A design is data; what the symbols do is written in src/linux/kernel/dma.
 * To add one, write a file like legacy.ts and add a line to index.ts.
 */
import type { KernelConfig, KernelVersion } from '../linux/config.js';
import type { ArchDma } from '../linux/kernel/dma/arch.js';

/** The Kconfig symbols that tell designs apart. A design says something about each. */
export const DESIGN_SYMBOLS = [
  'ARCH_HAS_DMA_ALLOC',
  'ARCH_HAS_DMA_CAN_SET_UNCACHED',
  'ARCH_HAS_DMA_CLEAR_UNCACHED',
  'ARCH_HAS_DMA_PREP_COHERENT',
  'ARCH_HAS_DMA_SET_UNCACHED',
  'DMA_COHERENT_POOL',
  'DMA_DIRECT_REMAP',
] as const;

export type DesignSymbol = (typeof DESIGN_SYMBOLS)[number];

/** For `KernelConfig.with()`: true sets a symbol, undefined removes it. */
export type DesignSymbols = Readonly<Record<DesignSymbol, true | undefined>>;

export interface Design {
  /** As on the command line. */
  readonly name: string;
  /** A line for tables. */
  readonly title: string;
  /** A few sentences for somebody who has never heard of it. */
  readonly summary: string;
  /** What the design selects in a kernel of that version. */
  kconfig(version: KernelVersion): DesignSymbols;
  readonly hooks: ArchDma;
  /** Why the design cannot be built with `config`, in terms of Kconfig; null where it can. */
  refuse(config: KernelConfig): string | null;
}

/** The symbols of a design that sets these and no others. */
export function selects(...symbols: readonly DesignSymbol[]): DesignSymbols {
  const all = DESIGN_SYMBOLS.map(symbol => [symbol, symbols.includes(symbol) || undefined]);
  return Object.fromEntries(all) as DesignSymbols;
}

/**
 * Refuses kernels older than 6.0 without LPAE: devices of 32-bit ARM do not go through generic code there, so that
 * what the plan changes in it would not be reached.
 */
export function needsDmaDirect(config: KernelConfig): string | null {
  if (config.atLeast('6.1') || config.isEnabled('ARM_LPAE')) return null;
  return 'before 6.0 and without LPAE, devices use arm_dma_ops and not the generic code that the plan builds on';
}

/** Refuses kernels without MMU, for `reason`. */
export function needsMmu(config: KernelConfig, reason: string): string | null {
  return config.isEnabled('MMU') ? null : `CONFIG_MMU is not set: ${reason}`;
}
