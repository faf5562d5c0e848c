// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '../base/diagnostics.js';
import { KernelConfig, type KernelVersion } from '../linux/config.js';
import { DESIGN_SYMBOLS, designByName, designs } from './index.js';

const image = {
  textOffset: 0x8000,
  stext: 0x100000,
  rodataStart: 0x700000,
  initBegin: 0x900000,
  initEnd: 0xa00000,
  sdata: 0xa00000,
  end: 0xb00000,
  perCpuBytes: 0,
};

function config(symbols: Record<string, boolean>): KernelConfig {
  const map = new Map(Object.entries(symbols));
  return new KernelConfig({ name: 'test', version: '6.12', symbols: map, cmdline: '', image });
}

function selected(name: string, version: KernelVersion): string[] {
  const symbols = designByName(name).kconfig(version);
  return DESIGN_SYMBOLS.filter(symbol => symbols[symbol]);
}

test('every design is found by its name and names its hooks alike', () => {
  assert.deepEqual(
    designs.map(design => design.name),
    ['legacy', 'prep-fix', 'v1', 'v1-66', 'step1', 'step2', 'step2p'],
  );
  for (const design of designs) {
    assert.equal(designByName(design.name), design);
    assert.equal(design.hooks.name, design.name);
  }
});

test('an unknown name is refused with the list of names', () => {
  assert.throws(
    () => designByName('step3'),
    (error: unknown) =>
      error instanceof InputError &&
      /step3.*\n.*legacy, prep-fix, v1, v1-66, step1, step2, step2p/.test(error.message),
  );
});

test('the symbol ARCH_HAS_DMA_ALLOC exists in 6.12 only', () => {
  assert.deepEqual(selected('legacy', '6.12'), ['ARCH_HAS_DMA_ALLOC']);
  assert.deepEqual(selected('legacy', '6.1'), []);
  assert.deepEqual(selected('v1', '6.12'), ['ARCH_HAS_DMA_ALLOC', 'DMA_COHERENT_POOL', 'DMA_DIRECT_REMAP']);
  for (const version of ['6.1', '6.12'] as const) {
    assert.deepEqual(selected('v1-66', version), selected('v1', version));
  }
});

test('a design that sets a symbol has the hook behind it', () => {
  for (const { name, hooks, kconfig } of designs) {
    const symbols = kconfig('6.12');
    assert.equal(symbols.ARCH_HAS_DMA_PREP_COHERENT, hooks.arch_dma_prep_coherent && true, name);
    assert.equal(symbols.ARCH_HAS_DMA_SET_UNCACHED, hooks.arch_dma_set_uncached && true, name);
    assert.equal(symbols.ARCH_HAS_DMA_CLEAR_UNCACHED, hooks.arch_dma_clear_uncached && true, name);
    assert.equal(symbols.ARCH_HAS_DMA_CAN_SET_UNCACHED, hooks.arch_dma_can_set_uncached && true, name);
    if (symbols.ARCH_HAS_DMA_ALLOC) assert.ok(hooks.arch_dma_alloc && hooks.arch_dma_free, name);
  }
});

test('applying a design takes away what another one set', () => {
  const base = config({ MMU: true });
  const before = base.with(designByName('step2').kconfig('6.12'));
  const after = before.with(designByName('legacy').kconfig('6.12'));
  assert.equal(before.isEnabled('DMA_DIRECT_REMAP'), true);
  assert.equal(after.isEnabled('DMA_DIRECT_REMAP'), false);
  assert.equal(after.isEnabled('ARCH_HAS_DMA_ALLOC'), true);
});

test('no design is for kernels without MMU', () => {
  for (const design of designs) {
    assert.equal(design.refuse(config({ MMU: true })), null, design.name);
    assert.match(design.refuse(config({})) ?? '', /CONFIG_MMU is not set/, design.name);
  }
  assert.match(
    designByName('v1').refuse(config({})) ?? '',
    /DMA_GLOBAL_POOL, which depends on !DMA_DIRECT_REMAP/,
  );
});
