// SPDX-License-Identifier: GPL-2.0-only
/**
 * A Generic Interrupt Controller: wires in, one IRQ and one FIQ line to each core out, two blocks of registers.
 * ARM IHI 0048B. Linux: drivers/irqchip/irq-gic.c.
 * Read `gic-state.ts` first.
 */
import type { InterruptLine, Stateful } from './device.js';
import { GicCpuInterface } from './gic-cpu-interface.js';
import { GicDistributor, type GicVariant } from './gic-distributor.js';
import {
  CTLR,
  ENABLE_GROUP0,
  ENABLE_GROUP1,
  FIQ_EN,
  GicCore,
  type GicState,
  PRIVATE_COUNT,
  SPURIOUS,
} from './gic-state.js';

/**
 * The one that comes with a Cortex-A15. DDI 0438, tables 8-2 (ICFGR1: private interrupts are levels), 8-11.
 * Model: GICD_IIDR with the same product and revision as GICC_IIDR.
 */
export const CORTEX_A15_GIC: GicVariant = {
  architecture: 2,
  GICD_IIDR: 0x0000043b,
  GICC_IIDR: 0x0002043b,
  GICD_ICFGR1: 0x55540000,
  securityExtensions: false,
  lockable: 0,
};

/**
 * The one that comes with a Cortex-A9 MPCore. DDI 0407, tables 3-1, 3-4 (ICDICTR), 3-5 (ICDIIDR) and 3-9: the global
 * timer, the private timer and the watchdog (27, 29, 30) are edges.
 */
export const CORTEX_A9_GIC: GicVariant = {
  architecture: 1,
  GICD_IIDR: 0x0102043b,
  GICC_IIDR: 0x3901243b,
  GICD_ICFGR1: 0x7dc00000,
  securityExtensions: true,
  lockable: 31,
};

/** Lines into one core. */
export interface CoreInterrupts {
  readonly irq: InterruptLine;
  readonly fiq: InterruptLine;
}

export class Gic implements Stateful<GicState> {
  readonly distributor: GicDistributor;
  readonly cpuInterface: GicCpuInterface;
  private readonly core: GicCore;
  private readonly outputs: readonly CoreInterrupts[];
  /** What each core was told last: bit 0 IRQ, bit 1 FIQ. */
  private readonly told: Uint8Array;

  /** `lines`: interrupt IDs, a multiple of 32. One of `outputs` for each core. */
  constructor(variant: GicVariant, lines: number, outputs: readonly CoreInterrupts[]) {
    this.core = new GicCore(outputs.length, lines);
    this.outputs = outputs;
    this.told = new Uint8Array(outputs.length);
    const update = (): void => this.update();
    this.distributor = new GicDistributor(this.core, variant, update);
    this.cpuInterface = new GicCpuInterface(this.core, variant, update);
  }

  /** Shared interrupt `spi`, counted from 0 as device trees do. */
  shared(spi: number): InterruptLine {
    return this.line(0, spi + PRIVATE_COUNT);
  }

  /** Private interrupt of `core` with the ID 16 … 31. */
  privateLine(core: number, id: number): InterruptLine {
    return this.line(core, id);
  }

  private line(core: number, id: number): InterruptLine {
    return {
      set: level => {
        this.core.drive(core, id, level);
        this.update();
      },
    };
  }

  /** Tells each core whether there is something to take. IHI 0048B, 2.3.3. */
  private update(): void {
    for (const [cpu, { irq, fiq }] of this.outputs.entries()) {
      const id = this.core.highestPending(cpu);
      const control = this.core.field(cpu, CTLR);
      const group1 = id !== SPURIOUS && this.core.isGroup1(cpu, id);
      const signalled =
        id !== SPURIOUS &&
        (control & (group1 ? ENABLE_GROUP1 : ENABLE_GROUP0)) !== 0 &&
        this.core.isSufficient(cpu, id);
      const asFiq = !group1 && (control & FIQ_EN) !== 0;
      const lines = signalled ? (asFiq ? 2 : 1) : 0;
      const changed = lines ^ this.told[cpu]!;
      this.told[cpu] = lines;
      if (changed & 1) irq.set((lines & 1) !== 0);
      if (changed & 2) fiq.set((lines & 2) !== 0);
    }
  }

  save(): GicState {
    return this.core.save();
  }

  /** Tells every core its lines anew, whatever it was told before. */
  restore(state: GicState): void {
    this.core.restore(state);
    this.told.fill(0);
    for (const { irq, fiq } of this.outputs) {
      irq.set(false);
      fiq.set(false);
    }
    this.update();
  }
}
