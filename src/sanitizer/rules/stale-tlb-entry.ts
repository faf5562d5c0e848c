// SPDX-License-Identifier: GPL-2.0-only
/** Rule `stale-tlb-entry`: a translation is used that the tables no longer have. */
import type { Rule } from './rule.js';

export const staleTlbEntry: Rule = {
  id: 'stale-tlb-entry',
  severity: 'error',
  summary: 'a translation is used that the tables no longer have',
  explanation: [
    'A TLB may keep a translation until it is told to forget it. After a page-table entry was changed and before TLB maintenance has covered it, on every core that may have used it, an access may still go to the old page or have the old memory type.',
    'Linux flushes behind each change of a kernel mapping. vunmap() is lazy on purpose: nobody uses the address until it is flushed, so nothing is reported for it. ASIDs do not help here, as kernel mappings are global.',
    'Reported is the use of an address whose translation has changed, and a coherent buffer that is handed out while some TLB may still have its pages cacheable: through such an entry the hardware can fill lines by speculation as through a live one.',
  ],
  missing:
    'TLB maintenance of the page behind the change of its entry, on every core, and a DSB: flush_tlb_kernel_range().',
  references: [
    'ARM DDI 0406C, B3.10 (TLB maintenance)',
    'arch/arm/mm/dma-mapping.c, __dma_remap() (v6.12)',
    'arch/arm/kernel/smp_tlb.c, flush_tlb_kernel_range() (v6.12)',
  ],
};
