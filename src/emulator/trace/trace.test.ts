// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '../../base/diagnostics.js';
import { coreWith, DATA, place, RAM } from '../cpu/core-fixture.js';
import {
  FAULT_DOMAIN,
  FAULT_EXTERNAL,
  FAULT_TRANSLATION,
  fault,
  faultStatus,
  faultText,
} from '../cpu/faults.js';
import { MemoryView } from '../gdb/memory-view.js';
import { isDeadEnd } from './dead-end.js';
import { ExceptionLoop } from './exception-loop.js';
import { parseTraceItems, type TraceItem } from './items.js';
import { TraceLog } from './log.js';
import { kernelRegisters } from './registers.js';
import { Symbols } from './symbols.js';

const MOV_R0_5 = 0xe3a00005;
const SUBS_R0_1 = 0xe2500001;
const BNE_BACK = 0x1afffffd;
const SVC_7 = 0xef000007;
const B_SELF = 0xeafffffe;
const NOP = 0xe320f000;
const LDR_R1_R0 = 0xe5901000;

const symbols = Symbols.parse(
  ['40000000 T start', '40000004 t loop', '40000004 t loop_too', '00000010 A SIZE', '40000010 B _end'].join(
    '\n',
  ),
  'System.map',
);

/** What a log of `items` says about the first instructions of a program. */
function traced(code: readonly number[], items: readonly TraceItem[], instructions: number) {
  const { cpu, system } = coreWith(code);
  let text = '';
  const log = new TraceLog(system, { items, symbols, write: piece => (text += piece) });
  cpu.trace = log;
  log.begin();
  cpu.run(instructions);
  log.end();
  return { text, cpu, system };
}

test('an address is told as the kernel tells it', () => {
  assert.equal(symbols.at(0x40000000), 'start+0x0/0x4');
  assert.equal(symbols.at(0x4000000c), 'loop+0x8/0xc');
  assert.equal(symbols.at(0x3fffffff), undefined);
  assert.equal(symbols.at(0x40000010), undefined);
  const placeholder = 'ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n';
  assert.throws(() => Symbols.parse(placeholder, 'map'), /map:1:1: error \(system-map\).*\n.*placeholder/);
  assert.throws(() => Symbols.parse('', 'map'), InputError);
  assert.throws(() => Symbols.parse('\u0000\u0001', 'map'), InputError);
});

test('faults have their names in both formats', () => {
  assert.equal(
    faultText(faultStatus(false, fault(FAULT_TRANSLATION, 1), 3, true)),
    'translation fault level 1',
  );
  assert.equal(
    faultText(faultStatus(false, fault(FAULT_DOMAIN, 2), 3, false)),
    'domain fault level 2 of domain 3',
  );
  assert.equal(
    faultText(faultStatus(true, fault(FAULT_TRANSLATION, 3), 0, false)),
    'translation fault level 3',
  );
  assert.equal(faultText(faultStatus(true, fault(FAULT_EXTERNAL), 0, false)), 'synchronous external abort');
  assert.equal(faultText(0x400), 'unknown fault');
});

test('exec tells each instruction that was executed, and nothing changes by it', () => {
  const code = [MOV_R0_5, SUBS_R0_1, BNE_BACK, NOP, NOP];
  const { text, cpu, system } = traced(code, ['exec'], 6);
  assert.deepEqual(text.split('\n').slice(0, 4), [
    'cpu0 0: 0x40000000: e3a00005  mov r0, #5  <start+0x0/0x4>',
    'cpu0 1: 0x40000004: e2500001  subs r0, r0, #1  <loop+0x0/0xc>',
    'cpu0 2: 0x40000008: 1afffffd  bne 0x40000004  <loop+0x4/0xc>',
    'cpu0 3: 0x40000004: e2500001  subs r0, r0, #1  <loop+0x0/0xc>',
  ]);
  const plain = coreWith(code).cpu;
  plain.run(6);
  assert.deepEqual([...cpu.r], [...plain.r]);
  // After the end nothing is told.
  cpu.run(3);
  assert.equal(text.split('\n').length, 7);
  assert.equal(system.code.trace, null);
  assert.equal(cpu.translateAfter, plain.translateAfter);
});

