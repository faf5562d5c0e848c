// SPDX-License-Identifier: GPL-2.0-only
/**
 * The machines against recordings: nodes that both have lie at the same addresses and on the same interrupts; recorded
 * trees themselves can be emulated; every tree of a Debian kernel can be grafted, or is refused with a message.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GiB, MiB } from '../../src/base/address.js';
import { InputError } from '../../src/base/diagnostics.js';
import { applyBootLoader } from '../../src/board/memory.js';
import { compatibles } from '../../src/devicetree/access.js';
import { loadDeviceTree } from '../../src/devicetree/load.js';
import type { DeviceTree, DtNode } from '../../src/devicetree/tree.js';
import { EmulatedBoard } from '../../src/emulator/board/emulated-board.js';
import { graft, isModelledMachine } from '../../src/emulator/board/graft.js';
import { cpuRanges } from '../../src/emulator/board/tree-address.js';
import { interruptsOf } from '../../src/emulator/board/tree-interrupts.js';
import { vexpressTree } from '../../src/emulator/board/vexpress.js';
import { virtTree } from '../../src/emulator/board/virt.js';
import { sharedPath, skipWithout } from '../support/shared.js';

/** `compatible address size interrupts`, of each node with registers. */
function registersOf(tree: DeviceTree): string[] {
  const lines: string[] = [];
  for (const node of tree.root.walk()) {
    if (isLabelled(node, ['memory', 'cpus', 'reserved-memory'])) continue;
    const [range] = cpuRanges(tree, node);
    const [compatible] = compatibles(node);
    if (!range || compatible === undefined) continue;
    const wires = interruptsOf(tree, node).map(({ cells }) => cells.slice(0, 2).join('.'));
    lines.push(`${compatible} ${range.start.toString(16)} ${wires.join()}`);
  }
  return lines;
}

function isLabelled(node: DtNode, names: readonly string[]): boolean {
  for (let at: DtNode | null = node; at; at = at.parent) {
    if (names.includes(at.name.split('@')[0]!) && at.parent?.parent === null) return true;
  }
  return false;
}

for (const [name, own, extra] of [
  ['virt-armmp-1g', () => virtTree({ memoryBytes: GiB, cores: 2 }), []],
  // Recorded before the emulator that recorded added these to the tree.
  ['vexpress-a9-armmp-1g', () => vexpressTree({ memoryBytes: GiB, cores: 4 }), ['virtio,mmio']],
] as const) {
  test(`${name}: what both machines have is in the same place`, {
    skip: skipWithout(`truth/boot/${name}`),
  }, () => {
    const recorded = new Set(registersOf(loadDeviceTree(sharedPath(`truth/boot/${name}/board.dtb`)!)));
    const lines = registersOf(own()).filter(line => !extra.some(prefix => line.startsWith(prefix)));
    // Without a bus's own registers.
    const wrong = lines.filter(line => !recorded.has(line) && !line.startsWith('arm,vexpress,v2m-p1'));
    assert.deepEqual(wrong, []);
    assert.ok(lines.length > 8);
  });
}

test('recorded trees can be emulated as they are', { skip: skipWithout('truth/boot/virt-armmp-1g') }, () => {
  for (const name of [
    'boot/virt-armmp-1g/board',
    'boot/vexpress-a9-armmp-1g/board',
    'probe-dtb/virt',
    'probe-dtb/ca9',
  ]) {
    const tree = loadDeviceTree(sharedPath(`truth/${name}.dtb`)!);
    assert.equal(isModelledMachine(tree), true);
    applyBootLoader({ tree }, { memory: [{ sizeBytes: 256 * MiB }] });
    const board = new EmulatedBoard(name, tree);
    assert.ok(board.console, name);
    assert.ok(
      board.diagnostics.every(({ id }) => id === 'device-not-modelled'),
      name,
    );
  }
});

test('every tree of a kernel package can be grafted, or says why not', {
  skip: skipWithout('boards'),
}, () => {
  const folder = sharedPath('boards')!;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.dtb'),
  );
  const built: string[] = [];
  const refusals = new Map<string, string[]>();
  for (const file of files) {
    try {
      const tree = loadDeviceTree(join(folder, file));
      applyBootLoader({ tree }, { memory: [{ sizeBytes: 256 * MiB }] });
      graft(tree, { cores: 1 });
      const { diagnostics } = new EmulatedBoard(file, tree);
      assert.deepEqual(
        diagnostics.filter(({ id }) => id === 'device-not-modelled'),
        [],
        file,
      );
      built.push(file);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const { id } = error.diagnostics[0]!;
      refusals.set(id, [...(refusals.get(id) ?? []), file]);
    }
  }
  assert.deepEqual(
    [...refusals.keys()].filter(id => id !== 'core-not-emulated' && id !== 'memory-no-base'),
    [],
  );
  assert.ok(built.length > files.length / 2, `${built.length} of ${files.length}`);
});
