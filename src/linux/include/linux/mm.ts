// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whether memory is zeroed when it is handed out or given back, whatever the caller asked for. Linux:
 * include/linux/mm.h; mm/mm_init.c, early_init_on_alloc(), early_init_on_free() (v6.12; 6.1: mm/page_alloc.c): the
 * command line has the last word. Left out: PAGE_POISONING, which takes precedence where `page_poison=` asks for it.
 */
import type { Kernel } from '../../kernel.js';
import { __GFP_ZERO } from './gfp.js';

export function want_init_on_alloc(k: Kernel, gfp: number): boolean {
  if (k.cmdline.init_on_alloc ?? k.config.isEnabled('INIT_ON_ALLOC_DEFAULT_ON')) return true;
  return (gfp & __GFP_ZERO) !== 0;
}

export function want_init_on_free(k: Kernel): boolean {
  return k.cmdline.init_on_free ?? k.config.isEnabled('INIT_ON_FREE_DEFAULT_ON');
}
