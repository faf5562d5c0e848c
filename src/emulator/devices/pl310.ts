// SPDX-License-Identifier: GPL-2.0-only
/**
 * Level 2 Cache Controller (L2C-310, PL310): the registers. Arm DDI 0246, chapter 3, revision r3p2. What software asks
 * for here is done by the machine's outer cache (`hw/machine.ts`), so that whoever watches sees each operation.
 * Model: every operation, also by way, is complete when the store is; an operation on some of the ways, or by set and
 * way, does nothing; event counters, lockdown, latencies and filtering are kept and change nothing; accesses are
 * secure. Linux: arch/arm/mm/cache-l2x0.c.
 */
import type { Machine } from '../../hw/machine.js';
import type { OuterOperation } from '../../hw/observer.js';
import type { Stateful } from './device.js';
import { fieldOf, type Register, RegisterFile, register, WordDevice } from './registers.js';

const reg1_control = register('reg1_control', 0x100, 0, '31:1 -, 0 L2CacheEnable rw');
const reg1_aux_control = register(
  'reg1_aux_control',
  0x104,
  0x02020000,
  '31 -, 30 EarlyBRESP rw, 29 InstructionPrefetch rw, 28 DataPrefetch rw, 27 NSInterruptAccess rw',
  '26 NSLockdown rw, 25 ReplacementPolicy rw, 24:23 ForceWriteAllocate rw, 22 SharedOverride rw, 21 Parity rw',
  '20 EventMonitorBus rw, 19:17 WaySize rw, 16 Associativity rw, 15:14 -, 13 SharedInvalidate rw',
  '12 ExclusiveCache rw, 11 StoreBufferDeviceLimitation rw, 10 HighPrioritySODev rw, 9:1 -, 0 FullLineOfZeros rw',
);
const reg1_tag_ram_control = register(
  'reg1_tag_ram_control',
  0x108,
  0x777,
  '31:11 -, 10:8 Write rw, 7 -, 6:4 Read rw, 3 -, 2:0 Setup rw',
);
const reg1_data_ram_control = register(
  'reg1_data_ram_control',
  0x10c,
  0x777,
  '31:11 -, 10:8 Write rw, 7 -, 6:4 Read rw, 3 -, 2:0 Setup rw',
);
const reg2_ev_counter_ctrl = register('reg2_ev_counter_ctrl', 0x200, 0, '31:3 -, 2:1 Reset wo, 0 Enable rw');
const reg2_ev_counter1_cfg = register(
  'reg2_ev_counter1_cfg',
  0x204,
  0,
  '31:6 -, 5:2 Source rw, 1:0 Interrupt rw',
);
const reg2_ev_counter0_cfg = register(
  'reg2_ev_counter0_cfg',
  0x208,
  0,
  '31:6 -, 5:2 Source rw, 1:0 Interrupt rw',
);
const reg2_ev_counter1 = register('reg2_ev_counter1', 0x20c, 0, '31:0 Value rw');
const reg2_ev_counter0 = register('reg2_ev_counter0', 0x210, 0, '31:0 Value rw');
const reg2_int_mask = register('reg2_int_mask', 0x214, 0, '31:9 -, 8:0 Mask rw');
const reg12_addr_filtering_start = register(
  'reg12_addr_filtering_start',
  0xc00,
  0,
  '31:20 Start rw, 19:1 -, 0 Enable rw',
);
const reg12_addr_filtering_end = register('reg12_addr_filtering_end', 0xc04, 0, '31:20 End rw, 19:0 -');
const reg15_debug_ctrl = register('reg15_debug_ctrl', 0xf40, 0, '31:3 -, 2 SPNIDEN ro, 1 DWB rw, 0 DCL rw');
const reg15_prefetch_ctrl = register(
  'reg15_prefetch_ctrl',
  0xf60,
  0,
  '31 -, 30 DoubleLinefill rw, 29 InstructionPrefetch rw, 28 DataPrefetch rw, 27 DoubleLinefillWrap rw, 26:25 -',
  '24 PrefetchDrop rw, 23 IncrDoubleLinefill rw, 22 -, 21 NotSameID rw, 20:5 -, 4:0 Offset rw',
);
const reg15_power_ctrl = register(
  'reg15_power_ctrl',
  0xf80,
  0,
  '31:2 -, 1 DynamicClockGating rw, 0 Standby rw',
);
/** Data and instruction lockdown of masters 0 to 7. */
const reg9_lockdown = Array.from({ length: 16 }, (_, i) =>
  register(`reg9_${i % 2 === 0 ? 'd' : 'i'}_lockdown${i >>> 1}`, 0x900 + 4 * i, 0, '31:16 -, 15:0 Ways rw'),
);

const reg0_cache_id = 0x000;
const reg0_cache_type = 0x004;
const reg7_cache_sync = 0x730;

/** Implementer 0x41, part 3, r3p2: what boards of the recordings have. */
const CACHE_ID = 0x410000c8;

/** Bits 29 and 28 of reg1_aux_control and of reg15_prefetch_ctrl. */
const PREFETCH: number = reg15_prefetch_ctrl.bits.InstructionPrefetch | reg15_prefetch_ctrl.bits.DataPrefetch;

