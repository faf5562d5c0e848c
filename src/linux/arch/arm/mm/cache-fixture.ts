// SPDX-License-Identifier: GPL-2.0-only
/**
 * A kernel for tests of cache maintenance: a core, perhaps an outer cache, Kconfig symbols, and a machine that
 * only writes down what it is asked to do. Addresses count from 0xc0000000 (inner) and 0x40000000 (outer).
 */
import { coreByName } from '../../../../hw/cores.js';
import type { OuterCacheFacts } from '../../../../hw/facts.js';
import { type KconfigValue, KernelConfig, type KernelVersion } from '../../../config.js';
import type { Kernel } from '../../../kernel.js';
import { NO_IMAGE } from '../../../kernel-image-fixture.js';
import { Printk } from '../../../printk.js';

export const VIRT = 0xc0000000;
export const PHYS = 0x40000000;

export interface CacheKernel {
  readonly k: Kernel;
  /** What was done since the last call: `clean 20+40`, `all invalidate`, `outer clean 0+20`, `dsb`, `icache`. */
  done(): string[];
}

export interface CacheOptions {
  readonly core: string;
  /** Instead of the table's Main ID Register. */
  readonly midr?: number;
  readonly outer?: Partial<OuterCacheFacts>;
  readonly symbols?: Readonly<Record<string, KconfigValue>>;
  readonly version?: KernelVersion;
  readonly smp?: boolean;
}

const OUTER: OuterCacheFacts = {
  model: 'PL310',
  compatible: 'arm,pl310-cache',
  sizeBytes: 0x80000,
  lineBytes: 32,
  needsMaintenance: true,
  writeThrough: false,
  sharedOverride: 'unknown',
  ioCoherent: false,
  syncDisabled: false,
};

export function cacheKernel(options: CacheOptions): CacheKernel {
  let log: string[] = [];
  const hex = (value: number): string => value.toString(16);
  const core = coreByName(options.core);
  const symbols = Object.entries({
    CACHE_L2X0: true,
    CACHE_TAUROS2: true,
    CACHE_FEROCEON_L2: true,
    CACHE_XSC3L2: true,
    CACHE_UNIPHIER: true,
    ...options.symbols,
  });
  const outerCache = options.outer && { ...OUTER, ...options.outer };
  const k = {
    config: new KernelConfig({
      name: 'test',
      version: options.version ?? '6.12',
      symbols: new Map<string, KconfigValue>(symbols),
      cmdline: '',
      image: NO_IMAGE,
    }),
    cpu: {
      is_smp: options.smp ?? false,
      cacheid: {
        VIVT: 'VIVT',
        'VIPT-aliasing': 'VIPT_ALIASING',
        VIPT: 'VIPT_NONALIASING',
        PIPT: 'PIPT',
        none: 'NONE',
      }[core.cache],
    },
    mach: { l2c_aux_val: 0, l2c_aux_mask: 0xffffffff },
    log: new Printk(),
    machine: {
      facts: { core: { ...core, midr: options.midr ?? core.midr }, outerCache: outerCache ?? null },
      innerMaintain: (op: string, vaddr: number, size: number) =>
        log.push(`${op} ${hex(vaddr - VIRT)}+${hex(size)}`),
      innerMaintainAll: (op: string) => log.push(`all ${op}`),
      outerMaintain: (op: string, paddr: number, size: number) =>
        log.push(`outer ${op} ${hex(paddr - PHYS)}+${hex(size)}`),
      outerMaintainAll: (op: string) => log.push(`outer all ${op}`),
      instructionInvalidateAll: (broadcast: boolean) => log.push(broadcast ? 'icache everywhere' : 'icache'),
      barrier: (kind: string) => log.push(kind),
    },
  } as unknown as Kernel;
  return {
    k,
    done: () => {
      const result = log;
      log = [];
      return result;
    },
  };
}
