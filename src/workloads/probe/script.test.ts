// SPDX-License-Identifier: GPL-2.0-only
/** The probe on small modelled kernels: what it writes, and that it leaves nothing behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootTestKernel } from '../../../tests/support/test-kernel.js';
import { device } from '../../linux/include/linux/device.js';
import { memoryTaken } from '../memory-taken.js';
import type { ProbeRecord } from './record.js';
import { type ProbeOptions, runProbe } from './script.js';

const NODES = `
  probe-plain { compatible = "armory,dma-probe"; armory,name = "plain"; armory,exhaust; };
  probe-coherent { compatible = "armory,dma-probe"; armory,name = "coherent"; dma-coherent; };
  bus { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges;
    dma-ranges = <0x0 0x40000000 0x10000000>;
    probe-narrow { compatible = "armory,dma-probe"; armory,name = "narrow"; armory,dma-mask-bits = <24>;
      armory,force-mask; }; };
  off { compatible = "armory,dma-probe"; armory,name = "off"; status = "disabled"; };`;

function probe(design: string, options: ProbeOptions) {
  const k = bootTestKernel({ design, nodes: NODES });
  const spare = new device('spare', null);
  const before = memoryTaken(k, spare);
  const records = runProbe(k, options);
  return { k, records, before, after: memoryTaken(k, spare) };
}

const of = (records: readonly ProbeRecord[], op: string, dev?: string): ProbeRecord[] =>
  records.filter(record => record.op === op && (dev === undefined || record.dev === dev));

for (const design of ['legacy', 'v1', 'step1', 'step2', 'step2p']) {
  test(`${design}: a whole script, in the module's order`, () => {
    const { records, before, after } = probe(design, { exhaust: false, hold: false, module: false });
    assert.deepEqual(
      records.map(({ seq }) => seq),
      records.map((_, index) => index),
    );
    assert.deepEqual(
      of(records, 'probe').map(({ dev }) => dev),
      ['plain', 'coherent', 'narrow'],
    );
    for (const { dev } of of(records, 'probe')) {
      // 20 requests, and 3 with interrupts off or on demand of zeroing.
      assert.equal(of(records, 'alloc', dev).length + of(records, 'alloc_irqsoff', dev).length, 23);
      const good = [...of(records, 'alloc', dev), ...of(records, 'alloc_irqsoff', dev)].filter(
        r => r['ok'] === 1,
      );
      assert.equal(of(records, 'alloc_mnt', dev).length, good.length);
      assert.equal(of(records, 'free', dev).length, good.length);
    }
    assert.deepEqual(after, before);
  });
}

test('legacy hands a device memory that it cannot reach, and says so', () => {
  const { records } = probe('legacy', { exhaust: false, hold: false, module: false });
  const narrow = of(records, 'alloc', 'narrow').filter(record => record['src'] === 'cma-default');
  assert.ok(narrow.length > 0);
  for (const record of narrow) assert.equal(record['unreachable'], 1);
  assert.equal(of(records, 'alloc', 'plain')[0]?.['unreachable'], undefined);
});

test('exhaustion is opt-in, and gives everything back', () => {
  assert.equal(
    of(probe('legacy', { exhaust: false, hold: false, module: false }).records, 'x_kernel').length,
    0,
  );
  const { records, before, after } = probe('legacy', { exhaust: true, hold: false, module: false });
  const full = of(records, 'x_atomic').find(record => record['phase'] === 'full');
  // 256 KiB of pool, 4 KiB each.
  assert.deepEqual([full?.['count'], full?.['srcs']], [64, { pool: 64 }]);
  assert.deepEqual(after, before);
});

test('a generic pool grows for good', () => {
  const { records } = probe('step1', { exhaust: true, hold: false, module: false });
  const paced = of(records, 'x_atomic_paced');
  const size = (record: ProbeRecord | undefined) =>
    (record!['pools'] as Record<string, number[]>)['atomic_pool_kernel']![0];
  assert.ok(size(paced.at(-1))! > size(paced[0])!);
});

test('held buffers of all devices do not overlap', () => {
  const { records } = probe('legacy', { exhaust: false, hold: true, module: true });
  const held = of(records, 'hold').filter(record => record['ok'] === 1);
  const ranges = held
    .map(record => ({ start: Number.parseInt(String(record['phys']), 16), size: Number(record['size']) }))
    .sort((a, b) => a.start - b.start);
  for (const [index, { start, size }] of ranges.entries()) {
    const next = ranges[index + 1];
    if (next) assert.ok(start + size <= next.start);
  }
});
