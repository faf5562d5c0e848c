// SPDX-License-Identifier: GPL-2.0-only
/** Rule `mismatched-alias`: two live mappings of one page have different memory types. */
import type { Rule } from './rule.js';

export const mismatchedAlias: Rule = {
  id: 'mismatched-alias',
  severity: 'note',
  summary: 'two live mappings of one page have different memory types',
  explanation: [
    'A coherent buffer was handed out whose pages have a second, cacheable mapping, usually the direct map. The architecture calls that mismatched attributes and permits it as long as software keeps certain rules; it is not an error by itself.',
    "Linux leaves such an alias wherever it cannot change the direct map, which is made of 1 MiB sections that every process's table has a copy of: for buffers outside CMA, for atomic pools. It lives on two facts: the lines were cleaned before, and nobody uses the alias. CMA in lowmem is mapped with pages: designs that change it in place rewrite the entries, and no alias is left.",
    'The alias bites where the caches are looked up by non-cacheable accesses (a PL310 without the override bit) or where somebody does use it. The other rules report that, at the access. This note is given once for each kind of buffer when it is allocated.',
  ],
  missing:
    'Nothing, as long as no line of the cacheable mapping is dirty or looked up; else that mapping has to go.',
  references: [
    'ARM DDI 0406C, A3.5.7 (memory access restrictions: mismatched attributes)',
    'arch/arm/mm/dma-mapping.c, __dma_remap() (v6.12)',
    'Arm DDI 0246, 2.3.2 (L2C-310: shareable attribute)',
  ],
};
