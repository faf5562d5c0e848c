// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a family of cores brings to paging: the flags of the first sections, the MMU's registers, and which
 * set_pte_ext() is in use. Linux: struct proc_info_list in arch/arm/include/asm/procinfo.h, filled in by
 * arch/arm/mm/proc-*.S; arch/arm/include/asm/cputype.h (v6.12).
 * Cores are told apart by the architecture and the Main ID Register, as the kernel does.
 * Left out: cores whose entry differs from its family's in a way that no device-tree machine has (ARM925,
 * ARM1020 and other cores before device trees).
 */
import type { Kernel } from '../../../kernel.js';
import { orBits, type PgtableFormat, type pgprot_t } from '../include/asm/pgtable.js';
import { ClassicPgtable } from '../include/asm/pgtable-2level.js';
import { LpaePgtable } from '../include/asm/pgtable-3level.js';
import {
  encodeV3,
  encodeV3WriteThrough,
  encodeV6,
  encodeV7,
  encodeXsc3,
  encodeXscale,
  type PteEncoder,
} from './proc-macros.js';

export type ProcessorFamily = 'v3' | 'xscale' | 'xsc3' | 'v6' | 'v7';

function midrFamily(k: Kernel): number {
  return (k.machine.facts.core.midr & 0xffffe000) >>> 0;
}

/** Intel's or Marvell's third XScale. */
export function cpu_is_xsc3(k: Kernel): boolean {
  return midrFamily(k) === 0x69056000 || midrFamily(k) === 0x56056000;
}

/** Mohawk (PJ1) counts as one, although it uses the functions of older cores. */
export function cpu_is_xscale_family(k: Kernel): boolean {
  return [0x69052000, 0x69054000, 0x69056000, 0x56056000, 0x56158000].includes(midrFamily(k));
}

/** Feroceon, StrongARM and ARM720T keep B beside C in a write-through kernel (`wc_disable=0`). */
function ignoresWriteThrough(k: Kernel): boolean {
  const { midr } = k.machine.facts.core;
  const isFeroceon = midr >>> 24 === 0x56 && midrFamily(k) !== 0x56158000;
  const isStrongArm = (midr & 0xfffffff0) >>> 0 === 0x4401a100 || (midr & 0xfffffff0) >>> 0 === 0x4401a110;
  const isArm720 = (midr & 0xffffff00) >>> 0 === 0x41807200;
  return isFeroceon || isStrongArm || isArm720;
}

/**
 * cpu_architecture() as a number from 4 to 7. A core with the extended CPU ID scheme is judged by its memory
 * system: ARM1176 and 11MPCore, whose ID_MMFR0 says VMSAv7, count as ARMv7, ARM1136 does not.
 * Linux: arch/arm/kernel/setup.c, __get_cpu_architecture() (v6.12).
 */
export function cpu_architecture(k: Kernel): number {
  const { architecture, midr } = k.machine.facts.core;
  const hasExtendedId = ((midr >>> 16) & 0xf) === 0xf;
  return architecture === 6 && hasExtendedId ? 7 : architecture;
}

function processorFamily(k: Kernel): ProcessorFamily {
  const { architecture } = k.machine.facts.core;
  if (architecture >= 7) return 'v7';
  if (architecture === 6) return 'v6';
  if (cpu_is_xsc3(k)) return 'xsc3';
  return cpu_is_xscale_family(k) && midrFamily(k) !== 0x56158000 ? 'xscale' : 'v3';
}

function pteEncoder(k: Kernel): PteEncoder {
  switch (processorFamily(k)) {
    case 'v7':
      return encodeV7;
    case 'v6':
      return encodeV6;
    case 'xsc3':
      return encodeXsc3;
    case 'xscale':
      return encodeXscale;
    case 'v3':
      return k.config.isEnabled('CPU_DCACHE_WRITETHROUGH') && !ignoresWriteThrough(k)
        ? encodeV3WriteThrough
        : encodeV3;
  }
}

/** The format that the configuration asks for, with the core's set_pte_ext(). */
export function pgtableFormat(k: Kernel): PgtableFormat {
  return k.config.isEnabled('ARM_LPAE') ? new LpaePgtable() : new ClassicPgtable(pteEncoder(k));
}

