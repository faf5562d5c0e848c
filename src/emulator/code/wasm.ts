// SPDX-License-Identifier: GPL-2.0-only
/**
 * Writes WebAssembly: the binary format of the WebAssembly Core Specification 2.0, chapter 5, as far as the translator needs
 * it.
 * Opcodes have the specification's names, with `_` for `.`.
 */

export const I32 = 0x7f;
export const I64 = 0x7e;
/** The type of a block without a value. */
const EMPTY = 0x40;

export const op = {
  i32_load: 0x28,
  i32_load8_u: 0x2d,
  i32_load16_u: 0x2f,
  i32_store: 0x36,
  i32_store8: 0x3a,
  i32_store16: 0x3b,
  i32_eqz: 0x45,
  i32_eq: 0x46,
  i32_ne: 0x47,
  i32_lt_s: 0x48,
  i32_lt_u: 0x49,
  i32_gt_s: 0x4a,
  i32_gt_u: 0x4b,
  i32_le_s: 0x4c,
  i32_le_u: 0x4d,
  i32_ge_s: 0x4e,
  i32_ge_u: 0x4f,
  i32_clz: 0x67,
  i32_add: 0x6a,
  i32_sub: 0x6b,
  i32_mul: 0x6c,
  i32_div_s: 0x6d,
  i32_div_u: 0x6e,
  i32_and: 0x71,
  i32_or: 0x72,
  i32_xor: 0x73,
  i32_shl: 0x74,
  i32_shr_s: 0x75,
  i32_shr_u: 0x76,
  i32_rotl: 0x77,
  i32_rotr: 0x78,
  i64_add: 0x7c,
  i64_mul: 0x7e,
  i64_or: 0x84,
  i64_shl: 0x86,
  i64_shr_u: 0x88,
  i32_wrap_i64: 0xa7,
  i64_extend_i32_s: 0xac,
  i64_extend_i32_u: 0xad,
  i32_extend8_s: 0xc0,
  i32_extend16_s: 0xc1,
} as const;

/** Bytes that grow. */
export class Bytes {
  private array: Uint8Array = new Uint8Array(1024);
  private length = 0;

  byte(value: number): void {
    if (this.length === this.array.length) this.room(1);
    this.array[this.length++] = value;
  }

  append(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.array.set(bytes, this.length);
    this.length += bytes.length;
  }

  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  signed(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** A name: its length and its characters, which are ASCII. */
  name(text: string): void {
    this.unsigned(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** What was written until now. */
  get contents(): Uint8Array {
    return this.array.subarray(0, this.length);
  }

  private room(count: number): void {
    if (this.length + count <= this.array.length) return;
    const larger = new Uint8Array(Math.max(2 * this.array.length, this.length + count));
    larger.set(this.contents);
    this.array = larger;
  }
}

/** The instructions of one function. `depth` counts the blocks that are open. */
export class Code {
  readonly bytes: Bytes = new Bytes();
  depth = 0;

  /** Instructions without immediates. */
  do(...opcodes: readonly number[]): this {
    for (const opcode of opcodes) this.bytes.byte(opcode);
    return this;
  }

  get(local: number): this {
    return this.indexed(0x20, local);
  }

  set(local: number): this {
    return this.indexed(0x21, local);
  }

  tee(local: number): this {
    return this.indexed(0x22, local);
  }

  i32(value: number): this {
    this.bytes.byte(0x41);
    this.bytes.signed(value);
    return this;
  }

  i64(value: number): this {
    this.bytes.byte(0x42);
    this.bytes.signed(value);
    return this;
  }

  /** A load or store of the address on the stack plus `offset`. No alignment is promised. */
  memory(opcode: number, offset: number): this {
    this.bytes.byte(opcode);
    this.bytes.byte(0);
    this.bytes.unsigned(offset);
    return this;
  }

  block(): this {
    return this.open(0x02);
  }

  loop(): this {
    return this.open(0x03);
  }

  if(): this {
    return this.open(0x04);
  }

  else(): this {
    return this.do(0x05);
  }

  end(): this {
    this.depth--;
    return this.do(0x0b);
  }

  /** Branches out of blocks until `depth` of them are open, or to the beginning of a loop that is the next one. */
  branch(depth: number): this {
    return this.indexed(0x0c, this.depth - depth - 1);
  }

  return(): this {
    return this.do(0x0f);
  }

  call(index: number): this {
    return this.indexed(0x10, index);
  }

  callIndirect(type: number): this {
    this.indexed(0x11, type);
    return this.do(0);
  }

  drop(): this {
    return this.do(0x1a);
  }

  private open(opcode: number): this {
    this.depth++;
    return this.do(opcode, EMPTY);
  }

  private indexed(opcode: number, index: number): this {
    this.bytes.byte(opcode);
    this.bytes.unsigned(index);
    return this;
  }
}

/** A function's type: parameters and results. */
export type Signature = readonly [readonly number[], readonly number[]];

/** Imports of a module, all from the namespace `a`. */
export interface Imports {
  /** Functions by name and number of type; they come first in the numbering. */
  readonly functions: readonly (readonly [string, number])[];
  /** Size of the memory `memory` in pages of 64 KiB. */
  readonly memoryPages: number;
  /** There is a table of functions `table`. */
  readonly table: boolean;
}

export interface FunctionBody {
  readonly type: number;
  /** Types of the locals behind the parameters. */
  readonly locals: readonly number[];
  readonly code: Uint8Array;
}

/** A section or a function: its size comes before what `write` makes. */
function sized(out: Bytes, write: (contents: Bytes) => void): void {
  const contents = new Bytes();
  write(contents);
  out.unsigned(contents.contents.length);
  out.append(contents.contents);
}

function section(out: Bytes, id: number, write: (contents: Bytes) => void): void {
  out.byte(id);
  sized(out, write);
}

function list<T>(out: Bytes, items: readonly T[], write: (item: T, i: number) => void): void {
  out.unsigned(items.length);
  items.forEach(write);
}

/** A module that exports its functions as `f0`, `f1`, … */
export function encodeModule(
  types: readonly Signature[],
  imports: Imports,
  functions: readonly FunctionBody[],
): Uint8Array {
  const out = new Bytes();
  for (const byte of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.byte(byte);
  section(out, 1, s => {
    list(s, types, ([from, to]) => {
      s.byte(0x60);
      list(s, from, type => s.byte(type));
      list(s, to, type => s.byte(type));
    });
  });
  section(out, 2, s => {
    s.unsigned(imports.functions.length + (imports.table ? 2 : 1));
    const imported = (called: string, kind: number): void => {
      s.name('a');
      s.name(called);
      s.byte(kind);
    };
    for (const [called, type] of imports.functions) {
      imported(called, 0);
      s.unsigned(type);
    }
    if (imports.table) {
      imported('table', 1);
      for (const byte of [0x70, 0, 1]) s.byte(byte);
    }
    imported('memory', 2);
    s.byte(1);
    s.unsigned(imports.memoryPages);
    s.unsigned(imports.memoryPages);
  });
  section(out, 3, s => list(s, functions, ({ type }) => s.unsigned(type)));
  section(out, 7, s => {
    list(s, functions, (_, i) => {
      s.name(`f${i}`);
      s.byte(0);
      s.unsigned(imports.functions.length + i);
    });
  });
  section(out, 10, s => {
    list(s, functions, ({ locals, code }) => {
      sized(s, body => {
        list(body, locals, type => {
          body.byte(1);
          body.byte(type);
        });
        body.append(code);
        body.byte(0x0b);
      });
    });
  });
  return out.contents;
}
