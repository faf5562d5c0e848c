// SPDX-License-Identifier: GPL-2.0-only
/**
 * Snoop Control Unit of a Cortex-A9 MPCore: the registers. Arm DDI 0407, 2.2. Linux: arch/arm/kernel/smp_scu.c.
 * Model: the cores are coherent whether it is enabled or not; power states and address filtering are kept and
 * change nothing. The register at 0x30 is in no manual; the workaround for erratum 764369 sets a bit in it.
 */
import type { AccessSize, Stateful } from './device.js';
import { RegisterFile, register, WordDevice } from './registers.js';

const SCUControl = register(
  'SCUControl',
  0x00,
  0,
  '31:7 -, 6 ICStandby rw, 5 SCUStandby rw, 4 ForceAllDeviceToPort0 rw, 3 SpeculativeLinefills rw',
  '2 ParityOn rw, 1 AddressFiltering rw, 0 SCUEnable rw',
);
const SCUCPUPowerStatus = register(
  'SCUCPUPowerStatus',
  0x08,
  0,
  '31:26 -, 25:24 CPU3 rw, 23:18 -, 17:16 CPU2 rw, 15:10 -, 9:8 CPU1 rw, 7:2 -, 1:0 CPU0 rw',
);
const Diagnostic = register('Diagnostic', 0x30, 0, '31:1 -, 0 Migratory rw');
const FilteringStart = register('FilteringStart', 0x40, 0, '31:20 Start rw, 19:0 -');
const FilteringEnd = register('FilteringEnd', 0x44, 0, '31:20 End rw, 19:0 -');
const SAC = register('SAC', 0x50, 0xf, '31:4 -, 3:0 CPU rw');
const SNSAC = register(
  'SNSAC',
  0x54,
  0,
  '31:12 -, 11:8 GlobalTimer rw, 7:4 PrivateTimer rw, 3:0 Registers rw',
);

/**
 * [15:8] Tag RAM sizes, two bits a core: 1 is 32 KiB; [7:4] cores in SMP mode; [1:0] cores less one.
 * Model: every core counts as in SMP mode.
 */
const SCUConfiguration = 0x04;

export interface A9ScuState {
  readonly registers: Uint32Array;
}

export class A9Scu extends WordDevice implements Stateful<A9ScuState> {
  readonly name = 'Cortex-A9 SCU';
  private readonly configuration: number;
  private readonly registers = new RegisterFile([
    SCUControl,
    SCUCPUPowerStatus,
    Diagnostic,
    FilteringStart,
    FilteringEnd,
    SAC,
    SNSAC,
  ]);

  constructor(cores: number) {
    super();
    const tags = 0x5555 & ((1 << (2 * cores)) - 1);
    this.configuration = (tags << 8) | (((1 << cores) - 1) << 4) | (cores - 1);
  }

  /** Bytes of the power status can be written alone: each core writes its own. DDI 0407, 2.2.3. */
  override write(offset: number, size: AccessSize, value: number, cpu: number): void {
    if (size === 4 || (offset & ~3) !== SCUCPUPowerStatus.offset) {
      super.write(offset, size, value, cpu);
      return;
    }
    const shift = 8 * (offset & 3);
    const mask = (size === 1 ? 0xff : 0xffff) << shift;
    const kept = this.registers.get(SCUCPUPowerStatus) & ~mask;
    this.registers.store(SCUCPUPowerStatus.offset, kept | ((value << shift) & mask));
  }

  protected override readWord(offset: number): number {
    return offset === SCUConfiguration ? this.configuration : this.registers.load(offset);
  }

  protected override writeWord(offset: number, value: number): void {
    this.registers.store(offset, value);
  }

  save(): A9ScuState {
    return { registers: this.registers.save() };
  }

  restore({ registers }: A9ScuState): void {
    this.registers.restore(registers);
  }
}
