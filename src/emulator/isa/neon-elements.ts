// SPDX-License-Identifier: GPL-2.0-only
/**
 * Encodings of Advanced SIMD element and structure loads and stores: ARM DDI 0406C, A7.7, tables A7-20 and A7-21.
 * What decode() leaves in an Op for them is drawn in `execute-elements.ts`.
 */
import { type Decoded, UNDEFINED, UNPREDICTABLE } from './encoding.js';
import { loadAllLanes, loadLane, loadStructures, storeLane, storeStructures } from './execute-elements.js';
import type { Op } from './op.js';
import type { TwinRow } from './vector-rows.js';

function row(
  name: string,
  section: number,
  bits: string,
  syntax: string,
  decode: (op: Op) => Decoded,
): TwinRow {
  return {
    name,
    number: '1',
    section,
    class: 'neon-load-store',
    a32: `1111 0100 ${bits}`,
    t32: `1111 1001 ${bits}`,
    syntax,
    unit: 'neon',
    decode,
  };
}

/** Section of VLD1 (multiple), of which the others follow; and of VST1. */
const LOADS = 320;
const STORES = 404;

/** An `align` field of two bits: nothing, or 8, 16, 32 bytes. */
function alignMask(align: number): number {
  return align === 0 ? 0 : (4 << align) - 1;
}

/** Multiple structures: `type` says how many elements, how far apart their registers, how often. */
function multiple(load: boolean, amount: number, type: string, distance: number, times: number): TwinRow {
  const letters = load ? 'VLD' : 'VST';
  const section = load ? LOADS + 3 * (amount - 1) : STORES + 2 * (amount - 1);
  const decode = (op: Op): Decoded => {
    const align = op.imm;
    op.vd |= op.d << 4;
    op.amount = amount;
    op.b = distance;
    op.index = times;
    op.mask = alignMask(align);
    if (amount !== 1 && op.size === 3) return UNDEFINED;
    // 16 bytes need two registers at least, and an even number of them; 32 bytes need four.
    const registers = amount * times;
    if ((registers === 1 || registers === 3) && align >= 2) return UNDEFINED;
    if (registers === 2 && align === 3) return UNDEFINED;
    if (op.rn === 15 || op.vd + (amount - 1) * distance + times > 32) return UNPREDICTABLE;
    return load ? loadStructures : storeStructures;
  };
  return row(
    `${letters}${amount} (multiple ${amount === 1 ? 'single elements' : `${amount}-element structures`})`,
    section,
    `0 d:1 ${load ? 1 : 0} 0 rn:4 vd:4 ${type} size:2 imm:2 rm:4`,
    `${letters.toLowerCase()}${amount}{c}.{size} {list}, {element}`,
    decode,
  );
}

/** What index_align says, for each size; undefined where it may not be. */
interface Lane {
  readonly index: number;
  readonly distance: number;
  readonly alignment: number;
}

function laneOf(amount: number, size: number, bits: number): Lane | undefined {
  const index = bits >> (size + 1);
  // The bit below the lane's number spaces registers; bytes have none.
  const distance = size > 0 && ((bits >> size) & 1) !== 0 ? 2 : 1;
  const low = bits & (size === 2 ? 3 : 1);
  const bytes = amount << size;
  if (amount === 1) {
    if (distance === 2) return undefined;
    if (size === 0) return low === 0 ? { index, distance: 1, alignment: 1 } : undefined;
    if (size === 1) return { index, distance, alignment: low === 0 ? 1 : 2 };
    return low === 0 || low === 3 ? { index, distance, alignment: low === 0 ? 1 : 4 } : undefined;
  }
  if (amount === 3) return low === 0 ? { index, distance, alignment: 1 } : undefined;
  if (low === 0) return { index, distance, alignment: 1 };
  if (size < 2) return { index, distance, alignment: bytes };
  // Words: VLD2 may ask for 8 bytes, VLD4 for 8 or 16.
  if (low === 3 || (amount === 2 && low === 2)) return undefined;
  return { index, distance, alignment: 4 << low };
}

function single(load: boolean, amount: number): TwinRow[] {
  const letters = load ? 'VLD' : 'VST';
  const section = (load ? LOADS + 3 * (amount - 1) : STORES + 2 * (amount - 1)) + 1;
  return ['00', '01', '10'].map((sizeBits, size) => {
    const decode = (op: Op): Decoded => {
      const lane = laneOf(amount, size, op.imm);
      if (lane === undefined) return UNDEFINED;
      op.vd |= op.d << 4;
      op.size = size;
      op.amount = amount;
      op.b = lane.distance;
      op.index = lane.index;
      op.mask = lane.alignment - 1;
      if (op.rn === 15 || op.vd + (amount - 1) * lane.distance > 31) return UNPREDICTABLE;
      return load ? loadLane : storeLane;
    };
    return row(
      `${letters}${amount} (single ${amount === 1 ? 'element' : `${amount}-element structure`} ${load ? 'to' : 'from'} one lane)`,
      section,
      `1 d:1 ${load ? 1 : 0} 0 rn:4 vd:4 ${sizeBits} ${['00', '01', '10', '11'][amount - 1]} imm:4 rm:4`,
      `${letters.toLowerCase()}${amount}{c}.{size} {lanes}, {element}`,
      decode,
    );
  });
}

function allLanes(amount: number): TwinRow {
  const decode = (op: Op): Decoded => {
    const aligned = op.a !== 0;
    op.vd |= op.d << 4;
    op.amount = amount;
    op.index = amount === 1 && op.t !== 0 ? 2 : 1;
    op.b = amount !== 1 && op.t !== 0 ? 2 : 1;
    if (op.size === 3) {
      // Only VLD4 has it: words, aligned to 16 bytes.
      if (amount !== 4 || !aligned) return UNDEFINED;
      op.size = 2;
      op.mask = 15;
    } else {
      if (aligned && (amount === 3 || (amount === 1 && op.size === 0))) return UNDEFINED;
      const bytes = amount === 4 && op.size === 2 ? 8 : amount << op.size;
      op.mask = aligned ? bytes - 1 : 0;
    }
    if (op.rn === 15 || op.vd + (amount - 1) * op.b + op.index > 32) return UNPREDICTABLE;
    return loadAllLanes;
  };
  return row(
    `VLD${amount} (single ${amount === 1 ? 'element' : `${amount}-element structure`} to all lanes)`,
    LOADS + 3 * (amount - 1) + 2,
    `1 d:1 1 0 rn:4 vd:4 11 ${['00', '01', '10', '11'][amount - 1]} size:2 t:1 a:1 rm:4`,
    `vld${amount}{c}.{size} {all}, {element}`,
    decode,
  );
}

export const neonElementRows: readonly TwinRow[] = [true, false].flatMap(load => [
  multiple(load, 1, '0111', 1, 1),
  multiple(load, 1, '1010', 1, 2),
  multiple(load, 1, '0110', 1, 3),
  multiple(load, 1, '0010', 1, 4),
  ...single(load, 1),
  ...(load ? [allLanes(1)] : []),
  multiple(load, 2, '1000', 1, 1),
  multiple(load, 2, '1001', 2, 1),
  multiple(load, 2, '0011', 2, 2),
  ...single(load, 2),
  ...(load ? [allLanes(2)] : []),
  multiple(load, 3, '0100', 1, 1),
  multiple(load, 3, '0101', 2, 1),
  ...single(load, 3),
  ...(load ? [allLanes(3)] : []),
  multiple(load, 4, '0000', 1, 1),
  multiple(load, 4, '0001', 2, 1),
  ...single(load, 4),
  ...(load ? [allLanes(4)] : []),
]);
