// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the parts of the kernel image lie. Exactly from a `System.map`, or estimated from the config.
 * Linux: arch/arm/kernel/vmlinux.lds.S (order and alignment), arch/arm/Makefile (TEXT_OFFSET) (v6.12).
 *
 * It matters for DMA because the free memory around the image, and the sections whose permissions are
 * changed after boot, follow from it. Only sizes are estimated; alignment and order are the linker script's.
 */
import { alignUp, hex, KiB, MiB } from '../base/address.js';
import { type Diagnostic, inputError } from '../base/diagnostics.js';
import type { KconfigValue, KernelImage } from './config.js';

type Symbols = ReadonlyMap<string, KconfigValue>;

/** Bytes of the parts of an image, before alignment. */
interface PartSizes {
  readonly text: number;
  readonly rodata: number;
  readonly init: number;
  /** Initialised data and bss. */
  readonly data: number;
  readonly perCpu: number;
}

/**
 * A kernel for many machines: Debian 6.1.176 armmp prints `11264K kernel code, 1700K rwdata, 3732K rodata,
 * 2048K init, 377K bss`. Model: of the 2 MiB of init, which end on a section border, 1.5 MiB are filled. Its static
 * per-CPU variables end in their 11th page, with LPAE in the 12th; Model: in the middle of it.
 */
const LARGE: PartSizes = {
  text: 11264 * KiB,
  rodata: 3732 * KiB,
  init: 1536 * KiB,
  data: 2077 * KiB,
  perCpu: 43 * KiB,
};

/**
 * A kernel for one machine: 6.12.117 with 445 built-in symbols prints `2158K kernel code, 461K rwdata,
 * 608K rodata, 1024K init, 188K bss`. Model: of the 1 MiB of init, 0.5 MiB are filled. Its static
 * per-CPU variables end in their 4th page; Model: in the middle of it.
 */
const SMALL: PartSizes = {
  text: 2158 * KiB,
  rodata: 608 * KiB,
  init: 512 * KiB,
  data: 649 * KiB,
  perCpu: 14 * KiB,
};

/** CONFIG_LOG_BUF_SHIFT of both. */
const MEASURED_LOG_BUF_SHIFT = 17;

/**
 * The log buffer and its records, which are initialised data: one record for 32 bytes of text, a descriptor of 12
 * bytes and a struct printk_info of 88. Linux: kernel/printk/printk.c, PRB_AVGBITS;
 * kernel/printk/printk_ringbuffer.h, _DEFINE_PRINTKRB() (v6.12; since v5.10).
 */
function logBufferBytes(shift: number): number {
  return 2 ** shift + 2 ** (shift - 5) * (12 + 88);
}

/** Built-in symbols from which on a kernel counts as large (Debian's have 1,500 to 2,500). */
const LARGE_FROM = 1000;

/** Model: size of `.head.text` in front of `.text`, where no section border separates the two. */
const HEAD_TEXT = 0x200;

/**
 * Offset of the image from the start of memory. Linux: arch/arm/Makefile, `textofs-y` (v6.12); the last rule
 * that applies counts. Up to 6.1 three Qualcomm families and the iPAQ H1940 had rules of their own, before
 * ARCH_QCOM_RESERVE_SMEM existed.
 */
export function textOffset(symbols: Symbols): number {
  const on = (symbol: string): boolean => symbols.get(symbol) === true;
  let offset = 0x8000;
  if (on('PM_H1940')) offset = 0x108000;
  if (on('ARCH_REALTEK')) offset = 0x108000;
  if (on('ARCH_SA1100') && on('SA1111')) offset = 0x208000;
  const families = ['ARCH_IPQ40XX', 'ARCH_MSM8X60', 'ARCH_MSM8960'];
  const reservesMemory = symbols.has('ARCH_QCOM_RESERVE_SMEM')
    ? on('ARCH_QCOM_RESERVE_SMEM')
    : families.some(on);
  if (reservesMemory) offset = 0x208000;
  if (on('ARCH_MESON')) offset = 0x208000;
  if (on('ARCH_AXXIA')) offset = 0x308000;
  return offset;
}

