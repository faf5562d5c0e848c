// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory that a kernel takes for itself while it boots: slabs, page tables, per-CPU data, stacks, the trace ring
 * buffer. None of it is DMA, but it takes the lowest pages, which are the only ones that some devices reach.
 * Linux: mm/page_alloc.c serves single unmovable pages from the lowest largest block, as boot put them at the tail
 * of its lists; kernel/trace/trace.c, tracer_alloc_buffers(); kernel/trace/ring_buffer.c, rb_allocate_cpu_buffer()
 * (v6.12).
 * Model: all of it is single pages, taken at once before the first contiguous area is activated. How much it is was
 * measured, not derived: 6.12 with some 490 symbols on boards with two cores and 256 MiB to 1 GiB had its lowest
 * free page 24 to 26 MiB above the image when drivers probed, 12 MiB of that the ring buffer.
 */
import { MiB } from '../../base/address.js';
import { GFP_KERNEL } from '../include/linux/gfp.js';
import { PAGE_SIZE } from '../include/linux/pfn.js';
import type { Kernel } from '../kernel.js';
import { memparse } from '../lib/cmdline.js';
import { alloc_pages } from '../mm/page_alloc.js';

/** Pages of everything but the ring buffer, and the largest share of a small machine's memory that it takes. */
const BOOT_PAGES: number = (12 * MiB) / PAGE_SIZE;
const LARGEST_SHARE = 1 / 8;

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

/** Takes it; nothing of it comes back. */
export function takeBootMemory(k: Kernel): void {
  const share = Math.floor(k.pages.free_pages * LARGEST_SHARE);
  const pages = Math.min(BOOT_PAGES, share) + ringBufferPages(k);
  for (let taken = 0; taken < pages; taken++) if (alloc_pages(k, GFP_KERNEL, 0) === null) return;
}
