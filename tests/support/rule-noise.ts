// SPDX-License-Identifier: GPL-2.0-only
/**
 * What else a machine may be doing while a story of a rule's test goes on: legal operations of all kinds on pages that
 * no story touches. Each CPU keeps to its own part of each page.
 */
import fc from 'fast-check';
import { DATA, type TestMachine } from '../../src/sanitizer/test-machine.js';

const PAGE = 4096;
/** Each kind of noise has a page. */
const CACHED = 8 * PAGE;
const TRANSFERS = 9 * PAGE;
const READ_ONLY = 10 * PAGE;
const UNCACHED = 11 * PAGE;
const FREED = 12 * PAGE;
const REMAPPED = 13 * PAGE;
const CPU_BYTES = 1024;
const DEVICE = '/soc/noise@2000';

const KINDS = ['cached', 'clean', 'device-read', 'device-write', 'uncached', 'freed', 'remapped'] as const;
/** Operations that wait for barriers. */
const WITH_BARRIERS = ['round-trip', 'barriers'] as const;

export interface Noise {
  readonly kind: (typeof KINDS)[number] | (typeof WITH_BARRIERS)[number];
  readonly line: number;
  readonly size: number;
  readonly cpu: number;
}

/** What the noise has to know of a story. */
export interface NoiseLimits {
  readonly machine?: { readonly cpus?: number };
  readonly barriersMend?: boolean;
  readonly tellsOwners?: boolean;
}

export function noiseOf({ machine, barriersMend = false }: NoiseLimits): fc.Arbitrary<Noise> {
  return fc.record({
    kind: fc.constantFrom(...KINDS, ...(barriersMend ? [] : WITH_BARRIERS)),
    line: fc.nat(7),
    size: fc.constantFrom(1, 4, 32, 100),
    cpu: fc.nat((machine?.cpus ?? 1) - 1),
  });
}

/** Before the story begins. */
export function prepareNoise(m: TestMachine, { tellsOwners = false }: NoiseLimits): void {
  m.stack = ['prepare_noise'];
  m.toDevice(CACHED, FREED - CACHED, 'clean-invalidate');
  m.map('cached', UNCACHED, 'none');
  m.tlbFlush('cached', UNCACHED);
  m.map('uncached', UNCACHED, 'uncached');
  if (!tellsOwners) return;
  for (const page of [TRANSFERS, READ_ONLY]) {
    const paddr = DATA + page;
    m.sanitizer.coherentAllocated({
      device: DEVICE,
      driver: 'noise',
      vaddr: m.vaddr('cached', page),
      dmaAddr: paddr,
      paddr,
      size: PAGE,
      coherent: true,
    });
  }
}

export function makeNoise(m: TestMachine, { kind, line, size, cpu }: Noise): void {
  const before = m.machine.cpu;
  const device = m.device('none', DEVICE);
  const at = cpu * CPU_BYTES + line * 128;
  m.stack = [`noise_${kind}`];
  m.onCpu(cpu);
  switch (kind) {
    case 'cached':
      m.store('cached', CACHED + at, size);
      m.load('cached', CACHED + at, size);
      break;
    case 'clean':
      m.store('cached', CACHED + at, size);
      m.inner('clean', CACHED + at, size);
      break;
    case 'device-read':
      device.scan(DATA + READ_ONLY + at, size);
      break;
    case 'device-write':
      device.fill(DATA + READ_ONLY + at, size, 1);
      break;
    case 'uncached':
      m.store('uncached', UNCACHED + at, size);
      m.load('uncached', UNCACHED + at, size);
      break;
    case 'freed':
      m.machine.observer?.pagesFreed(DATA + FREED, PAGE);
      m.machine.observer?.pagesAllocated(DATA + FREED, PAGE);
      break;
    case 'remapped':
      m.map('user', REMAPPED, 'cached');
      m.map('user', REMAPPED, 'none');
      m.tlbFlush('user', REMAPPED);
      break;
    case 'round-trip':
      m.store('cached', TRANSFERS + at, size);
      m.toDevice(TRANSFERS + at, size, 'clean-invalidate');
      device.scan(DATA + TRANSFERS + at, size);
      device.fill(DATA + TRANSFERS + at, size, 2);
      m.fromDevice(TRANSFERS + at, size);
      m.load('cached', TRANSFERS + at, size);
      break;
    case 'barriers':
      m.dmb();
      m.dsb();
      m.outerSync();
      break;
  }
  m.onCpu(before);
}
