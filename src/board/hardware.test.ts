// SPDX-License-Identifier: GPL-2.0-only
/**
 * The hardware file: what is accepted, and that each wrong key is named.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EnvironmentError } from '../base/diagnostics.js';
import { loadHardware, parseHardware } from './hardware.js';

test('values are parsed, numbers also from hexadecimal strings', () => {
  const facts = parseHardware(
    JSON.stringify({
      coherentFabric: { value: true, source: 'manual' },
      outerCacheAuxiliaryControl: { value: '0x02420000', source: 'boot log' },
      busWindows: {
        value: [{ node: '/soc', dmaStart: '0x0', cpuStart: '0x80000000', size: 4096 }],
        source: 'manual',
      },
      core: { value: 'arm,arm1176jzf-s', source: 'board manual' },
    }),
    'x.hardware.json',
  );
  assert.deepEqual(facts.coherentFabric, { value: true, source: 'manual' });
  assert.equal(facts.outerCacheAuxiliaryControl?.value, 0x02420000);
  assert.equal(facts.busWindows?.value[0]?.cpuStart, 0x80000000);
  assert.equal(facts.isSmp, undefined);
});

test('every wrong key is named, with its value and the rule', () => {
  const text = JSON.stringify({
    coherentFabrik: { value: true, source: 'x' },
    coreCount: { value: 0, source: 'x' },
    core: { value: 'arm,cortex-a99', source: 'x' },
    isSmp: { value: true },
    busWindows: { value: [{ node: 'soc', dmaStart: 0, cpuStart: 0, size: 0, extra: 1 }], source: 'x' },
  });
  assert.throws(
    () => parseHardware(text, 'b.hardware.json'),
    (error: Error) => {
      for (const expected of [
        /b\.hardware\.json: error \(hardware-unknown-key\): coherentFabrik: no such key/,
        /coreCount\.value: must be from 1 to 32; it is 0/,
        /core\.value: must be the compatible of a known core; it is "arm,cortex-a99"/,
        /isSmp\.source: .*; it is absent/,
        /busWindows\.value\.0\.node: must be a device-tree path; it is "soc"/,
        /busWindows\.value\.0\.size: must not be 0/,
        /busWindows\.value\.0\.extra: no such key/,
      ]) {
        assert.match(error.message, expected);
      }
      return true;
    },
  );
  assert.throws(() => parseHardware('{', 'b.json'), /hardware-not-json/);
});

test('the file beside the tree is found, a named one must exist', () => {
  const folder = mkdtempSync(join(tmpdir(), 'armory-'));
  try {
    const tree = join(folder, 'board.dtb');
    assert.deepEqual(loadHardware(tree), {});
    writeFileSync(join(folder, 'board.hardware.json'), '{"coreCount":{"value":2,"source":"x"}}');
    assert.equal(loadHardware(tree).coreCount?.value, 2);
    assert.throws(() => loadHardware(tree, join(folder, 'none.json')), EnvironmentError);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
