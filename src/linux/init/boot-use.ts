// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory that a kernel takes for itself while it boots: slabs, page tables, per-CPU data, stacks, the trace ring
 * buffer. None of it is DMA, but it takes the lowest pages, which are the only ones that some devices reach.
 * Linux: mm/page_alloc.c serves single unmovable pages from the lowest largest block, as boot put them at the tail
 * of its lists; kernel/trace/trace.c, tracer_alloc_buffers(); kernel/trace/ring_buffer.c, rb_allocate_cpu_buffer()
 * (v6.12).
 * Model: all of it is single pages that never come back, taken at two moments: before the first contiguous area is
 * activated, and before drivers probe. How much it is was measured, not derived. Without a ring buffer Debian's 6.1.176
 * had its atomic pool 3 MiB behind the first largest block above the image. 6.12 with some 490 symbols had it 18.5 MiB
 * behind, and its lowest free MiB 21 to 22 MiB behind when drivers probed (22 runs with 256 MiB or 1 GiB; 12 MiB more
 * where four CPUs are possible, each of which has 6 MiB of ring buffer). One largest block of that holds
 * reclaimable pages: from 2.7 MiB of it on, unmovable requests of the same runs got pages once others were used up.
 */
import { MiB } from '../../base/address.js';
import { __GFP_RECLAIMABLE, GFP_KERNEL } from '../include/linux/gfp.js';
import { PAGE_SIZE } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';
import { memparse } from '../lib/cmdline.js';
import { __free_pages, alloc_pages } from '../mm/page_alloc.js';

/** Unmovable pages without the ring buffer, before contiguous areas and before drivers; reclaimable ones. */
const EARLY_PAGES: number = (2.5 * MiB) / PAGE_SIZE;
const INITCALL_PAGES: number = (2.8 * MiB) / PAGE_SIZE;
const RECLAIMABLE_PAGES: number = (2.75 * MiB) / PAGE_SIZE;
/** The largest share of a small machine's memory that each of them takes. */
const LARGEST_SHARE = 1 / 24;

/** Linux: kernel/trace/trace.c, TRACE_BUF_SIZE_DEFAULT (v6.12). */
const TRACE_BUF_SIZE_DEFAULT = 1441792;
/** A page without its header. Linux: kernel/trace/ring_buffer.c, rb_subbuf_capacity() (v6.12). */
const SUBBUF_BYTES: number = PAGE_SIZE - 16;

/** Pages of the trace ring buffer. It stays at its least until events are asked for. */
function ringBufferPages(k: Kernel): number {
  if (!k.config.isEnabled('TRACING')) return 0;
  const wanted = k.cmdline.has('trace_event') || k.cmdline.has('ftrace');
  if (!wanted) return 0;
  const text = k.cmdline.last('trace_buf_size');
  const size = text === undefined ? TRACE_BUF_SIZE_DEFAULT : Math.max(4096, memparse(text).value);
  return Math.ceil(size / SUBBUF_BYTES) * k.cpu.num_possible_cpus;
}

/** Takes what is used before the first contiguous area is activated. */
export function takeEarlyMemory(k: Kernel): void {
  take(k, EARLY_PAGES, GFP_KERNEL);
  take(k, RECLAIMABLE_PAGES, GFP_KERNEL | __GFP_RECLAIMABLE);
  takePages(k, ringBufferPages(k), GFP_KERNEL);
}

/** Takes what initcalls use before drivers probe. */
export function takeInitcallMemory(k: Kernel): void {
  take(k, INITCALL_PAGES, GFP_KERNEL);
}

function take(k: Kernel, pages: number, gfp: number): void {
  takePages(k, Math.min(pages, Math.floor(k.pages.free_pages * LARGEST_SHARE)), gfp);
}

/** Others are freed in between: a CPU that only allocates would fetch ever larger batches, up to 8 MiB at once. */
function takePages(k: Kernel, pages: number, gfp: number): void {
  for (let left = pages; left > 0; left--) {
    if (alloc_pages(k, gfp, 0) === null) return;
    const passing = alloc_pages(k, gfp, 0);
    if (passing !== null) __free_pages(k, passing, 0);
  }
}
