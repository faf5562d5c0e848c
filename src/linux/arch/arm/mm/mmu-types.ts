// SPDX-License-Identifier: GPL-2.0-only
/**
 * The memory types of static mappings and how they depend on the core and on the cache policy.
 * Linux: arch/arm/mm/mmu.c, mem_types[], protection_map[], init_default_cache_policy(),
 * early_cachepolicy(), build_mem_type_table() (v6.12; 6.1 has the same).
 * One function serves both formats: bits that a format lacks are 0 (see FormatBits).
 */
import type { Kernel } from '../../../kernel.js';
import {
  clearBits,
  type FormatBits,
  hasBits,
  NO_BITS,
  orBits,
  type pgprot_t,
  sameBits,
} from '../include/asm/pgtable.js';
import { create_page_tables } from '../kernel/head.js';
import {
  cpu_architecture,
  cpu_is_xsc3,
  cpu_is_xscale_family,
  hasExtendedPages,
  hasTexRemap,
  mm_mmuflags,
  pgtableFormat,
} from './proc-info.js';

export type MemTypeName =
  | 'MT_DEVICE'
  | 'MT_DEVICE_NONSHARED'
  | 'MT_DEVICE_CACHED'
  | 'MT_DEVICE_WC'
  | 'MT_UNCACHED'
  | 'MT_CACHECLEAN'
  | 'MT_MINICLEAN'
  | 'MT_LOW_VECTORS'
  | 'MT_HIGH_VECTORS'
  | 'MT_MEMORY_RWX'
  | 'MT_MEMORY_RW'
  | 'MT_MEMORY_RO'
  | 'MT_ROM'
  | 'MT_MEMORY_RWX_NONCACHED'
  | 'MT_MEMORY_RW_DTCM'
  | 'MT_MEMORY_RWX_ITCM'
  | 'MT_MEMORY_RW_SO'
  | 'MT_MEMORY_DMA_READY';

/** struct mem_type. `prot_sect` 0: cannot be mapped with sections; `prot_l1` 0: not with pages. */
export interface MemType {
  prot_pte: pgprot_t;
  prot_l1: number;
  prot_sect: pgprot_t;
  readonly domain: number;
}

export type MemTypes = Record<MemTypeName, MemType>;

const DOMAIN_VECTORS = 3;

const CPU_ARCH_ARMv5 = 5;
const CPU_ARCH_ARMv6 = 6;
const CPU_ARCH_ARMv7 = 7;

interface CachePolicy {
  readonly policy: string;
  readonly pmd: pgprot_t;
  readonly pte: pgprot_t;
}

/** cache_policies[], weakest first; the position is the CPOLICY_ number. */
function cachePolicies(b: FormatBits): readonly CachePolicy[] {
  return [
    { policy: 'uncached', pmd: b.PMD_SECT_UNCACHED, pte: b.L_PTE_MT_UNCACHED },
    { policy: 'buffered', pmd: b.PMD_SECT_BUFFERED, pte: b.L_PTE_MT_BUFFERABLE },
    { policy: 'writethrough', pmd: b.PMD_SECT_WT, pte: b.L_PTE_MT_WRITETHROUGH },
    { policy: 'writeback', pmd: b.PMD_SECT_WB, pte: b.L_PTE_MT_WRITEBACK },
    { policy: 'writealloc', pmd: b.PMD_SECT_WBWA, pte: b.L_PTE_MT_WRITEALLOC },
  ];
}

const CPOLICY_BUFFERED = 1;
const CPOLICY_WRITETHROUGH = 2;
const CPOLICY_WRITEBACK = 3;
const CPOLICY_WRITEALLOC = 4;

