// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lines of the kernel's log that say how memory was set up. A recorder keeps those that match its own patterns, so
 * the modelled log is compared by the kinds of lines below, in order. Left out of a line: what depends on the
 * instruction cache and on the CPU's revision.
 */
import type { BootFacts } from '../facts.js';
import type { Recording } from './recording.js';

/** `cut` keeps the part that is compared. */
interface LineKind {
  readonly pattern: RegExp;
  readonly from: 'cpu_lines' | 'dma_lines';
}

const kinds: readonly LineKind[] = [
  { pattern: /^OF: fdt: Machine model: .*/, from: 'cpu_lines' },
  { pattern: /^CPU: .* data cache/, from: 'cpu_lines' },
  { pattern: /^Memory policy: .*/, from: 'cpu_lines' },
  { pattern: /^ {2}(?:DMA|HighMem) +(?:\[mem.*|empty)/, from: 'dma_lines' },
  { pattern: /^cma: .*/, from: 'dma_lines' },
  { pattern: /^Reserved memory: .*/, from: 'dma_lines' },
  { pattern: /^OF: (?:fdt: Reserved memory|reserved mem): .*/, from: 'dma_lines' },
  { pattern: /^software IO TLB: .*/, from: 'dma_lines' },
  { pattern: /^vmalloc area is too .*/, from: 'dma_lines' },
  { pattern: /^DMA: .*/, from: 'dma_lines' },
];

function compared(log: readonly string[], from: LineKind['from']): string[] {
  const patterns = kinds.filter(kind => kind.from === from).map(({ pattern }) => pattern);
  return log.flatMap(text => {
    const found = patterns.map(pattern => pattern.exec(text)?.[0]).find(part => part !== undefined);
    return found === undefined ? [] : [found.trimEnd()];
  });
}

export function recordedLogLines(recording: Recording): string[] | undefined {
  const { cpu_lines, dma_lines } = recording;
  if (!cpu_lines && !dma_lines) return undefined;
  return [...compared(cpu_lines ?? [], 'cpu_lines'), ...compared(dma_lines ?? [], 'dma_lines')];
}

export function modelLines(model: BootFacts, recording: Recording): string[] {
  return [
    ...(recording.cpu_lines ? compared(model.dmesg, 'cpu_lines') : []),
    ...(recording.dma_lines ? compared(model.dmesg, 'dma_lines') : []),
  ];
}
