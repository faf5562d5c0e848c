// SPDX-License-Identifier: GPL-2.0-only
/**
 * From trees to machine facts: small trees for each rule, then the real ones.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sharedPath, skipWithout } from '../../tests/support/shared.js';
import { encodeCells, encodeStrings } from '../devicetree/bytes.js';
import { DeviceTree } from '../devicetree/tree.js';
import { Board, loadBoard } from './board.js';
import type { HardwareFacts } from './hardware.js';

interface Description {
  readonly root?: readonly string[];
  readonly cpus?: readonly (readonly string[])[];
  readonly cache?: readonly string[];
  readonly cacheProperties?: Readonly<Record<string, Uint8Array>>;
  readonly hardware?: HardwareFacts;
}

function boardOf(description: Description): Board {
  const tree = new DeviceTree('x.dtb');
  if (description.root) tree.root.setProperty('compatible', encodeStrings(...description.root));
  if (description.cpus) {
    const cpus = tree.root.addChild('cpus');
    for (const [index, names] of description.cpus.entries()) {
      cpus.addChild(`cpu@${index}`).setProperty('compatible', encodeStrings(...names));
    }
    cpus.addChild('cpu-map');
  }
  if (description.cache) {
    const cache = tree.root.addChild('soc').addChild('cache@1000');
    cache.setProperty('compatible', encodeStrings(...description.cache));
    for (const [name, value] of Object.entries(description.cacheProperties ?? {})) {
      cache.setProperty(name, value);
    }
  }
  return new Board('x', tree, description.hardware);
}

const A9 = ['arm,cortex-a9'];
const empty = new Uint8Array(0);

test('core and core count come from the CPU nodes', () => {
  const board = boardOf({ cpus: [A9, A9] });
  const facts = board.machineFacts();
  assert.equal(facts.core.name, 'Cortex-A9');
  assert.equal(facts.coreCount, 2);
  assert.equal(facts.physicalAddressBits, 32);
  assert.equal(facts.coherentFabric, 'unknown');
  assert.equal(facts.outerCache, null);
  assert.deepEqual(board.diagnostics, []);

  const little = boardOf({ cpus: [['arm,cortex-a7'], ['arm,cortex-a15']] });
  assert.equal(little.machineFacts().core.name, 'Cortex-A7');
  assert.equal(little.machineFacts().physicalAddressBits, 40);
  assert.equal(little.diagnostics[0]?.id, 'cpu-mixed');

  const off = boardOf({ cpus: [A9, A9] });
  off.tree.nodeByPath('/cpus/cpu@1')?.setProperty('status', encodeStrings('disabled'));
  assert.equal(new Board('x', off.tree).machineFacts().coreCount, 1);
});

test('a compatible that two cores share is told apart by the chip', () => {
  const sheeva = [['marvell,sheeva-v7']];
  const armada370 = boardOf({
    root: ['vendor,nas', 'marvell,armada370', 'marvell,armada-370-xp'],
    cpus: sheeva,
  });
  assert.equal(armada370.machineFacts().core.name, 'PJ4B');
  assert.equal(armada370.machineFacts().core.multiprocessingExtensions, false);
  const armadaXp = boardOf({ root: ['marvell,armadaxp', 'marvell,armada-370-xp'], cpus: sheeva });
  assert.equal(armadaXp.machineFacts().core.name, 'PJ4B-MP');
  assert.equal(armadaXp.machineFacts().physicalAddressBits, 40);
});

test('a missing or unknown core is replaced and told, never a crash', () => {
  const byRoot = boardOf({ root: ['mrvl,mmp2-brownstone', 'mrvl,mmp2'] });
  assert.equal(byRoot.machineFacts().core.name, 'PJ4');
  assert.deepEqual([byRoot.diagnostics[0]?.severity, byRoot.diagnostics[0]?.id], ['note', 'cpu-from-root']);

  const unknown = boardOf({ cpus: [['vendor,core']] });
  assert.equal(unknown.cpus.known, false);
  assert.deepEqual(
    unknown.diagnostics.map(({ id }) => id),
    ['cpu-unknown', 'cpu-assumed'],
  );
  assert.match(unknown.diagnostics[0]!.message, /vendor,core/);

  const source = 'manual';
  const hardware: HardwareFacts = {
    core: { value: 'arm,arm1176jzf-s', source },
    coreCount: { value: 4, source },
    dataCache: { value: 'VIPT', source },
    coherentFabric: { value: true, source },
  };
  const told = boardOf({ hardware });
  assert.deepEqual(told.diagnostics, []);
  assert.equal(told.machineFacts().core.name, 'ARM1176JZF-S');
  assert.equal(told.machineFacts().core.cache, 'VIPT');
  assert.equal(told.machineFacts().coreCount, 4);
  assert.equal(told.machineFacts().coherentFabric, true);
});

test('the size of an ARM11 data cache decides whether it shows aliases', () => {
  const arm1176 = (properties: Readonly<Record<string, Uint8Array>>, more: Description = {}) => {
    const { tree } = boardOf({ cpus: [['arm,arm1176jzf-s']], ...more });
    const node = tree.nodeByPath('/cpus/cpu@0')!;
    for (const [name, value] of Object.entries(properties)) node.setProperty(name, value);
    return new Board('x', tree, more.hardware);
  };
  const size = (bytes: number) => ({ 'd-cache-size': encodeCells(bytes) });
  const ids = (board: Board) => board.diagnostics.map(({ id }) => id);
  assert.equal(arm1176(size(0x4000)).machineFacts().core.cache, 'VIPT');
  assert.equal(arm1176(size(0x8000)).machineFacts().core.cache, 'VIPT-aliasing');
  assert.equal(arm1176(size(0x8000)).cpus.cores[0]?.cache, 'VIPT-aliasing');
  assert.deepEqual(ids(arm1176(size(0x8000))), []);
  // A wrong line length in the tree changes nothing.
  const wrong = { ...size(0x4000), 'd-cache-line-size': encodeCells(16) };
  assert.equal(arm1176(wrong).machineFacts().core.lineBytes, 32);

  const n810 = arm1176({}, { root: ['nokia,n810', 'ti,omap2420'], cpus: [['arm,arm1136jf-s']] });
  assert.equal(n810.machineFacts().core.cache, 'VIPT-aliasing');
  const ast2500 = arm1176({}, { root: ['aspeed,ast2500-evb', 'aspeed,ast2500'] });
  assert.equal(ast2500.machineFacts().core.cache, 'VIPT');
  assert.deepEqual(ids(ast2500), []);

  const unknown = arm1176({});
  assert.equal(unknown.machineFacts().core.cache, 'VIPT');
  assert.deepEqual(ids(unknown), ['data-cache-assumed']);
  const dataCache = { value: 'VIPT-aliasing' as const, source: 'manual' };
  const told = arm1176(size(0x4000), { hardware: { dataCache } });
  assert.equal(told.machineFacts().core.cache, 'VIPT-aliasing');
  assert.deepEqual(ids(told), []);
  // Other cores do not care.
  const a9 = arm1176(size(0x8000), { cpus: [A9] });
  assert.equal(a9.machineFacts().core.cache, 'PIPT');
});

test('the outer cache follows the drivers', () => {
  const cache = (description: Description) =>
    boardOf({ cpus: [A9], ...description }).machineFacts().outerCache;
  const pl310 = cache({
    cache: ['arm,pl310-cache'],
    cacheProperties: { 'cache-size': encodeCells(0x80000), 'arm,io-coherent': empty },
  });
  assert.deepEqual(pl310, {
    model: 'PL310',
    compatible: 'arm,pl310-cache',
    sizeBytes: 0x80000,
    lineBytes: 32,
    needsMaintenance: true,
    writeThrough: false,
    sharedOverride: 'unknown',
    ioCoherent: true,
    syncDisabled: false,
  });
  assert.equal(cache({ cache: ['marvell,tauros3-cache', 'arm,pl310-cache'] })?.model, 'Tauros3');
  assert.equal(cache({ cache: ['marvell,aurora-system-cache'] })?.needsMaintenance, false);
  assert.equal(cache({ cache: ['marvell,aurora-outer-cache'] })?.needsMaintenance, true);
  assert.equal(cache({ cache: ['cache'] }), null);
  const wide = { 'cache-line-size': encodeCells(128) };
  assert.equal(cache({ cache: ['arm,pl310-cache'], cacheProperties: wide })?.lineBytes, 32);
  const forced = { 'wt-override': empty };
  assert.equal(cache({ cache: ['marvell,aurora-outer-cache'], cacheProperties: forced })?.writeThrough, true);
  // Beside an ARMv7 core Tauros2 is reached by the core's own operations.
  const tauros2 = (cpu: string) => cache({ cpus: [[cpu]], cache: ['marvell,tauros2-cache'] });
  assert.equal(tauros2('marvell,mohawk')?.needsMaintenance, true);
  assert.equal(tauros2('marvell,pj4a')?.needsMaintenance, false);
  const uniphier = cache({ cache: ['socionext,uniphier-system-cache'], cacheProperties: wide });
  assert.equal(uniphier?.lineBytes, 128);
});

test('shared override: the tree counts while the cache is off, else what firmware left', () => {
  const source = 'boot log';
  const override = (inTree: boolean, auxiliary?: number, enabled = false) =>
    boardOf({
      cpus: [A9],
      cache: ['arm,pl310-cache'],
      cacheProperties: inTree ? { 'arm,shared-override': empty } : {},
      hardware: {
        outerCacheEnabled: { value: enabled, source },
        ...(auxiliary !== undefined && { outerCacheAuxiliaryControl: { value: auxiliary, source } }),
      },
    }).machineFacts().outerCache?.sharedOverride;
  assert.equal(override(false), 'unknown');
  assert.equal(override(true), true);
  assert.equal(override(false, 0x02420000), true);
  assert.equal(override(false, 0x02020000), false);
  assert.equal(override(true, 0x02020000, true), false);
  assert.equal(override(true, undefined, true), 'unknown');
});

test('real trees: each becomes a machine of a known core', { skip: skipWithout('boards') }, t => {
  const folder = sharedPath('boards')!;
  const files = readdirSync(folder).filter(name => name.endsWith('.dtb'));
  const cores = new Map<string, number>();
  const outer = new Map<string, number>();
  for (const file of files) {
    const board = loadBoard(join(folder, file));
    const facts = board.machineFacts();
    assert.ok(board.cpus.known, file);
    assert.equal(board.name, file.slice(0, -4));
    assert.ok(board.rootCompatibles.length > 0 && board.model.length > 0, file);
    cores.set(facts.core.name, (cores.get(facts.core.name) ?? 0) + 1);
    const model = facts.outerCache?.model ?? 'none';
    outer.set(model, (outer.get(model) ?? 0) + 1);
  }
  t.diagnostic(`${files.length} boards: ${[...cores].join(' ')}; outer caches: ${[...outer].join(' ')}`);
  assert.ok(files.length >= 100 && cores.size >= 8);
  const known = (name: string) => loadBoard(join(folder, `${name}.dtb`)).machineFacts();
  assert.equal(known('imx6q-sabrelite').outerCache?.model, 'PL310');
  assert.equal(known('imx6q-sabrelite').coreCount, 4);
  assert.equal(known('dove-cubox-es').outerCache?.model, 'Tauros2');
  assert.equal(known('dove-cubox-es').outerCache?.needsMaintenance, false);
  assert.equal(known('pxa910-dkb').outerCache?.needsMaintenance, true);
  assert.equal(known('armada-370-c200-v2').outerCache?.writeThrough, true);
  assert.equal(known('armada-370-c200-v2').core.multiprocessingExtensions, false);
  assert.equal(known('armada-xp-gp').core.multiprocessingExtensions, true);
  assert.equal(known('bcm2835-rpi-a-plus').core.cache, 'VIPT');
  assert.equal(known('aspeed-ast2500-evb').core.cache, 'VIPT');
  assert.equal(known('armada-xp-gp').outerCache?.needsMaintenance, false);
  assert.equal(known('bcm2711-rpi-4-b').core.name, 'Cortex-A72');
});
