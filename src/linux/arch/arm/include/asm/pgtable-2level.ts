// SPDX-License-Identifier: GPL-2.0-only
/**
 * Page tables with short descriptors, as Linux lays them out.
 * Linux: arch/arm/include/asm/pgtable-2level.h, pgtable-2level-hwdef.h (v6.12);
 * hardware: ARM DDI 0406C, B3.5.
 *
 * One Linux entry of the first level is a pair of hardware entries (1 MiB each), and one page holds the
 * second level of both, once for Linux and once for the hardware:
 *
 *   pgd pair                 page of tables (4 KiB)
 *   +-----------+            +------------+  0
 *   | +0: even  |---------+  | Linux 0    |     256 entries of the even MiB
 *   | +4: odd   |------+  |  +------------+  1024
 *   +-----------+      |  |  | Linux 1    |
 *                      |  +->+------------+  2048
 *                      |     | hardware 0 |     Linux's entry + 2048
 *                      +---->+------------+  3072
 *                            | hardware 1 |
 *                            +------------+
 */
import { alignDown, type Paddr, type Pfn, type Vaddr } from '../../../../../base/address.js';
import type { Kernel } from '../../../../kernel.js';
import type { PteEncoder } from '../../mm/proc-macros.js';
import {
  __pgprot,
  type Descriptor,
  type FormatBits,
  type Mapping,
  NO_BITS,
  type PgtableFormat,
  type pgprot_t,
} from './pgtable.js';

const PTE_HWTABLE_OFF = 2048;
const SECTION_SIZE = 0x100000;
const PMD_SIZE = 0x200000;

function memoryType(index: number): pgprot_t {
  return __pgprot(index << 2);
}

export const CLASSIC_BITS: FormatBits = {
  L_PTE_VALID: __pgprot(1 << 0),
  L_PTE_PRESENT: __pgprot(1 << 0),
  L_PTE_YOUNG: __pgprot(1 << 1),
  L_PTE_DIRTY: __pgprot(1 << 6),
  L_PTE_RDONLY: __pgprot(1 << 7),
  L_PTE_USER: __pgprot(1 << 8),
  L_PTE_XN: __pgprot(1 << 9),
  L_PTE_SHARED: __pgprot(1 << 10),
  L_PTE_NONE: __pgprot(1 << 11),
  L_PTE_MT_UNCACHED: memoryType(0),
  L_PTE_MT_BUFFERABLE: memoryType(1),
  L_PTE_MT_WRITETHROUGH: memoryType(2),
  L_PTE_MT_WRITEBACK: memoryType(3),
  L_PTE_MT_DEV_SHARED: memoryType(4),
  L_PTE_MT_WRITEALLOC: memoryType(7),
  L_PTE_MT_DEV_WC: memoryType(9),
  L_PTE_MT_DEV_CACHED: memoryType(0xb),
  L_PTE_MT_DEV_NONSHARED: memoryType(0xc),
  L_PTE_MT_VECTORS: memoryType(0xf),
  L_PTE_MT_MASK: memoryType(0xf),
  PTE_EXT_AF: NO_BITS,
  PTE_EXT_PXN: NO_BITS,

  PMD_TYPE_TABLE: 1,
  PMD_BIT4: 1 << 4,
  PMD_TYPE_SECT: __pgprot(2),
  PMD_SECT_BUFFERABLE: __pgprot(1 << 2),
  PMD_SECT_CACHEABLE: __pgprot(1 << 3),
  PMD_SECT_XN: __pgprot(1 << 4),
  PMD_SECT_AP_WRITE: __pgprot(1 << 10),
  PMD_SECT_AP_READ: __pgprot(1 << 11),
  PMD_SECT_S: __pgprot(1 << 16),
  PMD_SECT_AF: NO_BITS,
  sectionReadOnly: __pgprot((1 << 15) | (1 << 10)),
  PMD_SECT_UNCACHED: NO_BITS,
  PMD_SECT_BUFFERED: __pgprot(1 << 2),
  PMD_SECT_WT: __pgprot(1 << 3),
  PMD_SECT_WB: __pgprot((1 << 3) | (1 << 2)),
  PMD_SECT_WBWA: __pgprot((1 << 12) | (1 << 3) | (1 << 2)),
  PMD_SECT_CACHE_MASK: __pgprot((1 << 12) | (1 << 3) | (1 << 2)),
  PMD_SECT_TEX: value => __pgprot(value << 12),
  PMD_DOMAIN: domain => domain << 5,
};

export class ClassicPgtable implements PgtableFormat {
  readonly levels = 2;
  readonly bits: FormatBits = CLASSIC_BITS;
  readonly SECTION_SIZE: number = SECTION_SIZE;
  readonly PMD_SIZE: number = PMD_SIZE;
  readonly PGDIR_SIZE: number = PMD_SIZE;
  readonly PG_DIR_SIZE: number = 16384;
  readonly pteBytes = 4;
  private readonly encode: PteEncoder;

  constructor(encode: PteEncoder) {
    this.encode = encode;
  }

  pmd_offset(_k: Kernel, pgd: Paddr, vaddr: Vaddr): Paddr {
    return pgd + (vaddr >>> 21) * 8;
  }

  section_offset(pmdp: Paddr, vaddr: Vaddr): Paddr {
    return pmdp + ((vaddr >>> 20) & 1) * 4;
  }

