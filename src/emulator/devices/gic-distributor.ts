// SPDX-License-Identifier: GPL-2.0-only
/**
 * The Distributor's registers. ARM IHI 0048B, 4.3. Every register is an array: bits of 32 interrupts in a word
 * (enable, pending, active, group), bytes (priority, targets) or pairs of bits (configuration); the words of
 * interrupts 0 … 31 are those of the core that accesses.
 * Model: an ID register 2 with the architecture version and no other of the identification registers.
 */
import type { AccessSize, MmioDevice } from './device.js';
import { type GicCore, PRIORITY_MASK, PRIVATE_COUNT, SGI_COUNT } from './gic-state.js';

/** What differs between implementations. */
export interface GicVariant {
  readonly architecture: 1 | 2;
  readonly GICD_IIDR: number;
  readonly GICC_IIDR: number;
  /** GICD_ICFGR1: which of the private interrupts are edges, and fixed. */
  readonly GICD_ICFGR1: number;
  /** GICD_TYPER bit 10. */
  readonly securityExtensions: boolean;
  /** GICD_TYPER bits 15 to 11: shared interrupts whose configuration hardware can lock. Model: it never does. */
  readonly lockable: number;
}

/** Offsets of IHI 0048B, table 4-1. */
const GICD_CTLR = 0x000;
const GICD_TYPER = 0x004;
const GICD_IIDR = 0x008;
const GICD_IGROUPR = 0x080;
const GICD_ISENABLER = 0x100;
const GICD_ICENABLER = 0x180;
const GICD_ISPENDR = 0x200;
const GICD_ICPENDR = 0x280;
const GICD_ISACTIVER = 0x300;
const GICD_ICACTIVER = 0x380;
const GICD_IPRIORITYR = 0x400;
const GICD_ITARGETSR = 0x800;
const GICD_ICFGR = 0xc00;
const GICD_SGIR = 0xf00;
const GICD_CPENDSGIR = 0xf10;
const GICD_SPENDSGIR = 0xf20;
const GICD_ICPIDR2 = 0xfe8;

/** SGI bits of word 0. */
const SGIS = 0xffff;

export class GicDistributor implements MmioDevice {
  readonly name = 'GICD';
  private readonly core: GicCore;
  private readonly variant: GicVariant;
  private readonly changed: () => void;

  /** `changed` is called after whatever may change which interrupt a core should take. */
  constructor(core: GicCore, variant: GicVariant, changed: () => void) {
    this.core = core;
    this.variant = variant;
    this.changed = changed;
    const fixed = variant.GICD_ICFGR1;
    for (let cpu = 0; cpu < core.cores; cpu++) {
      for (let id = SGI_COUNT; id < PRIVATE_COUNT; id++) {
        if ((fixed >>> (2 * (id - SGI_COUNT) + 1)) & 1) core.edge[cpu] = core.edge[cpu]! | (1 << id);
      }
    }
  }

  read(offset: number, size: AccessSize, cpu: number): number {
    if (isBytes(offset)) {
      let value = 0;
      for (let i = 0; i < size; i++) value += this.readByte(offset + i, cpu) * 2 ** (8 * i);
      return value;
    }
    // Model: other registers are words; a narrower access gives its part of one.
    const word = this.readWord(offset & ~3, cpu) >>> 0;
    return size === 4 ? word : (word >>> (8 * (offset & 3))) & (size === 1 ? 0xff : 0xffff);
  }

  write(offset: number, size: AccessSize, value: number, cpu: number): void {
    if (isBytes(offset)) {
      for (let i = 0; i < size; i++) this.writeByte(offset + i, (value >>> (8 * i)) & 0xff, cpu);
    } else if (size === 4) {
      this.writeWord(offset, value, cpu);
    }
    this.changed();
  }

  private readWord(offset: number, cpu: number): number {
    const { core, variant } = this;
    switch (offset) {
      case GICD_CTLR:
        return core.distributor;
      case GICD_TYPER:
        return (
          (core.lines / 32 - 1) |
          ((core.cores - 1) << 5) |
          (variant.securityExtensions ? 1 << 10 : 0) |
          (variant.lockable << 11)
        );
      case GICD_IIDR:
        return variant.GICD_IIDR;
      case GICD_ICPIDR2:
        // ArchRev [7:4]; JEDEC code 0x3b of Arm [3:0]. IHI 0048B, 4.3.18.
        return (variant.architecture << 4) | 0xb;
    }
    if (offset >= GICD_ICFGR && offset < GICD_ICFGR + 0x100) return this.readConfiguration(offset, cpu);
    const index = this.wordIndex(offset, cpu);
    if (index < 0) return 0;
    switch (offset & ~0x7f) {
      case GICD_IGROUPR:
        return core.group1[index]!;
      case GICD_ISENABLER:
      case GICD_ICENABLER:
        return core.enabled[index]!;
      case GICD_ISPENDR:
      case GICD_ICPENDR:
        return core.pending(index);
      case GICD_ISACTIVER:
        return core.active[index]!;
      case GICD_ICACTIVER:
        return variant.architecture === 2 ? core.active[index]! : 0;
      default:
        return 0;
    }
  }

