// SPDX-License-Identifier: GPL-2.0-only
/**
 * The layer table: which folder of `src` may import which. `tests/layers.test.ts` enforces it, and the picture
 * in ARCHITECTURE.md is printed from it (`node dist/tools/layers.js` prints it to standard output).
 */
import { pathToFileURL } from 'node:url';

export interface Layer {
  readonly name: string;
  readonly holds: string;
  readonly mayImport: readonly string[];
}

export const layers: readonly Layer[] = [
  {
    name: 'base',
    holds: 'bits, addresses, errors, diagnostics, seeded random; no domain words',
    mayImport: [],
  },
  { name: 'devicetree', holds: '.dtb and .dts in and out, with source positions', mayImport: ['base'] },
  {
    name: 'hw',
    holds: 'the machine: RAM, MMU, TLBs, caches, buffers, DMA masters; never heard of Linux',
    mayImport: ['base'],
  },
  {
    name: 'sanitizer',
    holds: 'the rules, the state of every line, findings',
    mayImport: ['base', 'hw'],
  },
  {
    name: 'board',
    holds: 'a device tree, what a boot loader adds, and hardware facts: what a machine is built from',
    mayImport: ['base', 'devicetree', 'hw'],
  },
  {
    name: 'emulator',
    holds: 'ARM cores, interrupt controllers, timers, UART, virtio: real kernels on the machine',
    mayImport: ['base', 'devicetree', 'hw', 'board'],
  },
  {
    name: 'linux',
    holds: 'the modelled kernel; paths and symbols mirror the kernel tree',
    mayImport: ['base', 'devicetree', 'hw', 'board'],
  },
  {
    name: 'designs',
    holds: 'which symbols and hooks differ: a file per design',
    mayImport: ['base', 'linux'],
  },
  {
    name: 'workloads',
    holds: 'sequences of DMA calls and what came of them',
    mayImport: ['base', 'devicetree', 'hw', 'sanitizer', 'board', 'linux', 'designs'],
  },
  {
    name: 'lab',
    holds: 'one run, many runs: board × design × kernel × workload; the verdict',
    mayImport: ['base', 'devicetree', 'hw', 'sanitizer', 'board', 'linux', 'designs', 'workloads'],
  },
  {
    name: 'report',
    holds: 'text and JSON from results',
    mayImport: [
      'base',
      'lab/results',
      'lab/facts',
      'lab/page-tables',
      'emulator/record',
      'lab/check-boot/result',
      'lab/scenarios/result',
      'lab/check-probe/result',
      'workloads/probe/record',
      'sanitizer/finding',
      'sanitizer/rules',
    ],
  },
  {
    name: 'cli',
    holds: 'commands',
    mayImport: [
      'base',
      'devicetree',
      'hw',
      'sanitizer',
      'board',
      'emulator',
      'linux',
      'designs',
      'workloads',
      'lab',
      'report',
    ],
  },
];

/** The table as ARCHITECTURE.md shows it. */
export function layerPicture(): string {
  const widest = Math.max(...layers.map(layer => layer.name.length));
  const lines = layers.map(layer => {
    const imports = layer.mayImport.length === 0 ? 'nothing' : layer.mayImport.join(' ');
    return `${layer.name.padEnd(widest)}  ${layer.holds}\n${' '.repeat(widest)}    may import: ${imports}`;
  });
  return lines.join('\n');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(`${layerPicture()}\n`);
}
