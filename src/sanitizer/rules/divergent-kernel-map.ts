// SPDX-License-Identifier: GPL-2.0-only
/** Rule `divergent-kernel-map`: a process's table has another kernel mapping than the kernel's own. */
import type { Rule } from './rule.js';

export const divergentKernelMap: Rule = {
  id: 'divergent-kernel-map',
  severity: 'error',
  summary: "a process's table has another kernel mapping than the kernel's own",
  explanation: [
    "On ARM each process's first-level table has the kernel's entries by value: there is no table for the kernel alone that all share (with LPAE the kernel's second level is shared, and this cannot happen to most of it). So an entry that changes later changes in one table only, and the processes go on with the old one.",
    "For that reason the direct map's sections are never touched after boot. Entries that are added are no problem: a process that lacks one faults and copies it. For vmalloc space a sequence number makes each process copy what changed when it is switched to.",
    "Reported is the use of a kernel address whose first-level entry in the running process's table (TTBR0) is valid and differs from that in the kernel's own (TTBR1). It is found on ARMv6 and later with short descriptors: older cores have no TTBR1.",
  ],
  missing:
    "Copy the first-level entry into every process's table, or leave entries alone that processes have copied.",
  references: [
    'ARM DDI 0406C, B3.5.4 (selecting between TTBR0 and TTBR1, short descriptors)',
    'arch/arm/mm/fault.c, do_translation_fault() (v6.12)',
    'arch/arm/mm/ioremap.c, __check_vmalloc_seq() (v6.12)',
  ],
};