  readEntry(k: Kernel, entry: Paddr): Descriptor {
    return { lo: k.machine.ram.read32(entry), hi: 0 };
  }

  writeEntry(k: Kernel, entry: Paddr, value: Descriptor): void {
    k.machine.writeTableEntry(entry, value.lo);
  }

  pmd_val(k: Kernel, pmdp: Paddr): Descriptor {
    return this.readEntry(k, pmdp);
  }

  pmd_clear(k: Kernel, pmdp: Paddr): void {
    k.machine.writeTableEntry(pmdp, 0);
    k.machine.writeTableEntry(pmdp + 4, 0);
  }

  copy_pmd(k: Kernel, to: Paddr, from: Paddr): void {
    k.machine.writeTableEntry(to, k.machine.ram.read32(from));
    k.machine.writeTableEntry(to + 4, k.machine.ram.read32(from + 4));
  }

  pmd_leaf(lo: number): boolean {
    return (lo & 2) !== 0;
  }

  pmd_table(lo: number): boolean {
    return (lo & 3) === 1;
  }

  pmd_populate(k: Kernel, pmdp: Paddr, table: Paddr, prot: number): void {
    const value = table + PTE_HWTABLE_OFF + prot;
    k.machine.writeTableEntry(pmdp, value);
    k.machine.writeTableEntry(pmdp + 4, value + 1024);
  }

  map_init_section(k: Kernel, pmdp: Paddr, addr: Vaddr, end: Vaddr, phys: Paddr, prot: pgprot_t): void {
    let entry = this.section_offset(pmdp, addr);
    for (let at = addr; at < end; at += SECTION_SIZE) {
      k.machine.writeTableEntry(entry, ((phys + (at - addr)) | prot.lo) >>> 0);
      entry += 4;
    }
  }

  pte_offset(k: Kernel, pmdp: Paddr, vaddr: Vaddr): Paddr {
    return alignDown(k.machine.ram.read32(pmdp), 4096) + ((vaddr >>> 12) & 511) * 4;
  }

  set_pte_ext(k: Kernel, ptep: Paddr, pfn: Pfn, prot: pgprot_t): void {
    this.set_pte_range(k, ptep, pfn, 1, prot);
  }

  set_pte_range(k: Kernel, ptep: Paddr, pfn: Pfn, count: number, prot: pgprot_t, ext = 0): void {
    const { machine } = k;
    const hardware = this.encode(prot.lo);
    for (let i = 0; i < count; i++) {
      const frame = (pfn + i) << 12;
      const at = ptep + i * 4;
      machine.ram.write32(at, frame | prot.lo);
      machine.ram.write32(at + PTE_HWTABLE_OFF, hardware === 0 ? 0 : frame | hardware | ext);
    }
    machine.tablesWritten(ptep + PTE_HWTABLE_OFF, count * 4);
  }

  set_pte(k: Kernel, ptep: Paddr, value: Descriptor): void {
    k.machine.ram.write32(ptep, value.lo);
    k.machine.writeTableEntry(ptep + PTE_HWTABLE_OFF, this.encode(value.lo));
  }

  pte_clear_range(k: Kernel, ptep: Paddr, count: number): void {
    const { machine } = k;
    for (let at = ptep; at < ptep + count * 4; at += 4) {
      machine.ram.write32(at, 0);
      machine.ram.write32(at + PTE_HWTABLE_OFF, 0);
    }
    machine.tablesWritten(ptep + PTE_HWTABLE_OFF, count * 4);
  }

  pte_val(k: Kernel, ptep: Paddr): Descriptor {
    return this.readEntry(k, ptep);
  }

  hardware_pte(k: Kernel, ptep: Paddr): Descriptor {
    return this.readEntry(k, ptep + PTE_HWTABLE_OFF);
  }

  pte_none(k: Kernel, ptep: Paddr): boolean {
    return k.machine.ram.read32(ptep) === 0;
  }

  pte_pfn(value: Descriptor): Pfn {
    return value.lo >>> 12;
  }

  mappingAt(k: Kernel, vaddr: Vaddr, pgd: Paddr = k.mmu.init_mm.pgd): Mapping {
    const pmdp = this.pmd_offset(k, pgd, vaddr);
    const entry = this.readEntry(k, this.section_offset(pmdp, vaddr));
    if (this.pmd_leaf(entry.lo)) {
      const paddr = alignDown(entry.lo, SECTION_SIZE) + (vaddr % SECTION_SIZE);
      return { kind: 'section', paddr, size: SECTION_SIZE, linux: entry, hardware: entry };
    }
    if (!this.pmd_table(entry.lo)) {
      return { kind: 'none', paddr: 0, size: SECTION_SIZE, linux: NO_BITS, hardware: NO_BITS };
    }
    // Through the hardware's own entry, which reaches Linux's half 2 KiB below.
    const ptep = alignDown(entry.lo, 1024) - PTE_HWTABLE_OFF + ((vaddr >>> 12) & 255) * 4;
    const hardware = this.hardware_pte(k, ptep);
    const linux = this.pte_val(k, ptep);
    const paddr = alignDown(hardware.lo, 4096) + (vaddr % 4096);
    return hardware.lo === 0
      ? { kind: 'none', paddr: 0, size: 4096, linux, hardware }
      : { kind: 'page', paddr, size: 4096, linux, hardware };
  }
}
