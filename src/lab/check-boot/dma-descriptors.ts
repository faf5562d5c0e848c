// SPDX-License-Identifier: GPL-2.0-only
/**
 * Translation table entries as a recorder reads them: l1, l2 and Linux's own entry with short descriptors, l2 and
 * l3 with long ones. In text the last one stands whole where its address is told, else without it; those that lead
 * to tables stand by their low bits, since the page allocator placed the table.
 */
import { Translation } from '../../hw/mmu/translation.js';
import { WALK_OK } from '../../hw/mmu/walker.js';
import type { Kernel } from '../../linux/kernel.js';

export interface Descriptors {
  /** From the first that was recorded. */
  readonly levels: readonly bigint[];
  /** Linux's own entry beside the hardware's. */
  readonly linux: bigint | undefined;
}

/** Bytes between Linux's own and the hardware's entry. Linux: pgtable-2level.h, PTE_HWTABLE_OFF (v6.12). */
const HARDWARE_TABLE_OFFSET = 2048;

/** Low bits of a descriptor that points to a table. DDI 0406C, B3.5.1 and B3.6.1. */
const SHORT_TABLE_BITS = 0x3ffn;
const LONG_TABLE_BITS = 0xfffn;

/** Address bits of a page and of a section, by format. DDI 0406C, B3.5.1, B3.6.1 and B3.6.2. */
const SHORT_PAGE = 0xfffff000n;
const SHORT_SECTION = 0xfff00000n;
const LONG_PAGE = 0xff_ffff_f000n;
const LONG_BLOCK = 0xff_ffe0_0000n;

export function recordedDescriptors(got: Readonly<Record<string, string>>): Descriptors {
  const levels = ['l1', 'l2', 'l3'].flatMap(name => {
    const text = got[name];
    return text === undefined ? [] : [BigInt(`0x${text}`)];
  });
  const linux = got['linux'];
  return { levels, linux: linux === undefined ? undefined : BigInt(`0x${linux}`) };
}

/** Empty where nothing is mapped. */
export function descriptorsAt(k: Kernel, vaddr: number): Descriptors {
  const { machine, mmu } = k;
  const found = new Translation();
  if (machine.walker.walk(vaddr, found) !== WALK_OK) return { levels: [], linux: undefined };
  const long = mmu.pgtable.levels === 3;
  const levels: bigint[] = [];
  // With long descriptors l1, where it is walked at all, is not recorded.
  const recordedLevels = found.kind === 'page' ? 2 : 1;
  for (let level = found.levels - recordedLevels; level < found.levels; level++) {
    const [low, high] = [found.descriptors[2 * level]!, found.descriptors[2 * level + 1]!];
    levels.push((BigInt(long ? high : 0) << 32n) | BigInt(low));
  }
  if (long || found.kind !== 'page') return { levels, linux: undefined };
  return { levels, linux: BigInt(machine.ram.read32(found.entryPaddr - HARDWARE_TABLE_OFFSET) >>> 0) };
}

export function descriptorText(k: Kernel, { levels, linux }: Descriptors, exact: boolean): string {
  const long = k.mmu.pgtable.levels === 3;
  const isPage = levels.length === 2;
  const tableBits = long ? LONG_TABLE_BITS : SHORT_TABLE_BITS;
  const addressBits = long ? (isPage ? LONG_PAGE : LONG_BLOCK) : isPage ? SHORT_PAGE : SHORT_SECTION;
  const last = (value: bigint): bigint => (exact ? value : value & ~addressBits);
  const texts = levels.map((value, level) => {
    const shown = level < levels.length - 1 ? value & tableBits : last(value);
    return `l${level + (long ? 2 : 1)} ${show(shown)}`;
  });
  if (linux !== undefined) texts.push(`linux ${show(last(linux))}`);
  return texts.join(' ');
}

function show(value: bigint): string {
  return `0x${value.toString(16)}`;
}
