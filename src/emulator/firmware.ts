// SPDX-License-Identifier: GPL-2.0-only
/**
 * The firmware that a kernel calls with HVC or SMC: PSCI, on the cores of a system. What the calls mean is
 * `devices/psci.ts`; here is what they do to cores.
 */
import { type Cpu, type Firmware, POWERED_OFF, WAITING_FOR_INTERRUPT } from './cpu/cpu.js';
import { type PowerControl, psciCall } from './devices/psci.js';
import type { System } from './system.js';

/** Arguments of the call: r0 to r3. */
export class PsciFirmware implements Firmware {
  private readonly power: PowerControl;
  private readonly conduit: 'hvc' | 'smc';

  constructor(system: System, conduit: 'hvc' | 'smc', ends: { off(): void; reset(): void }) {
    this.conduit = conduit;
    const { cpus } = system;
    this.power = {
      affinities: cpus.map(({ index }) => index),
      isOn: core => cpus[core]!.state !== POWERED_OFF,
      powerOn: (core, entry, context) => cpus[core]!.powerOn(entry, context),
      powerOff: core => cpus[core]!.powerOff(),
      standby: core => {
        const cpu = cpus[core]!;
        if (cpu.irq === 0 && cpu.fiq === 0) cpu.state = WAITING_FOR_INTERRUPT;
        cpu.attention = 1;
      },
      systemOff: () => ends.off(),
      systemReset: () => ends.reset(),
    };
  }

  call(cpu: Cpu, instruction: 'hvc' | 'smc'): boolean {
    if (instruction !== this.conduit) return false;
    const { r } = cpu;
    const answer = psciCall(this.power, cpu.index, r[0]! >>> 0, r[1]! >>> 0, r[2]! >>> 0, r[3]! >>> 0);
    if (answer !== null) r[0] = answer;
    return true;
  }
}
