// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Board } from '../board/board.js';
import { encodeCells } from '../devicetree/bytes.js';
import { parseDts } from '../devicetree/load.js';
import { prepareBoard } from './job.js';
import { addProbeDevices } from './probe-board.js';

const SOURCE = `/dts-v1/;
/ {
  #address-cells = <1>;
  #size-cells = <1>;
  compatible = "test,a15";
  cpus {
    #address-cells = <1>;
    #size-cells = <0>;
    cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a15"; reg = <0>; };
  };
  memory@80000000 { device_type = "memory"; reg = <0x80000000 0x20000000>; };
  driver { compatible = "test,driver"; };
};
`;

const JOB = { path: 'a15.dts', designs: [] };

test('putting the probe on a board does not change which kernel it gets', () => {
  const prepared = prepareBoard(new Board('a15', parseDts(SOURCE, 'a15.dts')), JOB);
  const { tree } = prepared.board;
  const presetNow = (): string => prepareBoard(new Board('a15', tree), JOB).config.name;
  assert.equal(prepared.config.name, 'multi_v7');
  addProbeDevices(prepared);
  const regions = tree.root.child('reserved-memory')?.children ?? [];
  const pool = regions.find(({ name }) => name.startsWith('armory-restricted@'));
  assert.ok(pool);
  assert.equal(presetNow(), 'multi_v7');
  tree.root.child('driver')!.setProperty('memory-region', encodeCells(pool.phandle!));
  assert.equal(presetNow(), 'multi_v7-lpae-restricted');
});

test('what is known of the kernel goes before what its tree says', () => {
  const hinted = (lpae: boolean): string => {
    const board = new Board('a15', parseDts(SOURCE, 'a15.dts'));
    return prepareBoard(board, { ...JOB, presetHints: { lpae, restrictedPool: false } }).config.name;
  };
  assert.equal(hinted(true), 'multi_v7-lpae');
  assert.equal(hinted(false), 'multi_v7');
});
