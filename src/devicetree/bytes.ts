// SPDX-License-Identifier: GPL-2.0-only
/**
 * Big-endian numbers and NUL-terminated strings in byte arrays: how the values of device-tree properties
 * are laid out (Devicetree Specification v0.4, section 2.2.4, "Property Values").
 */

/** The 32-bit cell at byte `offset`, unsigned. The caller has checked the length. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return (
    bytes[offset]! * 2 ** 24 + ((bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!)
  );
}

/** The unsigned number made of `size` bytes from `offset` on. The caller has checked the length. */
export function readBig(bytes: Uint8Array, offset: number, size: number): bigint {
  let value = 0n;
  let index = offset;
  for (; index + 4 <= offset + size; index += 4) value = (value << 32n) | BigInt(readU32(bytes, index));
  for (; index < offset + size; index++) value = (value << 8n) | BigInt(bytes[index]!);
  return value;
}

/** Stores the low `size` bytes of `value` at `offset`. */
export function storeBig(bytes: Uint8Array, offset: number, size: number, value: bigint): void {
  let rest = BigInt.asUintN(size * 8, value);
  for (let index = offset + size - 1; index >= offset; index--) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** Stores the low 32 bits of an integer below 2^53 at `offset`. */
export function storeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value / 2 ** 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** A property value of 32-bit cells, as `<1 2 3>` in source. */
export function encodeCells(...cells: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(cells.length * 4);
  cells.forEach((cell, index) => {
    storeU32(bytes, index * 4, cell);
  });
  return bytes;
}

/** A property value of NUL-terminated UTF-8 strings, as `"a", "b"` in source. */
export function encodeStrings(...strings: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(strings.map(text => `${text}\0`).join(''), 'utf8'));
}

/** The bytes `start` … `end` - 1 as UTF-8 text. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', start, end);
}

/** All parts, one after the other. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let total = 0;
  for (const part of parts) total += part.length;
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
