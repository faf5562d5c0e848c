// SPDX-License-Identifier: GPL-2.0-only
/**
 * A larger buffer for the log, where `log_buf_len=` or the number of CPUs asks for one: it comes from memblock. Linux:
 * kernel/printk/printk.c, setup_log_buf(), log_buf_add_cpu() (v6.12, v6.1). The log itself is in printk.ts beside
 * kernel.ts.
 */
import { roundUpPowerOfTwo } from '../../../base/address.js';
import type { Kernel } from '../../kernel.js';
import { memparse } from '../../lib/cmdline.js';

/** Bytes for one record on average, and of its two descriptors: struct prb_desc, struct printk_info. */
const PRB_AVG_BYTES = 32;
const DESC_BYTES = 12;
const INFO_BYTES = 88;
/** __alignof__(unsigned long). */
const LOG_ALIGN = 4;

/** The new size, or 0: the buffer in the image will do. */
function newLogBufLen(k: Kernel): number {
  const own = 2 ** (k.config.number('LOG_BUF_SHIFT') ?? 17);
  const larger = (size: number): number => {
    const rounded = size > 0 ? roundUpPowerOfTwo(Math.min(size, 2 ** 31)) : 0;
    return rounded > own ? rounded : 0;
  };
  const asked = k.cmdline.parameters
    .filter(({ name }) => name === 'log_buf_len')
    .map(({ value }) => larger(memparse(value ?? '').value))
    .findLast(size => size > 0);
  if (asked !== undefined) return asked;
  const perCpu = k.config.number('LOG_CPU_MAX_BUF_SHIFT');
  if (!k.config.isEnabled('SMP') || perCpu === undefined) return 0;
  const extra = (k.cpu.num_possible_cpus - 1) * 2 ** perCpu;
  return extra <= own / 2 ? 0 : larger(extra + own);
}

export function setup_log_buf(k: Kernel): void {
  const bytes = newLogBufLen(k);
  if (bytes === 0) return;
  const records = bytes / PRB_AVG_BYTES;
  for (const size of [bytes, records * DESC_BYTES, records * INFO_BYTES]) {
    k.memblock.memblock_alloc(size, LOG_ALIGN);
  }
  k.log.pr_info(`log_buf_len: ${bytes} bytes`);
}
