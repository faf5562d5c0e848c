// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '../../base/diagnostics.js';
import { parseDtb, parseDts, printDts, writeDtb } from '../../devicetree/load.js';
import type { DtNode } from '../../devicetree/tree.js';
import { probeOverlay } from './overlay.js';

const MEMORY = 'memory@80000000 { device_type = "memory"; reg = <0x80000000 0x10000000>; };';

function overlayOf(rest = '', cells = '#address-cells = <1>; #size-cells = <1>;') {
  return probeOverlay({ tree: parseDts(`/dts-v1/; / { ${cells} ${MEMORY} ${rest} };`, 'board.dts') });
}

function contentOf(rest = ''): DtNode {
  return overlayOf(rest).tree.nodeByPath('/fragment@0/__overlay__')!;
}

function idOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.diagnostics[0]?.id;
  }
  return assert.fail('no error');
}

test('source and binary say the same', () => {
  const { tree } = overlayOf();
  const binary = Buffer.from(writeDtb(tree));
  assert.ok(binary.equals(writeDtb(parseDts(printDts(tree), 'probe.dts'))));
  assert.ok(binary.equals(writeDtb(parseDtb(binary, 'probe.dtbo'))));
});

test('a device with memory, in full', () => {
  const restricted = printDts(overlayOf().tree).match(/\n\t\t\tarmory-restricted \{.*?\n\t\t\t\};/s)?.[0];
  assert.equal(
    restricted?.replaceAll('\n\t\t\t', '\n'),
    `
armory-restricted {
	compatible = "armory,dma-probe";
	armory,name = "restricted";
	armory,exhaust;
	memory-region = <0x03>;
};`,
  );
});

test('a device behind a bus with a window on RAM', () => {
  const bus = contentOf().child('armory-bus-offset')!;
  const window = Buffer.from(bus.properties.get('dma-ranges')!.value).toString('hex');
  assert.equal(window, '100000008000000010000000');
  assert.ok(bus.child('armory-offset'));
});

test('every memory-region is marked as the overlay’s own phandle', () => {
  const { tree } = overlayOf();
  const fixups = tree.nodeByPath('/__local_fixups__')!;
  for (const node of tree.nodeByPath('/fragment@0/__overlay__')!.walk()) {
    if (!node.properties.has('memory-region')) continue;
    const fixup = tree.nodeByPath(`/__local_fixups__${node.path}`);
    assert.deepEqual(fixup?.properties.get('memory-region')?.value, new Uint8Array(4), node.path);
  }
  assert.equal([...fixups.walk()].filter(node => node.properties.has('memory-region')).length, 5);
});

test('reserved memory that the board has keeps its own properties', () => {
  const names = (rest: string) => [...contentOf(rest).child('reserved-memory')!.properties.keys()];
  assert.deepEqual(names(''), ['#address-cells', '#size-cells', 'ranges']);
  assert.deepEqual(names('reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges; };'), []);
});

test('what cannot work is refused', () => {
  const wrong = 'reserved-memory { #address-cells = <2>; #size-cells = <1>; ranges; };';
  assert.equal(
    idOf(() => overlayOf(wrong)),
    'probe-reserved-memory',
  );
  assert.equal(
    idOf(() => overlayOf('armory-plain { };')),
    'probe-already-there',
  );
  const cells = '#address-cells = <3>; #size-cells = <1>;';
  const tree = parseDts(`/dts-v1/; / { ${cells} };`, 'board.dts');
  assert.equal(
    idOf(() => probeOverlay({ tree })),
    'probe-cells',
  );
  assert.throws(() => probeOverlay({ tree }), /addresses of 3 cells and sizes of 1 cell:/);
});

test('a coherent root is warned of', () => {
  const { diagnostics } = overlayOf('', '#address-cells = <1>; #size-cells = <1>; dma-coherent;');
  assert.deepEqual(
    diagnostics.map(({ id }) => id),
    ['probe-all-coherent'],
  );
  assert.deepEqual(overlayOf().diagnostics, []);
});
