// SPDX-License-Identifier: GPL-2.0-only
/**
 * System registers of a Versatile Express motherboard (V2M-P1). Arm DUI 0447, 4.3: identification, flags through which
 * secondary cores are told where to go, counters, and the configuration bus to oscillators, regulators and power.
 * Linux: drivers/mfd/vexpress-sysreg.c, drivers/bus/vexpress-config.c, arch/arm/mach-versatile/v2m.c.
 * Model: a configuration request is done at once; sensors show nominal values.
 */
import type { Clock } from '../clock.js';
import type { Stateful } from './device.js';
import { Rate } from './rate.js';
import { fieldOf, RegisterFile, register, WordDevice } from './registers.js';

const SYS_LED = register('SYS_LED', 0x008, 0, '31:8 -, 7:0 LED rw');
const SYS_FLAGS = register('SYS_FLAGS', 0x030, 0, '31:0 Flags ro');
const SYS_NVFLAGS = register('SYS_NVFLAGS', 0x038, 0, '31:0 Flags ro');
const SYS_FLASH = register('SYS_FLASH', 0x04c, 0, '31:1 -, 0 WPn rw');
const SYS_CFGSW = register('SYS_CFGSW', 0x058, 0, '31:8 -, 7:0 Switches rw');
const SYS_MISC = register('SYS_MISC', 0x060, 0, '31:0 Misc ro');
const SYS_DMA = register('SYS_DMA', 0x064, 0, '31:0 Select rw');
const SYS_CFGDATA = register('SYS_CFGDATA', 0x0a0, 0, '31:0 Data rw');
const SYS_CFGCTRL = register(
  'SYS_CFGCTRL',
  0x0a4,
  0,
  '31 Start rw, 30 Write rw, 29:26 DCC rw, 25:20 Function rw, 19:18 -, 17:16 Site rw, 15:12 Position rw',
  '11:0 Device rw',
);
const SYS_CFGSTAT = register('SYS_CFGSTAT', 0x0a8, 0, '31:2 -, 1 Error rw, 0 Complete rw');

/** Registers that are computed or only written. SYS_FLAGS and SYS_NVFLAGS are set where they are read. */
const SYS_ID = 0x000;
const SYS_SW = 0x004;
const SYS_100HZ = 0x024;
const SYS_FLAGSCLR = 0x034;
const SYS_NVFLAGSCLR = 0x03c;
const SYS_MCI = 0x048;
const SYS_24MHZ = 0x05c;
const SYS_PROCID0 = 0x084;
const SYS_PROCID1 = 0x088;

/** Revision 1, board HBI-0190, variant F, bus architecture 5 (AXI). Model: an FPGA build of 0. */
const ID = 0x1190f500;
/** No daughterboard on site 2. */
const NO_BOARD = 0xff000000;

/** SYS_CFGCTRL's functions. Documentation/devicetree/bindings/arm/vexpress-config.yaml. */
const OSC = 1;
const VOLT = 2;
const AMP = 3;
const TEMP = 4;
const RESET = 5;
const MUXFPGA = 7;
const SHUTDOWN = 8;
const REBOOT = 9;
const DVIMODE = 11;
const POWER = 12;

/** Sites of the motherboard and of the first daughterboard. */
const SITES = [0, 1];

/** What the configuration bus reaches: by function and site, a value for each device. */
type Settings = { readonly [fn: number]: readonly (readonly number[])[] };

/**
 * Hz and microvolts of the motherboard (DUI 0447, 2.4 and 2.3) and of a CoreTile Express A9x4 (DUI 0448, 2.5, 3.3).
 * Microampere, milli-degrees and microwatts: Model.
 */
const SETTINGS: Settings = {
  [OSC]: [
    [50_000_000, 23_750_000, 24_000_000],
    [45_000_000, 23_750_000, 66_670_000],
  ],
  [VOLT]: [[3_300_000], [1_000_000, 1_000_000, 1_000_000, 1_800_000, 900_000, 3_300_000]],
  [AMP]: [[], [0, 0]],
  [TEMP]: [[30_000], []],
  [MUXFPGA]: [[0], []],
  [DVIMODE]: [[0], []],
  [POWER]: [[], [0, 0]],
};

export interface VeSysregsState {
  readonly registers: Uint32Array;
  readonly oscillators: readonly number[];
}

