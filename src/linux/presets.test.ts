// SPDX-License-Identifier: GPL-2.0-only
/** Presets: each is a possible config, agrees with the real one, and boards get the right one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sharedPath, skipWithout } from '../../tests/support/shared.js';
import { InputError } from '../base/diagnostics.js';
import { machineDescFor } from './arch/arm/mach.js';
import { machineTable } from './arch/arm/mach-table.js';
import { parseKconfig } from './kconfig.js';
import { textOffset } from './kernel-image.js';
import { type PresetNeeds, presetByName, presetConfig, presetForBoard, presets } from './presets.js';

test('names are unique, and an unknown one is answered with the list', () => {
  assert.equal(new Set(presets.map(({ name }) => name)).size, presets.length);
  assert.throws(
    () => presetByName('multi_v8'),
    error =>
      error instanceof InputError && /preset-unknown.*multi_v8.*\n.*presets: multi_v7,/.test(error.message),
  );
});

test('each preset is a possible config of an ARM kernel with MMU', () => {
  const splits = {
    VMSPLIT_3G: 0xc0000000,
    VMSPLIT_3G_OPT: 0xb0000000,
    VMSPLIT_2G: 0x80000000,
    VMSPLIT_1G: 0x40000000,
  };
  for (const { name, symbols, image } of presets) {
    const on = (symbol: string): boolean => symbols[symbol] === true;
    assert.ok(on('ARM') && on('MMU'), name);
    const split = Object.entries(splits).filter(([symbol]) => on(symbol));
    assert.deepEqual(
      split.map(([, offset]) => offset),
      [symbols['PAGE_OFFSET']],
      name,
    );
    assert.equal(on('PHYS_ADDR_T_64BIT'), on('ARM_LPAE'), name);
    if (on('DMA_RESTRICTED_POOL')) assert.ok(on('SWIOTLB'), name);
    if (on('DMA_CMA')) assert.ok(on('CMA') && typeof symbols['CMA_ALIGNMENT'] === 'number', name);
    assert.equal(typeof symbols['ARCH_FORCE_MAX_ORDER'], 'number', name);
    assert.equal(image.textOffset, textOffset(new Map(Object.entries(symbols))), name);
    assert.ok(image.stext < image.initBegin && image.initEnd <= image.sdata && image.sdata < image.end, name);
  }
});

for (const [name, file] of [
  ['debian-armmp', 'armmp'],
  ['debian-armmp-lpae', 'lpae'],
  ['debian-marvell', 'marvell'],
  ['rpi-v6', 'rpi'],
] as const) {
  const path = `truth/configs/${file}.config`;
  test(`${name} states what the real config states`, { skip: skipWithout(path) }, () => {
    const real = parseKconfig(readFileSync(sharedPath(path) ?? '', 'utf8'), path).symbols;
    for (const [symbol, value] of Object.entries(presetByName(name).symbols)) {
      assert.equal(value, real.get(symbol), symbol);
    }
    const stated = presetConfig(name);
    for (const symbol of machineTable.flatMap(row => row[1])) {
      assert.equal(stated.isEnabled(symbol), real.get(symbol) === true, symbol);
    }
  });
}

test('boards get their machine with the preset that is chosen for them', () => {
  const machine = (preset: string, compatible: string) => machineDescFor([compatible], presetConfig(preset));
  for (const preset of ['multi_v7', 'multi_v7-lpae', 'multi_v7-lpae-restricted', 'debian-armmp']) {
    assert.equal(machine(preset, 'brcm,bcm2711').dma_zone_size, 0x40000000, preset);
    assert.equal(machine(preset, 'ti,omap4').reserve, 'omap', preset);
    assert.equal(
      machine(preset, 'samsung,exynos4210').name,
      'Samsung Exynos (Flattened Device Tree)',
      preset,
    );
  }
  assert.equal(machine('multi_v7', 'xlnx,zynq-7000').reserve, 'zynq');
  assert.equal(machine('multi_v5', 'marvell,kirkwood').name, 'Marvell Kirkwood (Flattened Device Tree)');
  assert.equal(machine('versatile', 'arm,versatile-pb').name, 'ARM-Versatile (Device Tree Support)');
  assert.equal(machine('rpi-v6', 'brcm,bcm2835').name, 'BCM2835');
});

test('a preset on another baseline keeps its meaning', () => {
  assert.equal(presetConfig('multi_v7').number('ARCH_FORCE_MAX_ORDER'), 11);
  const older = presetConfig('multi_v7', { baseline: '6.1', cmdline: 'cma=0' });
  assert.equal(older.number('ARCH_FORCE_MAX_ORDER'), 12);
  assert.equal(older.number('CMA_AREAS'), 7);
  assert.equal(older.cmdline, 'cma=0');
  const newer = presetConfig('debian-armmp', { baseline: '6.12' });
  assert.equal(newer.number('ARCH_FORCE_MAX_ORDER'), 11);
  assert.equal(newer.number('CMA_AREAS'), 8);
});

test('the preset follows from the cores', () => {
  const rows: [PresetNeeds, string][] = [
    [{ architecture: 4, needsLpae: false }, 'multi_v5'],
    [{ architecture: 5, needsLpae: false }, 'multi_v5'],
    [{ architecture: 6, needsLpae: false }, 'rpi-v6'],
    [{ architecture: 7, needsLpae: false }, 'multi_v7'],
    [{ architecture: 7, needsLpae: true }, 'multi_v7-lpae'],
    [{ architecture: 7, needsLpae: false, restrictedPool: true }, 'multi_v7-lpae-restricted'],
  ];
  for (const [needs, name] of rows) assert.equal(presetForBoard(needs), name);
});
