// SPDX-License-Identifier: GPL-2.0-only
/** A booted memory map for reading: layout, zones, areas, and the kernel's map range by range. */
import { type Diagnostic, formatDiagnostic } from '../base/diagnostics.js';
import type { BootFacts, MapEntry } from '../lab/facts.js';
import { type Paint, table } from './table.js';

function mapRows(entries: readonly MapEntry[]): string[][] {
  return entries.map(({ va, va_end, pa, size, kind, xn, ap, type, shareable }) => [
    `  ${va}-${va_end}`,
    pa,
    size,
    kind,
    `${ap}${xn === 1 ? ' xn' : ''}`,
    `${type}${shareable ? ' shareable' : ''}`,
  ]);
}

const mapHead = ['  virtual', 'physical', 'size', 'kind', 'access', 'memory type'];

export function factsText(
  name: string,
  facts: BootFacts,
  diagnostics: readonly Diagnostic[],
  paint: Paint,
): string {
  const zones = facts.zones.map(zone => [
    `  ${zone.name}`,
    zone.start ?? 'empty',
    String(zone.spanned_pages),
    String(zone.present_pages),
    String(zone.managed_pages),
  ]);
  const cma = facts.cma_areas.map((area, index) => [
    `  ${area.name}`,
    area.base,
    area.size,
    area.lowmem ? 'lowmem' : 'highmem',
    index === facts.cma_default_index ? 'default' : '',
  ]);
  const pools = Object.entries({
    ...(facts.atomic_pool && { atomic_pool: [facts.atomic_pool] }),
    ...facts.generic_pools,
  });
  const poolRows = pools.flatMap(([pool, chunks]) =>
    chunks.map(chunk => [
      `  ${pool}`,
      chunk.va,
      chunk.pa,
      chunk.size,
      chunk.inside_cma ? `in CMA ${chunk.inside_cma}` : '',
    ]),
  );
  const ranges = (title: string, list: BootFacts['memblock_memory']): string[] => [
    paint.heading(title),
    ...list.map(({ start, end }) => `  ${start}-${end}`),
  ];
  return [
    paint.heading(name),
    ...diagnostics.map(diagnostic => `  ${formatDiagnostic(diagnostic)}`),
    `  ${facts.model}: ${facts.cpu}, kernel ${facts.baseline}, ${facts.kernel}, ${facts.design}`,
    ...(facts.cmdline ? [`  cmdline "${facts.cmdline}"`] : []),
    `  page tables ${facts.page_table_format}; lowmem ends at physical ${facts.lowmem_limit_pa}, virtual ${facts.high_memory_va}`,
    `  vmalloc 0x${facts.layout['VMALLOC_START']}-0x${facts.layout['VMALLOC_END']}`,
    '',
    ...ranges('memblock.memory', facts.memblock_memory),
    ...ranges('memblock.reserved', facts.memblock_reserved),
    '',
    table(paint, ['zone', 'start', 'spanned', 'present', 'managed'], zones),
    ...(cma.length > 0 ? ['', table(paint, ['CMA area', 'base', 'size', 'where', ''], cma)] : []),
    ...(poolRows.length > 0 ? ['', table(paint, ['pool', 'virtual', 'physical', 'size', ''], poolRows)] : []),
    '',
    paint.heading('direct map'),
    table(paint, mapHead, mapRows(facts.map_lowmem)),
    '',
    paint.heading('vectors, fixmap, device tree'),
    table(paint, mapHead, mapRows(facts.map_vectors_fixmap)),
    '',
    paint.heading('kernel log'),
    ...facts.dmesg.map(line => `  ${line}`),
  ].join('\n');
}
