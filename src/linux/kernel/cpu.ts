// SPDX-License-Identifier: GPL-2.0-only
/**
 * CPUs of the running kernel. Linux: kernel/cpu.c (v6.12).
 * Model: one CPU runs the modelled kernel; the others only count where Linux sizes something by them.
 */
import type { Kernel } from '../kernel.js';

/** CPUs that boot has started. Linux: kernel/cpu.c, bringup_nonboot_cpus() (v6.12). */
export function num_online_cpus(k: Kernel): number {
  const possible = k.cpu.num_possible_cpus;
  return Math.max(1, Math.min(possible, k.cmdline.maxcpus ?? possible));
}
