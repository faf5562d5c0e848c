// SPDX-License-Identifier: GPL-2.0-only
/**
 * Reads a flattened device tree (.dtb), versions 16 and 17: Devicetree Specification v0.4, chapter 5. Every
 * offset, size and token is checked, since the file may be anything. Stricter than its readers in Linux:
 * libfdt does not see properties behind a subnode, dtc warns; here they are an error, and so are blocks that
 * overlap. Left out: versions below 16, which no ARM kernel was ever shipped with.
 */
import { inputError, type SourcePosition } from '../base/diagnostics.js';
import { readBig, readU32 } from './bytes.js';
import { checkTree, Problems, quote } from './check.js';
import * as fdt from './dtb-format.js';
import { DeviceTree, DtNode, DtProperty, MAX_LEVELS, type MemoryReservation } from './tree.js';

/** Largest `totalsize` that is read: eight times what an ARM kernel maps for it (FDT_FIXED_SIZE, 2 MiB). */
const MAX_BYTES: number = 16 * 1024 * 1024;

/** A part of the file, half-open. */
interface Block {
  readonly name: string;
  readonly start: number;
  end: number;
}

/** The tree in `bytes`, which are copied. Throws an InputError; `file` is the name to use in it. */
export function parseDtb(bytes: Uint8Array, file: string): DeviceTree {
  return new DtbReader(bytes, file).read();
}