/** mem_types[] as the source states them, before any core is looked at. */
function initialMemTypes(b: FormatBits, isLpae: boolean, io36: boolean): MemTypes {
  const kernel = io36 ? 2 : 0;
  const io = io36 ? 0 : 2;
  const page = orBits(b.L_PTE_PRESENT, b.L_PTE_YOUNG, b.L_PTE_DIRTY);
  const data = orBits(page, b.L_PTE_XN);
  const table = b.PMD_TYPE_TABLE;
  const device = orBits(b.PMD_TYPE_SECT, b.PMD_SECT_AP_WRITE);
  const readOnly = orBits(page, b.L_PTE_RDONLY);
  const hidden = orBits(b.PMD_TYPE_SECT, b.PMD_SECT_XN);
  const type = (prot_pte: pgprot_t, prot_l1: number, prot_sect: pgprot_t, domain: number): MemType => ({
    prot_pte,
    prot_l1,
    prot_sect,
    domain,
  });
  return {
    MT_DEVICE: type(
      orBits(data, b.L_PTE_MT_DEV_SHARED, b.L_PTE_SHARED),
      table,
      orBits(device, b.PMD_SECT_S),
      io,
    ),
    MT_DEVICE_NONSHARED: type(orBits(data, b.L_PTE_MT_DEV_NONSHARED), table, device, io),
    MT_DEVICE_CACHED: type(orBits(data, b.L_PTE_MT_DEV_CACHED), table, orBits(device, b.PMD_SECT_WB), io),
    MT_DEVICE_WC: type(orBits(data, b.L_PTE_MT_DEV_WC), table, device, io),
    MT_UNCACHED: type(data, table, hidden, io),
    MT_CACHECLEAN: type(NO_BITS, 0, hidden, kernel),
    MT_MINICLEAN: isLpae
      ? type(NO_BITS, 0, NO_BITS, 0)
      : type(NO_BITS, 0, orBits(hidden, b.PMD_SECT_TEX(1), b.PMD_SECT_CACHEABLE), kernel),
    MT_LOW_VECTORS: type(readOnly, table, NO_BITS, DOMAIN_VECTORS),
    MT_HIGH_VECTORS: type(orBits(readOnly, b.L_PTE_USER), table, NO_BITS, DOMAIN_VECTORS),
    MT_MEMORY_RWX: type(page, table, device, kernel),
    MT_MEMORY_RW: type(data, table, device, kernel),
    MT_MEMORY_RO: type(
      orBits(data, b.L_PTE_RDONLY),
      table,
      isLpae ? orBits(b.PMD_TYPE_SECT, b.sectionReadOnly) : b.PMD_TYPE_SECT,
      kernel,
    ),
    MT_ROM: type(NO_BITS, 0, b.PMD_TYPE_SECT, kernel),
    MT_MEMORY_RWX_NONCACHED: type(orBits(page, b.L_PTE_MT_BUFFERABLE), table, device, kernel),
    MT_MEMORY_RW_DTCM: type(data, table, hidden, kernel),
    MT_MEMORY_RWX_ITCM: type(page, table, NO_BITS, kernel),
    MT_MEMORY_RW_SO: type(data, table, orBits(device, b.PMD_SECT_S, b.PMD_SECT_XN), kernel),
    MT_MEMORY_DMA_READY: type(data, table, NO_BITS, kernel),
  };
}

/** protection_map[], by VM_READ 1, VM_WRITE 2, VM_EXEC 4, VM_SHARED 8, before the policy is added. */
function initialProtectionMap(b: FormatBits): pgprot_t[] {
  const page = orBits(b.L_PTE_PRESENT, b.L_PTE_YOUNG);
  const none = orBits(page, b.L_PTE_RDONLY, b.L_PTE_XN, b.L_PTE_NONE);
  const shared = orBits(page, b.L_PTE_USER, b.L_PTE_XN);
  const sharedExec = orBits(page, b.L_PTE_USER);
  const readOnly = orBits(shared, b.L_PTE_RDONLY);
  const readOnlyExec = orBits(sharedExec, b.L_PTE_RDONLY);
  const map: pgprot_t[] = [];
  for (let flags = 0; flags < 16; flags++) {
    const isExec = (flags & 4) !== 0;
    const isSharedWrite = (flags & 8) !== 0 && (flags & 2) !== 0;
    if ((flags & 7) === 0) map.push(none);
    else if (isSharedWrite) map.push(isExec ? sharedExec : shared);
    else map.push(isExec ? readOnlyExec : readOnly);
  }
  return map;
}

