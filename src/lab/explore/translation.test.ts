// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MemoryType, NORMAL_NC, NORMAL_WBWA } from '../../hw/mmu/memory-type.js';
import type { Operation, Program } from './program.js';
import { translations } from './translation.js';

const map = (type: MemoryType | null): Operation => ({ kind: 'map', by: 'kernel', mapping: 0, type });
const dsb: Operation = { kind: 'barrier', by: 'kernel', cpu: 0, barrier: 'dsb' };
const tlb: Operation = { kind: 'tlb', by: 'kernel', cpu: 0, mappings: [0] };

/** Texts of what the mapping may be at each point. */
function usable(type: MemoryType | null, operations: readonly Operation[]): string[] {
  const mappings = [{ name: 'one', lines: [0], colour: 0, type }];
  const program: Program = { lineBytes: 32, lines: 1, words: [], mappings, operations };
  return translations(program).map(point => point[0]!.map(({ inner }) => inner).join('+'));
}

test('a replaced translation is gone after a DSB, TLB maintenance and another DSB', () => {
  const sequence = [map(NORMAL_NC), dsb, tlb, dsb];
  assert.deepEqual(usable(NORMAL_WBWA, sequence), ['WBWA', 'NC+WBWA', 'NC+WBWA', 'NC+WBWA', 'NC']);
});

test('TLB maintenance before the change is visible proves nothing', () => {
  assert.equal(usable(NORMAL_WBWA, [map(NORMAL_NC), tlb, dsb, dsb]).at(-1), 'NC+WBWA');
});

test('a removed mapping can be used until it is flushed, and a new one at once', () => {
  assert.deepEqual(usable(NORMAL_WBWA, [map(null), dsb, tlb, dsb]).slice(1), ['WBWA', 'WBWA', 'WBWA', '']);
  assert.deepEqual(usable(null, [map(NORMAL_WBWA)]), ['', 'WBWA']);
});

test('several old translations may be held at once', () => {
  const back = usable(NORMAL_WBWA, [map(NORMAL_NC), map(null)]);
  assert.equal(back.at(-1), 'WBWA+NC');
});
