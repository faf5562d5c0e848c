// SPDX-License-Identifier: GPL-2.0-only
/**
 * System controller (SP810): of it only the control register that selects the timers' clocks. Arm DDI 0254, chapter 3.
 * Model: the timers run at 1 MHz whatever is selected; a kernel selects that. Linux: drivers/clk/versatile/clk-sp810.c.
 */
import type { Stateful } from './device.js';
import { primeCellId, RegisterFile, register, WordDevice } from './registers.js';

const SCCTRL = register(
  'SCCTRL',
  0x000,
  0x9,
  '31:24 -, 23 WDogEnOv rw, 22 TimerEn3Ov rw, 21 TimerEn3Sel rw, 20 TimerEn2Ov rw, 19 TimerEn2Sel rw',
  '18 TimerEn1Ov rw, 17 TimerEn1Sel rw, 16 TimerEn0Ov rw, 15 TimerEn0Sel rw, 14:12 HCLKDivSel rw, 11:10 -',
  '9 RemapStat ro, 8 RemapClear rw, 7 -, 6:3 ModeStatus ro, 2:0 ModeCtrl rw',
);
/** SCPeriphID0-3: part 0x810, designer 0x41. */
const PERIPHID = 0x00041810;

export interface Sp810State {
  readonly registers: Uint32Array;
}

export class Sp810 extends WordDevice implements Stateful<Sp810State> {
  readonly name = 'SP810';
  private readonly registers = new RegisterFile([SCCTRL]);

  protected override readWord(offset: number): number {
    return primeCellId(offset, PERIPHID) ?? this.registers.load(offset);
  }

  protected override writeWord(offset: number, value: number): void {
    this.registers.store(offset, value);
  }

  save(): Sp810State {
    return { registers: this.registers.save() };
  }

  restore({ registers }: Sp810State): void {
    this.registers.restore(registers);
  }
}