/** Policy that the first sections have. Linux: init_default_cache_policy(). */
function defaultCachePolicy(k: Kernel, initial: pgprot_t): number {
  const b = k.mmu.pgtable.bits;
  const wanted = orBits({ lo: initial.lo & b.PMD_SECT_CACHE_MASK.lo, hi: 0 });
  const found = cachePolicies(b).findIndex(policy => sameBits(policy.pmd, wanted));
  if (found >= 0) return found;
  k.log.pr_err('ERROR: could not find cache policy');
  return CPOLICY_WRITEBACK;
}

/**
 * `cachepolicy=`. Linux: early_cachepolicy(), which compares as many characters as the policy's name has.
 * Differs: an unknown name on a core before ARMv6 keeps the policy; the kernel reads cr_mask of entry -1.
 */
function earlyCachePolicy(k: Kernel, current: number, name: string): number {
  const policies = cachePolicies(k.mmu.pgtable.bits);
  const selected = policies.findIndex(policy => name.startsWith(policy.policy));
  if (selected < 0) k.log.pr_err('ERROR: unknown or unsupported cache policy');
  if (cpu_architecture(k) >= CPU_ARCH_ARMv6 && selected !== current) {
    k.log.pr_warn(`Only cachepolicy=${policies[current]!.policy} supported on ARMv6 and later`);
    return current;
  }
  return selected < 0 ? current : selected;
}

/** `cachepolicy=`, `nocache` and `nowb`, in the order of the command line. */
function earlyCacheParameters(k: Kernel, initial: number): number {
  let policy = initial;
  for (const { name, value } of k.cmdline.parameters) {
    if (name === 'cachepolicy') policy = earlyCachePolicy(k, policy, value ?? '');
    const replacement = name === 'nocache' ? 'buffered' : name === 'nowb' ? 'uncached' : undefined;
    if (replacement !== undefined) {
      k.log.pr_warn(`${name} is deprecated; use cachepolicy=${replacement}`);
      policy = earlyCachePolicy(k, policy, replacement);
    }
  }
  return policy;
}

/** `ecc=on`: PMD_PROTECTION, bit 9, from ARMv5 on and with short descriptors only. */
function eccMask(k: Kernel, isLpae: boolean): number {
  const isOn = k.cmdline.ecc?.startsWith('on') === true;
  return isOn && !isLpae && cpu_architecture(k) >= CPU_ARCH_ARMv5 ? 1 << 9 : 0;
}

function limitCachePolicy(k: Kernel, policy: number): number {
  const arch = cpu_architecture(k);
  let limited = policy;
  if (arch < CPU_ARCH_ARMv6) {
    if (k.config.isEnabled('CPU_DCACHE_DISABLE')) limited = Math.min(limited, CPOLICY_BUFFERED);
    else if (k.config.isEnabled('CPU_DCACHE_WRITETHROUGH')) limited = Math.min(limited, CPOLICY_WRITETHROUGH);
  }
  return arch < CPU_ARCH_ARMv5 ? Math.min(limited, CPOLICY_WRITEBACK) : limited;
}

/**
 * First, the tables of head.S, which a real kernel has had since before C code ran; then the format, the
 * memory types and pgprot_kernel. Linux: early_mm_init(), build_mem_type_table().
 */
