// SPDX-License-Identifier: GPL-2.0-only
/**
 * Registers declared as the table of a datasheet gives them: name, offset, reset value, and every bit, reserved
 * ones included, in one line of text:
 *
 *   register('UARTDMACR', 0x048, 0, '31:3 -, 2 DMAONERR rw, 1 TXDMAE rw, 0 RXDMAE rw')
 *
 * or in several lines. A field is `rw`, `ro`, `wo` (reads as zero) or `w1c` (cleared by writing 1); `-` is
 * reserved: it keeps its reset value and ignores writes. A declaration that leaves a bit out, or has it twice,
 * is an error at start.
 */
import { invariant } from '../../base/diagnostics.js';
import type { AccessSize, MmioDevice } from './device.js';

type Access = 'rw' | 'ro' | 'wo' | 'w1c';
type FieldName<Text extends string> = Text extends `${string} ${infer Name} ${Access}` ? Name : never;
type FieldNames<Text extends string> = Text extends `${infer First}, ${infer Rest}`
  ? FieldName<First> | FieldNames<Rest>
  : FieldName<Text>;

export interface Register<Field extends string = string> {
  readonly name: string;
  /** Bytes from the start of the block. */
  readonly offset: number;
  readonly reset: number;
  /** The mask of each field. */
  readonly bits: Readonly<Record<Field, number>>;
  /** Bits that a write sets to what was written. */
  readonly writable: number;
  /** Bits that are cleared by writing 1 to them. */
  readonly clearedByOne: number;
  /** Bits that a read shows. */
  readonly readable: number;
}

/** The register that `layout` describes; see the head of this file. */
export function register<const Lines extends readonly string[]>(
  name: string,
  offset: number,
  reset: number,
  ...layout: Lines
): Register<FieldNames<Lines[number]>> {
  const bits: Record<string, number> = {};
  let covered = 0;
  let writable = 0;
  let clearedByOne = 0;
  let writeOnly = 0;
  for (const field of layout.join(', ').split(', ')) {
    const [range = '', fieldName = '', access] = field.split(' ');
    const [high = Number.NaN, low = high] = range.split(':').map(Number);
    invariant(high >= low && low >= 0 && high < 32, () => `${name}: bits ${range}`);
    const mask = maskOf(high, low);
    invariant((covered & mask) === 0, () => `${name}: bits ${range} are declared twice`);
    covered = (covered | mask) >>> 0;
    if (fieldName === '-') continue;
    invariant(access !== undefined && !(fieldName in bits), () => `${name}: field ${fieldName}`);
    bits[fieldName] = mask;
    if (access === 'rw' || access === 'wo') writable |= mask;
    if (access === 'w1c') clearedByOne |= mask;
    if (access === 'wo') writeOnly |= mask;
  }
  invariant(covered === 0xffffffff, () => `${name}: bits ${(~covered >>> 0).toString(16)} are not declared`);
  return {
    name,
    offset,
    reset: reset >>> 0,
    bits: bits as Record<FieldNames<Lines[number]>, number>,
    writable: writable >>> 0,
    clearedByOne: clearedByOne >>> 0,
    readable: ~writeOnly >>> 0,
  };
}

/** Ones in bits [high:low]. */
function maskOf(high: number, low: number): number {
  return ((2 ** (high - low + 1) - 1) * 2 ** low) >>> 0;
}

/** The value of a field, moved down to bit 0. */
export function fieldOf(value: number, mask: number): number {
  return (value & mask) >>> (31 - Math.clz32(mask & -mask));
}

/** The values of a block of registers. What nobody declared reads as zero and ignores writes. */
export class RegisterFile {
  private readonly registers: readonly Register[];
  private readonly values: Uint32Array;
  private readonly byWord: (Register | undefined)[] = [];

  constructor(registers: readonly Register[]) {
    this.registers = registers;
    this.values = new Uint32Array(Math.max(...registers.map(({ offset }) => offset)) / 4 + 1);
    for (const one of registers) {
      invariant(this.byWord[one.offset / 4] === undefined, () => `two registers at ${one.offset}`);
      this.byWord[one.offset / 4] = one;
    }
    this.reset();
  }

  reset(): void {
    for (const { offset, reset } of this.registers) this.values[offset / 4] = reset;
  }

  /** The device looks at its own register. */
  get(one: Register): number {
    return this.values[one.offset / 4]!;
  }

  /** The device changes its own register, whatever software may do with it. */
  set(one: Register, value: number): void {
    this.values[one.offset / 4] = value;
  }

  has(one: Register, mask: number): boolean {
    return (this.get(one) & mask) !== 0;
  }

  setBits(one: Register, mask: number): void {
    this.set(one, this.get(one) | mask);
  }

  clearBits(one: Register, mask: number): void {
    this.set(one, this.get(one) & ~mask);
  }

  /** The register at a word-aligned offset. */
  at(offset: number): Register | undefined {
    return this.byWord[offset / 4];
  }

  /** Software reads the word at `offset`. */
  load(offset: number): number {
    const one = this.byWord[offset / 4];
    return one === undefined ? 0 : (this.get(one) & one.readable) >>> 0;
  }

  /** Software writes the word at `offset`. The register that was meant. */
  store(offset: number, value: number): Register | undefined {
    const one = this.byWord[offset / 4];
    if (one === undefined) return undefined;
    const kept = this.get(one) & ~one.writable & ~(value & one.clearedByOne);
    this.set(one, kept | (value & one.writable));
    return one;
  }

  save(): Uint32Array {
    return this.values.slice();
  }

  restore(values: Uint32Array): void {
    this.values.set(values);
  }
}

/**
 * A device of 32-bit registers on a peripheral bus without byte strobes (AMBA APB: IHI 0024).
 * Model: a narrower read gives its part of the word; a narrower write writes the word with zeros around its part.
 */
export abstract class WordDevice implements MmioDevice {
  abstract readonly name: string;

  /** `offset` is a multiple of 4. */
  protected abstract readWord(offset: number, cpu: number): number;
  protected abstract writeWord(offset: number, value: number, cpu: number): void;

  read(offset: number, size: AccessSize, cpu: number): number {
    const word = this.readWord(offset & ~3, cpu);
    if (size === 4) return word >>> 0;
    return (word >>> (8 * (offset & 3))) & (size === 1 ? 0xff : 0xffff);
  }

  write(offset: number, size: AccessSize, value: number, cpu: number): void {
    this.writeWord(offset & ~3, size === 4 ? value >>> 0 : (value << (8 * (offset & 3))) >>> 0, cpu);
  }
}

/**
 * The identification registers at the end of a PrimeCell's block, one byte in each word: peripheral ID bytes
 * 0xfe0 … 0xfec, component ID 0xff0 … 0xffc (0xb105f00d).
 * Linux: drivers/amba/bus.c, amba_read_periphid() (v6.12), takes the driver from them.
 */
export function primeCellId(offset: number, periphid: number): number | undefined {
  if (offset >= 0xfe0 && offset < 0xff0) return (periphid >>> (2 * (offset - 0xfe0))) & 0xff;
  if (offset >= 0xff0 && offset < 0x1000) return (0xb105f00d >>> (2 * (offset - 0xff0))) & 0xff;
  return undefined;
}
