// SPDX-License-Identifier: GPL-2.0-only
/**
 * Without live caches a TLB is never wrong; with them an entry is as old as the last maintenance that
 * covered it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coreByName } from '../cores.js';
import { Machine } from '../machine.js';
import { encodeSection, encodeSmallPage, encodeSupersection, encodeTable } from './short-descriptor.js';
import { Translation } from './translation.js';
import { WALK_OK } from './walker.js';

const RAM = 0x40000000;
const PGD = RAM + 0x4000;
const LOWER = RAM + 0x8000;
const MiB = 0x100000;
const CACHED = { tex: 1, c: 1, b: 1, ap: 1 } as const;

function newMachine(): Machine {
  const core = coreByName('Cortex-A9');
  const facts = { core, coreCount: 2, outerCache: null, coherentFabric: false, physicalAddressBits: 32 };
  const machine = new Machine(facts, [{ start: RAM, end: RAM + 16 * MiB }]);
  machine.registers.ttbr0 = PGD;
  return machine;
}

/** With caches attached that do nothing by themselves. */
function newLiveMachine(): Machine {
  const machine = newMachine();
  machine.attachCaches({ seed: 1, automatic: false });
  return machine;
}

function section(machine: Machine, vaddr: number, paddr: number | null, ng = 0): void {
  const entry = paddr === null ? 0 : encodeSection(paddr, { ...CACHED, ng });
  machine.writeTableEntry(PGD + 4 * (vaddr / MiB), entry);
}

/** What core `cpu` takes `vaddr` for; -1: a fault. */
function translate(machine: Machine, vaddr: number, cpu = 0): number {
  const tlb = machine.tlbs[cpu]!;
  const slot = tlb.translate(vaddr);
  return slot < 0 ? -1 : tlb.paddrOf(slot, vaddr);
}

test('without live caches every table write and register change is seen', () => {
  const machine = newMachine();
  section(machine, 0xc0000000, 0x40100000);
  assert.equal(translate(machine, 0xc0012345), 0x40112345);
  section(machine, 0xc0000000, 0x40200000);
  assert.equal(translate(machine, 0xc0012345), 0x40212345);
  machine.registers.ttbr0 = RAM;
  assert.equal(translate(machine, 0xc0012345), -1);
  assert.equal(machine.tlbs[0]!.fault, 1);
  machine.registers.ttbr0 = PGD;
  const before = machine.tlbs[0]!.typeOf(machine.tlbs[0]!.translate(0xc0000000)).text;
  machine.registers.tre = true;
  const after = machine.tlbs[0]!.typeOf(machine.tlbs[0]!.translate(0xc0000000)).text;
  assert.deepEqual([before, after], ['normal inner=WBWA outer=WBWA', 'strongly-ordered']);
});

test('with live caches an entry stays, section and all, until maintenance reaches it', () => {
  const machine = newLiveMachine();
  section(machine, 0xc0000000, 0x40100000);
  assert.equal(translate(machine, 0xc0012345), 0x40112345);
  section(machine, 0xc0000000, 0x40200000);
  assert.equal(translate(machine, 0xc0012345), 0x40112345);
  assert.equal(translate(machine, 0xc00ff000), 0x401ff000, 'a page of the section that was not used before');
  assert.equal(translate(machine, 0xc0012345, 1), 0x40212345, 'the other core had no entry');
  machine.tlbFlush('mva', 0xc0100000, 4096);
  assert.equal(translate(machine, 0xc0012345), 0x40112345);
  machine.tlbFlush('mva', 0xc0050000, 4096);
  assert.equal(translate(machine, 0xc0012345), 0x40212345);
  assert.equal(translate(machine, 0xc00ff000), 0x402ff000);
});

test('maintenance stays on its core unless it is broadcast', () => {
  for (const [broadcast, expected] of [
    [false, 0x40100000],
    [true, 0x40200000],
  ] as const) {
    const machine = newLiveMachine();
    section(machine, 0xc0000000, 0x40100000);
    translate(machine, 0xc0000000, 0);
    translate(machine, 0xc0000000, 1);
    section(machine, 0xc0000000, 0x40200000);
    machine.tlbFlush('all', 0, 0, broadcast);
    assert.equal(translate(machine, 0xc0000000, 0), 0x40200000);
    assert.equal(translate(machine, 0xc0000000, 1), expected);
  }
});

