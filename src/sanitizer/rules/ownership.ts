// SPDX-License-Identifier: GPL-2.0-only
/** Rule `ownership`: the CPU touches memory that belongs to a device. */
import type { Rule } from './rule.js';

export const ownership: Rule = {
  id: 'ownership',
  severity: 'error',
  summary: 'the CPU touches memory that belongs to a device',
  explanation: [
    'From dma_map_*() to dma_unmap_*() a buffer belongs to the device, but for the parts that a sync has given back. While the device may write, the CPU neither writes the buffer nor can rely on what it reads; while the device only reads, nobody writes.',
    "It is a rule of the API, and what happens to a driver that breaks it depends on the machine: on one nothing, on another stale data; where buffers bounce, a store never reaches the copy that the device reads. Linux's own DMA_API_DEBUG sees the calls, not the accesses.",
    "Reported is the CPU's access. A store to a buffer that is mapped TO_DEVICE is a warning: the page cache does it to pages under write-back. What really breaks on this machine is reported by the other rules beside it.",
  ],
  missing: 'dma_sync_*_for_cpu() or dma_unmap_*() before the access; stores before the buffer is mapped.',
  references: ['Documentation/core-api/dma-api.rst, part Id', 'kernel/dma/debug.c, check_sync() (v6.12)'],
};
