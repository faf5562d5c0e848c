// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GiB, KiB, MiB } from '../../base/address.js';
import { Cmdline, kstrtobool, memparse, simple_strtoull, splitCommandLine } from './cmdline.js';

test('numbers: base by prefix, binary suffix in either case, rest kept', () => {
  const cases: [string, number, string][] = [
    ['64M', 64 * MiB, ''],
    ['64m@0x50000000', 64 * MiB, '@0x50000000'],
    ['0x10k', 16 * KiB, ''],
    ['010', 8, ''],
    ['0', 0, ''],
    ['08', 0, '8'],
    ['0x', 0, 'x'],
    ['2G-', 2 * GiB, '-'],
    ['', 0, ''],
    ['M', 0, ''],
    ['1T', 2 ** 40, ''],
  ];
  for (const [text, value, rest] of cases) assert.deepEqual(memparse(text), { value, rest }, text);
});

test('any number in any base reads back', () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(8, 10, 16), (value, base) => {
      const prefix = base === 16 ? '0x' : base === 8 ? '0' : '';
      assert.equal(simple_strtoull(`${prefix}${value.toString(base)};`).value, value);
    }),
  );
});

test('quotes hold spaces together; -- ends the kernel part', () => {
  assert.deepEqual(splitCommandLine('  root=/dev/sda "dyndbg=file a.c +p" x="1 2" quiet -- cma=1M'), [
    { name: 'root', value: '/dev/sda' },
    { name: 'dyndbg', value: 'file a.c +p' },
    { name: 'x', value: '1 2' },
    { name: 'quiet', value: undefined },
  ]);
});

test('parameters joined with spaces are found again', () => {
  const word = fc.stringMatching(/^[a-z_.]{1,8}$/);
  const value = fc.option(fc.stringMatching(/^[a-z0-9@,.:=-]{0,12}$/), { nil: undefined });
  fc.assert(
    fc.property(fc.array(fc.record({ name: word, value }, { noNullPrototype: true })), parameters => {
      const line = parameters
        .map(({ name, value: v }) => (v === undefined ? name : `${name}=${v}`))
        .join(' ');
      assert.deepEqual(splitCommandLine(line), parameters);
    }),
  );
});

test('cma=', () => {
  const cma = (text: string) => new Cmdline(`cma=${text}`).cma;
  assert.equal(new Cmdline('').cma, undefined);
  assert.deepEqual(cma('16M'), { size: 16 * MiB, base: 0, limit: 0 });
  assert.deepEqual(cma('16M@0x48000000'), { size: 16 * MiB, base: 0x48000000, limit: 0x49000000 });
  assert.deepEqual(cma('64M@0-512M'), { size: 64 * MiB, base: 0, limit: 512 * MiB });
  assert.deepEqual(cma('0'), { size: 0, base: 0, limit: 0 });
});

test('swiotlb=', () => {
  const swiotlb = (text: string) => new Cmdline(text).swiotlb;
  assert.deepEqual(swiotlb(''), { force: false, noforce: false });
  assert.deepEqual(swiotlb('swiotlb=4000'), { slabs: 4096, force: false, noforce: false });
  assert.deepEqual(swiotlb('swiotlb=4096,3,force'), { slabs: 4096, areas: 4, force: true, noforce: false });
  assert.deepEqual(swiotlb('swiotlb=noforce'), { force: false, noforce: true });
  assert.deepEqual(swiotlb('swiotlb=,2'), { areas: 2, force: false, noforce: false });
});

test('the last of several counts, except for mem=; - and _ are the same', () => {
  const cmdline = new Cmdline(
    'coherent_pool=1M mem=64M mem=32M@0x60000000 coherent-pool=2M vmalloc=400M nosmp',
  );
  assert.equal(cmdline.coherent_pool, 2 * MiB);
  assert.equal(cmdline.vmalloc, 400 * MiB);
  assert.equal(cmdline.maxcpus, 0);
  assert.deepEqual(cmdline.mem, [{ size: 64 * MiB }, { size: 32 * MiB, start: 0x60000000 }]);
});

test('unknown parameters stay', () => {
  const cmdline = new Cmdline('console=ttyAMA0 highmem=512M');
  assert.equal(cmdline.last('highmem'), '512M');
  assert.equal(cmdline.has('console'), true);
});

test('yes and no are told by their first letters; what is neither is refused', () => {
  for (const yes of ['1', 'y', 'Yes', 'true', 'on', 'ON']) assert.equal(kstrtobool(yes), true, yes);
  for (const no of ['0', 'n', 'No', 'false', 'off', '01']) assert.equal(kstrtobool(no), false, no);
  for (const neither of ['', 'o', '2', 'enable']) assert.equal(kstrtobool(neither), undefined, neither);
  const cmdline = new Cmdline('init_on_alloc=0 init_on_alloc=1 init_on_alloc init_on_free=maybe');
  assert.deepEqual([cmdline.init_on_alloc, cmdline.init_on_free], [true, undefined]);
});
