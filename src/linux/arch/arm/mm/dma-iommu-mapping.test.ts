// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bootWithIommu } from '../../../../../tests/support/iommu-kernel.js';
import { logTexts } from '../../../../../tests/support/test-kernel.js';
import { GiB, KiB, MiB } from '../../../../base/address.js';
import { DMA_MAPPING_ERROR } from '../../../include/linux/dma-mapping.js';
import { EINVAL, ENODEV, ERANGE } from '../../../include/linux/errno.js';
import { arch_teardown_dma_ops } from './dma-iommu.js';
import {
  __alloc_iova,
  __free_iova,
  arm_iommu_create_mapping,
  arm_iommu_detach_device,
  dma_iommu_mapping,
} from './dma-iommu-mapping.js';

const { k, codec, limited } = bootWithIommu();

function mappingOf(base: number, size: number): dma_iommu_mapping {
  const mapping = arm_iommu_create_mapping(codec, base, size);
  assert.ok(mapping instanceof dma_iommu_mapping);
  return mapping;
}

test('a bitmap is a page at most, and there are as many as the size needs', () => {
  const shape = ({ bits, extensions }: dma_iommu_mapping) => [bits, extensions];
  assert.deepEqual(shape(mappingOf(0, 4 * GiB)), [32768, 32]);
  assert.deepEqual(shape(mappingOf(0, 128 * MiB)), [32768, 1]);
  assert.deepEqual(shape(mappingOf(0, 192 * MiB)), [32768, 1], 'the rest of the division is lost');
  assert.deepEqual(shape(mappingOf(0, 4 * KiB)), [32, 1], 'and small sizes are rounded up');
  assert.equal(arm_iommu_create_mapping(codec, 0, 4 * GiB + 4096), -ERANGE);
  assert.equal(arm_iommu_create_mapping(codec, 0, 4095), -EINVAL);
  const plain = Object.create(codec, { iommu: { value: null } });
  assert.equal(arm_iommu_create_mapping(plain, 0, MiB), -ENODEV);
});

test('addresses are the first that fit, aligned to their order and no more than 256 pages', () => {
  const mapping = mappingOf(0x10000000, 64 * MiB);
  const sizes = [4 * KiB, 8 * KiB, 12 * KiB, 64 * KiB, 4 * KiB, MiB, 3 * MiB, 4 * KiB];
  const got = sizes.map(size => __alloc_iova(k, mapping, size) - 0x10000000);
  assert.deepEqual(got, [0, 0x2000, 0x4000, 0x10000, 0x1000, 0x100000, 0x200000, 0x7000]);
});

test('a second bitmap is made when the first has no room, and addresses never cross', () => {
  const mapping = mappingOf(0, GiB);
  assert.equal(__alloc_iova(k, mapping, 100 * MiB), 0);
  assert.equal(__alloc_iova(k, mapping, 100 * MiB), 128 * MiB);
  assert.equal(__alloc_iova(k, mapping, 28 * MiB), 100 * MiB);
  assert.equal(mapping.bitmaps.length, 2);
  assert.equal(__alloc_iova(k, mapping, 129 * MiB), DMA_MAPPING_ERROR(k));
  assert.equal(mapping.bitmaps.length, 3, 'made for nothing');
  for (let i = 3; i < 8; i++) __alloc_iova(k, mapping, 129 * MiB);
  assert.equal(__alloc_iova(k, mapping, 129 * MiB), DMA_MAPPING_ERROR(k));
  assert.equal(mapping.bitmaps.length, 8, 'as many as there can be');
  __free_iova(k, mapping, 120 * MiB, 16 * MiB);
  assert.match(logTexts(k).at(-1)!, /kernel BUG in __free_iova/);
});

