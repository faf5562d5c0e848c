// SPDX-License-Identifier: GPL-2.0-only
/**
 * Boards that lie: bundled trees with bytes changed anywhere, and command lines out of pieces that matter to
 * memory. Whatever comes in, a verdict or a sentence comes out; never an internal error.
 * ARMORY_FUZZ_RUNS and ARMORY_FUZZ_SEED look further than the fixed runs here.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { loadDeviceTree, writeDtb } from '../../src/devicetree/load.js';
import { bundledJobs } from '../../src/lab/bundled.js';
import { tryCompareBoard } from '../../src/lab/compare.js';
import { isRefusal } from '../../src/lab/results.js';

const runs = Number(process.env['ARMORY_FUZZ_RUNS'] ?? 120);
const seed = Number(process.env['ARMORY_FUZZ_SEED'] ?? 20231014);

let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'armory-'));
});

after(() => rmSync(folder, { recursive: true }));

const boards = bundledJobs(['step2']).map(job => ({ job, bytes: writeDtb(loadDeviceTree(job.path)) }));

const size = fc.constantFrom('0', '4K', '1M', '7M', '16M', '33M', '64M', '300M', '1G', '5G');
const address = fc.constantFrom(
  '0',
  '0x100000',
  '0x40000000',
  '0x60000000',
  '0x80000000',
  '0x9ff00000',
  '0xfffff000',
);
const parameter = fc.oneof(
  fc
    .tuple(fc.constantFrom('mem', 'vmalloc', 'cma', 'coherent_pool', 'swiotlb'), size)
    .map(([name, value]) => `${name}=${value}`),
  fc
    .tuple(fc.constantFrom('mem', 'cma', 'initrd'), size, address)
    .map(([name, value, at]) => `${name}=${value}@${at}`),
  fc.constantFrom(
    'nosmp',
    'maxcpus=1',
    'swiotlb=force',
    'cachepolicy=writethrough',
    'movablecore=64M',
    'cma=64M@0-512M',
  ),
);

/** Byte changes; values that matter more often than chance would have them. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  byte: fc.oneof(fc.constantFrom(0, 1, 0x10, 0x40, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
});

test('mutated boards and command lines never end in an internal error', () => {
  const input = fc.record({
    board: fc.constantFrom(...boards),
    changes: fc.array(change, { maxLength: 6 }),
    cmdline: fc.array(parameter, { maxLength: 3 }).map(parts => parts.join(' ')),
  });
  fc.assert(
    fc.property(input, ({ board, changes, cmdline }) => {
      const bytes = board.bytes.slice();
      for (const { at, byte } of changes) bytes[Math.floor(at * bytes.length)] = byte;
      const path = join(folder, 'board.dtb');
      writeFileSync(path, bytes);
      const { preset } = board.job;
      const result = tryCompareBoard({ path, cmdline, designs: ['step2'], ...(preset && { preset }) });
      if (isRefusal(result))
        assert.notEqual(result.blame, 'bug', `${board.job.path}, "${cmdline}": ${result.refused}`);
    }),
    { numRuns: runs, seed },
  );
});
