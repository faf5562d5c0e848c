// SPDX-License-Identifier: GPL-2.0-only
/** What a trace may have in it, named as the items of QEMU's `-d` are. */
import { inputError } from '../../base/diagnostics.js';

/** What can be asked for, and what it tells. */
export const TRACE_ITEMS = {
  int: 'exceptions as they are taken',
  exec: 'each instruction that is executed',
  in_asm: 'each block of instructions when it is decoded',
  cpu: 'registers before each block that is executed',
} as const;

export type TraceItem = keyof typeof TRACE_ITEMS;

/** Items between commas, after those of earlier options. Throws an InputError `trace-item` that lists what there is. */
export function parseTraceItems(text: string, earlier: readonly TraceItem[] = []): TraceItem[] {
  const items = text.split(',').map(item => {
    if (Object.hasOwn(TRACE_ITEMS, item)) return item as TraceItem;
    return inputError('trace-item', `-d has no item '${item}'`, {
      notes: Object.entries(TRACE_ITEMS).map(([name, what]) => `${name}: ${what}`),
    });
  });
  return [...earlier, ...items];
}