test('allocated addresses are disjoint, and everything that is freed can be had again', () => {
  const size = fc.integer({ min: 1, max: 40 }).map(pages => pages * 4096);
  fc.assert(
    fc.property(fc.array(fc.tuple(size, fc.boolean()), { maxLength: 60 }), steps => {
      const mapping = mappingOf(0x40000000, MiB);
      const held: { start: number; size: number }[] = [];
      for (const [bytes, frees] of steps) {
        const start = __alloc_iova(k, mapping, bytes);
        if (start !== DMA_MAPPING_ERROR(k)) {
          assert.ok(start >= 0x40000000 && start + bytes <= 0x40000000 + MiB);
          const overlap = held.some(other => start < other.start + other.size && other.start < start + bytes);
          assert.ok(!overlap);
          held.push({ start, size: bytes });
        }
        const first = frees ? held.shift() : undefined;
        if (first) __free_iova(k, mapping, first.start, first.size);
        assert.equal(
          mapping.used,
          held.reduce((sum, entry) => sum + entry.size / 4096, 0),
        );
      }
    }),
    { numRuns: 30 },
  );
});

test("a device's addresses are 4 GiB from 0, or those of its 'dma-ranges', where 6.12 is one byte short", () => {
  assert.deepEqual([codec.mapping?.base, codec.mapping?.extensions], [0, 32]);
  assert.deepEqual([limited.mapping?.base, limited.mapping?.bits], [0x10000000, 4096]);
  const older = bootWithIommu({ version: '6.1' });
  assert.deepEqual([older.limited.mapping?.base, older.limited.mapping?.bits], [0x10000000, 4096]);
  // A window of 33 pages: 32 pages and 4095 bytes make one word of bits, 33 pages make two.
  const bits = (version: '6.12' | '6.1') => {
    const nodes = `mmu: mmu { compatible = "samsung,exynos-sysmmu"; #iommu-cells = <0>; };
      codec { }; camera { };
      bus { #address-cells = <1>; #size-cells = <1>; ranges; dma-ranges = <0 0x40000000 0x21000>;
        limited { iommus = <&mmu>; }; };`;
    return bootWithIommu({ version, nodes }).limited.mapping?.bits;
  };
  assert.equal(bits('6.12'), 32);
  assert.equal(bits('6.1'), 64);
});

test('a range of more than 32 bits leaves the device to dma-direct', () => {
  const nodes = `mmu: mmu { compatible = "samsung,exynos-sysmmu"; #iommu-cells = <0>; };
    codec { }; camera { };
    bus { #address-cells = <2>; #size-cells = <2>; ranges; dma-ranges = <0 0 0 2 0>;
      limited { iommus = <&mmu>; }; };`;
  const symbols = { ARM_LPAE: true, ARCH_DMA_ADDR_T_64BIT: true };
  const wide = bootWithIommu({ nodes, symbols });
  assert.ok(wide.limited.iommu !== null);
  assert.equal(wide.limited.dma_ops, null);
  assert.equal(
    logTexts(wide.k).find(text => text.startsWith('Failed to create')),
    'Failed to create 8589934591-byte IOMMU mapping for device /bus/limited',
  );
});

test('who is detached is left to dma-direct, and its addresses pass as they are', () => {
  const other = bootWithIommu();
  assert.equal(other.codec.iommu?.stream.context, other.codec.mapping?.domain.context);
  arm_iommu_detach_device(other.k, other.codec);
  assert.deepEqual([other.codec.dma_ops, other.codec.mapping], [null, null]);
  assert.equal(other.codec.iommu?.stream.context, null);
  arm_iommu_detach_device(other.k, other.codec);
  assert.equal(logTexts(other.k).at(-1), '/codec: Not attached');
  arch_teardown_dma_ops(other.k, other.camera);
  assert.equal(other.camera.dma_ops, null);
});

test('an IOMMU whose driver makes the mapping has one for all devices', () => {
  const nodes = `mmu: mmu { compatible = "renesas,ipmmu-vmsa"; #iommu-cells = <1>; };
    codec { iommus = <&mmu 1>; }; camera { iommus = <&mmu 2>; };
    bus { #address-cells = <1>; #size-cells = <1>; ranges; limited { }; };`;
  const shared = bootWithIommu({ nodes, symbols: { IPMMU_VMSA: true } });
  assert.equal(shared.codec.mapping?.base, GiB);
  assert.equal(shared.codec.mapping, shared.camera.mapping);
});
