// SPDX-License-Identifier: GPL-2.0-only
/** CMA of the test kernel: 16 MiB at 0x4f000000, in lowmem; everything else is the page allocator's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel } from '../../../tests/support/test-kernel.js';
import type { ProbeRecord } from '../../workloads/probe/record.js';
import { Normaliser } from './normalise.js';
import { Places } from './places.js';

const k = bootTestKernel({ design: 'legacy' });
const normaliser = new Normaliser(k, new Places(k), new Set(['video']));
const record = (fields: object): ProbeRecord => ({ dev: 'plain', seq: 0, op: 'alloc', ...fields });
const text = (fields: Record<string, unknown>, name: string): string => {
  const [field, part] = name.split('.');
  const value = fields[field!];
  return normaliser.text(record(fields), name, part ? (value as Record<string, unknown>)[part] : value);
};

test('contiguous memory is compared by address', () => {
  assert.equal(text({ phys: '4f040000', size: 4096 }, 'phys'), '4f040000');
  assert.notEqual(
    text({ phys: '4f041000', size: 4096 }, 'phys'),
    text({ phys: '4f040000', size: 4096 }, 'phys'),
  );
});

test('the page allocator is compared by zone and alignment', () => {
  const at = (phys: string) => text({ phys, size: 65536 }, 'phys');
  assert.equal(at('42560000'), at('43120000'));
  assert.notEqual(at('42560000'), at('42561000'), '64 KiB are aligned to 64 KiB');
  assert.notEqual(at('42560000'), at('4f040000'));
});

test('a handle is compared by its distance from undetermined memory', () => {
  const dma = (dma: string, phys: string) => text({ dma, phys, size: 4096 }, 'dma');
  assert.equal(dma('12560000', '42560000'), dma('13120000', '43120000'));
  assert.notEqual(dma('12560000', '42560000'), dma('42560000', '42560000'));
  assert.equal(dma('ffffffff', '42560000'), 'ffffffff');
});

test('table entries: attribute bits, and the frame where it was determined', () => {
  const pt = (pte: string) => text({ cpu_pt: { t: 'pte', pte } }, 'cpu_pt.pte');
  assert.equal(pt('42562647'), pt('43bfc647'));
  assert.notEqual(pt('42562647'), pt('4256265f'));
  assert.notEqual(pt('4f040647'), pt('4f041647'));
  const l1 = (l1: string, t: string) => text({ cpu_pt: { t, l1 } }, 'cpu_pt.l1');
  assert.equal(l1('41a85811', 'pte'), l1('4eff6811', 'pte'), "a table's own place is nobody's choice");
  assert.notEqual(l1('41a85811', 'pte'), l1('41a85801', 'pte'));
  assert.equal(l1('4251141e', 'sect'), l1('4301141e', 'sect'));
  assert.notEqual(l1('4251141e', 'sect'), l1('4251041e', 'sect'));
});

test('maintenance: operation, order, sizes and counts; places where they were determined', () => {
  const mnt = (...list: unknown[]) => text({ mnt: list }, 'mnt');
  const flush = ['flush', 'c2562000', 'c2563000', 1];
  assert.equal(mnt(flush), mnt(['flush', 'c3bfc000', 'c3bfd000', 1]));
  assert.notEqual(mnt(flush), mnt(['flush', 'c2562000', 'c2564000', 1]));
  assert.notEqual(mnt(flush), mnt(['clean', 'c2562000', 'c2563000', 1]));
  assert.notEqual(mnt(flush), mnt(flush, ['tlbk', 'c2562000', 'c2563000', 1]));
  assert.notEqual(mnt(['flush', 'cf040000', 'cf041000', 1]), mnt(['flush', 'cf041000', 'cf042000', 1]));
  assert.notEqual(mnt(['clean', 'c2562014', 'c2562078', 1]), mnt(['clean', 'c2562000', 'c2562064', 1]));
});

test('behind an IOMMU handles count, and the pieces of a buffer do not', () => {
  const video = (fields: object, name: string) => {
    const whole = { dev: 'video', seq: 0, op: 'alloc_mnt', ...fields } as ProbeRecord;
    return normaliser.text(whole, name, whole[name]);
  };
  const one = video({ mnt: [['flush', 'c2560000', 'c2562000', 1]] }, 'mnt');
  const two = video(
    {
      mnt: [
        ['flush', 'c2562000', 'c2563000', 1],
        ['flush', 'c2561000', 'c2562000', 1],
      ],
    },
    'mnt',
  );
  assert.equal(one, two);
  assert.notEqual(
    video({ op: 'alloc', dma: '1000', phys: '42560000' }, 'dma'),
    video({ op: 'alloc', dma: '2000', phys: '42561000' }, 'dma'),
  );
});
