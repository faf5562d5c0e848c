// SPDX-License-Identifier: GPL-2.0-only
/**
 * Why a sequence goes wrong: each violation that the survey finds belongs to one of a few causes, told apart by what
 * the program has and lacks. A violation that fits none is a new finding, and the document says so.
 */
import { type MemoryType, MT_CACHEABLE } from '../../hw/mmu/memory-type.js';
import type { Violation } from './explorer.js';
import type { Program } from './program.js';
import type { Cell } from './survey.js';
import { translations } from './translation.js';

export interface Cause {
  /** In tables. */
  readonly letter: string;
  readonly title: string;
  /** The kernel function that lacks something. */
  readonly where: string;
  readonly text: string;
}

const causes = {
  unprepared: {
    letter: 'A',
    title: 'memory without a kernel mapping is not cleaned',
    where: 'kernel/dma/direct.c, dma_direct_alloc_no_mapping()',
    text:
      'The function calls arch_dma_prep_coherent(), which is empty where ARM does not select ' +
      'ARCH_HAS_DMA_PREP_COHERENT. Lines that the previous owner left dirty, or the kernel itself as it zeroed the ' +
      'pages (INIT_ON_ALLOC_DEFAULT_ON), are written over what the device wrote. With the hook (prep-fix, step1 and ' +
      'later) lowmem is right.',
  },
  unpreparedHighmem: {
    letter: 'B',
    title: 'memory without a kernel mapping is not cleaned in highmem',
    where: 'kernel/dma/direct.c, dma_direct_alloc_no_mapping()',
    text:
      'The hook is called for lowmem pages only (`if (!PageHighMem(page))`), so every design leaves highmem ' +
      'pages as their previous owner left them.',
  },
  uncleaned: {
    letter: 'C',
    title: 'pages are remapped and never cleaned',
    where: 'kernel/dma/direct.c, dma_direct_alloc(), and kernel/dma/pool.c, atomic_pool_expand()',
    text:
      'With DMA_DIRECT_REMAP and without ARCH_HAS_DMA_PREP_COHERENT nothing gets the dirty lines of the cacheable ' +
      'mapping out of the caches before the pages are used through the non-cacheable one. VIVT and aliasing VIPT ' +
      'caches are flushed by flush_cache_vmap(), but not the outer cache behind them, and on ARMv6 nothing waits ' +
      'for it. On 6.12 it is what v1 does to restricted pools, on 6.1 to 6.6 what it does to everybody.',
  },
  window: {
    letter: 'D',
    title: 'a line is filled between cleaning and remapping',
    where:
      'arch/arm/mm/dma-mapping.c, __alloc_from_contiguous(); step2: kernel/dma/direct.c, dma_direct_alloc()',
    text:
      '__dma_clear_buffer() comes before __dma_remap(). A line that is filled in between is clean and stays; an ' +
      'outer cache that looks up non-cacheable shareable accesses answers from it after the device has written ' +
      'memory. Only until the line is evicted.',
  },
  alias: {
    letter: 'E',
    title: 'a cacheable alias stays, and the outer cache answers from it',
    where:
      'kernel/dma/direct.c, dma_direct_alloc(); legacy: arch/arm/mm/dma-mapping.c, __alloc_remap_buffer()',
    text:
      'The direct mapping stays cacheable while the buffer is in use, so its lines can be filled at any time, and ' +
      'an outer cache that looks up non-cacheable shareable accesses answers from them.',
  },
  untold: {
    letter: 'F',
    title: 'the device snoops, and the kernel does not know',
    where: "drivers/of/address.c, of_dma_is_coherent(): no 'dma-coherent'",
    text:
      "Coherent memory is mapped non-cacheable, while the device's accesses go through the caches; and unmapping a " +
      'streaming buffer invalidates what the device has written into them.',
  },
  edges: {
    letter: 'G',
    title: 'invalidation takes a neighbour along',
    where: 'arch/arm/mm/cache-l2x0.c, aurora_inv_range()',
    text:
      'Aurora cannot invalidate a part of a line and, unlike its siblings, does not clean the first and the last line ' +
      'of the range first: what else they hold, in a write-back Aurora, is lost. Trees that say wt-override are safe.',
  },
  unknown: {
    letter: 'Z',
    title: 'something else',
    where: 'unknown',
    text: 'Nothing that is known explains it.',
  },
} satisfies Record<string, Cause>;

/** All of them, in the order of their letters. */
export const allCauses: readonly Cause[] = Object.values(causes);

/** Why the shortest schedule of a cell ends in a wrong byte. */
export function causeOf({ kind, sequence, explored }: Cell, violation: Violation): Cause {
  const program = explored!.program;
  const untold = kind.port !== 'none' && !kind.coherent;
  if (untold && cleansBefore(program, violation.point)) return causes.untold;
  if (sequence.id.startsWith('no-mapping')) {
    return sequence.contiguous === 'highmem' ? causes.unpreparedHighmem : causes.unprepared;
  }
  if (!cleansBefore(program, violation.point)) return causes.uncleaned;
  if (sequence.id.endsWith('-part')) return causes.edges;
  const read = program.operations[violation.point]!;
  const cached = (type: MemoryType): boolean => (type.bits & MT_CACHEABLE) !== 0;
  // Read through a mapping that is not cacheable.
  if (read.kind !== 'load' || translations(program)[violation.point]![read.mapping]!.some(cached)) {
    return causes.unknown;
  }
  return hasCacheableMapping(program, violation.point) ? causes.alias : causes.window;
}

/** Does the kernel clean by address before the wrong read? */
function cleansBefore(program: Program, point: number): boolean {
  return program.operations.slice(0, point).some(({ by, kind }) => by === 'kernel' && kind === 'inner');
}

function hasCacheableMapping(program: Program, point: number): boolean {
  return translations(program)[point]!.some(types => types.some(({ bits }) => (bits & MT_CACHEABLE) !== 0));
}
