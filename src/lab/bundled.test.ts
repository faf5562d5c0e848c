// SPDX-License-Identifier: GPL-2.0-only
/** The bundled boards: complete, accepted by dtc, and each way to differ occurs on one of them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compareTrees } from '../devicetree/compare.js';
import { parseDtb } from '../devicetree/dtb-read.js';
import { loadDeviceTree } from '../devicetree/load.js';
import { presets } from '../linux/presets.js';
import { boardsFolder, bundledBoards, bundledJobs } from './bundled.js';
import { prepare } from './job.js';

const trees = readdirSync(boardsFolder()).filter(name => name.endsWith('.dts'));

test('every file is listed once, in the table of the README too', () => {
  assert.deepEqual(bundledBoards.map(({ file }) => file).sort(), trees.sort());
  const readme = readFileSync(join(boardsFolder(), 'README.md'), 'utf8');
  for (const { file, preset } of bundledBoards) {
    const line = readme.split('\n').find(row => row.startsWith(`| \`${file}\` `));
    assert.ok(line?.includes(`\`${preset}\``), file);
  }
});

test('each board can be prepared with its kernel, without anything to complain about', () => {
  for (const job of bundledJobs(['step1'])) {
    const { board, config, diagnostics } = prepare(job);
    assert.deepEqual(diagnostics, [], job.path);
    assert.equal(config.name, job.preset);
    assert.ok(board.machineFacts().coreCount >= 1);
  }
  const names = new Set(presets.map(({ name }) => name));
  for (const { preset } of bundledBoards) assert.ok(names.has(preset));
});

const withoutDtc = spawnSync('dtc', ['--version']).status === 0 ? false : 'needs dtc';

test('dtc accepts each tree without a warning and understands it as we do', { skip: withoutDtc }, () => {
  for (const file of trees) {
    const path = join(boardsFolder(), file);
    const { stdout, stderr, status } = spawnSync('dtc', ['-I', 'dts', '-O', 'dtb', path], { cwd: tmpdir() });
    assert.equal(status, 0, file);
    assert.equal(stderr.toString(), '', file);
    assert.deepEqual(compareTrees(loadDeviceTree(path), parseDtb(new Uint8Array(stdout), file)), [], file);
  }
});
