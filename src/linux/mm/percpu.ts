// SPDX-License-Identifier: GPL-2.0-only
/**
 * The memory of per-CPU variables, which is taken from memblock before the large hash tables. Linux: mm/percpu.c,
 * setup_per_cpu_areas(), pcpu_embed_first_chunk(), pcpu_setup_first_chunk() (v6.12; 6.1 alike but for the size of
 * struct pcpu_chunk). ARM has one group and its units have no gaps.
 * Only the places count here: nothing is stored in that memory.
 * Left out: `percpu_alloc=page`, CONFIG_PERCPU_STATS.
 */
import { alignUp, FOUR_GiB, roundUpPowerOfTwo } from '../../base/address.js';
import { inputError } from '../../base/diagnostics.js';
import { __pa } from '../arch/arm/include/asm/memory.js';
import { SMP_CACHE_BYTES } from '../include/linux/cache.js';
import { PAGE_ALIGN, PAGE_SIZE } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';

/** Linux: include/linux/percpu.h (v6.12). */
const PCPU_MIN_UNIT_SIZE = 32 * 1024;
const PCPU_MIN_ALLOC_SIZE = 4;
const PCPU_SLOT_BASE_SHIFT = 5;

/** Eight times as much where allocations carry tags. Linux: include/linux/percpu.h (v6.12; 6.1 has no profiling). */
function PERCPU_MODULE_RESERVE({ config }: Kernel): number {
  if (!config.isEnabled('MODULES')) return 0;
  return config.atLeast('6.12') && config.isEnabled('MEM_ALLOC_PROFILING') ? 8 << 13 : 8 << 10;
}

/** Four times as much for the sixteen copies of kmalloc caches that 6.6 brought. Linux: include/linux/percpu.h (v6.12). */
function PERCPU_DYNAMIC_RESERVE({ config }: Kernel): number {
  return config.atLeast('6.12') && config.isEnabled('RANDOM_KMALLOC_CACHES') ? 20 << 12 : 20 << 10;
}

/** sizeof(struct pcpu_block_md): eight ints. */
const BLOCK_BYTES = 32;

/** What one CPU gets. */
interface Unit {
  readonly staticBytes: number;
  readonly reservedBytes: number;
  readonly dynamicBytes: number;
  readonly unitBytes: number;
}

/** Takes the memory of the first chunk and its bookkeeping. */
export function setup_per_cpu_areas(k: Kernel): void {
  if (k.config.isEnabled('SMP')) pcpu_embed_first_chunk(k);
  else setupUniprocessor(k);
}

/** MAX_DMA_ADDRESS as a physical address. Linux: arch/arm/include/asm/dma.h (v6.12). */
function dmaGoal(k: Kernel): number {
  const { PAGE_OFFSET, arm_dma_zone_size } = k.memory;
  const isLimited = k.config.isEnabled('ZONE_DMA') && arm_dma_zone_size > 0;
  const fits = arm_dma_zone_size < FOUR_GiB - PAGE_OFFSET;
  return __pa(k, isLimited && fits ? PAGE_OFFSET + arm_dma_zone_size : FOUR_GiB - 1);
}

/** Linux: include/linux/memblock.h, memblock_alloc_from(): above `goal` if there is room. */
function memblock_alloc_from(k: Kernel, size: number, align: number, goal: number): number {
  const limit = k.memblock.current_limit;
  const above = k.memblock.memblock_phys_alloc_range(size, align, goal, limit);
  return above !== 0 ? above : k.memblock.memblock_alloc(size, align);
}

/** The address, where there is one: otherwise the kernel dies. */
function orPanic(address: number): number {
  if (address === 0)
    inputError('kernel-panic', 'the kernel panics: failed to allocate memory for percpu areas');
  return address;
}

/** struct pcpu_alloc_info, given back at the end: its hole is where small allocations go next. */
function allocInfo(k: Kernel): number {
  return orPanic(k.memblock.memblock_alloc(PAGE_SIZE, PAGE_SIZE));
}

