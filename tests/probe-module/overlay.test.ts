// SPDX-License-Identifier: GPL-2.0-only
/**
 * The probe's overlay on real boards: dtc's tools merge it, the modelled kernel boots with what comes out, and each
 * device of the probe gets what it is there for.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MiB } from '../../src/base/address.js';
import { InputError } from '../../src/base/diagnostics.js';
import { Board, loadBoard } from '../../src/board/board.js';
import { applyBootLoader } from '../../src/board/memory.js';
import { designByName } from '../../src/designs/index.js';
import { isCompatible, stringOf } from '../../src/devicetree/access.js';
import { loadDeviceTree, parseDtb, printDts, writeDtb } from '../../src/devicetree/load.js';
import { runDtc, skipWithoutDtc } from '../../src/devicetree/test-support.js';
import type { DeviceTree } from '../../src/devicetree/tree.js';
import { bootDesign } from '../../src/lab/boot.js';
import { prepareBoard } from '../../src/lab/job.js';
import { of_reserved_mem_device_init, platform_dma_configure } from '../../src/linux/drivers/of/device.js';
import { device } from '../../src/linux/include/linux/device.js';
import { EINVAL } from '../../src/linux/include/linux/errno.js';
import { probeOverlay } from '../../src/workloads/probe/overlay.js';
import { repositoryRoot, sharedPath, skipWithout } from '../support/shared.js';
import { mergedDtb, PROBE_DEVICES, skipWithoutFdtoverlay } from './merge.js';

function bundled(name: string, memoryMiB?: number): DeviceTree {
  const { tree } = loadBoard(join(repositoryRoot, 'boards', `${name}.dts`));
  if (memoryMiB !== undefined) applyBootLoader({ tree }, { memory: [{ sizeBytes: memoryMiB * MiB }] });
  return tree;
}

const probeNodes = (tree: DeviceTree) =>
  [...tree.root.walk()].filter(node => isCompatible(node, 'armory,dma-probe'));
const namesOf = (tree: DeviceTree) => probeNodes(tree).map(node => stringOf(tree, node, 'armory,name'));

test('dtc makes the same binary of our source', { skip: skipWithoutDtc }, () => {
  const { tree } = probeOverlay({ tree: bundled('beaglebone-black') });
  assert.ok(runDtc(printDts(tree), '-I', 'dts', '-O', 'dtb', '-b', '0')?.equals(writeDtb(tree)));
});

test('merged, devices stand in the order of the recordings', { skip: skipWithoutFdtoverlay }, () => {
  const merged = parseDtb(mergedDtb(bundled('beaglebone-black')), 'merged.dtb');
  assert.deepEqual(namesOf(merged), PROBE_DEVICES);
});

test('every real board either takes the probe or says why not', {
  skip: skipWithout('boards') || skipWithoutFdtoverlay,
}, t => {
  const folder = sharedPath('boards')!;
  const refused = new Map<string, number>();
  let taken = 0;
  for (const name of readdirSync(folder).filter(file => file.endsWith('.dtb'))) {
    const tree = loadDeviceTree(join(folder, name));
    try {
      const merged = parseDtb(mergedDtb(tree), name);
      assert.deepEqual(namesOf(merged), PROBE_DEVICES, name);
      taken++;
    } catch (error) {
      assert.ok(error instanceof InputError, `${name}: ${error}`);
      const id = error.diagnostics[0]!.id;
      refused.set(id, (refused.get(id) ?? 0) + 1);
    }
  }
  t.diagnostic(`${taken} boards take it, ${JSON.stringify([...refused])} do not`);
  // Boards without memory in the tree wait for a boot loader; some microcontrollers have 8 to 32 MiB.
  assert.deepEqual(
    [...refused.keys()].filter(id => id !== 'memory-no-size' && id !== 'probe-ram-small'),
    [],
  );
  assert.ok(taken >= 80, `${taken}`);
});

/** What each device has: result of of_reserved_mem_device_init(), coherent, own pool, own CMA area, window. */
type Equipment = readonly [number | null, boolean, boolean, boolean, number | null];

const equipmentOf = (restricted: number, scale: number): Readonly<Record<string, Equipment>> => ({
  plain: [null, false, false, false, null],
  coherent: [null, true, false, false, null],
  restricted: [restricted, false, false, false, null],
  'restricted-coherent': [restricted, true, false, false, null],
  cmadev: [0, false, false, true, null],
  'cmadev-coherent': [0, true, false, true, null],
  nomap: [0, false, true, false, null],
  limit: [null, false, false, false, scale / 4],
  offset: [null, false, false, false, scale],
  mask24: [null, false, false, false, null],
  mask24force: [null, false, false, false, null],
  mask24bus: [null, false, false, false, scale],
});

interface Case {
  readonly board: string;
  readonly memoryMiB?: number;
  readonly preset?: string;
  /** A kernel without DMA_RESTRICTED_POOL has nobody who takes such a node. */
  readonly restricted: number;
  readonly scaleMiB: number;
}

const cases: readonly Case[] = [
  { board: 'beaglebone-black', restricted: -EINVAL, scaleMiB: 256 },
  { board: 'beaglebone-black', memoryMiB: 64, restricted: -EINVAL, scaleMiB: 64 },
  { board: 'radxa-rock', restricted: -EINVAL, scaleMiB: 256 },
  { board: 'raspberry-pi', memoryMiB: 128, restricted: -EINVAL, scaleMiB: 128 },
  { board: 'versatile-pb', restricted: -EINVAL, scaleMiB: 128 },
  { board: 'restricted-vm', preset: 'multi_v7-lpae-restricted', restricted: 0, scaleMiB: 256 },
];

for (const { board, memoryMiB, preset, restricted, scaleMiB } of cases) {
  const title = `${board}${memoryMiB ? ` with ${memoryMiB} MiB` : ''}: devices get their memory from the modelled kernel`;
  test(title, { skip: skipWithoutFdtoverlay }, () => {
    const tree = parseDtb(mergedDtb(bundled(board, memoryMiB)), `${board}.dtb`);
    const job = { path: `${board}.dtb`, designs: [], ...(preset && { preset }) };
    const k = bootDesign(prepareBoard(new Board(board, tree), job), designByName('legacy'));
    const found = probeNodes(tree).map((node): [string | undefined, Equipment] => {
      const dev = new device(node.name, node);
      platform_dma_configure(k, dev);
      const asked = node.properties.has('memory-region');
      const result = asked ? of_reserved_mem_device_init(k, dev) : null;
      const window = dev.dma_range_map?.at(-1)?.size ?? null;
      const { dma_coherent, dma_mem, cma_area } = dev;
      return [stringOf(tree, node, 'armory,name'), [result, dma_coherent, !!dma_mem, !!cma_area, window]];
    });
    assert.deepEqual(Object.fromEntries(found), equipmentOf(restricted, scaleMiB * MiB));
  });
}
