// SPDX-License-Identifier: GPL-2.0-only
/** Kernels into memory, by Documentation/arch/arm/booting.rst; and what is wrong with them, by place and rule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GiB, KiB, MiB, type Range } from '../../base/address.js';
import { InputError } from '../../base/diagnostics.js';
import { encodeCells, encodeStrings } from '../../devicetree/bytes.js';
import { parseDtb } from '../../devicetree/load.js';
import { DeviceTree } from '../../devicetree/tree.js';
import { Ram } from '../../hw/ram.js';
import { loadElf } from './elf.js';
import { layOut } from './layout.js';
import { loadLinux } from './linux.js';
import { isZImage, parseZImage } from './zimage.js';

const RAM = 0x4000_0000;

function words(size: number, values: Readonly<Record<number, number>>): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (const [offset, value] of Object.entries(values)) view.setUint32(Number(offset), value >>> 0, true);
  return bytes;
}

/** A zImage with the tag table of v4.15 and later. */
function zImage(size = 0x1000, kernel = 0x5000, changes: Readonly<Record<number, number>> = {}): Uint8Array {
  return words(size, {
    36: 0x016f2818,
    40: 0,
    44: size,
    48: 0x04030201,
    52: 0x45454545,
    56: 0x100,
    256: 6,
    260: 0x5a534c4b,
    264: size - 4,
    268: 0x300,
    272: 0x8000,
    [size - 4]: kernel,
    ...changes,
  });
}

function refused(id: string, act: () => unknown): InputError {
  let caught: unknown;
  try {
    act();
  } catch (error) {
    caught = error;
  }
  assert.ok(caught instanceof InputError, String(caught));
  assert.deepEqual(
    caught.diagnostics.map(diagnostic => diagnostic.id),
    [id],
  );
  return caught;
}

test('a zImage tells its size and its kernel', () => {
  assert.deepEqual(parseZImage(zImage(), 'k'), { size: 0x1000, kernelBytes: 0x5300, textOffset: 0x8000 });
  assert.deepEqual(parseZImage(zImage(0x1000, 0, { 52: 0 }), 'k'), {
    size: 0x1000,
    kernelBytes: null,
    textOffset: null,
  });
  const appended = new Uint8Array(0x1800);
  appended.set(zImage());
  assert.equal(parseZImage(appended, 'k').size, 0x1000);
  assert.equal(isZImage(new Uint8Array(3)), false);
});

test('a broken zImage is refused with place and rule', () => {
  const tree = Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed, ...new Array<number>(100).fill(0));
  assert.match(
    refused('zimage-no-magic', () => parseZImage(tree, 'x.dtb')).message,
    /x\.dtb:\+0x24.*\n.*device tree/,
  );
  refused('zimage-too-short', () => parseZImage(new Uint8Array(10), 'k'));
  refused('zimage-big-endian', () => parseZImage(zImage(0x1000, 0, { 36: 0x18286f01 }), 'k'));
  refused('zimage-bad-size', () => parseZImage(zImage(0x1000, 0, { 40: 0x2000 }), 'k'));
  assert.match(
    refused('zimage-truncated', () => parseZImage(zImage().subarray(0, 0x800), 'k')).message,
    /4096.*2048/,
  );
  refused('zimage-bad-table', () => parseZImage(zImage(0x1000, 0, { 264: 0x2000 }), 'k'));
});

test('no header makes the reader fail otherwise', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.integer({ min: 9, max: 70 }).map(String), fc.nat(2 ** 32 - 1)), changes => {
      const image = zImage(0x1000, 0x5000);
      const view = new DataView(image.buffer);
      for (const [word, value] of Object.entries(changes)) view.setUint32(4 * Number(word), value, true);
      try {
        parseZImage(image, 'k');
      } catch (error) {
        assert.ok(error instanceof InputError);
      }
    }),
  );
});

const SIZES = {
  kernelFile: 'k',
  image: 3 * MiB,
  compressed: true,
  kernelBytes: 20 * MiB,
  textOffset: 0x8000,
  initrd: MiB,
  initrdFile: 'i',
  tree: 64 * KiB,
  treeFile: 't',
};
const bank = (size: number): Range[] => [{ start: RAM, end: RAM + size }];

test('kernel, initrd and tree lie where the recorded machines have them', () => {
  assert.deepEqual(layOut(bank(GiB), [], SIZES), {
    image: RAM + 32 * MiB,
    initrd: 0x4800_0000,
    tree: 0x4810_0000,
  });
  assert.equal(layOut(bank(128 * MiB), [], SIZES).initrd, RAM + 64 * MiB);
  assert.deepEqual(layOut(bank(GiB), [], { ...SIZES, initrd: 0 }), {
    image: RAM + 32 * MiB,
    initrd: null,
    tree: 0x4800_0000,
  });
});

test('what is reserved is left alone', () => {
  const reserved = [{ by: '/a', start: RAM + 120 * MiB, end: RAM + 140 * MiB }];
  assert.equal(layOut(bank(GiB), reserved, SIZES).initrd, RAM + 140 * MiB);
  const rest = [{ by: '/a', start: RAM + 120 * MiB, end: RAM + 512 * MiB }];
  const { initrd, tree } = layOut(bank(GiB), rest, SIZES);
  assert.ok(initrd! + MiB <= tree && tree + 64 * KiB <= RAM + 120 * MiB);
});

