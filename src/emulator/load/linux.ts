// SPDX-License-Identifier: GPL-2.0-only
/**
 * A boot loader: puts a kernel, an initrd and a device tree into memory and says how the first core has to start.
 * Documentation/arch/arm/booting.rst (v6.12). The tree gets what a boot loader adds: `/chosen`. Random seeds are taken
 * out of it, so that the same inputs give the same run.
 */
import type { Paddr } from '../../base/address.js';
import { inputError } from '../../base/diagnostics.js';
import { applyBootLoader, physicalBanks } from '../../board/memory.js';
import { isAvailable, regOf } from '../../devicetree/access.js';
import { encodeStrings } from '../../devicetree/bytes.js';
import { writeDtb } from '../../devicetree/dtb-write.js';
import type { DeviceTree } from '../../devicetree/tree.js';
import type { Ram } from '../../hw/ram.js';
import { isElf } from './elf.js';
import { DEFAULT_TEXT_OFFSET, layOut, type Reservation } from './layout.js';
import { isZImage, parseZImage } from './zimage.js';

/** A file that was read, with its name for messages. */
export interface NamedFile {
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface LinuxOptions {
  readonly kernel: NamedFile;
  /** `image`: the bare kernel (`arch/arm/boot/Image`), which nothing in the file tells. Default: a zImage. */
  readonly format?: 'zImage' | 'image';
  /** Of a bare kernel: TEXT_OFFSET of its build. */
  readonly textOffset?: number;
  readonly initrd?: NamedFile;
  readonly commandLine?: string;
}

/** How the first core starts: in SVC mode, A32, interrupts, MMU and caches off. */
export interface Entry {
  readonly pc: Paddr;
  readonly r0: number;
  readonly r1: number;
  readonly r2: number;
}

/** For platforms that are known by their tree alone. booting.rst, section 3. */
const MACHINE_TYPE_TREE = 0xffffffff;

/** The tree must have its memory. It is changed. Throws InputErrors. */
export function loadLinux(ram: Ram, tree: DeviceTree, options: LinuxOptions): Entry {
  const { kernel, initrd } = options;
  const image = kernelImage(options);
  writeChosen(tree, options.commandLine ?? '');
  // Its size does not depend on the address.
  if (initrd !== undefined) applyBootLoader({ tree }, { initrd: { address: 0, size: initrd.bytes.length } });
  const layout = layOut(physicalBanks({ tree }), reservedRanges(tree), {
    kernelFile: kernel.file,
    image: image.bytes.length,
    compressed: image.compressed,
    kernelBytes: image.kernelBytes,
    textOffset: image.textOffset,
    initrd: initrd?.bytes.length ?? 0,
    initrdFile: initrd?.file ?? '',
    tree: writeDtb(tree).length,
    treeFile: tree.file,
  });
  ram.writeBytes(layout.image, image.bytes);
  if (initrd !== undefined && layout.initrd !== null) {
    applyBootLoader({ tree }, { initrd: { address: layout.initrd, size: initrd.bytes.length } });
    ram.writeBytes(layout.initrd, initrd.bytes);
  }
  ram.writeBytes(layout.tree, writeDtb(tree));
  return { pc: layout.image, r0: 0, r1: MACHINE_TYPE_TREE, r2: layout.tree };
}

interface KernelImage {
  readonly bytes: Uint8Array;
  readonly compressed: boolean;
  readonly kernelBytes: number | null;
  readonly textOffset: number;
}

function kernelImage({
  kernel,
  format = 'zImage',
  textOffset = DEFAULT_TEXT_OFFSET,
}: LinuxOptions): KernelImage {
  const { bytes, file } = kernel;
  if (format === 'image') {
    if (isZImage(bytes) || isElf(bytes)) {
      inputError('not-a-bare-kernel', 'a bare kernel is expected; this is a zImage or an ELF file', {
        position: { file, offset: 0 },
      });
    }
    return { bytes, compressed: false, kernelBytes: 2 * bytes.length, textOffset };
  }
  const header = parseZImage(bytes, file);
  return {
    bytes: bytes.subarray(0, header.size),
    compressed: true,
    kernelBytes: header.kernelBytes,
    textOffset: header.textOffset ?? textOffset,
  };
}

function writeChosen(tree: DeviceTree, commandLine: string): void {
  const chosen = tree.root.child('chosen') ?? tree.root.addChild('chosen');
  for (const name of ['rng-seed', 'kaslr-seed', 'linux,initrd-start', 'linux,initrd-end'])
    chosen.properties.delete(name);
  chosen.setProperty('bootargs', encodeStrings(commandLine));
}

/** What is kept for others: the reservation block, and regions of /reserved-memory with an address. */
function reservedRanges(tree: DeviceTree): Reservation[] {
  const nodes = tree.root.child('reserved-memory')?.children.filter(isAvailable) ?? [];
  const named = [
    ...tree.memreserve.map(range => ({ ...range, by: '/memreserve/' })),
    ...nodes.flatMap(node => regOf(tree, node).map(range => ({ ...range, by: node.path }))),
  ];
  return named.map(({ by, address, size }) => ({
    by,
    start: Number(address),
    end: Number(address + size),
  }));
}
