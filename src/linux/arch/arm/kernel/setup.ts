// SPDX-License-Identifier: GPL-2.0-only
/**
 * The start of the kernel as far as memory is concerned: which core this is, what the device tree and the
 * command line say about memory, and what is taken of it. Linux: arch/arm/kernel/setup.c, setup_arch();
 * arch/arm/kernel/head.S, __fixup_smp (v6.12, the same in v6.1).
 * Next: arch/arm/mm/lowmem-bounds.ts, arch/arm/mm/init.ts, drivers/of/fdt.ts.
 * Model: features of a core that do not concern memory are not read. In all of discovery, 5.15 is taken to do
 * as 6.1 does.
 */
import { alignUp, hex, low32, MiB, type Paddr } from '../../../../base/address.js';
import { inputError } from '../../../../base/diagnostics.js';
import { writeDtb } from '../../../../devicetree/load.js';
import type { MachineFacts } from '../../../../hw/facts.js';
import type { KernelConfig } from '../../../config.js';
import { early_init_dt_scan_nodes } from '../../../drivers/of/fdt.js';
import { SMP_CACHE_BYTES } from '../../../include/linux/cache.js';
import { EINVAL } from '../../../include/linux/errno.js';
import { PAGE_ALIGN, PAGE_SIZE } from '../../../include/linux/pfn.js';
import { pa, phys_addr_t, U32_MAX } from '../../../include/linux/types.js';
import type { Kernel } from '../../../kernel.js';
import { memparse, parseMem } from '../../../lib/cmdline.js';
import { KEYSTONE_LOW_PHYS_START, phys_offset } from '../boot/compressed.js';
import { requireImageFits, requireMemoryIsThere } from '../boot/image-fits.js';
import { arm_memblock_init, setup_dma_zone } from '../mm/init.js';
import { adjust_lowmem_bounds, early_vmalloc } from '../mm/lowmem-bounds.js';

export { bootmem_init } from '../mm/init.js';

/** `PIPT` and `VIPT_NONALIASING` are one to the kernel. Linux: arch/arm/include/asm/cachetype.h. */
export type CacheId = 'NONE' | 'VIVT' | 'VIPT_ALIASING' | 'VIPT_NONALIASING' | 'PIPT';

/** ARM11 MPCore in the Main ID Register, and the bits that tell it. */
const MIDR_ARM11MPCORE = 0x4100b020;
const MIDR_PART_MASK = 0xff00fff0;
/** Parts that exist as single cores with the Multiprocessing Extensions. */
const MIDR_CORTEX_A5 = 0x4100c050;
const MIDR_CORTEX_A9 = 0x4100c090;

/** Linux: arch/arm/mach-keystone/keystone.c. */
const KEYSTONE_HIGH_PHYS_START = 0x800000000;
const KEYSTONE_HIGH_PHYS_SIZE = 0x400000000;

/** What setup_processor() learns of the core. */
export class CpuState {
  /**
   * cpu_architecture(): ARMv4 to ARMv7 as 4 to 7, not as the kernel's CPU_ARCH_* numbers. An ARM1176 or ARM11
   * MPCore is 7 to the kernel.
   */
  readonly cpu_architecture: number;
  readonly cacheid: CacheId;
  /** Whether the kernel runs as on a multiprocessor: shareable mappings, broadcast maintenance. */
  is_smp: boolean;
  num_possible_cpus: number;
  /** At most so many CPUs: NR_CPUS, or `nr_cpus=`. */
  nr_cpu_ids: number;

  constructor(facts: MachineFacts, config: KernelConfig) {
    this.cpu_architecture = cpu_architecture(facts);
    this.cacheid = cacheid(facts);
    this.is_smp = fixup_smp(facts, config);
    this.num_possible_cpus = possibleCpus(this.is_smp, facts, config);
    this.nr_cpu_ids = config.isEnabled('SMP') ? (config.number('NR_CPUS') ?? Number.MAX_SAFE_INTEGER) : 1;
  }
}

