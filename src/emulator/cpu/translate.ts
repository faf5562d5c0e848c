// SPDX-License-Identifier: GPL-2.0-only
/**
 * From a virtual address to a page with its rights: the TLB, the table walk behind it, and the checks of domain and
 * access permission (ARM DDI 0406C, B3.7 and B3.13.3, in the order of TranslateAddressV()).
 * Each core has registers and a walker of its own: other cores run with other tables.
 * Left out: second stage, secure state, subpages of formats before ARMv6.
 */

import type { Machine } from '../../hw/machine.js';
import { STRONGLY_ORDERED } from '../../hw/mmu/memory-type.js';
import type { MmuRegisters } from '../../hw/mmu/registers.js';
import { Translation } from '../../hw/mmu/translation.js';
import { walkType } from '../../hw/mmu/walk-type.js';
import { TableWalker, WALK_OK } from '../../hw/mmu/walker.js';
import type { Observer } from '../../hw/observer.js';
import { FAULT_DOMAIN, FAULT_PERMISSION, fault, walkFault } from './faults.js';
import {
  R_PRIVILEGED_EXECUTE,
  R_PRIVILEGED_READ,
  R_PRIVILEGED_WRITE,
  R_USER_EXECUTE,
  R_USER_READ,
  R_USER_WRITE,
  Tlb,
} from './tlb.js';

const ALL_RIGHTS = 63;
/** Every domain a client: permissions count. */
const CLIENTS = 0x55555555;
/** Reading and writing, by AP[2:0]: B3.7.1. With the access flag AP[0] counts as 1. */
const RIGHTS_OF_AP: readonly number[] = [
  0,
  R_PRIVILEGED_READ | R_PRIVILEGED_WRITE,
  R_PRIVILEGED_READ | R_PRIVILEGED_WRITE | R_USER_READ,
  R_PRIVILEGED_READ | R_PRIVILEGED_WRITE | R_USER_READ | R_USER_WRITE,
  0,
  R_PRIVILEGED_READ,
  R_PRIVILEGED_READ | R_USER_READ,
  R_PRIVILEGED_READ | R_USER_READ,
];

export class Translator {
  readonly tlb: Tlb = new Tlb();
  readonly registers: MmuRegisters;
  readonly walker: TableWalker;
  /** SCTLR.M. */
  enabled = false;
  /** SCTLR.WXN and UWXN: what may be written may not be executed. */
  wxn = false;
  uwxn = false;
  /** DACR as it counts: every domain is a client where there are no domains. */
  domains: number = CLIENTS;
  /** Why translate() returned -1, and the domain of the entry. */
  fault = 0;
  domain = 0;
  readonly found: Translation = new Translation();
  /** Walks of the tables, each after a miss of the TLB, and how many of them found no mapping. */
  walks = 0;
  failedWalks = 0;

  private readonly machine: Machine;
  private readonly cpu: number;

  constructor(machine: Machine, cpu: number, registers: MmuRegisters) {
    this.machine = machine;
    this.cpu = cpu;
    this.registers = registers;
    this.walker = new TableWalker(machine.ram, registers);
  }

  /** The TLB slot of `vaddr` (unsigned) if an access may have `right`, one of R_…; -1 and `fault` if not. */
  translate(vaddr: number, right: number): number {
    const { tlb, registers } = this;
    let slot = tlb.lookup(vaddr, registers.asid);
    if (slot < 0) {
      slot = this.walk(vaddr);
      if (slot < 0) return -1;
    }
    const place = tlb.places[slot]!;
    const access = (this.domains >>> (2 * (place >>> 4))) & 3;
    if (access === 3) return slot;
    if (access === 1 && (tlb.rights[slot]! & right) !== 0) return slot;
    // Access 2 is reserved and behaves as none.
    this.domain = place >>> 4;
    this.fault = fault(access === 1 ? FAULT_PERMISSION : FAULT_DOMAIN, place & 3);
    return -1;
  }

  /** The slot of `vaddr` whatever the rights; -1 and `fault` where no valid entry translates it. */
  find(vaddr: number): number {
    const slot = this.tlb.lookup(vaddr, this.registers.asid);
    return slot < 0 ? this.walk(vaddr) : slot;
  }

  /** What an access through `slot` may do now: R_…, or-ed. */
  rightsOf(slot: number): number {
    const access = (this.domains >>> (2 * (this.tlb.places[slot]! >>> 4))) & 3;
    if (access === 3) return ALL_RIGHTS;
    return access === 1 ? this.tlb.rights[slot]! : 0;
  }

  /** DACR, the format or the MMU's state has changed. */
  domainsChanged(): void {
    const { registers } = this;
    this.domains = this.enabled && registers.format === 'short' ? registers.dacr : CLIENTS;
  }

  private walk(vaddr: number): number {
    const { tlb, registers, found } = this;
    if (!this.enabled) {
      // B3.2: with the MMU off addresses are physical, data is Strongly-ordered.
      return tlb.insert(vaddr, -1, vaddr >>> 12, 12, ALL_RIGHTS, 0, STRONGLY_ORDERED);
    }
    found.domain = 0;
    found.levels = 0;
    this.walks++;
    const code = this.walker.walk(vaddr, found);
    if (this.machine.observer !== null) this.tellWalk(this.machine.observer, vaddr);
    if (code !== WALK_OK) {
      this.failedWalks++;
      this.domain = found.domain;
      this.fault = walkFault(code, this.levelOf(found));
      return -1;
    }
    const place = (found.domain << 4) | this.levelOf(found);
    const shift = 31 - Math.clz32(found.size);
    const asid = found.ng === 1 ? registers.asid : -1;
    const frame = Math.floor(found.paddr / 4096);
    return tlb.insert(vaddr, asid, frame, shift, this.permissionsOf(found), place, found.memoryType);
  }

  /** What the walk has read. */
  private tellWalk(observer: Observer, vaddr: number): void {
    const { found, registers, cpu } = this;
    const { descriptors, entryPaddrs, firstLevel, levels } = found;
    const type = walkType(registers, this.machine.facts.core.multiprocessingExtensions, vaddr);
    for (let i = 0; i < levels; i++) {
      const high = registers.format === 'long' ? descriptors[2 * i + 1]! : 0;
      observer.tableWalk(cpu, vaddr, firstLevel + i, entryPaddrs[i]!, descriptors[2 * i]!, high, type);
    }
  }

  /** The level of the entry that was read last. A region of 1 GiB or less starts at level 2 with long descriptors. */
  private levelOf(found: Translation): number {
    if (this.registers.format === 'short') return found.levels;
    if (found.kind === 'page') return 3;
    return found.kind === 'section' ? 2 : 1;
  }

  private permissionsOf(found: Translation): number {
    const { registers } = this;
    const apBits = registers.afe || registers.format === 'long' ? found.apBits | 1 : found.apBits;
    let rights = RIGHTS_OF_AP[apBits]!;
    if (found.xn === 1) return rights;
    // B3.7.2: what cannot be read cannot be executed.
    const { wxn, uwxn } = this;
    const userWritable = (rights & R_USER_WRITE) !== 0;
    if ((rights & R_USER_READ) !== 0 && !(wxn && userWritable)) rights |= R_USER_EXECUTE;
    if ((rights & R_PRIVILEGED_READ) !== 0 && found.pxn === 0) {
      const writable = (rights & R_PRIVILEGED_WRITE) !== 0;
      if (!(wxn && writable) && !(uwxn && userWritable)) rights |= R_PRIVILEGED_EXECUTE;
    }
    return rights;
  }
}