/** Operations by physical address: [31:5] are the line's. */
const BY_ADDRESS: ReadonlyMap<number, OuterOperation> = new Map([
  [0x770, 'invalidate'],
  [0x7b0, 'clean'],
  [0x7f0, 'clean-invalidate'],
]);
/** Operations by way: a bit for each. */
const BY_WAY: ReadonlyMap<number, OuterOperation> = new Map([
  [0x77c, 'invalidate'],
  [0x7bc, 'clean'],
  [0x7fc, 'clean-invalidate'],
]);
const LINE_BYTES = 32;

export interface Pl310Options {
  /** reg1_aux_control after reset, or as firmware left it. */
  readonly auxiliaryControl?: number;
}

export interface Pl310State {
  readonly registers: Uint32Array;
}

export class Pl310 extends WordDevice implements Stateful<Pl310State> {
  readonly name = 'PL310';
  private readonly machine: Machine;
  private readonly registers = new RegisterFile([
    reg1_control,
    reg1_aux_control,
    reg1_tag_ram_control,
    reg1_data_ram_control,
    reg2_ev_counter_ctrl,
    reg2_ev_counter1_cfg,
    reg2_ev_counter0_cfg,
    reg2_ev_counter1,
    reg2_ev_counter0,
    reg2_int_mask,
    ...reg9_lockdown,
    reg12_addr_filtering_start,
    reg12_addr_filtering_end,
    reg15_debug_ctrl,
    reg15_prefetch_ctrl,
    reg15_power_ctrl,
  ]);

  /** The machine must have a PL310. It is off until software switches it on. */
  constructor(machine: Machine, options: Pl310Options = {}) {
    super();
    this.machine = machine;
    if (options.auxiliaryControl !== undefined) {
      this.registers.set(reg1_aux_control, options.auxiliaryControl);
      this.share(reg1_aux_control, reg15_prefetch_ctrl);
    }
    this.tellMachine();
  }

  protected override readWord(offset: number): number {
    if (offset === reg0_cache_id) return CACHE_ID;
    if (offset === reg0_cache_type) return this.cacheType();
    // Operations read as zero: nothing is in progress.
    return this.registers.load(offset);
  }

  protected override writeWord(offset: number, value: number): void {
    const { machine, registers } = this;
    const byAddress = BY_ADDRESS.get(offset);
    const byWay = BY_WAY.get(offset);
    if (byAddress !== undefined) {
      if (this.isOn) machine.outerMaintain(byAddress, value - (value % LINE_BYTES), LINE_BYTES);
    } else if (byWay !== undefined) {
      // An operation by way also works while the cache is off: Linux invalidates before it switches it on.
      if ((value & this.allWays) === this.allWays) machine.outerMaintainAll(byWay);
    } else if (offset === reg7_cache_sync) machine.barrier('outer-sync');
    // With the cache on, writes to its configuration are errors. DDI 0246, 3.3.4. Model: they are ignored.
    else if (this.isOn && offset > reg1_control.offset && offset <= reg1_data_ram_control.offset) return;
    else {
      registers.store(offset, value);
      if (offset === reg1_aux_control.offset) this.share(reg1_aux_control, reg15_prefetch_ctrl);
      if (offset === reg15_prefetch_ctrl.offset) this.share(reg15_prefetch_ctrl, reg1_aux_control);
      if (offset <= reg1_aux_control.offset || offset === reg15_prefetch_ctrl.offset) this.tellMachine();
    }
  }

  /** Instruction and data prefetch are one pair of bits in two registers. DDI 0246, tables 3-8 and 3-18. */
  private share(written: Register, other: Register): void {
    const { registers } = this;
    registers.set(other, (registers.get(other) & ~PREFETCH) | (registers.get(written) & PREFETCH));
  }

  private get isOn(): boolean {
    return this.registers.has(reg1_control, reg1_control.bits.L2CacheEnable);
  }

  private get allWays(): number {
    return this.registers.has(reg1_aux_control, reg1_aux_control.bits.Associativity) ? 0xffff : 0xff;
  }

  /**
   * [28:25] ctype 0b1110 (DDI 0246, table 3-4), [24] harvard 0, [22:20] and [10:8] the ways' size, [18] and [6]
   * associativity, line length 0.
   */
  private cacheType(): number {
    const control = this.registers.get(reg1_aux_control);
    const size = fieldOf(control, reg1_aux_control.bits.WaySize);
    const ways = fieldOf(control, reg1_aux_control.bits.Associativity);
    const half = (size << 8) | (ways << 6);
    return (0b1110 << 25) | (half << 12) | half;
  }

  private tellMachine(): void {
    const { machine, registers } = this;
    const { facts } = machine;
    if (facts.outerCache === null) return;
    const sharedOverride = registers.has(reg1_aux_control, reg1_aux_control.bits.SharedOverride);
    const auxiliaryControl = registers.get(reg1_aux_control);
    machine.outerCache = { ...facts.outerCache, sharedOverride, auxiliaryControl };
    machine.outerInUse = this.isOn;
  }

  save(): Pl310State {
    return { registers: this.registers.save() };
  }

  restore({ registers }: Pl310State): void {
    this.registers.restore(registers);
    this.tellMachine();
  }
}
