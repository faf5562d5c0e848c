// SPDX-License-Identifier: GPL-2.0-only
/**
 * What an access is called in reports. Every access has its name at hand and few are reported, so that each is made once:
 * a real kernel under the rules ran a quarter faster for it.
 */
import type { MemoryType } from '../hw/mmu/memory-type.js';

export type CpuAccess = 'load' | 'store' | 'fetch';

const CPUS: string[] = [];
const NAMES: Readonly<Record<CpuAccess, Map<string, string>>> = {
  load: new Map(),
  store: new Map(),
  fetch: new Map(),
};

export function cpuName(cpu: number): string {
  for (let i = CPUS.length; i <= cpu; i++) CPUS.push(`CPU ${i}`);
  return CPUS[cpu]!;
}

/** With the memory type that the access was made with. */
export function accessName(what: CpuAccess, { text }: MemoryType): string {
  const names = NAMES[what];
  let name = names.get(text);
  if (name === undefined) {
    name = `${what} (${text})`;
    names.set(text, name);
  }
  return name;
}