test('entries that are not global belong to an ASID', () => {
  const machine = newLiveMachine();
  const { registers } = machine;
  registers.asid = 1;
  section(machine, 0x00100000, 0x40100000, 1);
  section(machine, 0xc0000000, 0x40300000);
  translate(machine, 0x00100000);
  translate(machine, 0xc0000000);
  section(machine, 0x00100000, 0x40200000, 1);
  section(machine, 0xc0000000, null);
  registers.asid = 2;
  assert.equal(translate(machine, 0x00100000), 0x40200000, 'ASID 2 walks');
  assert.equal(translate(machine, 0xc0000000), 0x40300000, 'a global entry is for every ASID');
  registers.asid = 1;
  machine.tlbFlush('asid', 0, 0, true, 2);
  assert.equal(translate(machine, 0x00100000), 0x40100000);
  assert.equal(translate(machine, 0xc0000000), 0x40300000);
  machine.tlbFlush('mva', 0x00100000, 4096, true, 2);
  assert.equal(translate(machine, 0x00100000), 0x40100000);
  machine.tlbFlush('asid', 0, 0, true, 1);
  assert.equal(translate(machine, 0x00100000), 0x40200000);
  machine.tlbFlush('mva', 0xc0000000, 4096, true, 2);
  assert.equal(translate(machine, 0xc0000000), -1);
});

test('a fault is never held', () => {
  const machine = newLiveMachine();
  assert.equal(translate(machine, 0xc0000000), -1);
  section(machine, 0xc0000000, 0x40100000);
  assert.equal(translate(machine, 0xc0000000), 0x40100000);
});

test('bytesLeft counts to the end of the entry', () => {
  const machine = newMachine();
  machine.writeTableEntry(PGD + 4 * 0xc01, encodeSupersection(0x40000000, {}));
  section(machine, 0xc1100000, 0x40000000);
  const tlb = machine.tlbs[0]!;
  assert.equal(tlb.bytesLeft(tlb.translate(0xc0100004), 0xc0100004), 15 * MiB - 4);
  assert.equal(tlb.bytesLeft(tlb.translate(0xc1100004), 0xc1100004), MiB - 4);
});

type Step = (machine: Machine) => void;

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(1)).map(
    ([index, kind, target, ng]): Step =>
      machine => {
        const values = [
          0,
          encodeTable(LOWER + (target & 1) * 0x400, 0),
          encodeSection(0x80000000 + target * MiB, { ...CACHED, ng }),
          encodeSupersection(0x80000000 + target * 16 * MiB, { ...CACHED, ng }),
        ];
        machine.writeTableEntry(PGD + 4 * index, values[kind]!);
      },
  ),
  fc.tuple(fc.nat(0x1ff), fc.nat(1), fc.nat(3), fc.nat(1)).map(
    ([index, valid, target, ng]): Step =>
      machine => {
        const value = valid === 0 ? 0 : encodeSmallPage(0x80000000 + target * 4096, { ...CACHED, ng });
        machine.writeTableEntry(LOWER + 4 * (index & 0x10f), value);
      },
  ),
  fc.tuple(fc.constantFrom(PGD, RAM), fc.nat(3)).map(
    ([ttbr0, asid]): Step =>
      ({ registers }) => {
        registers.ttbr0 = ttbr0;
        registers.asid = asid;
      },
  ),
  fc.constantFrom(0, 0xff0a81a8).map(
    (prrr): Step =>
      ({ registers }) => {
        registers.tre = true;
        registers.prrr = prrr;
      },
  ),
  fc.constant<Step>(machine => machine.tablesWritten(LOWER, 0x800)),
);

test('without live caches a TLB always says what a walk says', () => {
  const property = fc.property(
    fc.array(fc.tuple(steps, fc.array(fc.nat(0x4fffff), { maxLength: 8 }))),
    list => {
      const machine = newMachine();
      const found = new Translation();
      for (const [step, addresses] of list) {
        step(machine);
        for (const vaddr of [...addresses, 0, 0x400000, 0x401000]) {
          const tlb = machine.tlbs[machine.cpu]!;
          const slot = tlb.translate(vaddr);
          const status = machine.walker.walk(vaddr, found);
          assert.equal(slot >= 0, status === WALK_OK);
          if (slot < 0) {
            assert.equal(tlb.fault, status);
            continue;
          }
          assert.equal(tlb.paddrOf(slot, vaddr), found.paddr);
          assert.equal(tlb.typeOf(slot), found.memoryType);
          assert.equal(tlb.bytesLeft(slot, vaddr), found.size - (vaddr % found.size));
        }
        machine.cpu = 1 - machine.cpu;
      }
    },
  );
  fc.assert(property, { numRuns: 200 });
});
