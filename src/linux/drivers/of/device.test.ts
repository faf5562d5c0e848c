// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDts } from '../../../devicetree/load.js';
import { KernelConfig, type KernelVersion } from '../../config.js';
import { DMA_BIT_MASK, device } from '../../include/linux/device.js';
import { phys_to_dma } from '../../include/linux/dma-direct.js';
import type { Kernel } from '../../kernel.js';
import { Printk } from '../../printk.js';
import { of_dma_get_range, of_dma_is_coherent, of_get_dma_parent } from './address.js';
import { bus_notify_add_device, of_dma_configure, of_reserved_mem_device_init } from './device.js';

const image = {
  textOffset: 0x8000,
  stext: 0,
  rodataStart: 0,
  initBegin: 0,
  initEnd: 0,
  sdata: 0,
  end: 0,
  perCpuBytes: 0,
};

interface Options {
  readonly version?: KernelVersion;
  readonly symbols?: readonly string[];
}

function kernel(dts: string, options: Options = {}): Kernel {
  const symbols = new Map((options.symbols ?? []).map(symbol => [symbol, true] as const));
  const version = options.version ?? '6.12';
  const config = new KernelConfig({ name: 'test', version, symbols, cmdline: '', image });
  const tree = parseDts(`/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; ${dts} };`, 'test.dts');
  const reserved = { regions: [] };
  const k = { config, board: { tree }, log: new Printk(), cpu: { is_smp: true }, reserved };
  return k as unknown as Kernel;
}

function configured(
  dts: string,
  path: string,
  options: Options = {},
): { k: Kernel; dev: device; ret: number } {
  const k = kernel(dts, options);
  const node = k.board.tree.nodeByPath(path);
  assert.ok(node, path);
  const dev = new device(path, node);
  return { k, dev, ret: of_dma_configure(k, dev, true) };
}

const OFFSET_BUS = `bus {
  #address-cells = <1>; #size-cells = <1>; ranges;
  dma-ranges = <0 0x80000000 0x40000000>;
  dev@1000 { reg = <0x1000 0x100>; };
};`;

test('dma-ranges give translation, limit and masks', () => {
  for (const version of ['6.12', '6.1'] as const) {
    const { k, dev, ret } = configured(OFFSET_BUS, '/bus/dev@1000', { version });
    assert.equal(ret, 0);
    assert.deepEqual(dev.dma_range_map, [{ cpu_start: 0x80000000, dma_start: 0, size: 0x40000000 }]);
    assert.equal(dev.bus_dma_limit, 0x3fffffff);
    assert.equal(dev.coherent_dma_mask, 0x3fffffff);
    assert.equal(dev.dma_mask, 0x3fffffff);
    assert.equal(phys_to_dma(k, dev, 0x80001000), 0x1000);
  }
});

test('without dma-ranges masks stay, and no map is set', () => {
  const { dev, ret } = configured('dev { };', '/dev');
  assert.equal(ret, 0);
  assert.equal(dev.dma_range_map, null);
  assert.equal(dev.bus_dma_limit, 0);
  assert.equal(dev.coherent_dma_mask, DMA_BIT_MASK(32));
});

test('an empty dma-ranges passes on upwards; a missing one after it is an error', () => {
  const inner = 'inner { #address-cells = <1>; #size-cells = <1>; dma-ranges; dev { }; };';
  const outer = `outer { #address-cells = <1>; #size-cells = <1>; dma-ranges = <0 0x40000000 0x10000000>; ${inner} };`;
  const k = kernel(outer);
  const ranges = of_dma_get_range(k, k.board.tree.nodeByPath('/outer/inner') ?? null);
  assert.deepEqual(ranges, [{ cpu_start: 0x40000000, dma_start: 0, size: 0x10000000 }]);

  const broken = kernel(outer.replace('dma-ranges = <0 0x40000000 0x10000000>;', ''));
  assert.equal(of_dma_get_range(broken, broken.board.tree.nodeByPath('/outer/inner') ?? null), -19);
});

test('ranges are translated through every bus above; neighbours merge; what leads nowhere is skipped', () => {
  const k = kernel(`top {
    #address-cells = <1>; #size-cells = <1>; dma-ranges = <0 0x80000000 0x20000000>;
    sub { #address-cells = <1>; #size-cells = <1>;
      dma-ranges = <0x10000000 0 0x1000000>, <0x11000000 0x1000000 0x1000000>, <0x20000000 0x30000000 0x1000>;
      dev { }; };
  };`);
  const ranges = of_dma_get_range(k, k.board.tree.nodeByPath('/top/sub') ?? null);
  assert.deepEqual(ranges, [{ cpu_start: 0x80000000, dma_start: 0x10000000, size: 0x2000000 }]);
  assert.match(
    k.log.lines.at(-1)?.text ?? '',
    /DMA address\(20000000\) to CPU address failed node\(\/top\/sub\)/,
  );
});