/**
 * Linux: arch/arm/kernel/setup.c, __get_cpu_architecture(): ARMv6 cores whose Main ID Register refers to the
 * CPUID registers (architecture field 0xf) report VMSAv7 in ID_MMFR0 and count as
 * ARMv7: seen with ARM1176. Model: ARM11 MPCore, which has that field too, is taken to do the same.
 */
function cpu_architecture(facts: MachineFacts): number {
  const { architecture, midr } = facts.core;
  const hasCpuid = ((midr >>> 16) & 0xf) === 0xf;
  return architecture === 6 && hasCpuid ? 7 : architecture;
}

/** Linux: arch/arm/kernel/setup.c, cacheid_init(): cores before ARMv6 are VIVT, whatever they say. */
function cacheid(facts: MachineFacts): CacheId {
  const { core } = facts;
  if (core.architecture < 6) return 'VIVT';
  switch (core.cache) {
    case 'none':
      return 'NONE';
    case 'PIPT':
      return 'PIPT';
    case 'VIPT-aliasing':
      return 'VIPT_ALIASING';
    default:
      return 'VIPT_NONALIASING';
  }
}

/**
 * is_smp(): with CONFIG_SMP_ON_UP decided by what the core says. ARM11 MPCore counts as multiprocessor
 * always, other cores with the Multiprocessing Extensions unless they report to be alone: in MPIDR bit 30
 * (DDI 0388, 4.3.3), or, for a Cortex-A9, in its snoop control unit's number of cores.
 * Model: a lone Cortex-A5 is taken for the uniprocessor product with that bit set, any other lone core but a
 * Cortex-A9 for a cluster of one.
 */
function fixup_smp(facts: MachineFacts, config: KernelConfig): boolean {
  if (!config.isEnabled('SMP')) return false;
  if (!config.isEnabled('SMP_ON_UP')) return true;
  const { core, coreCount } = facts;
  if (core.architecture < 6) return false;
  const part = (core.midr & MIDR_PART_MASK) >>> 0;
  if (part === MIDR_ARM11MPCORE) return true;
  if (!core.multiprocessingExtensions) return false;
  return coreCount > 1 || (part !== MIDR_CORTEX_A9 && part !== MIDR_CORTEX_A5);
}

function possibleCpus(is_smp: boolean, facts: MachineFacts, config: KernelConfig): number {
  return is_smp ? Math.min(facts.coreCount, config.number('NR_CPUS') ?? facts.coreCount) : 1;
}

/** Linux: arch/arm/kernel/setup.c, setup_processor(). The hardware file's word on multiprocessing counts. */
function setup_processor(k: Kernel): void {
  const stated = k.board.hardware.isSmp?.value;
  if (stated !== undefined && k.config.isEnabled('SMP_ON_UP') && k.config.isEnabled('SMP')) {
    k.cpu.is_smp = stated;
    k.cpu.num_possible_cpus = possibleCpus(stated, k.machine.facts, k.config);
  }
  const isVivt = k.cpu.cacheid === 'VIVT';
  const isAliasing = k.cpu.cacheid === 'VIPT_ALIASING';
  const data = isVivt ? 'VIVT' : isAliasing ? 'VIPT aliasing' : 'PIPT / VIPT nonaliasing';
  k.log.pr_info(`CPU: ${data} data cache`);
}

/** setup_arch() up to paging_init(): afterwards memory is known, reserved, and its limits are set. */
export function setup_arch_memory(k: Kernel): void {
  k.memory.PHYS_OFFSET = phys_offset(k);
  setup_processor(k);
  setup_machine_fdt(k);
  parse_early_param(k);
  early_paging_init(k);
  setup_dma_zone(k);
  adjust_lowmem_bounds(k);
  requireLowmem(k);
  requireMemoryIsThere(k);
  requireImageFits(k);
  arm_memblock_init(k);
  adjust_lowmem_bounds(k);
}

/**
 * Keystone 2 starts in a window onto its RAM, which really lies at 32 GiB; a kernel with LPAE moves there.
 * Linux: arch/arm/mm/mmu.c, early_paging_init(); arch/arm/mach-keystone/keystone.c, keystone_pv_fixup().
 */
