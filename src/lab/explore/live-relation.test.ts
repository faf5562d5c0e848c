// SPDX-License-Identifier: GPL-2.0-only
/** Whatever wrong byte a seeded run of live caches shows, the exhaustive search must have found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/random.js';
import { LiveCaches } from '../../hw/cache/live-caches.js';
import { coreByName } from '../../hw/cores.js';
import type { MachineFacts } from '../../hw/facts.js';
import { NORMAL_NC, NORMAL_WBWA } from '../../hw/mmu/memory-type.js';
import { Ram } from '../../hw/ram.js';
import { explore } from './explorer.js';
import { linePaddr, lineVaddr, type Operation, type Program } from './program.js';
import { StateSpace } from './state-space.js';

const TYPES = [NORMAL_WBWA, NORMAL_NC];
const FACTS: MachineFacts = {
  core: coreByName('Cortex-A9'),
  coreCount: 1,
  outerCache: null,
  coherentFabric: 'unknown',
  physicalAddressBits: 32,
};
const LINE_BYTES = FACTS.core.lineBytes;

/** A program of a few operations on one word, with what flat memory would hold. */
function randomProgram(random: Random): Program {
  const operations: Operation[] = [];
  let flat: number | null = null;
  for (let i = 0; i < 7; i++) {
    const mapping = random.below(2);
    const common = { by: 'kernel', cpu: 0 } as const;
    const value = i + 1;
    switch (random.below(7)) {
      case 0:
        flat = value;
        operations.push({ kind: 'store', ...common, mapping, word: 0, value });
        break;
      case 1:
        flat = value;
        operations.push({ kind: 'device-write', by: 'driver', port: 'none', word: 0, value });
        break;
      case 2:
        operations.push({ kind: 'load', ...common, mapping, word: 0, expected: flat });
        break;
      case 3:
        operations.push({ kind: 'device-read', by: 'driver', port: 'none', word: 0, expected: flat });
        break;
      case 4:
        operations.push({ kind: 'inner', ...common, operation: 'clean-invalidate', mapping: 0, lines: [0] });
        break;
      case 5:
        operations.push({ kind: 'inner', ...common, operation: 'invalidate', mapping: 0, lines: [0] });
        break;
      default:
        operations.push({ kind: 'barrier', ...common, barrier: 'dsb' });
    }
  }
  return {
    lineBytes: LINE_BYTES,
    lines: 1,
    words: [{ name: 'word', line: 0, offset: 0 }],
    mappings: TYPES.map((type, m) => ({ name: `mapping ${m}`, lines: [0], colour: 0, type })),
    operations,
  };
}

/** Runs the program once with the hardware's own choices: the points that read a wrong value. */
function runOnce(program: Program, seed: number): number[] {
  const paddr = linePaddr(program, 0);
  const ram = new Ram([{ start: 0, end: 0x10000 }]);
  const candidate = { cpu: 0, vaddr: lineVaddr(program, 0, 0), paddr, type: NORMAL_WBWA };
  const live = new LiveCaches(FACTS, ram, { seed, speculation: 0.8, candidates: { pick: () => candidate } });
  const wrong: number[] = [];
  for (const [point, operation] of program.operations.entries()) {
    let read: number | null = null;
    switch (operation.kind) {
      case 'store':
        live.store(
          0,
          lineVaddr(program, operation.mapping, 0),
          paddr,
          4,
          operation.value,
          TYPES[operation.mapping]!,
        );
        break;
      case 'load':
        read = live.load(0, lineVaddr(program, operation.mapping, 0), paddr, 4, TYPES[operation.mapping]!);
        break;
      case 'device-read':
        read = live.deviceRead('none', paddr, 4)[0]!;
        break;
      case 'device-write':
        live.deviceWrite('none', paddr, Uint8Array.of(operation.value, 0, 0, 0));
        break;
      case 'inner':
        live.innerMaintain(0, operation.operation, lineVaddr(program, 0, 0), paddr, LINE_BYTES);
        break;
      case 'barrier':
        live.barrier(0, operation.barrier);
        break;
      default:
        assert.fail(operation.kind);
    }
    if ('expected' in operation && operation.expected !== null && read !== operation.expected)
      wrong.push(point);
  }
  return wrong;
}

test('a wrong byte of any seeded run is a violation that the search finds', () => {
  const random = new Random(7);
  const space = new StateSpace(FACTS, LINE_BYTES);
  let seen = 0;
  let proved = 0;
  for (let i = 0; i < 150; i++) {
    const program = randomProgram(random);
    const result = explore(space, program);
    const found = new Set(result.violations.map(({ point }) => point));
    if (found.size === 0) proved++;
    for (let seed = 0; seed < 20; seed++) {
      for (const point of runOnce(program, seed)) {
        seen++;
        assert.ok(found.has(point), `${JSON.stringify(program.operations)}: point ${point}, seed ${seed}`);
      }
    }
  }
  assert.ok(seen > 100 && proved > 20, `${seen} wrong bytes, ${proved} programs without any`);
});
