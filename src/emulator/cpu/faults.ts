// SPDX-License-Identifier: GPL-2.0-only
/**
 * Kinds of memory faults, and how the fault status registers tell them: ARM DDI 0406C, B3.13 (tables B3-23 and
 * B3-24 for both formats). A fault is `kind << 2 | level`; level 0 where it has none.
 */
import {
  ACCESS_FLAG_FAULT,
  TRANSLATION_FAULT_L1,
  TRANSLATION_FAULT_L3,
  WALK_ABORT_L1,
} from '../../hw/mmu/walker.js';

export const FAULT_NONE = 0;
export const FAULT_ALIGNMENT = 1;
export const FAULT_TRANSLATION = 2;
export const FAULT_ACCESS_FLAG = 3;
export const FAULT_DOMAIN = 4;
export const FAULT_PERMISSION = 5;
export const FAULT_EXTERNAL = 6;
export const FAULT_EXTERNAL_ON_WALK = 7;
export const FAULT_DEBUG = 8;

export function fault(kind: number, level = 0): number {
  return (kind << 2) | level;
}

/** A fault of the table walker; `levels`: how many entries it has read. */
export function walkFault(code: number, levels: number): number {
  if (code === ACCESS_FLAG_FAULT) return fault(FAULT_ACCESS_FLAG, levels);
  if (code >= TRANSLATION_FAULT_L1 && code <= TRANSLATION_FAULT_L3) return fault(FAULT_TRANSLATION, code);
  return fault(FAULT_EXTERNAL_ON_WALK, code - WALK_ABORT_L1 + 1);
}

/** FS[4:0] of the short-descriptor format, by kind, at level 1 and at level 2. */
const SHORT: readonly (readonly [number, number])[] = [
  [0, 0],
  [0b00001, 0b00001],
  [0b00101, 0b00111],
  [0b00011, 0b00110],
  [0b01001, 0b01011],
  [0b01101, 0b01111],
  [0b01000, 0b01000],
  [0b01100, 0b01110],
  [0b00010, 0b00010],
];

/** STATUS[5:0] of the long-descriptor format, by kind, without the level. */
const LONG: readonly number[] = [
  0, 0b100001, 0b000100, 0b001000, 0b111100, 0b001100, 0b010000, 0b010100, 0b100010,
];

/** Faults that do not come from an entry of a table have none. */
function hasLevel(kind: number): boolean {
  return kind !== FAULT_ALIGNMENT && kind !== FAULT_EXTERNAL && kind !== FAULT_DEBUG;
}

/**
 * DFSR.CM: cache maintenance made the fault, whose WnR is set all the same. Of cores with long descriptors, in both
 * formats: B4.1.52. Linux: arch/arm/mm/fault.c, is_write_fault() (v6.12), tells by it that nothing was to be written.
 */
export const DFSR_CM: number = 1 << 13;

/** DFSR or IFSR. `domain` counts only in the short format. */
export function faultStatus(long: boolean, code: number, domain: number, write: boolean): number {
  const kind = code >> 2;
  const level = code & 3;
  const writeBit = write ? 1 << 11 : 0;
  if (long) {
    return (1 << 9) | LONG[kind]! | (hasLevel(kind) ? level : 0) | writeBit;
  }
  const fs = SHORT[kind]![level >= 2 ? 1 : 0]!;
  return ((fs & 0x10) << 6) | (domain << 4) | (fs & 0xf) | writeBit;
}

const NAMES: readonly string[] = [
  '',
  'alignment fault',
  'translation fault',
  'access flag fault',
  'domain fault',
  'permission fault',
  'synchronous external abort',
  'external abort on a table walk',
  'debug event',
];

/** What DFSR or IFSR say, in the format that bit 9 tells: `translation fault level 2`. */
export function faultText(status: number): string {
  const long = (status & (1 << 9)) !== 0;
  const mask = long ? 0x3f : 0x40f;
  for (let kind = FAULT_ALIGNMENT; kind <= FAULT_DEBUG; kind++) {
    for (let level = 1; level <= 3; level++) {
      if (((faultStatus(long, fault(kind, level), 0, false) ^ status) & mask) !== 0) continue;
      const domain = kind === FAULT_DOMAIN && !long ? ` of domain ${(status >>> 4) & 15}` : '';
      return `${NAMES[kind]}${hasLevel(kind) ? ` level ${level}` : ''}${domain}`;
    }
  }
  return 'unknown fault';
}