function early_paging_init(k: Kernel): void {
  const { config, memblock, memory } = k;
  if (k.mach.pv_fixup !== 'keystone' || !config.phys64 || !config.isEnabled('ARM_PATCH_PHYS_VIRT')) return;
  const start = memblock.memblock_start_of_DRAM();
  const end = memblock.memblock_end_of_DRAM();
  if (start >= KEYSTONE_LOW_PHYS_START && end <= U32_MAX) return;
  if (start < KEYSTONE_HIGH_PHYS_START || end >= KEYSTONE_HIGH_PHYS_START + KEYSTONE_HIGH_PHYS_SIZE) {
    k.log.pr_err(`Invalid address space for memory (${start.toString(16)}-${end.toString(16)})`);
    return;
  }
  memory.PHYS_OFFSET += KEYSTONE_HIGH_PHYS_START - KEYSTONE_LOW_PHYS_START;
  k.log.pr_info(`Switching physical address space to ${hex(memory.PHYS_OFFSET, 8)}`);
}

/** A real kernel dies here before it can say anything: there is nothing to map, nor to make tables of. */
function requireLowmem(k: Kernel): void {
  if (k.memory.arm_lowmem_limit !== 0) return;
  const offset = pa(k, k.memory.PHYS_OFFSET);
  const known = k.memblock.memory.map(({ start, end }) => `${pa(k, start)}-${pa(k, end)}`);
  inputError('kernel-panic', `no memory that the direct map, which starts at ${offset}, reaches`, {
    notes: [`memory that the kernel knows: ${known.join(', ') || 'none'}`],
  });
}

/** Reads the tree and reserves the memory that it lies in. */
function setup_machine_fdt(k: Kernel): void {
  k.log.pr_info(`OF: fdt: Machine model: ${k.board.model}`);
  early_init_dt_scan_nodes(k);
  const { memory, memblock } = k;
  const { tree } = k.board;
  memory.fdt_totalsize = k.bootLoader.treeBytes ?? tree.sourceBytes ?? writeDtb(tree).length;
  memory.initial_boot_params_pa = k.bootLoader.treeAddress ?? defaultTreeAddress(k);
  memblock.memblock_reserve(memory.initial_boot_params_pa, memory.fdt_totalsize);
}

/**
 * Where a boot loader puts the tree if nobody says.
 * Model: as QEMU's hw/arm/boot.c does: on the page after the initrd, which starts in the middle of memory
 * but no more than 128 MiB above its start; without an initrd, right there.
 */
function defaultTreeAddress(k: Kernel): Paddr {
  const { phys_initrd_start, phys_initrd_size, PHYS_OFFSET } = k.memory;
  if (phys_initrd_size > 0) return PAGE_ALIGN(phys_initrd_start + phys_initrd_size);
  const first = k.memblock.memory.find(region => region.end > PHYS_OFFSET);
  const bytes = first ? first.end - PHYS_OFFSET : 0;
  return PHYS_OFFSET + alignUp(Math.min(Math.floor(bytes / 2), 128 * MiB), PAGE_SIZE);
}

/** Early parameters that act on memory, in the order of the command line. Linux: init/main.c. */
function parse_early_param(k: Kernel): void {
  let usermem = false;
  for (const { name, value } of k.cmdline.parameters) {
    switch (name) {
      case 'mem':
        if (!usermem) forgetMemory(k);
        usermem = true;
        early_mem(k, value ?? '');
        break;
      case 'vmalloc':
        early_vmalloc(k, low32(memparse(value ?? '').value));
        break;
      case 'initrd':
      case 'initrdmem':
        if (k.config.isEnabled('BLK_DEV_INITRD')) early_initrdmem(k, value ?? '');
        break;
      case 'nr_cpus': {
        const asked = k.cmdline.nr_cpus;
        if (asked !== undefined && asked > 0) {
          k.cpu.num_possible_cpus = Math.min(k.cpu.num_possible_cpus, asked);
          k.cpu.nr_cpu_ids = Math.min(k.cpu.nr_cpu_ids, asked);
        }
        break;
      }
    }
  }
}

