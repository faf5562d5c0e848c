// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { divergentKernelMap } from './divergent-kernel-map.js';

const map = step('vmap', m => m.map('vmalloc', 0, 'cached'), 'probe_probe');
const fork = step('pgd_alloc', m => m.switchToProcess(), 'dup_mm');
const change = step('set_section', m => m.kernelMapsSection('vmalloc', false), 'arch_dma_set_uncached');
const changeAll = step('set_section', m => m.kernelMapsSection('vmalloc', true), 'arch_dma_set_uncached');
const use = step('probe_poll', m => m.load('vmalloc', 8), 'sys_read');

testRule(divergentKernelMap, [
  {
    name: 'a section of the direct map changed after a process was made',
    broken: [map, fork, change, use],
    fixed: [map, fork, changeAll, use],
  },
  {
    name: 'changed before: copied with the rest',
    machine: { core: 'Cortex-A9', cpus: 2, outer: {} },
    broken: [map, fork, change, use],
    fixed: [map, change, fork, use],
  },
]);