export function build_mem_type_table(k: Kernel): void {
  k.mmu.pgtable = pgtableFormat(k);
  create_page_tables(k);
  const b = k.mmu.pgtable.bits;
  const isLpae = k.mmu.pgtable.levels === 3;
  const arch = cpu_architecture(k);
  const extended = arch >= CPU_ARCH_ARMv6 && hasExtendedPages(k);
  const remap = arch >= CPU_ARCH_ARMv7 && hasTexRemap(k);

  const initial = mm_mmuflags(k);
  let isShared = hasBits(initial, b.PMD_SECT_S);
  let policy = defaultCachePolicy(k, initial);
  policy = limitCachePolicy(k, earlyCacheParameters(k, policy));
  const ecc = eccMask(k, isLpae);
  if (k.cpu.is_smp) {
    if (policy !== CPOLICY_WRITEALLOC) {
      k.log.pr_warn('Forcing write-allocate cache policy for SMP');
      policy = CPOLICY_WRITEALLOC;
    }
    if (!isShared) {
      k.log.pr_warn('Forcing shared mappings for SMP');
      isShared = true;
    }
  }
  const cp = cachePolicies(b)[policy]!;

  const types = initialMemTypes(b, isLpae, k.config.isEnabled('IO_36'));
  k.mmu.mem_types = types;
  stripMissingFeatures(k, types, arch);
  setDeviceTypes(k, types, extended, remap);

  let vectors = cp.pte;
  if (!isLpae && arch === CPU_ARCH_ARMv6) vectors = orBits(vectors, b.L_PTE_MT_VECTORS);
  let kernel = cp.pte;
  let user = cp.pte;
  if (extended) {
    if (!isLpae) {
      for (const name of ['MT_ROM', 'MT_MINICLEAN', 'MT_CACHECLEAN', 'MT_MEMORY_RO'] as const) {
        addSection(types[name], b.sectionReadOnly);
      }
    }
    if (isShared) {
      vectors = orBits(vectors, b.L_PTE_SHARED);
      kernel = orBits(kernel, b.L_PTE_SHARED);
      user = orBits(user, b.L_PTE_SHARED);
      shareMemoryTypes(b, types);
    }
  }
  if (arch < CPU_ARCH_ARMv6) addSection(types.MT_MEMORY_RWX_NONCACHED, b.PMD_SECT_BUFFERABLE);
  else addSection(types.MT_MEMORY_RWX_NONCACHED, remap ? b.PMD_SECT_BUFFERED : b.PMD_SECT_TEX(1));

  // LPAE: kernel mappings never take an access flag fault, user mappings are never executed by the kernel.
  for (const type of Object.values(types)) {
    addPage(type, b.PTE_EXT_AF);
    if (type.prot_sect.lo !== 0) addSection(type, b.PMD_SECT_AF);
  }
  kernel = orBits(kernel, b.PTE_EXT_AF);
  vectors = orBits(vectors, b.PTE_EXT_AF);
  user = orBits(user, b.PTE_EXT_PXN);

  k.mmu.protection_map = initialProtectionMap(b).map(prot => orBits(prot, user));
  addPage(types.MT_LOW_VECTORS, vectors);
  addPage(types.MT_HIGH_VECTORS, vectors);
  k.mmu.pgprot_user = orBits(b.L_PTE_PRESENT, b.L_PTE_YOUNG, user);
  k.mmu.pgprot_kernel = orBits(b.L_PTE_PRESENT, b.L_PTE_YOUNG, b.L_PTE_DIRTY, kernel);
  types.MT_LOW_VECTORS.prot_l1 |= ecc;
  types.MT_HIGH_VECTORS.prot_l1 |= ecc;
  addSection(types.MT_MEMORY_RWX_NONCACHED, { lo: ecc, hi: 0 });
  addMemoryPolicy(b, types, cp, kernel, { lo: ecc, hi: 0 });
  k.log.pr_info(`Memory policy: ${ecc !== 0 ? 'ECC enabled, ' : ''}Data cache ${cp.policy}`);
  k.mmu.cachePolicy = cp.policy;

  for (const type of Object.values(types)) {
    const domain = b.PMD_DOMAIN(type.domain);
    if (type.prot_l1 !== 0) type.prot_l1 |= domain;
    if (type.prot_sect.lo !== 0) addSection(type, { lo: domain, hi: 0 });
  }
  k.mmu.kernelTable = b.PMD_TYPE_TABLE | b.PMD_BIT4 | b.PMD_DOMAIN(types.MT_MEMORY_RW.domain);
}

function addSection(type: MemType, bits: pgprot_t): void {
  type.prot_sect = orBits(type.prot_sect, bits);
}

function addPage(type: MemType, bits: pgprot_t): void {
  type.prot_pte = orBits(type.prot_pte, bits);
}