/** `__cpu_mm_mmu_flags`: how head.S maps the kernel. */
export function mm_mmuflags(k: Kernel): pgprot_t {
  const b = k.mmu.pgtable.bits;
  const access = orBits(b.PMD_TYPE_SECT, b.PMD_SECT_AP_WRITE, b.PMD_SECT_AP_READ);
  switch (processorFamily(k)) {
    case 'v6':
    case 'v7':
      return orBits(
        access,
        b.PMD_SECT_AF,
        k.cpu.is_smp ? orBits(b.PMD_SECT_WBWA, b.PMD_SECT_S) : b.PMD_SECT_WB,
      );
    case 'xscale':
    case 'xsc3':
      return orBits(access, b.PMD_SECT_WB);
    case 'v3':
      return orBits(access, b.PMD_SECT_WB, { lo: b.PMD_BIT4, hi: 0 });
  }
}

/** SCTLR.XP: extended page tables. Set by every v6 and v7 set-up function. */
export function hasExtendedPages(k: Kernel): boolean {
  return k.machine.facts.core.architecture >= 6;
}

/** SCTLR.TRE: TEX remap. Set on v7 (v7_crval, bit 28). */
export function hasTexRemap(k: Kernel): boolean {
  return k.machine.facts.core.architecture >= 7;
}

/** PRRR and NMRR of proc-v7-2level.S; the same registers are MAIR0 and MAIR1 in proc-v7-3level.S. */
const PRRR = 0xff0a81a8;
const NMRR = 0x40e040e0;
const MAIR0 = 0xeeaa4400;
const MAIR1 = 0xff000004;

/** Domains: kernel, I/O and vectors as client, user too unless software PAN closes it. Linux: asm/domain.h. */
function dacr(k: Kernel): number {
  const client = (domain: number): number => 1 << (2 * domain);
  const kernel = client(0) | client(2) | client(3);
  return k.config.isEnabled('CPU_SW_DOMAIN_PAN') ? kernel : kernel | client(1);
}

/**
 * The MMU's registers when the kernel runs on its own tables, which lie at `pgd`.
 * Linux: arch/arm/mm/proc-v6.S, proc-v7-2level.S and proc-v7-3level.S, v7_ttb_setup (v6.12).
 */
export function setup_mmu_registers(k: Kernel, pgd: number): void {
  const registers = k.machine.registers;
  registers.xp = hasExtendedPages(k);
  registers.tre = hasTexRemap(k);
  registers.afe = false;
  registers.dacr = dacr(k);
  registers.asid = 0;
  if (k.mmu.pgtable.levels === 3) {
    setupLongDescriptors(k, pgd);
    return;
  }
  const flags = ttbFlags(k);
  registers.format = 'short';
  registers.ttbr0 = pgd + flags;
  registers.ttbr1 = processorFamily(k) === 'v6' || processorFamily(k) === 'v7' ? pgd + flags : 0;
  registers.ttbcr = 0;
  if (registers.tre) {
    registers.prrr = PRRR;
    registers.nmrr = NMRR;
  }
}

/** Cacheability and shareability of the walk itself, in the low bits of TTBR0. */
export function ttbFlags(k: Kernel): number {
  if (k.mmu.pgtable.levels === 3) return 0;
  switch (processorFamily(k)) {
    case 'v7':
      return k.cpu.is_smp ? 0x6a : 0x59;
    case 'v6':
      return k.cpu.is_smp ? 0x0a : 0x08;
    default:
      return 0;
  }
}

/**
 * TTBR1 serves the kernel's part where the split allows it: PHYS_OFFSET must not lie above PAGE_OFFSET, and
 * CPU_TTBR0_PAN (since 6.12) uses TTBR1 differently.
 */
function setupLongDescriptors(k: Kernel, pgd: number): void {
  const registers = k.machine.registers;
  const { PAGE_OFFSET, swapper_pg_dir } = k.memory;
  registers.format = 'long';
  registers.afe = true;
  registers.mair0 = MAIR0;
  registers.mair1 = MAIR1;
  registers.ttbr0 = pgd;
  const walk = k.cpu.is_smp ? 0x3500 : 0x0f00;
  let ttbcr = 0x80000000 + walk + walk * 2 ** 16;
  let offset = 0;
  if (pgd <= swapper_pg_dir && !k.config.isEnabled('CPU_TTBR0_PAN')) {
    ttbcr += ((PAGE_OFFSET >>> 30) - 1) * 2 ** 16;
    if (PAGE_OFFSET === 0x80000000) offset = 16;
    else if (PAGE_OFFSET === 0xc0000000) offset = 4096 * (1 + 3);
  }
  registers.ttbcr = ttbcr;
  registers.ttbr1 = pgd + offset;
}
