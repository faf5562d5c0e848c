// SPDX-License-Identifier: GPL-2.0-only
/**
 * `v1` with the conditions of 6.1 to 6.6 on any version: ARM's allocator is compiled and its pool is there,
 * but nobody calls it. The same as `v1` on the 6.1 baseline; on 6.12 it isolates what that one line did, with the
 * same symbols: only the conditions in kernel/dma/direct.c differ.
 */
import { type Design, needsMmu } from './design.js';
import { NO_MMU_REASON, v1, v1Hooks } from './v1.js';

export const v1On66: Design = {
  name: 'v1-66',
  title: 'v1 as on 6.1 to 6.6',
  summary:
    "v1 with the conditions of the kernels it was posted for: ARM's allocator is dead code for every device, " +
    'all buffers are remapped, and nothing cleans the caches first.',
  kconfig: v1.kconfig,
  hooks: { ...v1Hooks, name: 'v1-66', remapGoesFirst: true },
  refuse: config => needsMmu(config, NO_MMU_REASON),
};