/** TEX came with ARMv5, S with ARMv6; bit 4 must be 1 before ARMv6, but 0 on XScale. */
function stripMissingFeatures(k: Kernel, types: MemTypes, arch: number): void {
  const b = k.mmu.pgtable.bits;
  const isXscale = cpu_is_xscale_family(k);
  const bit4 = { lo: b.PMD_BIT4, hi: 0 };
  for (const type of Object.values(types)) {
    if (arch < CPU_ARCH_ARMv5) type.prot_sect = clearBits(type.prot_sect, b.PMD_SECT_TEX(7));
    if ((arch < CPU_ARCH_ARMv6 || !hasExtendedPages(k)) && !cpu_is_xsc3(k)) {
      type.prot_sect = clearBits(type.prot_sect, b.PMD_SECT_S);
    }
    if (isXscale) {
      type.prot_sect = clearBits(type.prot_sect, bit4);
      type.prot_l1 &= ~b.PMD_BIT4;
    } else if (arch < CPU_ARCH_ARMv6) {
      if (type.prot_l1 !== 0) type.prot_l1 |= b.PMD_BIT4;
      if (type.prot_sect.lo !== 0) addSection(type, bit4);
    }
  }
}

/** How shared, non-shared and write-combining device memory is spelled by the core. */
function setDeviceTypes(k: Kernel, types: MemTypes, extended: boolean, remap: boolean): void {
  const b = k.mmu.pgtable.bits;
  const isXsc3 = cpu_is_xsc3(k);
  if (!isXsc3 && !extended) {
    addSection(types.MT_DEVICE_WC, b.PMD_SECT_BUFFERABLE);
    return;
  }
  if (!isXsc3) {
    for (const name of [
      'MT_DEVICE',
      'MT_DEVICE_NONSHARED',
      'MT_DEVICE_CACHED',
      'MT_DEVICE_WC',
      'MT_MEMORY_RW',
      'MT_MEMORY_RO',
    ] as const) {
      addSection(types[name], b.PMD_SECT_XN);
    }
  }
  if (remap) {
    addSection(types.MT_DEVICE, b.PMD_SECT_TEX(1));
    addSection(types.MT_DEVICE_NONSHARED, b.PMD_SECT_TEX(1));
    addSection(types.MT_DEVICE_WC, b.PMD_SECT_BUFFERABLE);
    return;
  }
  addSection(types.MT_DEVICE, b.PMD_SECT_BUFFERED);
  if (isXsc3) addSection(types.MT_DEVICE, b.PMD_SECT_TEX(1));
  addSection(types.MT_DEVICE_NONSHARED, b.PMD_SECT_TEX(2));
  addSection(types.MT_DEVICE_WC, b.PMD_SECT_TEX(1));
}

function shareMemoryTypes(b: FormatBits, types: MemTypes): void {
  for (const name of [
    'MT_DEVICE_WC',
    'MT_DEVICE_CACHED',
    'MT_MEMORY_RWX',
    'MT_MEMORY_RW',
    'MT_MEMORY_RO',
    'MT_MEMORY_RWX_NONCACHED',
  ] as const) {
    addSection(types[name], b.PMD_SECT_S);
    addPage(types[name], b.L_PTE_SHARED);
  }
  addPage(types.MT_MEMORY_DMA_READY, b.L_PTE_SHARED);
}

function addMemoryPolicy(
  b: FormatBits,
  types: MemTypes,
  cp: CachePolicy,
  kernel: pgprot_t,
  ecc: pgprot_t,
): void {
  for (const name of ['MT_MEMORY_RWX', 'MT_MEMORY_RW', 'MT_MEMORY_RO'] as const) {
    addSection(types[name], orBits(cp.pmd, ecc));
    addPage(types[name], kernel);
  }
  addPage(types.MT_MEMORY_DMA_READY, kernel);
  addSection(types.MT_ROM, cp.pmd);
  if (sameBits(cp.pmd, b.PMD_SECT_WT)) addSection(types.MT_CACHECLEAN, b.PMD_SECT_WT);
  else if (sameBits(cp.pmd, b.PMD_SECT_WB) || sameBits(cp.pmd, b.PMD_SECT_WBWA)) {
    addSection(types.MT_CACHECLEAN, b.PMD_SECT_WB);
  }
}
