// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the linker put the parts of the recorded kernel: nobody can derive it from a config, so it is read off
 * the recorded map and resources. Offsets from PHYS_OFFSET.
 */
import type { KernelImage } from '../../linux/config.js';
import type { Recording } from './recording.js';

/** PHYS_OFFSET of the recorded kernel, whose difference to PAGE_OFFSET is recorded modulo 2^40. */
export function recordedPhysOffset(recording: Recording, pageOffset: number): number | undefined {
  const delta = recording.linear_delta_pa_minus_va;
  return delta === undefined ? undefined : (pageOffset + Number(delta)) % 2 ** 40;
}

/**
 * The layout, or undefined where the recording lacks what tells it. `estimate` gives what no recording shows.
 * Linux: arch/arm/kernel/setup.c, request_standard_resources(): `Kernel code` ends at `__init_begin`, `Kernel data`
 * is `_sdata` to `_end` (v6.12).
 */
export function recordedImage(
  recording: Recording,
  pageOffset: number,
  estimate: KernelImage,
): KernelImage | undefined {
  const base = recordedPhysOffset(recording, pageOffset);
  const { swapper_pg_dir, iomem, map_lowmem = [], memblock_reserved = [] } = recording;
  const code = iomem?.find(({ name }) => name === 'Kernel code');
  const data = iomem?.find(({ name }) => name === 'Kernel data');
  if (base === undefined || !swapper_pg_dir || !code || !data) return undefined;
  // Linux: arch/arm/kernel/head.S: the tables end where the image begins; PG_DIR_SIZE.
  const tables = recording.page_table_format === 'short' ? 0x4000 : 0x5000;
  const textOffset = Number(swapper_pg_dir.pa) - base + tables;
  const initBegin = Number(code.end) + 1 - base;
  const end = Number(data.end) + 1 - base;
  const readOnly = map_lowmem.filter(({ ap }) => ap === 'ro/-');
  const reserved = memblock_reserved.find(entry => Number(entry.end) + 1 - base === end);
  const stext = readOnly[0] ? Number(readOnly[0].va) - pageOffset : reserved && Number(reserved.start) - base;
  const rodata = readOnly.find(({ xn }) => xn === 1);
  return {
    ...estimate,
    textOffset,
    stext: stext ?? textOffset,
    rodataStart: rodata ? Number(rodata.va) - pageOffset : initBegin,
    initBegin,
    initEnd: Number(data.start) - base,
    sdata: Number(data.start) - base,
    end,
  };
}
