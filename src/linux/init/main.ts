// SPDX-License-Identifier: GPL-2.0-only
/**
 * Boot, in the kernel's order. Linux: init/main.c, start_kernel(); arch/arm/kernel/setup.c, setup_arch()
 * (v6.12). Every step stands in the file that the kernel has it in; what to read next is the first of them,
 * `arch/arm/kernel/setup.ts`.
 *
 * Model: steps that neither place memory nor map it (scheduler, timers, drivers) are left out.
 */
import { reserve_crashkernel } from '../arch/arm/kernel/crashkernel.js';
import { arm_dt_init_cpu_maps } from '../arch/arm/kernel/devtree.js';
import {
  bootmem_init,
  initcall_blacklist,
  request_standard_resources,
  setup_arch_memory,
  setup_command_line,
} from '../arch/arm/kernel/setup.js';
import { outer_cache_init } from '../arch/arm/mm/cache-l2x0.js';
import { free_initmem, free_initrd_mem, mem_init } from '../arch/arm/mm/init.js';
import { build_mem_type_table, paging_init } from '../arch/arm/mm/mmu.js';
import { mark_rodata_ro } from '../arch/arm/mm/section-perms.js';
import { unflatten_device_tree } from '../drivers/of/unflatten.js';
import { setup_log_buf } from '../kernel/printk/printk.js';
import type { Kernel } from '../kernel.js';
import { cma_init_reserved_areas } from '../mm/cma.js';
import { vfs_caches_init_early } from '../mm/large-system-hash.js';
import { setup_per_cpu_pageset } from '../mm/pcp-limits.js';
import { setup_per_cpu_areas } from '../mm/percpu.js';
import { init_per_zone_wmark_min } from '../mm/watermarks.js';
import { takeEarlyMemory, takeInitcallMemory } from './boot-use.js';

/**
 * Boots `k` up to the last initcalls, where built-in drivers probe: the kernel's init sections are still there. Bad
 * input has been refused before this is called.
 */
export function do_initcalls(k: Kernel): void {
  setup_arch_memory(k);
  build_mem_type_table(k);
  paging_init(k);
  bootmem_init(k);
  request_standard_resources(k);
  unflatten_device_tree(k);
  arm_dt_init_cpu_maps(k);
  reserve_crashkernel(k);
  setup_command_line(k);
  setup_per_cpu_areas(k);
  initcall_blacklist(k);
  setup_log_buf(k);
  vfs_caches_init_early(k);
  mem_init(k);
  setup_per_cpu_pageset(k);
  outer_cache_init(k);
  takeEarlyMemory(k);
  cma_init_reserved_areas(k);
  k.arch.atomic_pool_init(k);
  init_per_zone_wmark_min(k);
  takeInitcallMemory(k);
  free_initrd_mem(k);
}

/** Boots `k` to its end, where modules are loaded. */
export function start_kernel(k: Kernel): void {
  do_initcalls(k);
  free_initmem(k);
  mark_rodata_ro(k);
}
