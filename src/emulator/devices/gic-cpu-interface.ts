// SPDX-License-Identifier: GPL-2.0-only
/**
 * The CPU interfaces' registers, one block that shows each core its own. ARM IHI 0048B, 4.4: acknowledging, priority
 * drop and deactivation, masking, preemption.
 * Model: an end of an interrupt that is not the last one acknowledged, which is unpredictable, drops the
 * highest active priority of its group all the same.
 */

import type { GicVariant } from './gic-distributor.js';
import {
  ABPR,
  ACK_CTL,
  APR,
  BPR,
  CTLR,
  ENABLE_GROUP0,
  ENABLE_GROUP1,
  EOI_MODE,
  type GicCore,
  MIN_ABPR,
  MIN_BPR,
  NSAPR,
  PMR,
  PRIORITY_MASK,
  SGI_COUNT,
  SPURIOUS,
  SPURIOUS_GROUP1,
} from './gic-state.js';
import { WordDevice } from './registers.js';

/** Offsets of IHI 0048B, table 4-2. */
const GICC_CTLR = 0x0000;
const GICC_PMR = 0x0004;
const GICC_BPR = 0x0008;
const GICC_IAR = 0x000c;
const GICC_EOIR = 0x0010;
const GICC_RPR = 0x0014;
const GICC_HPPIR = 0x0018;
const GICC_ABPR = 0x001c;
const GICC_AIAR = 0x0020;
const GICC_AEOIR = 0x0024;
const GICC_AHPPIR = 0x0028;
const GICC_APR0 = 0x00d0;
const GICC_NSAPR0 = 0x00e0;
const GICC_IIDR = 0x00fc;
const GICC_DIR = 0x1000;

/** Writable bits of GICC_CTLR: bypass disables are kept, and do nothing. IHI 0048B, table 4-31; IHI 0048A, 4.4.1. */
const CTLR_BITS = { 1: 0x1f, 2: 0x3ff } as const;

export class GicCpuInterface extends WordDevice {
  readonly name = 'GICC';
  private readonly core: GicCore;
  private readonly variant: GicVariant;
  private readonly changed: () => void;

  /** `changed` is called after whatever may change which interrupt a core should take. */
  constructor(core: GicCore, variant: GicVariant, changed: () => void) {
    super();
    this.core = core;
    this.variant = variant;
    this.changed = changed;
  }

  protected override readWord(offset: number, cpu: number): number {
    const { core } = this;
    switch (offset) {
      case GICC_CTLR:
        return core.field(cpu, CTLR);
      case GICC_PMR:
        return core.field(cpu, PMR);
      case GICC_BPR:
        return core.field(cpu, BPR);
      case GICC_ABPR:
        return core.field(cpu, ABPR);
      case GICC_IAR:
        return this.acknowledge(cpu, false);
      case GICC_RPR:
        return core.runningPriority(cpu);
      case GICC_HPPIR:
        return this.highestPending(cpu, false);
      case GICC_IIDR:
        return this.variant.GICC_IIDR;
    }
    if (this.variant.architecture === 1) return 0;
    switch (offset) {
      case GICC_AIAR:
        return this.acknowledge(cpu, true);
      case GICC_AHPPIR:
        return this.highestPending(cpu, true);
      case GICC_APR0:
        return core.field(cpu, APR);
      case GICC_NSAPR0:
        return core.field(cpu, NSAPR);
      default:
        return 0;
    }
  }

