// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleFinding } from './finding-fixture.js';
import { findingJson, findingSchema } from './finding-schema.js';

test('a finding as JSON has the form of the schema, no field more and none less', () => {
  const json = JSON.parse(JSON.stringify(findingJson(exampleFinding)));
  assert.deepEqual(findingSchema.parse(json), json);
  const bare = findingJson({
    ...exampleFinding,
    access: { ...exampleFinding.access, vaddr: null, paddr: null },
    buffer: null,
    other: null,
    line: null,
    paddr: null,
    events: [],
  });
  assert.deepEqual(findingSchema.parse(bare), bare);
});

test('addresses are hexadecimal strings, above 4 GiB too', () => {
  const { access, buffer, events, line, paddr } = findingJson(exampleFinding);
  assert.equal(access.vaddr, '0xc0000048');
  assert.equal(access.dmaAddr, null);
  assert.equal(paddr, '0x1240000048');
  assert.equal(buffer?.dmaAddr, '0x40000000');
  assert.equal(line?.paddr, '0x1240000040');
  assert.deepEqual(
    events.map(event => event.paddr),
    ['0x1240000040', '0x00000000', '0x1240000048'],
  );
});

test('what is no address is refused', () => {
  const json = findingJson(exampleFinding);
  assert.equal(findingSchema.safeParse({ ...json, paddr: 4096 }).success, false);
  assert.equal(findingSchema.safeParse({ ...json, severity: 'fatal' }).success, false);
});
