// SPDX-License-Identifier: GPL-2.0-only
/**
 * A driver for the camera interface of hw/dma/frame-grabber.ts, with one buffer that takes frame after frame. The
 * buffer is either memory with a streaming mapping, as videobuf2 has for user space's own pages, or one that the
 * DMA API allocated with DMA_ATTR_NO_KERNEL_MAPPING, as codec drivers do (coda: drivers/media/platform/chips-media),
 * which only user space maps.
 * Model: the mapping of user space is one in vmalloc space with the attributes that dma_mmap_attrs() gives it.
 */
import type { DmaAddr, Vaddr } from '../../base/address.js';
import { FRAME_GRABBER, FRAME_GRABBER_RUN, FrameGrabber, type Plane } from '../../hw/dma/frame-grabber.js';
import { PAGE_KERNEL } from '../../linux/arch/arm/include/asm/pgtable.js';
import { DMA_ATTR_NO_KERNEL_MAPPING, DMA_FROM_DEVICE } from '../../linux/include/linux/dma-mapping.js';
import { EIO, ENOMEM } from '../../linux/include/linux/errno.js';
import { GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { PAGE_ALIGN, PAGE_SIZE } from '../../linux/include/linux/pfn.js';
import {
  dma_alloc_attrs,
  dma_free_attrs,
  dma_map_single,
  dma_mapping_error,
  dma_pgprot,
  dma_sync_single_for_cpu,
  dma_sync_single_for_device,
  dma_unmap_single,
} from '../../linux/kernel/dma/mapping.js';
import { vmap_contiguous, vunmap } from '../../linux/mm/vmalloc.js';
import { type Driver, defineDriver, type Session } from './driver.js';
import { kfree, kmalloc, randomBytes, readBytes, writel, writel_relaxed } from './kernel-services.js';

interface Options {
  readonly memory: 'streaming' | 'no-kernel-mapping';
  /** Is each frame taken back from the device before the CPU looks at it? */
  readonly sync: boolean;
}

const WIDTH = 80;
const STRIDE = 96;
const HEIGHT = 48;
const UV_OFFSET: number = STRIDE * HEIGHT;
const SIZE: number = UV_OFFSET + (STRIDE * HEIGHT) / 2;
const FRAMES = 3;

/** A buffer for frames: where user space reads it, and how it changes hands. */
interface FrameBuffer {
  readonly cpu: Vaddr;
  readonly dma: DmaAddr;
  toCpu(): void;
  toDevice(): void;
  release(): void;
}

function streamingBuffer({ k, dev }: Session): FrameBuffer | null {
  const cpu = kmalloc(k, SIZE);
  if (cpu === null) return null;
  const dma = dma_map_single(k, dev, cpu, SIZE, DMA_FROM_DEVICE);
  if (dma_mapping_error(k, dev, dma) !== 0) {
    kfree(k, cpu, SIZE);
    return null;
  }
  return {
    cpu,
    dma,
    toCpu: () => dma_sync_single_for_cpu(k, dev, dma, SIZE, DMA_FROM_DEVICE),
    toDevice: () => dma_sync_single_for_device(k, dev, dma, SIZE, DMA_FROM_DEVICE),
    release() {
      dma_unmap_single(k, dev, dma, SIZE, DMA_FROM_DEVICE);
      kfree(k, cpu, SIZE);
    },
  };
}

/** A restricted pool gives its buffers a kernel mapping whatever the driver asks; then there is no cookie. */
function unmappedBuffer({ k, dev }: Session): FrameBuffer | null {
  const attrs = DMA_ATTR_NO_KERNEL_MAPPING;
  const buffer = dma_alloc_attrs(k, dev, SIZE, GFP_KERNEL, attrs);
  if (!buffer) return null;
  const prot = dma_pgprot(k, dev, PAGE_KERNEL(k), attrs);
  const user = buffer.cookie
    ? vmap_contiguous(k, buffer.cpu_addr, PAGE_ALIGN(SIZE) / PAGE_SIZE, prot, 'mmap')
    : buffer.cpu_addr;
  if (user === null) {
    dma_free_attrs(k, dev, SIZE, buffer, attrs);
    return null;
  }
  return {
    cpu: user,
    dma: buffer.dma_handle,
    toCpu() {},
    toDevice() {},
    release() {
      if (buffer.cookie) vunmap(k, user);
      dma_free_attrs(k, dev, SIZE, buffer, attrs);
    },
  };
}

/** A camera in front of which the picture never changes. */
function cameraFor(image: Uint8Array): (plane: Plane, line: number, width: number) => Uint8Array {
  return (plane, line, width) => {
    const start = (plane === 'Y' ? line : HEIGHT + line) * WIDTH;
    return image.subarray(start, start + width);
  };
}

function run(s: Session, options: Options): number {
  const buffer = options.memory === 'streaming' ? streamingBuffer(s) : unmappedBuffer(s);
  if (!buffer) return -ENOMEM;
  let error = 0;
  for (let frame = 0; frame < FRAMES && error === 0; frame++) {
    const image = randomBytes(s.random, WIDTH * HEIGHT * 1.5);
    error = capture(s, buffer, image);
    if (options.sync) buffer.toCpu();
    for (let line = 0; line < HEIGHT * 1.5; line++) s.cpu(readBytes(s.k, buffer.cpu + line * STRIDE, WIDTH));
    if (options.sync) buffer.toDevice();
  }
  buffer.release();
  return error;
}

function capture({ k, master }: Session, buffer: FrameBuffer, image: Uint8Array): number {
  const grabber = new FrameGrabber(master, cameraFor(image));
  writel_relaxed(k, grabber, FRAME_GRABBER.Y_BASE, buffer.dma);
  writel_relaxed(k, grabber, FRAME_GRABBER.UV_BASE, buffer.dma + UV_OFFSET);
  writel_relaxed(k, grabber, FRAME_GRABBER.WIDTH, WIDTH);
  writel_relaxed(k, grabber, FRAME_GRABBER.HEIGHT, HEIGHT);
  writel_relaxed(k, grabber, FRAME_GRABBER.STRIDE, STRIDE);
  writel(k, grabber, FRAME_GRABBER.CTRL, FRAME_GRABBER_RUN);
  return grabber.advance(HEIGHT) === HEIGHT ? 0 : -EIO;
}

export const frameGrabber: Driver = defineDriver<Options>({
  name: 'frame-grabber',
  description: 'a buffer that the device fills line by line and the CPU reads',
  correct: { memory: 'streaming', sync: true },
  variants: [
    {
      name: 'no-kernel-mapping',
      description:
        'a correct driver with a buffer of DMA_ATTR_NO_KERNEL_MAPPING, which nobody may have cleaned',
      change: { memory: 'no-kernel-mapping' },
    },
    {
      name: 'reads-without-sync',
      description: 'reads frames of a mapped buffer without dma_sync_single_for_cpu()',
      change: { sync: false },
    },
  ],
  run,
});