class DtbReader {
  private readonly file: string;
  private readonly data: Buffer;
  private readonly version: number;
  private readonly structure: Block;
  private readonly strings: Block;
  private readonly reservations: Block;
  private readonly problems: Problems;
  /** Property names by their offset in the strings block. */
  private readonly names: Map<number, string> = new Map();
  private nameBytes = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.file = file;
    this.problems = new Problems(file);
    const totalsize = this.checkedSize(bytes);
    this.data = Buffer.from(bytes.subarray(0, totalsize));
    this.version = this.field('version');
    const lastCompatible = this.field('last_comp_version');
    if (this.version < 16 || lastCompatible > 17 || lastCompatible > this.version) {
      const message = `version ${this.version} (compatible down to ${lastCompatible}) is not supported`;
      this.fail('dtb-version', `${message}, only 16 and 17 are`, fdt.HEADER.version);
    }
    const headerBytes = this.version >= 17 ? fdt.HEADER_BYTES : fdt.HEADER_BYTES_V16;
    if (totalsize < headerBytes) {
      this.fail('dtb-truncated', `totalsize ${totalsize} is less than the header's ${headerBytes} bytes`, 4);
    }
    const structureBytes = this.version >= 17 ? this.field('size_dt_struct') : undefined;
    this.structure = this.block('structure', 'off_dt_struct', structureBytes, headerBytes, 4);
    const stringsBytes = this.field('size_dt_strings');
    this.strings = this.block('strings', 'off_dt_strings', stringsBytes, headerBytes, 1);
    this.reservations = this.block('memory reservation', 'off_mem_rsvmap', undefined, headerBytes, 8);
  }

  read(): DeviceTree {
    const tree = new DeviceTree(this.file);
    tree.memreserve = this.readReservations();
    tree.root = this.readStructure();
    this.checkOverlap();
    tree.bootCpuid = this.field('boot_cpuid_phys');
    tree.sourceBytes = this.data.length;
    checkTree(tree, this.problems);
    this.problems.throwIfAny();
    return tree;
  }

  private checkedSize(bytes: Uint8Array): number {
    if (bytes.length < 8 || readU32(bytes, fdt.HEADER.magic) !== fdt.FDT_MAGIC) {
      return this.fail('dtb-magic', 'not a flattened device tree: it does not begin with d0 0d fe ed', 0);
    }
    const totalsize = readU32(bytes, fdt.HEADER.totalsize);
    const where = fdt.HEADER.totalsize;
    if (totalsize > MAX_BYTES) {
      this.fail('dtb-too-large', `totalsize ${totalsize} is above the limit of ${MAX_BYTES} bytes`, where);
    }
    if (totalsize > bytes.length) {
      const message = `the file ends after ${bytes.length} bytes, its header says ${totalsize}`;
      this.fail('dtb-truncated', message, bytes.length);
    }
    if (totalsize < fdt.HEADER_BYTES_V16) {
      const message = `totalsize ${totalsize} is less than the header's ${fdt.HEADER_BYTES_V16} bytes`;
      this.fail('dtb-truncated', message, where);
    }
    return totalsize;
  }

  /** A block that the header points to; without `size` it may extend to the end of the file. */
  private block(
    name: string,
    offsetField: keyof typeof fdt.HEADER,
    size: number | undefined,
    headerBytes: number,
    align: number,
  ): Block {
    const total = this.data.length;
    const start = this.field(offsetField);
    const end = size === undefined ? total : start + size;
    const where = fdt.HEADER[offsetField];
    if (start < headerBytes || start > total || end > total) {
      const extent = size === undefined ? hex(start) : `${hex(start)} … ${hex(end)}`;
      const message = `the ${name} block at ${extent} is not between header and end`;
      this.fail('dtb-bounds', `${message} (${hex(headerBytes)} … ${hex(total)})`, where);
    }
    if (start % align !== 0) {
      this.fail(
        'dtb-alignment',
        `the ${name} block at ${hex(start)} is not aligned to ${align} bytes`,
        where,
      );
    }
    return { name, start, end };
  }

  private readReservations(): MemoryReservation[] {
    const entries: MemoryReservation[] = [];
    let offset = this.reservations.start;
    for (; ; offset += fdt.RESERVATION_BYTES) {
      if (offset + fdt.RESERVATION_BYTES > this.reservations.end) {
        this.fail('dtb-truncated', 'the memory reservation block has no terminating entry', offset);
      }
      const address = readBig(this.data, offset, 8);
      const size = readBig(this.data, offset + 8, 8);
      if (size === 0n) break;
      entries.push({ address, size });
    }
    this.reservations.end = offset + fdt.RESERVATION_BYTES;
    return entries;
  }

  private readStructure(): DtNode {
    let offset = this.structure.start;
    let root: DtNode | null = null;
    let node: DtNode | null = null;
    let levels = 0;
    for (;;) {
      const token = this.cell(offset);
      const at = offset;
      offset += 4;
      switch (token) {
        case fdt.FDT_NOP:
          break;
        case fdt.FDT_BEGIN_NODE: {
          if (root && !node) this.fail('dtb-structure', 'a second root node', at);
          if (++levels > MAX_LEVELS) {
            const message = `nodes are nested deeper than ${MAX_LEVELS} levels, which Linux does not take`;
            this.fail('dtb-nesting', message, at, node);
          }
          const end = this.endOfString(offset, this.structure, 'node name');
          const child: DtNode = new DtNode(this.text(offset, end), this.position(at));
          child.parent = node;
          if (node) node.children.push(child);
          else root = this.checkedRoot(child, at);
          node = child;
          offset = alignCell(end + 1);
          break;
        }
        case fdt.FDT_PROP:
          if (!node) return this.fail('dtb-structure', 'a property outside of any node', at);
          offset = this.readProperty(node, offset, at);
          break;
        case fdt.FDT_END_NODE:
          if (!node) return this.fail('dtb-structure', 'an end of node without a beginning', at);
          node = node.parent;
          levels--;
          break;
        case fdt.FDT_END:
          if (node) this.fail('dtb-structure', 'the structure block ends inside of a node', at, node);
          this.structure.end = offset;
          return root ?? this.fail('dtb-structure', 'there is no root node', at);
        default:
          this.fail('dtb-structure', `unknown token ${hex(token)}`, at, node);
      }
    }
  }

  /** The specification wants an empty name; the very old `/` is turned into one. */
  private checkedRoot(root: DtNode, at: number): DtNode {
    if (root.name !== '' && root.name !== '/') {
      this.fail('dtb-structure', `the root node must have an empty name, not ${quote(root.name)}`, at);
    }
    root.name = '';
    return root;
  }

  /** Reads the property whose length field is at `offset`; returns the offset of the next token. */
  private readProperty(node: DtNode, offset: number, at: number): number {
    if (node.children.length > 0) {
      this.fail(
        'dtb-property-after-node',
        'a property follows a subnode, where Linux does not see it',
        at,
        node,
      );
    }
    const length = this.cell(offset);
    const name = this.propertyName(this.cell(offset + 4), offset + 4);
    const start = offset + 8;
    const end = start + length;
    if (end > this.structure.end) {
      const message = `the value of ${quote(name)} (${length} bytes) exceeds the structure block`;
      this.fail('dtb-bounds', message, at, node);
    }
    if (node.properties.has(name)) {
      this.problems.error('duplicate-property', 'the node already has a property of that name', {
        position: this.position(at),
        path: `${node.path}:${name}`,
      });
    }
    const { buffer, byteOffset } = this.data;
    const value = new Uint8Array(buffer, byteOffset + start, length);
    node.properties.set(name, new DtProperty(name, value, this.position(at)));
    return alignCell(end);
  }

  private propertyName(nameOffset: number, at: number): string {
    const known = this.names.get(nameOffset);
    if (known !== undefined) return known;
    const start = this.strings.start + nameOffset;
    if (start >= this.strings.end) {
      this.fail('dtb-bounds', `the name at ${hex(nameOffset)} is outside of the strings block`, at);
    }
    const end = this.endOfString(start, this.strings, 'property name');
    // Names may share bytes; made-up ones could all share the same megabytes.
    this.nameBytes += end - start;
    if (this.nameBytes > MAX_BYTES) {
      this.fail('dtb-too-large', `the property names together exceed ${MAX_BYTES} bytes`, at);
    }
    const name = this.text(start, end);
    this.names.set(nameOffset, name);
    return name;
  }

  /** Both known in full only after reading: where the reservations and the tokens end. */
  private checkOverlap(): void {
    const blocks = [this.reservations, this.structure, this.strings].filter(block => block.end > block.start);
    blocks.sort((a, b) => a.start - b.start);
    blocks.forEach((block, index) => {
      const previous = blocks[index - 1];
      if (previous && previous.end > block.start) {
        const message = `the ${previous.name} block, up to ${hex(previous.end)}, overlaps the ${block.name} block`;
        this.fail('dtb-overlap', `${message} at ${hex(block.start)}`, block.start);
      }
    });
  }

  /** The cell at `offset` of the structure block. */
  private cell(offset: number): number {
    if (offset + 4 > this.structure.end) {
      this.fail('dtb-truncated', 'the structure block ends without an end token', offset);
    }
    return readU32(this.data, offset);
  }

  private field(name: keyof typeof fdt.HEADER): number {
    return this.data.length >= fdt.HEADER[name] + 4 ? readU32(this.data, fdt.HEADER[name]) : 0;
  }

  private endOfString(start: number, block: Block, what: string): number {
    const end = this.data.indexOf(0, start);
    if (end >= 0 && end < block.end) return end;
    return this.fail('dtb-truncated', `a ${what} without an end in the ${block.name} block`, start);
  }

  private text(start: number, end: number): string {
    return this.data.toString('latin1', start, end);
  }

  private position(offset: number): SourcePosition {
    return { file: this.file, offset };
  }

  private fail(id: string, message: string, offset: number, node?: DtNode | null): never {
    return inputError(id, message, { position: this.position(offset), ...(node && { path: node.path }) });
  }
}

function alignCell(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
