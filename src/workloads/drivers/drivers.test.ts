// SPDX-License-Identifier: GPL-2.0-only
/**
 * The drivers on a machine without caches: the correct ones work under every design, and the broken ones do not show
 * it. What each of those does wrong is the matter of variants.test.ts.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { boot, runOn } from '../../../tests/support/driver-runs.js';
import { probeDevice } from '../../../tests/support/test-kernel.js';
import { InputError } from '../../base/diagnostics.js';
import { designs } from '../../designs/index.js';
import { Observer } from '../../hw/observer.js';
import { type DriverRun, drivers, runDriver } from './index.js';

/** A run in a line: what differs shows without 30,000 bytes of it. */
function digest({ error, device, cpu }: DriverRun): string {
  const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return `error ${error}, device ${device.length} ${sum(device)}, cpu ${cpu.length} ${sum(cpu)}`;
}

for (const { name } of drivers) {
  test(`${name}: the correct driver works under every design, on every kind of device`, () => {
    const reference = runOn(boot('legacy'), '/plain', name, 'correct');
    assert.equal(reference.error, 0);
    assert.ok(reference.cpu.length > 4000 && new Set(reference.cpu).size > 200, 'there is something to see');
    for (const design of designs) {
      const k = boot(design.name);
      // Without a way to remap it, a restricted pool has no coherent memory.
      const restricted = k.config.isEnabled('DMA_DIRECT_REMAP') ? ['/bouncing'] : [];
      for (const path of ['/plain', '/snooping', '/offset/dev', ...restricted]) {
        const run = runOn(k, path, name, 'correct');
        assert.equal(digest(run), digest(reference), `${design.name} ${path}`);
      }
    }
  });

  test(`${name}: the correct driver works on older kernels`, () => {
    const reference = runOn(boot('legacy'), '/plain', name, 'correct');
    for (const version of ['6.1', '5.15'] as const) {
      const k = boot('legacy', version);
      for (const path of ['/plain', '/snooping', '/offset/dev']) {
        assert.equal(digest(runOn(k, path, name, 'correct')), digest(reference), `${version} ${path}`);
      }
    }
  });

  test(`${name}: without caches no mistake shows`, () => {
    const driver = drivers.find(entry => entry.name === name);
    const k = boot('step1');
    const reference = runOn(k, '/plain', name, 'correct');
    assert.ok(driver && driver.variants.length > 2 && driver.variants[0]?.name === 'correct');
    for (const variant of driver.variants) {
      assert.equal(digest(runOn(k, '/plain', name, variant.name)), digest(reference), variant.name);
    }
  });

  test(`${name}: another seed is other data`, () => {
    const k = boot('legacy');
    assert.notDeepEqual(
      runOn(k, '/plain', name, 'correct', 1).cpu,
      runOn(k, '/plain', name, 'correct', 2).cpu,
    );
  });

  test(`${name}: a bus that is not what the tree says ends in an error`, () => {
    const k = boot('legacy');
    const window = { node: '/offset', dmaStart: 0x40000000, cpuStart: 0x40000000, size: 0x10000000 };
    const hardware = { busWindows: { value: [window], source: 'test' } };
    Object.defineProperty(k, 'board', { value: Object.create(k.board, { hardware: { value: hardware } }) });
    let missed = 0;
    class Misses extends Observer {
      override deviceMissed(): void {
        missed++;
      }
    }
    k.machine.observer = new Misses();
    assert.ok(runOn(k, '/offset/dev', name, 'correct').error < 0);
    assert.ok(missed > 0);
  });
}

test('a device that has no coherent memory makes its driver give up', () => {
  const k = boot('legacy');
  for (const { name } of drivers.filter(driver => driver.name !== 'frame-grabber')) {
    assert.equal(runOn(k, '/bouncing', name, 'correct').error, -12);
  }
});

test('an unknown driver or variant is the user’s mistake, and the names are told', () => {
  const k = boot('legacy');
  const dev = probeDevice(k, '/plain');
  const named = (text: RegExp) => (error: unknown) => error instanceof InputError && text.test(error.message);
  assert.throws(() => runDriver(k, dev, 'sound', 'correct', 1), named(/drivers: ethernet, frame-grabber/));
  assert.throws(() => runDriver(k, dev, 'display', 'x', 1), named(/variants: correct, draws-through/));
});
