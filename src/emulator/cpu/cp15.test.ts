// SPDX-License-Identifier: GPL-2.0-only
/**
 * Coprocessors 14 and 15 where no comparison with QEMU says what is right: registers that one kind of core has, and
 * where QEMU does less than the manual. The others: tests/emulator/system-lockstep.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CodeOptions, coreWith } from './core-fixture.js';
import type { Cpu } from './cpu.js';
import { MODE_UNDEFINED } from './modes.js';

type Place = readonly [crn: number, opc1: number, crm: number, opc2: number];

/** MRC p15 to r1. */
function mrc([crn, opc1, crm, opc2]: Place): number {
  return 0xee101f10 | (opc1 << 21) | (crn << 16) | (opc2 << 5) | crm;
}

/** A core that has executed `code`, with `before` done to it first. */
function after(code: readonly number[], options: CodeOptions = {}, before?: (cpu: Cpu) => void): Cpu {
  const { cpu } = coreWith(code, options);
  before?.(cpu);
  cpu.run(code.length);
  return cpu;
}

const L2CTLR: Place = [9, 1, 0, 2];

test('L2CTLR tells how many cores there are, and is an auxiliary control register in a Cortex-A8', () => {
  for (const core of ['Cortex-A7', 'Cortex-A15']) {
    assert.equal(after([mrc(L2CTLR)], { core, cores: 3 }).r[1], 2 << 24, core);
  }
  const write = mrc(L2CTLR) & ~(1 << 20);
  const a8 = after([write, 0xe3a01000, mrc(L2CTLR)], { core: 'Cortex-A8' }, cpu => {
    cpu.r[1] = 0x42;
  });
  assert.equal(a8.r[1], 0x42);
  assert.equal(after([mrc(L2CTLR)], { core: 'Cortex-A9' }).mode, MODE_UNDEFINED);
});
