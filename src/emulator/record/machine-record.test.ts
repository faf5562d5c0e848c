// SPDX-License-Identifier: GPL-2.0-only
/** What a machine tells of itself after a few instructions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmulatedBoard } from '../board/emulated-board.js';
import { virtTree } from '../board/virt.js';
import { machineRecord } from './machine-record.js';

const RAM = 0x40000000;
const UART = 0x09000000;

test('counts, the memory map, registers', () => {
  const board = new EmulatedBoard('virt', virtTree({ memoryBytes: 0x100000, cores: 2 }));
  const { cpus, machine } = board.system;
  // mov r0, #0x09000000; ldr r1, [r0, #0x18]; str r1, [r0, #0x44]; svc #0; at the vector a branch to itself.
  const code = [0xe3a00409, 0xe5901018, 0xe5801044, 0xef000000];
  for (const [i, word] of code.entries()) machine.ram.write32(RAM + 0x20 + 4 * i, word);
  machine.ram.write32(RAM + 8, 0xeafffffe);
  const cpu = cpus[0]!;
  cpu.powerOn(RAM + 0x20, 0);
  cpu.cp15.vbar = RAM;
  cpu.cp15.vectorBase = RAM;
  board.system.run(10);
  const record = machineRecord(board);
  assert.equal(record.instructions, 10);
  assert.deepEqual(record.memoryMap.ram, [{ start: '0x40000000', end: '0x400fffff' }]);
  const uart = record.memoryMap.devices.find(({ start }) => Number(start) === UART)!;
  assert.deepEqual([uart.node, uart.end, uart.reads, uart.writes], ['/pl011@9000000', '0x9000fff', 1, 1]);
  assert.deepEqual(record.dma[0], {
    node: '/virtio_mmio@a000000',
    ...{ reads: 0, bytesRead: 0, writes: 0, bytesWritten: 0, faults: 0 },
  });
  const [first, second] = record.cores;
  assert.equal(first!.exceptions.svc, 1);
  assert.equal(first!.registers[0], '0x09000000');
  assert.equal(first!.registers[15], '0x40000008');
  assert.equal(first!.banked.svc.lr, '0x40000030');
  assert.equal(first!.cp15['VBAR'], '0x40000000');
  assert.equal(first!.tableWalks.made, 0, 'the MMU is off');
  assert.deepEqual([second!.state, second!.instructions, second!.cp15['MPIDR']], ['off', 0, '0x80000001']);
  assert.deepEqual(machineRecord(board), record, 'telling changes nothing');
});