function pcpu_embed_first_chunk(k: Kernel): void {
  const { memblock } = k;
  const cpus = k.cpu.num_possible_cpus;
  const reservedBytes = PERCPU_MODULE_RESERVE(k);
  const staticBytes = k.config.image.perCpuBytes;
  const sum = PAGE_ALIGN(staticBytes + reservedBytes + PERCPU_DYNAMIC_RESERVE(k));
  const unit: Unit = {
    staticBytes,
    reservedBytes,
    dynamicBytes: sum - staticBytes - reservedBytes,
    unitBytes: Math.max(sum, PCPU_MIN_UNIT_SIZE),
  };
  const info = allocInfo(k);
  const areas = orPanic(memblock.memblock_alloc(PAGE_SIZE, SMP_CACHE_BYTES(k)));
  const base = orPanic(memblock_alloc_from(k, cpus * unit.unitBytes, PAGE_SIZE, dmaGoal(k)));
  for (let cpu = 0; cpu < cpus; cpu++) {
    memblock.memblock_phys_free(base + cpu * unit.unitBytes + sum, unit.unitBytes - sum);
  }
  pcpu_setup_first_chunk(k, base, unit, cpus);
  memblock.memblock_phys_free(info, PAGE_SIZE);
  memblock.memblock_phys_free(areas, PAGE_SIZE);
}

/** Without SMP static per-CPU variables are ordinary ones. */
function setupUniprocessor(k: Kernel): void {
  const unitBytes = roundUpPowerOfTwo(Math.max(PCPU_MIN_UNIT_SIZE, PERCPU_DYNAMIC_RESERVE(k)));
  const info = allocInfo(k);
  const base = orPanic(memblock_alloc_from(k, unitBytes, PAGE_SIZE, dmaGoal(k)));
  pcpu_setup_first_chunk(
    k,
    base,
    { staticBytes: 0, reservedBytes: 0, dynamicBytes: unitBytes, unitBytes },
    1,
  );
  k.memblock.memblock_phys_free(info, PAGE_SIZE);
}

function pcpu_setup_first_chunk(k: Kernel, base: number, unit: Unit, cpus: number): void {
  const take = (bytes: number): void => {
    orPanic(k.memblock.memblock_alloc(bytes, SMP_CACHE_BYTES(k)));
  };
  // group_offsets, group_sizes, unit_map, unit_off.
  take(4);
  take(4);
  take(4 * cpus);
  take(4 * cpus);
  // __pcpu_size_to_slot(), and the slots for sidelined, free and to be depopulated chunks.
  const sizeSlot = Math.max(Math.floor(Math.log2(unit.unitBytes)) + 1 - PCPU_SLOT_BASE_SHIFT + 2, 1);
  take(8 * (sizeSlot + 4));
  const staticBytes = alignUp(unit.staticBytes, PCPU_MIN_ALLOC_SIZE);
  const dynamicBytes = unit.dynamicBytes - (staticBytes - unit.staticBytes);
  const start = base + staticBytes;
  if (unit.reservedBytes > 0) pcpu_alloc_first_chunk(k, start, unit.reservedBytes, take);
  pcpu_alloc_first_chunk(k, start + unit.reservedBytes, dynamicBytes, take);
}

function pcpu_alloc_first_chunk(
  k: Kernel,
  start: number,
  bytes: number,
  take: (bytes: number) => void,
): void {
  const regionBytes = PAGE_ALIGN((start % PAGE_SIZE) + bytes);
  const pages = regionBytes / PAGE_SIZE;
  const bits = regionBytes / PCPU_MIN_ALLOC_SIZE;
  const words = (count: number): number => 4 * Math.ceil(count / 32);
  take(chunkBytes(k) + words(pages));
  take(words(bits));
  take(words(bits + 1));
  take(pages * BLOCK_BYTES);
}

/**
 * sizeof(struct pcpu_chunk) without its bitmap of pages; a pointer comes with MEMCG_KMEM. In 6.12 base_addr begins a
 * cache line, and the pointer comes with MEMCG or allocation profiling. Linux: mm/percpu-internal.h.
 */
function chunkBytes(k: Kernel): number {
  const { config } = k;
  // list, free_bytes, chunk_md, bound_map.
  const head = 8 + 4 + BLOCK_BYTES + 4;
  // base_addr, alloc_map, md_blocks, data; two bools; two offsets; three counts.
  const rest = 4 * 4 + 4 + 2 * 4 + 3 * 4;
  if (!config.atLeast('6.12')) return head + rest + (config.isEnabled('MEMCG_KMEM') ? 4 : 0);
  const hasOwners = config.isEnabled('MEMCG') || config.isEnabled('MEM_ALLOC_PROFILING');
  const line = config.isEnabled('SMP') ? SMP_CACHE_BYTES(k) : 4;
  return alignUp(alignUp(head, line) + rest + (hasOwners ? 4 : 0), line);
}