export class VeSysregs extends WordDevice implements Stateful<VeSysregsState> {
  readonly name = 'VE system registers';
  private readonly clock: Clock;
  private readonly procId: number;
  private readonly onPower: (what: 'shutdown' | 'reboot') => void;
  private readonly hz100 = new Rate(100);
  private readonly mhz24 = new Rate(24_000_000);
  private readonly registers = new RegisterFile([
    SYS_LED,
    SYS_FLAGS,
    SYS_NVFLAGS,
    SYS_FLASH,
    SYS_CFGSW,
    SYS_MISC,
    SYS_DMA,
    SYS_CFGDATA,
    SYS_CFGCTRL,
    SYS_CFGSTAT,
  ]);
  /** Hz of each oscillator as software set it: motherboard, daughterboard. */
  private oscillators: number[][] = SETTINGS[OSC]!.map(site => [...site]);

  /** `procId`: SYS_PROCID0, with the daughterboard's HBI number in [11:0]. */
  constructor(clock: Clock, procId: number, onPower: (what: 'shutdown' | 'reboot') => void) {
    super();
    this.clock = clock;
    this.procId = procId;
    this.onPower = onPower;
  }

  /** Where the boot monitor sends a secondary core that got an interrupt. */
  get flags(): number {
    return this.registers.get(SYS_FLAGS);
  }

  protected override readWord(offset: number): number {
    switch (offset) {
      case SYS_ID:
        return ID;
      case SYS_PROCID0:
        return this.procId;
      case SYS_PROCID1:
        return NO_BOARD;
      case SYS_100HZ:
        return this.hz100.countAt(this.clock.now) % 2 ** 32;
      case SYS_24MHZ:
        return this.mhz24.countAt(this.clock.now) % 2 ** 32;
      // No switch is on, and no card is in the slot.
      case SYS_SW:
      case SYS_MCI:
        return 0;
      default:
        return this.registers.load(offset);
    }
  }

  protected override writeWord(offset: number, value: number): void {
    const { registers } = this;
    switch (offset) {
      case SYS_FLAGS.offset:
        registers.setBits(SYS_FLAGS, value);
        break;
      case SYS_FLAGSCLR:
        registers.clearBits(SYS_FLAGS, value);
        break;
      case SYS_NVFLAGS.offset:
        registers.setBits(SYS_NVFLAGS, value);
        break;
      case SYS_NVFLAGSCLR:
        registers.clearBits(SYS_NVFLAGS, value);
        break;
      default:
        if (registers.store(offset, value) === SYS_CFGCTRL && (value & SYS_CFGCTRL.bits.Start) !== 0) {
          this.configure(value);
        }
    }
  }

  private configure(request: number): void {
    const { registers } = this;
    const { Start, Write, DCC, Site, Position, Device } = SYS_CFGCTRL.bits;
    const site = fieldOf(request, Site);
    const known = SITES.includes(site) && (request & (DCC | Position)) === 0;
    const done =
      known &&
      this.perform(
        fieldOf(request, SYS_CFGCTRL.bits.Function),
        site,
        fieldOf(request, Device),
        (request & Write) !== 0,
      );
    registers.clearBits(SYS_CFGCTRL, Start);
    registers.set(SYS_CFGSTAT, done ? SYS_CFGSTAT.bits.Complete : SYS_CFGSTAT.bits.Error);
  }

  private perform(fn: number, site: number, device: number, write: boolean): boolean {
    const { registers } = this;
    if (fn === SHUTDOWN || fn === REBOOT || fn === RESET) {
      if (write) this.onPower(fn === SHUTDOWN ? 'shutdown' : 'reboot');
      return write;
    }
    const values = fn === OSC ? this.oscillators[site] : SETTINGS[fn]?.[site];
    if (values?.[device] === undefined) return false;
    if (!write) registers.set(SYS_CFGDATA, values[device]);
    else if (fn === OSC) this.oscillators[site]![device] = registers.get(SYS_CFGDATA);
    return true;
  }

  save(): VeSysregsState {
    return { registers: this.registers.save(), oscillators: this.oscillators.flat() };
  }

  restore(state: VeSysregsState): void {
    this.registers.restore(state.registers);
    const rest = [...state.oscillators];
    this.oscillators = this.oscillators.map(site => rest.splice(0, site.length));
  }
}
