// SPDX-License-Identifier: GPL-2.0-only
/** Layout of the kernel image: TEXT_OFFSET, estimates against real kernels, System.map. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { sharedPath, skipWithout } from '../../tests/support/shared.js';
import { InputError } from '../base/diagnostics.js';
import { loadKernelConfig, parseKconfig } from './kconfig.js';
import { deriveImage, imageFromSystemMap, textOffset } from './kernel-image.js';
import { presetByName } from './presets.js';

const on = (...symbols: string[]): Map<string, true> => new Map(symbols.map(symbol => [symbol, true]));

test('TEXT_OFFSET follows the last rule that applies', () => {
  assert.equal(textOffset(on()), 0x8000);
  assert.equal(textOffset(on('ARCH_REALTEK')), 0x108000);
  assert.equal(textOffset(on('SA1111')), 0x8000);
  assert.equal(textOffset(on('ARCH_SA1100', 'SA1111')), 0x208000);
  assert.equal(textOffset(on('ARCH_MESON', 'ARCH_REALTEK')), 0x208000);
  assert.equal(textOffset(on('ARCH_AXXIA', 'ARCH_MESON')), 0x308000);
  assert.equal(textOffset(on('ARCH_QCOM', 'ARCH_MSM8960')), 0x208000);
  const reserveOff = new Map([
    ...on('ARCH_QCOM', 'ARCH_MSM8960'),
    ['ARCH_QCOM_RESERVE_SMEM', false] as const,
  ]);
  assert.equal(textOffset(reserveOff), 0x8000);
});

const systemMap = [
  'c0008000 T _text',
  'c0100000 T _stext',
  'c04dd000 D __start_rodata',
  'c0500000 A __start_rodata_section_aligned',
  'c0700000 T __init_begin',
  'c0736000 D __per_cpu_start',
  'c073e7cc D __per_cpu_end',
  'c0800000 D __init_end',
  'c0800000 D _sdata',
  'c10a85d8 B _end',
];

test('a System.map gives the exact layout', () => {
  const image = imageFromSystemMap(`${systemMap.join('\n')}\n`, 'System.map', 0xc0000000);
  assert.deepEqual(image, {
    textOffset: 0x8000,
    stext: 0x100000,
    rodataStart: 0x500000,
    initBegin: 0x700000,
    initEnd: 0x800000,
    sdata: 0x800000,
    end: 0x10a85d8,
    perCpuBytes: 0x87cc,
  });
  const uniprocessor = systemMap.filter(line => !line.includes('per_cpu')).join('\n');
  assert.equal(imageFromSystemMap(uniprocessor, 'System.map', 0xc0000000).perCpuBytes, 0);
  const unaligned = systemMap.filter(line => !line.endsWith('_aligned')).join('\n');
  assert.equal(imageFromSystemMap(unaligned, 'System.map', 0xc0000000).rodataStart, 0x4dd000);
});

test('a System.map that does not fit is refused', () => {
  const refused = (lines: readonly string[], pageOffset: number, message: RegExp): void => {
    assert.throws(
      () => imageFromSystemMap(lines.join('\n'), 'System.map', pageOffset),
      error => error instanceof InputError && message.test(error.message),
    );
  };
  refused(systemMap.slice(1), 0xc0000000, /symbol _text is missing/);
  refused(systemMap, 0xd0000000, /_text is at 0xc0008000/);
  refused(systemMap, 0x80000000, /_text lies 0x40008000 above PAGE_OFFSET/);
  refused([...systemMap, 'not a map'], 0xc0000000, /System\.map:11:1: error \(system-map\)/);
  refused([...systemMap, 'c0000000 T _end'], 0xc0000000, /end \(0x0\) lies below sdata/);
});

test('System.map and config of real kernels agree with their boot', { skip: skipWithout('kernels') }, () => {
  const folder = sharedPath('kernels') ?? '';
  for (const [name, stext, end] of [
    ['legacy', 0x100000, 0x10a85d8],
    ['lpae-legacy', 0x200000, 0x12ad758],
  ] as const) {
    const path = join(folder, name);
    const { image } = loadKernelConfig(join(path, 'config'), { systemMap: join(path, 'System.map.gz') });
    assert.equal(image.stext, stext);
    assert.equal(image.end, end);
    // The log buffer of 2 MiB and its records are most of the data.
    const { image: estimate } = loadKernelConfig(join(path, 'config'), {});
    const [real, estimated] = [image, estimate].map(({ end, sdata }) => end - sdata) as [number, number];
    assert.ok(Math.abs(estimated - real) < 0.1 * real, `${estimated} bytes of data instead of ${real}`);
    const text = gunzipSync(readFileSync(join(path, 'System.map.gz'))).toString();
    assert.deepEqual(imageFromSystemMap(text, 'System.map', 0xc0000000), image);
  }
});

test('an estimate has the alignment of the linker script', () => {
  const strict = deriveImage(on('STRICT_KERNEL_RWX', 'ARM_LPAE'), 400);
  assert.equal(strict.stext, 0x200000);
  for (const border of [strict.rodataStart, strict.initBegin, strict.initEnd])
    assert.equal(border % 0x200000, 0);
  const plain = deriveImage(on(), 400);
  assert.equal(plain.stext, 0x8200);
  assert.ok(plain.end < deriveImage(on(), 2000).end);
});

test('estimates come close to real images', { skip: skipWithout('truth/configs') }, () => {
  const derived = (name: string): ReturnType<typeof deriveImage> => {
    const file = join(sharedPath('truth/configs') ?? '', `${name}.config`);
    const { symbols, builtIn } = parseKconfig(readFileSync(file, 'utf8'), file);
    return deriveImage(symbols, builtIn);
  };
  // Of boots: /proc/iomem and the kernel map.
  const small = derived('own612');
  assert.deepEqual(
    [small.textOffset, small.stext, small.initBegin, small.initEnd],
    [0x8000, 0x100000, 0x400000, 0x500000],
  );
  assert.ok(Math.abs(small.end - 0x5a2890) < 0x1000);
  const armmp = derived('armmp');
  const real = presetByName('debian-armmp').image;
  assert.deepEqual({ ...armmp, end: 0 }, { ...real, end: 0 });
  assert.ok(Math.abs(armmp.end - real.end) < 0x1000);
});
