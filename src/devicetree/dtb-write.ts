// SPDX-License-Identifier: GPL-2.0-only
/**
 * Writes a flattened device tree, version 17 (Devicetree Specification v0.4, chapter 5). The layout is the
 * one that dtc chooses, strings block included, so a tree that dtc compiled comes out byte by byte the same.
 * Left out: labels and source positions, for which the format has no place.
 */
import { invariant } from '../base/diagnostics.js';
import { storeBig, storeU32 } from './bytes.js';
import * as fdt from './dtb-format.js';
import type { DeviceTree } from './tree.js';

/** The tree as a .dtb with `paddingBytes` zeros at its end, which a boot loader can grow into. */
export function writeDtb(tree: DeviceTree, paddingBytes = 0): Uint8Array {
  const structure = new GrowingBytes();
  const strings = new StringsBlock();
  writeStructure(tree, structure, strings);

  const structureStart = fdt.HEADER_BYTES + (tree.memreserve.length + 1) * fdt.RESERVATION_BYTES;
  const stringsStart = structureStart + structure.length;
  const bytes = new Uint8Array(stringsStart + strings.bytes.length + paddingBytes);
  const header: Record<keyof typeof fdt.HEADER, number> = {
    magic: fdt.FDT_MAGIC,
    totalsize: bytes.length,
    off_dt_struct: structureStart,
    off_dt_strings: stringsStart,
    off_mem_rsvmap: fdt.HEADER_BYTES,
    version: 17,
    last_comp_version: 16,
    boot_cpuid_phys: tree.bootCpuid,
    size_dt_strings: strings.bytes.length,
    size_dt_struct: structure.length,
  };
  for (const field of Object.keys(header) as (keyof typeof header)[]) {
    storeU32(bytes, fdt.HEADER[field], header[field]);
  }
  tree.memreserve.forEach(({ address, size }, index) => {
    invariant(size !== 0n, 'a memory reservation of size 0 would end the list');
    const offset = fdt.HEADER_BYTES + index * fdt.RESERVATION_BYTES;
    storeBig(bytes, offset, 8, address);
    storeBig(bytes, offset + 8, 8, size);
  });
  bytes.set(structure.view(), structureStart);
  bytes.set(strings.bytes.view(), stringsStart);
  return bytes;
}

function writeStructure(tree: DeviceTree, out: GrowingBytes, strings: StringsBlock): void {
  let depth = -1;
  for (const node of tree.root.walk()) {
    let nodeDepth = 0;
    for (let above = node.parent; above; above = above.parent) nodeDepth++;
    for (; depth >= nodeDepth; depth--) out.cell(fdt.FDT_END_NODE);
    depth = nodeDepth;
    out.cell(fdt.FDT_BEGIN_NODE);
    out.text(node.name);
    out.align();
    for (const property of node.properties.values()) {
      out.cell(fdt.FDT_PROP);
      out.cell(property.value.length);
      out.cell(strings.offsetOf(property.name));
      out.append(property.value);
      out.align();
    }
  }
  for (; depth >= 0; depth--) out.cell(fdt.FDT_END_NODE);
  out.cell(fdt.FDT_END);
}

/** The names of properties, each stored once; a name that ends another one shares its bytes. */
class StringsBlock {
  readonly bytes: GrowingBytes = new GrowingBytes();
  /** Lowest offset of every name and every ending of a name. */
  private readonly offsets: Map<string, number> = new Map();

  offsetOf(name: string): number {
    const known = this.offsets.get(name);
    if (known !== undefined) return known;
    const start = this.bytes.length;
    this.bytes.text(name);
    for (let index = 0; index <= name.length; index++) {
      const ending = name.slice(index);
      if (!this.offsets.has(ending)) this.offsets.set(ending, start + index);
    }
    return start;
  }
}

class GrowingBytes {
  private buffer = new Uint8Array(4096);
  length = 0;

  cell(value: number): void {
    this.reserve(4);
    storeU32(this.buffer, this.length, value);
    this.length += 4;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A name, one byte per character, and its NUL. */
  text(name: string): void {
    this.reserve(name.length + 1);
    for (let index = 0; index < name.length; index++) this.buffer[this.length++] = name.charCodeAt(index);
    this.buffer[this.length++] = 0;
  }

  /** Zeros up to the next multiple of a cell. */
  align(): void {
    this.reserve(3);
    while (this.length % 4 !== 0) this.buffer[this.length++] = 0;
  }

  view(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + bytes));
    larger.set(this.buffer);
    this.buffer = larger;
  }
}
