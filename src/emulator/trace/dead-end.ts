// SPDX-License-Identifier: GPL-2.0-only
/**
 * Finds a machine that will never do anything again: each core executes instructions without effect that lead back to
 * themselves, with interrupts masked. Linux ends like that where it cannot say why (arch/arm/kernel/head-common.S,
 * __error; arch/arm/boot/compressed/misc.c, error()), and where it has halted (arch/arm/kernel/reboot.c,
 * machine_halt(); v6.12).
 * Model: FIQ does not count, which Linux does not use on machines like these.
 */
import { type Cpu, POWERED_OFF } from '../cpu/cpu.js';
import { PSR_I } from '../cpu/modes.js';
import type { MemoryView } from '../gdb/memory-view.js';
import { disassemble } from '../isa/disassemble.js';
import type { System } from '../system.js';

/** The longest loop: cpu_relax() of some kernels has ten NOPs. */
const LONGEST = 32;
const IDLE = /^(nop|mov (r\d+), \2|wfi|wfe|yield|d[ms]b|isb|cpsid)(\.w)?( |$)/;
const BRANCH = /^b(\.[nw])? 0x([0-9a-f]+)$/;

/** Between two runs. */
export function isDeadEnd(system: System, memory: MemoryView): boolean {
  const running = system.cpus.filter(cpu => cpu.state !== POWERED_OFF);
  return running.length > 0 && running.every(cpu => loopsForEver(cpu, memory));
}

function loopsForEver(cpu: Cpu, memory: MemoryView): boolean {
  if ((cpu.masks & PSR_I) === 0 || cpu.it !== 0) return false;
  const seen = new Set<number>();
  let address = cpu.r[15]! >>> 0;
  while (!seen.has(address)) {
    if (seen.size === LONGEST) return false;
    seen.add(address);
    const instruction = instructionAt(cpu, memory, address);
    if (instruction === null) return false;
    const branch = BRANCH.exec(instruction.text);
    if (branch !== null) address = Number.parseInt(branch[2]!, 16);
    else if (IDLE.test(instruction.text)) address = (address + instruction.length) >>> 0;
    else return false;
  }
  return true;
}

/** Null: it is not in memory. */
function instructionAt(
  cpu: Cpu,
  memory: MemoryView,
  address: number,
): { text: string; length: number } | null {
  const half = (at: number): number | null => {
    const bytes = memory.read(cpu, at >>> 0, 2);
    return bytes === null ? null : bytes[0]! | (bytes[1]! << 8);
  };
  const first = half(address);
  if (first === null) return null;
  if (cpu.thumb !== 0 && first >>> 11 < 0x1d) return { text: disassemble(first, 't16', address), length: 2 };
  const second = half(address + 2);
  if (second === null) return null;
  const isArm = cpu.thumb === 0;
  const word = (isArm ? first | (second << 16) : (first << 16) | second) >>> 0;
  return { text: disassemble(word, isArm ? 'a32' : 't32', address), length: 4 };
}