test('what does not fit is told with its numbers', () => {
  assert.match(refused('kernel-too-large', () => layOut(bank(24 * MiB), [], SIZES)).message, /k: .*24 MiB/);
  assert.match(
    refused('initrd-too-large', () => layOut(bank(64 * MiB), [], { ...SIZES, initrd: 60 * MiB })).message,
    /i: .*60 MiB/,
  );
  const all = [{ by: '/reserved-memory/a', start: RAM, end: RAM + GiB }];
  assert.match(
    refused('too-much-reserved', () => layOut(bank(GiB), all, SIZES)).message,
    /^t: .*\n.*note: \/reserved-memory\/a reserves 1 GiB from 0x40000000 on\n.*--board/,
  );
  refused('tree-too-large', () => layOut(bank(GiB), [], { ...SIZES, tree: 2 * MiB }));
});

test('nothing overlaps, whatever the sizes', () => {
  const size = (most: number) => fc.integer({ min: 1, max: most });
  fc.assert(
    fc.property(
      size(2048),
      size(40 * MiB),
      size(80 * MiB),
      size(300 * MiB),
      size(MiB),
      fc.nat(600),
      fc.nat(200),
      (...n) => {
        const [mib, image, kernelBytes, initrd, tree, holeAt, holeSize] = n;
        const hole = { by: '/hole', start: RAM + holeAt * MiB, end: RAM + (holeAt + holeSize) * MiB };
        try {
          const at = layOut(bank(mib * MiB), [hole], { ...SIZES, image, kernelBytes, initrd, tree });
          const kernelEnd = RAM + 0x8000 + kernelBytes;
          const pieces = [
            [at.image, at.image + image],
            [at.initrd!, at.initrd! + initrd],
            [at.tree, at.tree + tree],
          ] as const;
          for (const [start, end] of pieces) assert.ok(start >= RAM && end <= RAM + mib * MiB);
          assert.ok(at.initrd! >= at.image + image && at.initrd! >= kernelEnd, 'the kernel is below');
          assert.ok(at.tree >= at.initrd! + initrd);
          assert.equal(at.tree % 8, 0);
          for (const [start, end] of pieces.slice(1)) assert.ok(end <= hole.start || start >= hole.end);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      },
    ),
  );
});

function smallTree(): DeviceTree {
  const tree = new DeviceTree('test');
  const memory = tree.root.addChild('memory@40000000');
  memory.setProperty('device_type', encodeStrings('memory'));
  memory.setProperty('reg', encodeCells(RAM, 256 * MiB));
  tree.root.addChild('chosen').setProperty('kaslr-seed', encodeCells(1, 2));
  return tree;
}

test('memory holds what the first core will find', () => {
  const ram = new Ram(bank(256 * MiB));
  const initrd = Uint8Array.from({ length: 5000 }, (_, i) => i);
  const kernel = { file: 'k', bytes: zImage() };
  const entry = loadLinux(ram, smallTree(), {
    kernel,
    initrd: { file: 'i', bytes: initrd },
    commandLine: 'quiet',
  });
  assert.deepEqual([entry.r0, entry.r1], [0, 0xffff_ffff]);
  assert.equal(ram.read32(entry.pc + 0x24), 0x016f2818);
  const tree = parseDtb(ram.readBytes(entry.r2, 4096), 'memory');
  const chosen = tree.root.child('chosen')!;
  const cell = (name: string): number =>
    new DataView(chosen.properties.get(name)!.value.slice().buffer).getUint32(0);
  assert.equal(Buffer.from(chosen.properties.get('bootargs')!.value).toString(), 'quiet\0');
  assert.equal(cell('linux,initrd-end') - cell('linux,initrd-start'), 5000);
  assert.deepEqual(ram.readBytes(cell('linux,initrd-start'), 5000), initrd);
  assert.equal(chosen.properties.has('kaslr-seed'), false);
});

test('a bare kernel goes to its text offset', () => {
  const ram = new Ram(bank(256 * MiB));
  const kernel = { file: 'Image', bytes: words(0x2000, { 0: 0xe1a0_0000 }) };
  const entry = loadLinux(ram, smallTree(), { kernel, format: 'image', textOffset: 0x20_8000 });
  assert.equal(entry.pc, RAM + 0x20_8000);
  assert.equal(ram.read32(entry.pc), 0xe1a0_0000);
  refused('not-a-bare-kernel', () =>
    loadLinux(ram, smallTree(), { kernel: { file: 'k', bytes: zImage() }, format: 'image' }),
  );
});

function elf(changes: Readonly<Record<number, number>> = {}): Uint8Array {
  return words(0x200, {
    0: 0x464c457f,
    4: 0x00010101,
    16: (40 << 16) | 2,
    24: RAM + 0x101,
    28: 52,
    40: (32 << 16) | 52,
    44: 1,
    52: 1,
    56: 0x100,
    60: 0x8000_0000,
    64: RAM + 0x100,
    68: 0x10,
    72: 0x20,
    256: 0x1234_5678,
    ...changes,
  });
}

test('an ELF program goes to its physical addresses', () => {
  const ram = new Ram(bank(MiB));
  ram.fill(RAM, MiB, 0xff);
  assert.equal(loadElf(ram, elf(), 'p'), RAM + 0x101);
  assert.deepEqual(
    [ram.read32(RAM + 0x100), ram.read32(RAM + 0x11c), ram.read32(RAM + 0x120)],
    [0x1234_5678, 0, 0xffff_ffff],
  );
  refused('elf-not-arm', () => loadElf(ram, elf({ 16: (3 << 16) | 2 }), 'p'));
  refused('elf-not-executable', () => loadElf(ram, elf({ 16: (40 << 16) | 1 }), 'p'));
  refused('elf-bad-table', () => loadElf(ram, elf({ 28: 0x1f8 }), 'p'));
  refused('elf-bad-segment', () => loadElf(ram, elf({ 68: 0x1000 }), 'p'));
  refused('elf-outside-memory', () => loadElf(ram, elf({ 64: 0x1000 }), 'p'));
  refused('elf-too-short', () => loadElf(ram, elf().subarray(0, 20), 'p'));
});