  private writeWord(offset: number, value: number, cpu: number): void {
    const { core, variant } = this;
    if (offset === GICD_CTLR) core.distributor = value & 3;
    else if (offset === GICD_SGIR) this.sendSgi(value, cpu);
    else if (offset >= GICD_ICFGR && offset < GICD_ICFGR + 0x100) this.writeConfiguration(offset, value);
    const index = this.wordIndex(offset, cpu);
    if (index < 0) return;
    // Of the banked words SGIs are always enabled, and pending by the SGI registers alone. IHI 0048B, 4.3.5, 4.3.7.
    const notSgis = index < core.cores ? value & ~SGIS : value;
    switch (offset & ~0x7f) {
      case GICD_IGROUPR:
        core.group1[index] = value;
        break;
      case GICD_ISENABLER:
        core.enabled[index] = core.enabled[index]! | notSgis;
        break;
      case GICD_ICENABLER:
        core.enabled[index] = core.enabled[index]! & ~notSgis;
        break;
      case GICD_ISPENDR:
        core.latched[index] = core.latched[index]! | notSgis;
        break;
      case GICD_ICPENDR:
        core.latched[index] = core.latched[index]! & ~notSgis;
        break;
      // GICv1 has active bits to read only. IHI 0048A, 4.3.8.
      case GICD_ISACTIVER:
        if (variant.architecture === 2) core.active[index] = core.active[index]! | value;
        break;
      case GICD_ICACTIVER:
        if (variant.architecture === 2) core.active[index] = core.active[index]! & ~value;
        break;
    }
  }

  /** The index of the word that a register of one bit for each interrupt shows; -1: there is none. */
  private wordIndex(offset: number, cpu: number): number {
    if (offset < GICD_IGROUPR || offset >= GICD_IPRIORITYR) return -1;
    const word = (offset & 0x7f) >>> 2;
    return word < this.core.lines / 32 ? this.core.wordOf(cpu, word) : -1;
  }

  private readByte(offset: number, cpu: number): number {
    const { core, variant } = this;
    if (offset >= GICD_CPENDSGIR) {
      if (variant.architecture === 1) return 0;
      return core.sgiSources[cpu * SGI_COUNT + ((offset - GICD_CPENDSGIR) & 0xf)]!;
    }
    const id = offset & 0x3ff;
    if (id >= core.lines) return 0;
    if (offset < GICD_ITARGETSR) return core.priorities[core.priorityOf(cpu, id)]!;
    // With one core all are zero. Of private interrupts they tell which core reads. IHI 0048B, 4.3.12.
    if (core.cores === 1) return 0;
    return id < PRIVATE_COUNT ? 1 << cpu : core.targets[id]!;
  }

  private writeByte(offset: number, value: number, cpu: number): void {
    const { core, variant } = this;
    if (offset >= GICD_CPENDSGIR) {
      if (variant.architecture === 1) return;
      if (offset < GICD_SPENDSGIR) core.withdrawSgi(cpu, offset - GICD_CPENDSGIR, value);
      else core.raiseSgi(cpu, offset - GICD_SPENDSGIR, value & ((1 << core.cores) - 1));
      return;
    }
    const id = offset & 0x3ff;
    if (id >= core.lines) return;
    if (offset < GICD_ITARGETSR) core.priorities[core.priorityOf(cpu, id)] = value & PRIORITY_MASK;
    else if (core.cores > 1 && id >= PRIVATE_COUNT) core.targets[id] = value & ((1 << core.cores) - 1);
  }

  /** Two bits for each of 16 interrupts; the upper one: edge. Of shared ones the lower bit reads as one. */
  private readConfiguration(offset: number, cpu: number): number {
    const { core } = this;
    const first = (offset - GICD_ICFGR) * 4;
    if (first >= core.lines) return 0;
    if (first === SGI_COUNT) return this.variant.GICD_ICFGR1;
    const edges = core.edge[core.wordOf(cpu, first >>> 5)]! >>> (first & 16);
    let value = first === 0 ? 0 : 0x5555_5555;
    for (let i = 0; i < 16; i++) if ((edges >>> i) & 1) value |= 2 << (2 * i);
    return value >>> 0;
  }

  private writeConfiguration(offset: number, value: number): void {
    const { core } = this;
    const first = (offset - GICD_ICFGR) * 4;
    if (first < PRIVATE_COUNT || first >= core.lines) return;
    const index = core.wordOf(0, first >>> 5);
    for (let i = 0; i < 16; i++) {
      const bit = 1 << ((first & 16) + i);
      const edge = (value >>> (2 * i + 1)) & 1;
      core.edge[index] = edge ? core.edge[index]! | bit : core.edge[index]! & ~bit;
    }
  }

  /** TargetListFilter [25:24], CPUTargetList [23:16], SGIINTID [3:0]. IHI 0048B, 4.3.15. */
  private sendSgi(value: number, cpu: number): void {
    const { core } = this;
    const all = (1 << core.cores) - 1;
    const filter = (value >>> 24) & 3;
    const list = (value >>> 16) & 0xff;
    const targets = [list & all, all & ~(1 << cpu), 1 << cpu, 0][filter]!;
    for (let target = 0; target < core.cores; target++) {
      if ((targets >>> target) & 1) core.raiseSgi(target, value & 0xf, 1 << cpu);
    }
  }
}

/** Registers of which every byte can be accessed: priorities, targets, pending SGIs. IHI 0048B, 4.1.3. */
function isBytes(offset: number): boolean {
  return (
    (offset >= GICD_IPRIORITYR && offset < GICD_ICFGR) ||
    (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + 0x10)
  );
}