  protected override writeWord(offset: number, value: number, cpu: number): void {
    const { core, variant } = this;
    const v2 = variant.architecture === 2;
    switch (offset) {
      case GICC_CTLR:
        core.setField(cpu, CTLR, value & CTLR_BITS[variant.architecture]);
        break;
      case GICC_PMR:
        core.setField(cpu, PMR, value & PRIORITY_MASK);
        break;
      case GICC_BPR:
        core.setField(cpu, BPR, Math.max(value & 7, MIN_BPR));
        break;
      case GICC_ABPR:
        core.setField(cpu, ABPR, Math.max(value & 7, MIN_ABPR));
        break;
      case GICC_EOIR:
        this.end(cpu, value, false);
        break;
      case GICC_AEOIR:
        if (v2) this.end(cpu, value, true);
        break;
      case GICC_APR0:
        if (v2) core.setField(cpu, APR, value);
        break;
      case GICC_NSAPR0:
        if (v2) core.setField(cpu, NSAPR, value);
        break;
      case GICC_DIR:
        // Only with the split of priority drop and deactivation. IHI 0048B, 4.4.15.
        if (v2 && (core.field(cpu, CTLR) & EOI_MODE) !== 0) this.deactivate(cpu, value & 0x3ff);
        break;
    }
    this.changed();
  }

  /** The interrupt that a read of GICC_IAR, or of its alias for group 1, would see. IHI 0048B, 3.4.2. */
  private visible(cpu: number, alias: boolean): number {
    const { core } = this;
    const id = core.highestPending(cpu);
    if (id === SPURIOUS) return SPURIOUS;
    const control = core.field(cpu, CTLR);
    if (!core.isGroup1(cpu, id)) return alias || (control & ENABLE_GROUP0) === 0 ? SPURIOUS : id;
    if ((control & ENABLE_GROUP1) === 0) return SPURIOUS;
    return alias || (control & ACK_CTL) !== 0 ? id : SPURIOUS_GROUP1;
  }

  private highestPending(cpu: number, alias: boolean): number {
    const id = this.visible(cpu, alias);
    return id < SGI_COUNT ? id | (this.sgiSource(cpu, id) << 10) : id;
  }

  /** GICC_IAR: the interrupt becomes active. An SGI brings along which core sent it. */
  private acknowledge(cpu: number, alias: boolean): number {
    const { core } = this;
    const id = this.visible(cpu, alias);
    if (id >= SPURIOUS_GROUP1 || !core.isSufficient(cpu, id)) return id === SPURIOUS_GROUP1 ? id : SPURIOUS;
    const group1 = core.isGroup1(cpu, id);
    const priority = core.priorities[core.priorityOf(cpu, id)]! & core.groupMask(cpu, group1);
    const field = group1 ? NSAPR : APR;
    core.setField(cpu, field, core.field(cpu, field) | (1 << (priority >>> 3)));
    core.setActive(cpu, id, true);
    let answer = id;
    if (id < SGI_COUNT) {
      const source = this.sgiSource(cpu, id);
      core.withdrawSgi(cpu, id, 1 << source);
      answer |= source << 10;
    } else {
      const index = core.wordOf(cpu, id >>> 5);
      core.latched[index] = core.latched[index]! & ~(1 << (id & 31));
    }
    this.changed();
    return answer;
  }

  /** Model: of several senders of one SGI the one with the lowest number comes first. */
  private sgiSource(cpu: number, id: number): number {
    const sources = this.core.sgiSources[cpu * SGI_COUNT + id]!;
    return 31 - Math.clz32(sources & -sources);
  }

  /** GICC_EOIR and its alias: the priority drops, and without EOImode the interrupt ends. IHI 0048B, 4.4.5. */
  private end(cpu: number, value: number, alias: boolean): void {
    const { core } = this;
    const id = value & 0x3ff;
    if (id >= core.lines) return;
    const group1 = core.isGroup1(cpu, id);
    const control = core.field(cpu, CTLR);
    if (alias ? !group1 : group1 && (control & ACK_CTL) === 0) return;
    const field = group1 ? NSAPR : APR;
    const active = core.field(cpu, field);
    core.setField(cpu, field, active & (active - 1));
    if ((control & EOI_MODE) === 0) this.deactivate(cpu, id);
  }

  private deactivate(cpu: number, id: number): void {
    if (id < this.core.lines) this.core.setActive(cpu, id, false);
  }
}
