// SPDX-License-Identifier: GPL-2.0-only
/**
 * Lines that cores missed lately, with the mapping that each was accessed through: where a core may speculate
 * when nobody tells which mappings exist. Old ones may no longer be mapped; who knows the tables offers a
 * source of his own.
 */
import type { Paddr, Vaddr } from '../../base/address.js';
import type { Random } from '../../base/random.js';
import type { MemoryType } from '../mmu/memory-type.js';
import type { Candidate, SpeculationSource } from './live-options.js';

const CAPACITY = 64;

export class RecentLines implements SpeculationSource {
  private readonly lines: Candidate[] = [];
  private next = 0;

  add(cpu: number, vaddr: Vaddr, paddr: Paddr, type: MemoryType): void {
    this.lines[this.next] = { cpu, vaddr, paddr, type };
    this.next = (this.next + 1) % CAPACITY;
  }

  pick(random: Random): Candidate | null {
    return this.lines.length === 0 ? null : random.pick(this.lines);
  }
}
