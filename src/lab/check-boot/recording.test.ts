// SPDX-License-Identifier: GPL-2.0-only
/** What recordings say, as it is read: DMA lines, memory of a run, what drivers had taken, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '../../base/diagnostics.js';
import { DeviceTree } from '../../devicetree/tree.js';
import type { MapEntry } from '../facts.js';
import { parseDmaLine } from './dma-lines.js';
import { checkDocument } from './document.js';
import { othersCmaBytes, othersPoolPages } from './drivers-share.js';
import { recordedImage } from './image.js';
import { mapLines } from './map-fields.js';
import { recordingSchema } from './recording.js';
import { hardwareOfRun, memoryOfRun } from './run-file.js';

test('a DMA line is a word, what was asked, and what came of it', () => {
  const ok = parseDmaLine('alloc dev=a:b tag=4k size=4096 attrs=0 -> va=f0b in=vmalloc dma=7f040000 freed=1');
  assert.equal(ok.word, 'alloc');
  assert.deepEqual(ok.asked, { dev: 'a:b', tag: '4k', size: '4096', attrs: '0' });
  assert.deepEqual(ok.got, { va: 'f0b', in: 'vmalloc', dma: '7f040000', freed: '1' });
  const failed = parseDmaLine('alloc dev=a tag=16m size=16777216 attrs=0 -> FAIL');
  assert.deepEqual([failed.result, failed.got], ['FAIL', {}]);
  const error = parseDmaLine('map dev=a tag=low pa=41ddc000 size=4096 -> ERROR (ffffffffffffffff)');
  assert.deepEqual([error.asked['pa'], error.got], ['41ddc000', {}]);
});

test('memory of a run: a size at the place of the tree, or nodes with the cells of the root', () => {
  const tree = new DeviceTree('test.dts');
  const cell = (value: number): Uint8Array => Uint8Array.of(0, 0, 0, value);
  tree.root.setProperty('#address-cells', cell(2));
  tree.root.setProperty('#size-cells', cell(2));
  assert.deepEqual(memoryOfRun({ mem: '1G' }, tree), [{ sizeBytes: 2 ** 30 }]);
  assert.equal(memoryOfRun({}, tree), undefined);
  const memory_nodes = 'memory@40000000 { reg = <0 0x40000000 0 0x10000000 1 0 0 4096>; };';
  assert.deepEqual(memoryOfRun({ mem: '2G', memory_nodes }, tree), [
    { base: 0x40000000, sizeBytes: 0x10000000 },
    { base: 2 ** 32, sizeBytes: 4096 },
  ]);
});

test('cores of a run: their number, and their kind where it is known', () => {
  const known = hardwareOfRun({ smp: 2, cpu: 'cortex-a7' });
  assert.deepEqual([known.coreCount?.value, known.core?.value], [2, 'arm,cortex-a7']);
  assert.equal(hardwareOfRun({ cpu: 'max' }).core, undefined);
});

test('what drivers had taken: contiguous memory beside the pool, and pages of the pool', () => {
  const atomic_pool = {
    pa: '0x7f000000',
    size: '0x40000',
    in_lowmem: false,
    inside_cma: 'reserved',
    avail_at_snapshot: '0x3b000',
    map: [],
  };
  assert.equal(othersCmaBytes({ atomic_pool, meminfo_kb: { CmaTotal: 16384, CmaFree: 16128 } }), 0);
  assert.equal(othersCmaBytes({ atomic_pool, meminfo_kb: { CmaTotal: 16384, CmaFree: 16124 } }), 4096);
  const lines = [
    parseDmaLine('alloc dev=a tag=atomic size=4096 attrs=0 -> pa=7f000000'),
    parseDmaLine('alloc dev=a tag=atomic12k size=12288 attrs=0 -> pa=7f004000'),
    parseDmaLine('alloc dev=a tag=4k size=4096 attrs=0 -> pa=7f040000'),
  ];
  assert.equal(othersPoolPages({ atomic_pool }, lines), 1);
});

const page: MapEntry = {
  va: '0xdf000000',
  va_end: '0xdf000fff',
  pa: '0x5f000000',
  size: '0x1000',
  kind: 'page',
  ap: 'rw/-',
  type: 'normal inner=NC outer=NC',
  shareable: true,
  tex: 0,
  c: 0,
  b: 1,
};

test('every attribute bit of a range is told, but not of memory that drivers use', () => {
  const next = { ...page, va: '0xdf001000', va_end: '0xdf001fff', pa: '0x5f001000', c: 1 };
  assert.deepEqual(mapLines([page]), [
    '0xdf000000-0xdf000fff 0x5f000000 page normal inner=NC outer=NC ap rw/- tex 0 c 0 b 1',
  ]);
  assert.notDeepEqual(mapLines([page]), mapLines([{ ...page, b: 0 }]));
  const vague = [{ start: 0x5f000000, end: 0x60000000 }];
  assert.deepEqual(mapLines([page, next], vague), ['0xdf000000-0xdf001fff pages']);
});

test('the layout of the image is read off resources and map; nothing is guessed where they lack', () => {
  const estimate = {
    textOffset: 0x8000,
    stext: 0,
    rodataStart: 0,
    initBegin: 0,
    initEnd: 0,
    sdata: 0,
    end: 0,
    perCpuBytes: 7,
  };
  const resource = (name: string, start: string, end: string) => ({ name, start, end });
  const recording = {
    page_table_format: 'short' as const,
    linear_delta_pa_minus_va: '0xff80000000',
    swapper_pg_dir: { va: '0xc0204000', pa: '0x40204000' },
    iomem: [
      resource('Kernel code', '0x40208000', '0x411fffff'),
      resource('Kernel data', '0x41400000', '0x41607587'),
    ],
    map_lowmem: [
      { ...page, kind: 'section', ap: 'ro/-', va: '0xc0300000', xn: 0 },
      { ...page, kind: 'section', ap: 'ro/-', va: '0xc0e00000', xn: 1 },
    ],
  };
  assert.deepEqual(recordedImage(recording, 0xc0000000, estimate), {
    textOffset: 0x208000,
    stext: 0x300000,
    rodataStart: 0xe00000,
    initBegin: 0x1200000,
    initEnd: 0x1400000,
    sdata: 0x1400000,
    end: 0x1607588,
    perCpuBytes: 7,
  });
  assert.equal(recordedImage({ ...recording, iomem: [] }, 0xc0000000, estimate), undefined);
});

test('wrong documents are refused with place, value and rule, all of them at once', () => {
  const document = { lowmem_limit_pa: 0xb0000000, map_lowmem: [{ ...page, va: 'c0000000' }], zones: 'none' };
  assert.throws(
    () => checkDocument(recordingSchema, document, 'facts.json', 'facts-json'),
    error => {
      assert.ok(error instanceof InputError);
      const text = error.message;
      assert.match(text, /^facts\.json: error \(facts-json\): lowmem_limit_pa is 2952790016: .*string/m);
      assert.match(text, /map_lowmem\[0\]\.va is "c0000000": must be a hexadecimal number such as 0x1000/);
      assert.match(text, /zones is "none": .*array/);
      return true;
    },
  );
});
