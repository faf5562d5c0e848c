// SPDX-License-Identifier: GPL-2.0-only
/**
 * A driver for the display controller of hw/dma/display.ts, as DRM drivers with a contiguous buffer are: one
 * write-combining frame buffer (drivers/gpu/drm/drm_gem_dma_helper.c allocates them so), drawn by the CPU, shown by
 * the device. It draws and shows a few frames and reads a part of each back, as a console does that scrolls.
 */
import type { Vaddr } from '../../base/address.js';
import { DISPLAY, DISPLAY_RUN, DisplayController } from '../../hw/dma/display.js';
import { page_address } from '../../linux/arch/arm/include/asm/memory.js';
import { DMA_ATTR_WRITE_COMBINE } from '../../linux/include/linux/dma-mapping.js';
import { EIO, ENOMEM } from '../../linux/include/linux/errno.js';
import { GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PFN_DOWN } from '../../linux/include/linux/pfn.js';
import { dma_alloc_attrs, dma_free_attrs } from '../../linux/kernel/dma/mapping.js';
import type { Kernel } from '../../linux/kernel.js';
import { physicalAddress } from '../buffer-facts.js';
import { type Driver, defineDriver, type Session } from './driver.js';
import { randomBytes, readBytes, writeBytes, writel, writel_relaxed } from './kernel-services.js';

interface Options {
  /** Does the CPU draw where the DMA API says, and not through the direct map? */
  readonly drawsThroughBuffer: boolean;
  /** Are the pixels ordered before the doorbell? */
  readonly ordered: boolean;
}

/** 80 pixels of two bytes, in lines that take more. */
const LINE_BYTES = 160;
const STRIDE = 192;
const HEIGHT = 48;
const SIZE: number = STRIDE * HEIGHT;
const FRAMES = 3;

function run(s: Session, options: Options): number {
  const { k, dev } = s;
  const buffer = dma_alloc_attrs(k, dev, SIZE, GFP_KERNEL, DMA_ATTR_WRITE_COMBINE);
  if (!buffer) return -ENOMEM;
  const pixels = options.drawsThroughBuffer ? buffer.cpu_addr : directAlias(k, buffer.cpu_addr);
  const error = show(s, options, pixels, buffer.dma_handle);
  dma_free_attrs(k, dev, SIZE, buffer, DMA_ATTR_WRITE_COMBINE);
  return error;
}

/** The direct map's address of a buffer; the buffer's own where it is in high memory. */
function directAlias(k: Kernel, vaddr: Vaddr): Vaddr {
  const paddr = physicalAddress(k.machine, vaddr);
  const alias = paddr === undefined ? null : page_address(k, PFN_DOWN(paddr));
  return alias ?? vaddr;
}

function show(s: Session, options: Options, pixels: Vaddr, base: number): number {
  const { k } = s;
  const display = new DisplayController(s.master);
  const ring = options.ordered ? writel : writel_relaxed;
  writel_relaxed(k, display, DISPLAY.LINE_BYTES, LINE_BYTES);
  writel_relaxed(k, display, DISPLAY.STRIDE, STRIDE);
  writel_relaxed(k, display, DISPLAY.HEIGHT, HEIGHT);
  writel_relaxed(k, display, DISPLAY.BASE, base);
  let error = 0;
  for (let frame = 0; frame < FRAMES && error === 0; frame++) {
    for (let line = 0; line < HEIGHT; line++) {
      writeBytes(k, pixels + line * STRIDE, randomBytes(s.random, LINE_BYTES));
    }
    ring(k, display, DISPLAY.CTRL, DISPLAY_RUN);
    if (display.advance(HEIGHT) < HEIGHT || display.picture === null) error = -EIO;
    else s.device(display.picture);
    for (let line = HEIGHT / 2; line < HEIGHT; line++) {
      s.cpu(readBytes(k, pixels + line * STRIDE, LINE_BYTES));
    }
  }
  writel(k, display, DISPLAY.CTRL, 0);
  return error;
}

export const display: Driver = defineDriver<Options>({
  name: 'display',
  description: 'a write-combining frame buffer that the CPU draws and the device reads',
  correct: { drawsThroughBuffer: true, ordered: true },
  variants: [
    {
      name: 'draws-through-cached-alias',
      description: "draws through the direct map's address of the buffer",
      change: { drawsThroughBuffer: false },
    },
    {
      name: 'no-wmb',
      description: 'rings with writel_relaxed() after drawing',
      change: { ordered: false },
    },
  ],
  run,
});
