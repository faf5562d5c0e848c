// SPDX-License-Identifier: GPL-2.0-only
/**
 * Kernel addresses that a process's own table maps otherwise than the kernel's table does. On ARM, with short
 * descriptors and TTBCR.N = 0, TTBR0 serves all addresses, and each process has copies of the kernel's first-level
 * entries; TTBR1 names the kernel's own table and is walked by nobody. Each MiB is compared when it is first
 * used after a change of a register or table.
 * Model: an address is the kernel's if the kernel's own table has an entry for it. So an entry that the kernel
 * removed and a process kept is not found, nor anything on ARMv5, which has no TTBR1, and with LPAE.
 */
import type { Vaddr } from '../base/address.js';
import type { Machine } from '../hw/machine.js';

const MEGABYTE = 0x100000;
/** Low bits of both registers are attributes of the walk; the table of 4096 entries is aligned to its size. */
const TABLE_BYTES = 0x4000;

export class KernelMap {
  private readonly machine: Machine;
  private process = 0;
  private kernel = 0;
  private generation = -1;
  /** By MiB: the round in which it was compared. */
  private readonly comparedIn: Uint32Array = new Uint32Array(4096);
  private round = 0;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Two tables are in use, and the process's own is the one that is walked. */
  isSplit(): boolean {
    const { registers } = this.machine;
    if (registers.generation !== this.generation) this.followRegisters();
    return this.process !== this.kernel;
  }

  private followRegisters(): void {
    const { generation, format, ttbr0, ttbr1, ttbcr } = this.machine.registers;
    const isServedByBoth = format === 'short' && (ttbcr & 7) === 0 && ttbr1 !== 0;
    this.generation = generation;
    this.round++;
    this.process = isServedByBoth ? ttbr0 - (ttbr0 % TABLE_BYTES) : 0;
    this.kernel = isServedByBoth ? ttbr1 - (ttbr1 % TABLE_BYTES) : 0;
  }

  /** Some entry of a table was written: nothing that was compared counts any more. */
  tableWritten(): void {
    this.round++;
  }

  /**
   * First address of [vaddr, vaddr + size) whose two entries differ, -1 if none does. Each difference is told
   * once. Only while isSplit().
   */
  firstDifference(vaddr: Vaddr, size: number): Vaddr {
    for (let at = vaddr; at < vaddr + size; at = (Math.floor(at / MEGABYTE) + 1) * MEGABYTE) {
      const index = at >>> 20;
      if (this.comparedIn[index] === this.round) continue;
      const { ram } = this.machine;
      const used = ram.read32(this.process + 4 * index);
      const own = ram.read32(this.kernel + 4 * index);
      // A process that lacks an entry faults, and gets it copied.
      this.comparedIn[index] = this.round;
      if ((used & 3) !== 0 && (own & 3) !== 0 && used !== own) return at;
    }
    return -1;
  }
}
