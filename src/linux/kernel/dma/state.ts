// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the kernel's DMA code keeps in static variables: ARM's allocator (arch/arm/mm/dma-mapping.c) and the
 * generic atomic pools (kernel/dma/pool.c).
 * Model: whether interrupts are off is what the caller says.
 */
import type { DmaAddr, Vaddr } from '../../../base/address.js';
import type { GenPool } from '../../lib/genalloc.js';
import { StreamingEvents } from './streaming-events.js';

/** How ARM's allocator got a buffer, and so how it must give it back. */
export type ArmAllocator = 'cma' | 'simple' | 'remap' | 'pool';

export class DmaState {
  /** ARM: arm_dma_bufs, by the address (or page frame number of a cookie) that was handed out. */
  readonly arm_dma_bufs: Map<number, ArmAllocator> = new Map();
  /** ARM: atomic_pool. Null: there is none. */
  atomic_pool: GenPool | null = null;

  /** Generic: the pools of kernel/dma/pool.c. ARM never has ZONE_DMA32. */
  atomic_pool_kernel: GenPool | null = null;
  atomic_pool_dma: GenPool | null = null;
  /** Generic: size in bytes of a new pool, and the level below which one is to grow. */
  atomic_pool_size = 0;
  /** Generic: bytes that each pool has taken so far (debugfs dma_pools/). */
  pool_size_kernel = 0;
  pool_size_dma = 0;

  /**
   * `*dma_handle` after a dma_alloc_attrs() that failed: ARM's own allocators set it before they try, generic code
   * leaves it alone (null).
   */
  failed_handle: DmaAddr | null = null;

  /** Who owns which bytes, for an observer. */
  readonly streaming: StreamingEvents = new StreamingEvents();

  /** irqs_disabled(), as the caller of the next DMA function has it. */
  irqs_disabled = false;

  /** The kernel's name of the pool that `vaddr` belongs to, or undefined. */
  poolOf(vaddr: Vaddr): 'atomic_pool' | 'atomic_pool_kernel' | 'atomic_pool_dma' | undefined {
    if (this.atomic_pool?.gen_pool_has_addr(vaddr, 1)) return 'atomic_pool';
    if (this.atomic_pool_kernel?.gen_pool_has_addr(vaddr, 1)) return 'atomic_pool_kernel';
    if (this.atomic_pool_dma?.gen_pool_has_addr(vaddr, 1)) return 'atomic_pool_dma';
    return undefined;
  }
}