test('nothing translatable is -EINVAL, which only a caller that does not force DMA sees', () => {
  const dts = `bus { #address-cells = <1>; #size-cells = <1>; dma-ranges = <0 0 0x1000>;
    sub { #address-cells = <1>; #size-cells = <1>; dma-ranges = <0 0x10000000 0x1000>; dev { }; }; };`;
  const { k, dev, ret } = configured(dts, '/bus/sub/dev');
  assert.equal(ret, 0);
  assert.equal(dev.dma_range_map, null);
  assert.equal(of_dma_configure(k, dev, false), -22);
});

test('a PCI bus has three address cells, of which the first says the space', () => {
  const k = kernel(
    `pcie@0 { device_type = "pci"; #address-cells = <3>; #size-cells = <2>;
      dma-ranges = <0x42000000 0 0x0 0x40000000 0 0x40000000>; };`,
    { symbols: ['PCI'] },
  );
  const ranges = of_dma_get_range(k, k.board.tree.nodeByPath('/pcie@0') ?? null);
  assert.deepEqual(ranges, [{ cpu_start: 0x40000000, dma_start: 0, size: 0x40000000 }]);
});

test('6.1 rounds an odd size, as a mask in the tree would give', () => {
  const dts = `bus { #address-cells = <1>; #size-cells = <1>; dma-ranges = <0 0x40000000 0x3fffffff>; dev { }; };`;
  const { k, dev } = configured(dts, '/bus/dev', { version: '6.1' });
  assert.equal(dev.bus_dma_limit, 0x3fffffff);
  assert.match(k.log.lines[0]?.text ?? '', /Invalid size 0x3fffffff for dma-range\(s\)/);
  assert.equal(configured(dts, '/bus/dev').dev.bus_dma_limit, 0x3ffffffe);
});

test('a first range of size 0 makes an empty map: 6.1 leaves the device no address at all', () => {
  const dts = `bus { #address-cells = <1>; #size-cells = <1>; dma-ranges = <0 0x40000000 0>; dev { }; };`;
  const set = (version: KernelVersion) => {
    const { k, dev, ret } = configured(dts, '/bus/dev', { version });
    const { dma_range_map, bus_dma_limit, coherent_dma_mask, dma_mask } = dev;
    return [ret, dma_range_map, bus_dma_limit, coherent_dma_mask, dma_mask, k.log.lines.length];
  };
  assert.deepEqual(set('6.1'), [0, [], 0, 0, 0, 1]);
  const mask = DMA_BIT_MASK(32);
  assert.deepEqual(set('6.12'), [0, [], mask, mask, mask, 0]);
});

test('coherence is inherited, the nearest word counts', () => {
  const k = kernel('bus { dma-coherent; a { }; b { dma-noncoherent; c { }; }; };  d { };');
  const coherent = (path: string) => of_dma_is_coherent(k, k.board.tree.nodeByPath(path) ?? null);
  assert.equal(coherent('/bus/a'), true);
  assert.equal(coherent('/bus/b/c'), false);
  assert.equal(coherent('/d'), false);
});

test("the interconnect called 'dma-mem' replaces the parent", () => {
  const k = kernel(`
    other: other { #interconnect-cells = <2>; };
    mbus: mbus { #interconnect-cells = <1>; #address-cells = <1>; #size-cells = <1>;
      dma-ranges = <0 0x40000000 0x80000000>; };
    dev { interconnects = <&other 1 2>, <&mbus 5>; interconnect-names = "x", "dma-mem"; };`);
  const node = k.board.tree.nodeByPath('/dev');
  assert.ok(node);
  assert.equal(of_get_dma_parent(k, node)?.name, 'mbus');
  const dev = new device('dev', node);
  of_dma_configure(k, dev, true);
  assert.equal(dev.bus_dma_limit, 0x7fffffff);
});

test('a device without mask is warned about and gets the coherent one', () => {
  const k = kernel('dev { };');
  const dev = new device('dev', k.board.tree.nodeByPath('/dev') ?? null);
  dev.dma_mask = null;
  of_dma_configure(k, dev, true);
  assert.equal(dev.dma_mask, 0xffffffff);
  assert.equal(k.log.lines[0]?.text, 'dev: DMA mask not set');
});

test('Armada code makes every device coherent, on more than one core', () => {
  const dts = 'fabric { compatible = "marvell,armada-380-coherency-fabric"; }; dev { };';
  const k = kernel(dts, { symbols: ['MACH_MVEBU_V7'] });
  const dev = new device('dev', null);
  bus_notify_add_device(k, dev);
  assert.equal(dev.dma_coherent, true);

  const single = { ...k, cpu: { is_smp: false } } as unknown as Kernel;
  const other = new device('dev', null);
  bus_notify_add_device(single, other);
  assert.equal(other.dma_coherent, false);
});

test('a device without memory-region gets -ENODEV', () => {
  const k = kernel('dev { };');
  assert.equal(
    of_reserved_mem_device_init(k, new device('dev', k.board.tree.nodeByPath('/dev') ?? null)),
    -19,
  );
  assert.equal(of_reserved_mem_device_init(k, new device('none', null)), -22);
});