test('an instruction whose condition fails is told as such; it takes its time', () => {
  const { text } = traced([0xe3b00000, 0x12800001, NOP], ['exec'], 3);
  assert.match(text, /^cpu0 1: 0x40000004: 12800001 {2}addne r0, r0, #1 {2}@ condition fails/m);
  assert.match(text, /^cpu0 2: /m);
});

test('T32 has its own lengths, and conditions from IT', () => {
  // cmp r0, #0; it ne; movne r0, #1; mov.w r0, r1, lsl #3
  const { cpu, system } = coreWith([0x2800, 0xbf18, 0x2001, 0xea4f, 0x00c1, 0xbf00], { thumb: true });
  let text = '';
  const log = new TraceLog(system, { items: ['exec'], symbols: null, write: piece => (text += piece) });
  log.begin();
  cpu.run(2);
  cpu.run(2);
  assert.equal(
    text,
    [
      'cpu0 0: 0x40000000: 2800      cmp r0, #0',
      'cpu0 1: 0x40000002: bf18      it ne',
      'cpu0 2: 0x40000004: 2001      movne r0, #1  @ condition fails',
      'cpu0 3: 0x40000006: ea4f00c1  mov.w r0, r1, lsl #3',
      '',
    ].join('\n'),
  );
});

test('in_asm tells a block once, cpu its registers each time', () => {
  const { text } = traced([MOV_R0_5, SUBS_R0_1, BNE_BACK, NOP], ['in_asm', 'cpu'], 7);
  assert.equal(text.split('IN: start+0x0/0x4\n').length, 2);
  assert.match(text, /^0x40000008: {2}1afffffd {2}bne 0x40000004$/m);
  // From the start, and two times from the loop's beginning.
  assert.equal(text.split('CPU#0\n').length, 4);
  assert.match(text, /^R00=00000004 .*\n(.*\n){2}R12=.* R15=40000004\nPSR=200001d3 --C- A svc32$/m);
});

test('int tells exceptions with cause, place and what the handler finds', () => {
  const { text } = traced([SVC_7], ['int'], 1);
  assert.equal(
    text,
    'cpu0 0: supervisor call, 0xef000007 (svc #7), r7 0; at 0x40000000 (start+0x0/0x4), SVC to SVC, ' +
      'vector 0x00000008, LR 0x40000004, SPSR 0x000001d3\n',
  );
  const abort = traced([LDR_R1_R0], ['int'], 1);
  assert.match(
    abort.text,
    /^cpu0 0: data abort, synchronous external abort, read, FAR 0x00000000, DFSR 0x0000.008; at 0x40000000 /,
  );
  const undefinedOne = traced([0xe7f000f0], ['int'], 1);
  assert.match(undefinedOne.text, /^cpu0 0: undefined instruction, 0xe7f000f0 \(udf #0\); .* SVC to UND, /);
});

test('items are those that there are', () => {
  assert.deepEqual(parseTraceItems('int,exec', ['cpu']), ['cpu', 'int', 'exec']);
  assert.throws(() => parseTraceItems('int,'), /trace-item/);
  assert.throws(() => parseTraceItems('toString'), /in_asm: /);
});

test('a core that takes one exception for ever is found, with how it began', () => {
  const { cpu } = coreWith([LDR_R1_R0]);
  let isFound = false;
  const loop = new ExceptionLoop(() => {
    isFound = true;
    cpu.yield();
  });
  cpu.trace = loop;
  cpu.run(1_000_000);
  assert.ok(isFound);
  assert.ok(cpu.instructions < 100_000);
  const report = loop.report(symbols)!;
  assert.match(report[0]!, /^core 0 takes one exception for ever: prefetch abort, .*; at 0x0000000c$/);
  assert.match(report[1]!, /^it began with: data abort, .*; at 0x40000000 \(start\+0x0\/0x4\)$/);
  assert.match(report.slice(2).join('\n'), /nobody is at the exception vectors/);
});

test('system calls with a handler that works are no loop', () => {
  // The handler counts 40 times before it returns: MOVS PC, LR.
  const { cpu, system } = coreWith([SVC_7, 0xeafffffd]);
  place(system, DATA + 8, [0xe3a00028, SUBS_R0_1, BNE_BACK, 0xe1b0f00e]);
  cpu.cp15.vectorBase = DATA;
  const loop = new ExceptionLoop(() => assert.fail('found'));
  cpu.trace = loop;
  cpu.run(2_000_000);
  assert.equal(loop.report(null), null);
});

test('a dead end leads back to itself, with interrupts masked', () => {
  const isEnd = (code: readonly number[], masked = true): boolean => {
    const { cpu, system } = coreWith(code);
    if (!masked) cpu.masks = 0;
    return isDeadEnd(system, new MemoryView(system.machine));
  };
  assert.ok(isEnd([B_SELF]));
  assert.ok(isEnd([NOP, 0xe1a00000, 0xf57ff05b, 0xe320f003, 0xeafffffa]));
  assert.ok(!isEnd([B_SELF], false), 'an interrupt ends it');
  assert.ok(!isEnd([0x0afffffe, NOP]), 'a condition may');
  assert.ok(!isEnd([LDR_R1_R0, 0xeafffffd]), 'memory may');
  assert.ok(!isEnd([0xea000000, MOV_R0_5, 0xe1a0f00e]));
  const { cpu, system } = coreWith([0xe7fe, 0xe7fe], { thumb: true });
  assert.equal(cpu.thumb, 1);
  assert.ok(isDeadEnd(system, new MemoryView(system.machine)));
});

test("registers read as in a kernel's oops", () => {
  const { cpu } = coreWith([MOV_R0_5, NOP]);
  cpu.run(1);
  cpu.r[14] = RAM;
  assert.deepEqual(kernelRegisters(cpu, symbols).slice(0, 5), [
    'CPU: 0 after 1 instructions',
    'PC is at loop+0x0/0xc',
    'LR is at start+0x0/0x4',
    'pc : [<40000004>]    lr : [<40000000>]    psr: 000001d3',
    'sp : 00000000  ip : 00000000  fp : 00000000',
  ]);
  assert.match(
    kernelRegisters(cpu, null).join('\n'),
    /^PC is at 0x40000004$[\s\S]*Flags: nzcv {2}IRQs off {2}FIQs off {2}Mode SVC_32 {2}ISA ARM {2}Segment none\nControl: 00c5\w{4} /m,
  );
});