function forgetMemory(k: Kernel): void {
  const start = k.memblock.memblock_start_of_DRAM();
  k.memblock.memblock_remove(start, k.memblock.memblock_end_of_DRAM() - start);
}

function early_mem(k: Kernel, text: string): void {
  const { size, start } = parseMem(text);
  arm_add_memory(k, start ?? k.memory.PHYS_OFFSET, size);
}

/** Linux: init/do_mounts_initrd.c, early_initrdmem(): `START,SIZE`. */
function early_initrdmem(k: Kernel, text: string): void {
  const start = memparse(text);
  if (!start.rest.startsWith(',')) return;
  k.memory.phys_initrd_start = phys_addr_t(k, start.value);
  k.memory.phys_initrd_size = low32(memparse(start.rest.slice(1)).value);
}

/** Adds whole pages above PHYS_OFFSET; 0 or -EINVAL. Without LPAE memory ends at 4 GiB - 4 KiB. */
function arm_add_memory(k: Kernel, start: Paddr, askedSize: number): number {
  const { PHYS_OFFSET } = k.memory;
  const show = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
  let base = PAGE_ALIGN(start);
  let size = base > start + askedSize ? 0 : askedSize - (base - start);
  if (!k.config.phys64) {
    if (base > U32_MAX) {
      k.log.pr_err(`Ignoring memory at ${show(start)} outside 32-bit physical address space`);
      return -EINVAL;
    }
    if (base + size > U32_MAX) {
      k.log.pr_err(`Truncating memory at ${show(start)} to fit in 32-bit physical address space`);
      size = U32_MAX - base;
    }
  }
  if (base < PHYS_OFFSET) {
    const below = `Ignoring memory below PHYS_OFFSET: ${show(base)}`;
    if (base + size <= PHYS_OFFSET) {
      k.log.pr_info(`${below}-${show(base + size)}`);
      return -EINVAL;
    }
    k.log.pr_info(`${below}-${show(PHYS_OFFSET)}`);
    size -= PHYS_OFFSET - base;
    base = PHYS_OFFSET;
  }
  size -= size % PAGE_SIZE;
  if (size === 0) return -EINVAL;
  k.memblock.memblock_add(base, size);
  return 0;
}

/** sizeof(struct resource): two addresses, name, flags, description, three links. Linux: include/linux/ioport.h. */
function resourceBytes(k: Kernel): number {
  return 2 * (k.config.phys64 ? 8 : 4) + 24;
}

/**
 * Takes the records of System RAM. Model: no machine has an alias of its RAM for booting but Keystone with LPAE, which
 * has one for the window that it starts in. Linux: request_standard_resources(); arm_has_idmap_alias().
 */
export function request_standard_resources(k: Kernel): void {
  for (const _ of k.memblock.for_each_mem_range()) {
    k.memblock.memblock_alloc(resourceBytes(k), SMP_CACHE_BYTES(k));
  }
}

/** Two copies of the command line. Linux: init/main.c, setup_command_line(). */
export function setup_command_line(k: Kernel): void {
  const bytes = Buffer.byteLength(k.config.cmdline) + 1;
  k.memblock.memblock_alloc(bytes, SMP_CACHE_BYTES(k));
  k.memblock.memblock_alloc(bytes, SMP_CACHE_BYTES(k));
}

/** A record and the name of each initcall that is not to be run. Linux: init/main.c, initcall_blacklist(). */
export function initcall_blacklist(k: Kernel): void {
  if (!k.config.isEnabled('KALLSYMS')) return;
  for (const { name, value } of k.cmdline.parameters) {
    if (name !== 'initcall_blacklist') continue;
    for (const initcall of (value ?? '').split(',')) {
      k.memblock.memblock_alloc(12, SMP_CACHE_BYTES(k));
      k.memblock.memblock_alloc(Buffer.byteLength(initcall) + 1, SMP_CACHE_BYTES(k));
    }
  }
}