/** Layout of an image that was never linked: `builtIn` symbols are `y`. */
export function deriveImage(symbols: Symbols, builtIn: number): KernelImage {
  const on = (symbol: string): boolean => symbols.get(symbol) === true;
  const sizes = builtIn >= LARGE_FROM ? LARGE : SMALL;
  const section = on('ARM_LPAE') ? 2 * MiB : MiB;
  const page = 4 * KiB;
  const strict = on('STRICT_KERNEL_RWX');
  // Linux: arch/arm/include/asm/thread_info.h, THREAD_ALIGN (v6.12).
  const threadAlign = on('VMAP_STACK') ? 16 * KiB : 8 * KiB;

  const shift = symbols.get('LOG_BUF_SHIFT');
  const log = logBufferBytes(typeof shift === 'number' ? shift : MEASURED_LOG_BUF_SHIFT);
  const text = textOffset(symbols);
  const stext = strict ? alignUp(text + HEAD_TEXT, section) : text + HEAD_TEXT;
  const rodata = alignUp(stext + sizes.text, on('DEBUG_ALIGN_RODATA') ? section : page);
  const initBegin = alignUp(rodata + sizes.rodata, strict ? section : page);
  const initEnd = alignUp(initBegin + sizes.init, strict ? section : threadAlign);
  return {
    textOffset: text,
    stext,
    rodataStart: strict ? alignUp(rodata, section) : rodata,
    initBegin,
    initEnd,
    sdata: initEnd,
    end: initEnd + sizes.data + log - logBufferBytes(MEASURED_LOG_BUF_SHIFT),
    perCpuBytes: on('SMP') ? sizes.perCpu + (on('ARM_LPAE') && sizes === LARGE ? 4 * KiB : 0) : 0,
  };
}

const SYSTEM_MAP_LINE = /^([0-9a-fA-F]{8,16}) ([A-Za-z?]) (\S+)/;

/** Symbols needed from a System.map; of two, the second serves where the first is missing. */
const WANTED: readonly (readonly [Exclude<keyof KernelImage, 'perCpuBytes'>, ...string[]])[] = [
  ['textOffset', '_text'],
  ['stext', '_stext'],
  // Only kernels with STRICT_KERNEL_RWX define the aligned one.
  ['rodataStart', '__start_rodata_section_aligned', '__start_rodata'],
  ['initBegin', '__init_begin'],
  ['initEnd', '__init_end'],
  ['sdata', '_sdata'],
  ['end', '_end'],
];

/** Bounds of the static per-CPU variables; a kernel without SMP has none. */
const PER_CPU: readonly [string, string] = ['__per_cpu_start', '__per_cpu_end'];

/**
 * Layout as the linker wrote it down. `pageOffset` is the config's PAGE_OFFSET; `file` is for messages.
 * Throws an InputError `system-map` if a line is not `address type name`, a symbol is missing, or the
 * addresses do not fit `pageOffset`.
 */
export function imageFromSystemMap(text: string, file: string, pageOffset: number): KernelImage {
  const wanted = new Set([...WANTED.flatMap(([, ...names]) => names), ...PER_CPU]);
  const addresses = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    const match = SYSTEM_MAP_LINE.exec(line);
    if (match === null) {
      if (line.trim() === '') continue;
      fail({ file, line: index + 1 }, 'a line of a System.map is `address type name`');
    }
    const name = match[3] ?? '';
    if (wanted.has(name)) addresses.set(name, Number.parseInt(match[1] ?? '', 16));
  }
  const image: Partial<Record<keyof KernelImage, number>> = {};
  for (const [field, ...names] of WANTED) {
    const name = names.find(candidate => addresses.has(candidate));
    if (name === undefined) fail({ file }, `symbol ${names.join(' or ')} is missing`);
    const offset = (addresses.get(name) ?? 0) - pageOffset;
    if (offset < 0 || offset >= 2 ** 32 - pageOffset) {
      const where = hex(addresses.get(name) ?? 0);
      fail({ file }, `${name} is at ${where}, outside the kernel's part, which starts at ${hex(pageOffset)}`);
    }
    image[field] = offset;
  }
  const [start, end] = PER_CPU.map(name => addresses.get(name));
  const perCpuBytes = start !== undefined && end !== undefined ? end - start : 0;
  const complete = { ...image, perCpuBytes } as KernelImage;
  checkOrder(complete, file);
  return complete;
}

function checkOrder(image: KernelImage, file: string): void {
  // Linux: arch/arm/kernel/head.S requires the low 16 bits of TEXT_OFFSET to be 0x8000; arch/arm/Makefile has
  // none above 0x308000 (v6.12).
  if (image.textOffset % 0x10000 !== 0x8000 || image.textOffset > 0x308000) {
    const rule = 'TEXT_OFFSET ends in 0x8000 and is at most 0x308000; is PAGE_OFFSET that of this kernel?';
    fail({ file }, `_text lies ${hex(image.textOffset)} above PAGE_OFFSET: ${rule}`);
  }
  const order = WANTED.map(([field]) => field).filter(field => field !== 'rodataStart');
  order.forEach((field, index) => {
    const next = order[index + 1];
    if (next !== undefined && image[next] < image[field]) {
      fail({ file }, `${next} (${hex(image[next])}) lies below ${field} (${hex(image[field])})`);
    }
  });
}

function fail(position: NonNullable<Diagnostic['position']>, message: string): never {
  return inputError('system-map', message, { position });
}
