// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disassemble, type InstructionSet } from './disassemble.js';
import { a32, t16, t32 } from './index.js';

/** What GNU as made of these lines; they stand in kernels. */
const FACTS: readonly (readonly [InstructionSet, number, string])[] = [
  ['a32', 0xe320f000, 'nop'],
  ['a32', 0xe1a00000, 'nop'],
  ['a32', 0xe92d4010, 'push {r4, lr}'],
  ['a32', 0xe52de004, 'push {lr}'],
  ['a32', 0xe49df004, 'pop {pc}'],
  ['a32', 0xe8bd0010, 'ldm sp!, {r4}'],
  ['a32', 0xe25ef004, 'subs pc, lr, #4'],
  ['a32', 0xe8dd7fff, 'ldm sp, {r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, sp, lr}^'],
  ['a32', 0x11a01122, 'lsrne r1, r2, #2'],
  ['a32', 0xe1b00061, 'rrxs r0, r1'],
  ['a32', 0xf1020013, 'cps #19'],
  ['a32', 0xf10c00c0, 'cpsid if'],
  ['a32', 0xf96d0513, 'srsdb sp!, #19'],
  ['a32', 0xe16ff00e, 'msr SPSR_fsxc, lr'],
  ['a32', 0xe1010300, 'mrs r0, SP_irq'],
  ['a32', 0xe14e0200, 'mrs r0, SPSR_fiq'],
  ['a32', 0xe51f0000, 'ldr r0, [pc, #-0]'],
  ['a32', 0xe7921103, 'ldr r1, [r2, r3, lsl #2]'],
  ['a32', 0xe4b01004, 'ldrt r1, [r0], #4'],
  ['a32', 0xe1c020d8, 'ldrd r2, r3, [r0, #8]'],
  ['a32', 0xee110f10, 'mrc p15, 0, r0, c1, c0, 0'],
  ['a32', 0xee07cf3a, 'mcr p15, 0, r12, c7, c10, 1'],
  ['a32', 0xec510f0e, 'mrrc p15, 0, r0, r1, c14'],
  ['a32', 0xf57ff05b, 'dmb ish'],
  ['a32', 0xf57ff04e, 'dsb st'],
  ['a32', 0xe7f000f0, 'udf #0'],
  ['a32', 0xeaffffe7, 'b 0xc0007fa4'],
  ['a32', 0xee00000a, '<undefined>'],
  ['a32', 0xe00f0091, '<unpredictable>'],
  ['t16', 0x4770, 'bx lr'],
  ['t16', 0xb510, 'push {r4, lr}'],
  ['t16', 0x46c0, 'nop'],
  ['t16', 0x0011, 'movs r1, r2'],
  ['t16', 0x4251, 'negs r1, r2'],
  ['t16', 0xd0fe, 'beq.n 0xc0008000'],
  ['t16', 0xbf1a, 'itte ne'],
  ['t16', 0xb672, 'cpsid i'],
  ['t32', 0xe8dff010, 'tbh [pc, r0, lsl #1]'],
  ['t32', 0xf7ffbffe, 'b.w 0xc0008000'],
  ['t32', 0xf000e804, 'blx 0xc000800c'],
  ['t32', 0xf3de8f04, 'subs pc, lr, #4'],
  ['t32', 0xf890f004, 'pld [r0, #4]'],
  ['t32', 0xe8502f04, 'ldrex r2, [r0, #16]'],
  ['t32', 0xf3c02145, 'ubfx r1, r0, #9, #6'],
];

test('instructions of kernels read as they were written', () => {
  for (const [set, word, text] of FACTS) assert.equal(disassemble(word, set, 0xc0008000), text);
});

test('an instruction of an IT block has its condition, and sets no flags', () => {
  assert.equal(disassemble(0x2001, 't16', 0, 0x1a), 'movne r0, #1');
  assert.equal(disassemble(0x2001, 't16', 0, 0), 'movs r0, #1');
  assert.equal(disassemble(0x4623, 't16', 0, 0x08), 'moveq r3, r4');
});

test('every row has a text for each of its braces', () => {
  for (const [set, { rows }] of Object.entries({ a32, t16, t32 })) {
    for (const { pattern } of rows) {
      // Of registers that are all zero something may be unpredictable; the others are shown.
      for (const fill of [0, 0x11111111, 0x22222222, 0x43434343]) {
        const word = ((fill & ~pattern.mask & ~pattern.shouldMask) | pattern.value | pattern.shouldBe) >>> 0;
        const text = disassemble(pattern.bits === 16 ? word & 0xffff : word, set as InstructionSet);
        assert.doesNotMatch(text, /undefined$|NaN|\{\w+\}.*\{\w+\}\}/);
      }
    }
  }
});
