// SPDX-License-Identifier: GPL-2.0-only
/** `step2` with the generic atomic pools made uncached in place, too, which closes its last avoidable alias. */
import { type Design, needsDmaDirect, needsMmu } from './design.js';
import { STEP2_NO_MMU_REASON, step2Hooks, step2Symbols } from './step2.js';

export const step2p: Design = {
  name: 'step2p',
  title: 'step2, pools in place',
  summary:
    'As step2, and atomic pools that lie in lowmem contiguous memory are made uncached in place instead of ' +
    'being mapped a second time.',
  kconfig: step2Symbols,
  hooks: { ...step2Hooks, name: 'step2p', poolsInPlace: true },
  refuse: config => needsDmaDirect(config) ?? needsMmu(config, STEP2_NO_MMU_REASON),
};
