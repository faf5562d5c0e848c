// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Board } from '../../../../board/board.js';
import type { HardwareFacts } from '../../../../board/hardware.js';
import { physicalBanks } from '../../../../board/memory.js';
import { designByName } from '../../../../designs/index.js';
import { parseDts } from '../../../../devicetree/load.js';
import { Machine } from '../../../../hw/machine.js';
import { Kernel } from '../../../kernel.js';
import { presetConfig } from '../../../presets.js';
import { outer_cache_init, sharedOverride } from './cache-l2x0.js';

interface Options {
  /** 'compatible' of the root. */
  readonly root?: string;
  readonly property?: string;
  readonly hardware?: HardwareFacts;
  readonly symbols?: Readonly<Record<string, boolean>>;
}

/** A kernel before it boots, on two Cortex-A9 with a PL310. */
function kernel({ root = 'test,board', property = '', hardware = {}, symbols = {} }: Options): Kernel {
  const tree = parseDts(
    `/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; compatible = "${root}";
      cpus { #address-cells = <1>; #size-cells = <0>;
        cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a9"; reg = <0>; };
        cpu@1 { device_type = "cpu"; compatible = "arm,cortex-a9"; reg = <1>; }; };
      memory@0 { device_type = "memory"; reg = <0x0 0x10000000>; };
      cache-controller@f0000000 { compatible = "arm,pl310-cache"; reg = <0xf0000000 0x1000>; ${property} }; };`,
    'test.dts',
  );
  const board = new Board('test', tree, hardware);
  const machine = new Machine(board.machineFacts(), physicalBanks(board));
  const config = presetConfig('multi_v7').with(symbols);
  return new Kernel(machine, board, {}, config, designByName('legacy').hooks);
}

function value(control: number): HardwareFacts {
  return { outerCacheAuxiliaryControl: { value: control, source: 'test' } };
}

const BIT_22 = 0x00400000;

test('bit 22 comes from the tree, the machine descriptor, or firmware, in this order', () => {
  const property = 'arm,shared-override;';
  assert.deepEqual(sharedOverride(kernel({})), { set: false, by: 'nobody' });
  assert.deepEqual(sharedOverride(kernel({ property })), { set: true, by: 'tree' });
  assert.deepEqual(sharedOverride(kernel({ hardware: value(BIT_22) })), { set: true, by: 'hardware file' });
  assert.deepEqual(sharedOverride(kernel({ hardware: value(0) })), { set: false, by: 'hardware file' });
  // Zynq: val 0x00400000, mask 0xffbfffff.
  const zynq = { root: 'xlnx,zynq-7000' };
  assert.deepEqual(sharedOverride(kernel(zynq)), { set: true, by: 'machine descriptor' });
  assert.deepEqual(sharedOverride(kernel({ ...zynq, property })), { set: true, by: 'tree' });
  // MMP3: mask 0xc20fffff takes the bit away, and val does not set it.
  const mmp3 = { root: 'marvell,mmp3', hardware: value(BIT_22) };
  assert.deepEqual(sharedOverride(kernel(mmp3)), { set: false, by: 'machine descriptor' });
});

test('a cache that firmware switched on keeps what firmware wrote', () => {
  const outerCacheEnabled = { value: true, source: 'test' };
  const property = 'arm,shared-override;';
  const clear = kernel({ property, root: 'xlnx,zynq-7000', hardware: { ...value(0), outerCacheEnabled } });
  assert.deepEqual(sharedOverride(clear), { set: false, by: 'hardware file' });
  const set = kernel({ hardware: { ...value(BIT_22), outerCacheEnabled } });
  assert.deepEqual(sharedOverride(set), { set: true, by: 'hardware file' });
});

test('the machine learns what the kernel made of the outer cache', () => {
  const lookups = (options: Options): boolean => {
    const k = kernel(options);
    outer_cache_init(k);
    return k.machine.lookupNonCacheable;
  };
  assert.equal(lookups({}), true);
  assert.equal(lookups({ property: 'arm,shared-override;' }), false);
  assert.equal(lookups({ root: 'xlnx,zynq-7000' }), false);
  const off = kernel({ symbols: { CACHE_L2X0: false } });
  outer_cache_init(off);
  assert.equal(off.machine.outerCache, null);
  assert.equal(off.machine.outerInUse, false);
});
