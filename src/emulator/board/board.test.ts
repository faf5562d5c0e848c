// SPDX-License-Identifier: GPL-2.0-only
/** Machines from trees: where devices answer, which wires they have, what is refused. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { GiB, MiB } from '../../base/address.js';
import { InputError } from '../../base/diagnostics.js';
import { physicalBanks } from '../../board/memory.js';
import { encodeCells } from '../../devicetree/bytes.js';
import { parseDtb, parseDts, writeDtb } from '../../devicetree/load.js';
import type { DeviceTree } from '../../devicetree/tree.js';
import { POWERED_OFF, WAITING_FOR_INTERRUPT } from '../cpu/cpu.js';
import { VirtioBlock } from '../devices/virtio/block.js';
import { DiskImage, memorySource } from '../devices/virtio/disk-image.js';
import { VirtioEntropy } from '../devices/virtio/entropy.js';
import { EmulatedBoard } from './emulated-board.js';
import { graft, isModelledMachine } from './graft.js';
import { interruptsOf } from './tree-interrupts.js';
import { vexpressTree } from './vexpress.js';
import { virtTree } from './virt.js';

const UART = 0x0900_0000;
const GICD = 0x0800_0000;
const GICC = 0x0801_0000;

function virt(options: Partial<Parameters<typeof virtTree>[0]> = {}) {
  return new EmulatedBoard('virt', virtTree({ memoryBytes: 64 * MiB, ...options }));
}

function refused(id: string, act: () => unknown): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof InputError, String(error));
    assert.deepEqual(
      error.diagnostics.map(diagnostic => diagnostic.id),
      [id],
    );
    return true;
  });
}

test('the virt machine: devices answer where they should', () => {
  const { system, console: uart } = virt({ cores: 2 });
  const { bus } = system;
  assert.equal(bus.read(GICD + 4, 4, 0), 7 | (1 << 5));
  assert.equal(bus.read(UART + 0xfe0, 4, 0), 0x11);
  assert.equal(bus.read(0x0901_0000, 4, 0), 1_704_067_200);
  assert.equal(bus.read(0x0a00_0000, 4, 0), 0x74726976);
  assert.equal(bus.read(0x0a00_0e08, 4, 0), 0, 'an empty slot');
  assert.equal(bus.read(0x0a00_1000, 4, 0), -1, 'no slot');
  assert.equal(uart!.name, '/pl011@9000000');
  assert.equal(system.cpus.length, 2);
  assert.equal(system.cpus[1]!.state, POWERED_OFF);
  assert.equal(system.machine.ram.contains(0x4000_0000, 64 * MiB), true);
});

test('the virt machine: an interrupt goes from the UART through the GIC to a core', () => {
  const { system, console: uart } = virt();
  const { bus } = system;
  bus.write(GICD, 4, 1, 0);
  bus.write(GICD + 0x104, 4, 2, 0);
  bus.write(GICC, 4, 1, 0);
  bus.write(GICC + 4, 4, 0xf0, 0);
  bus.write(UART + 0x38, 4, 0x40, 0);
  assert.equal(system.cpus[0]!.irq, 0);
  uart!.receive([0x41]);
  assert.equal(system.cpus[0]!.irq, 1);
  assert.equal(bus.read(GICC + 0xc, 4, 0), 33);
});

test('the virt machine: timers, firmware and virtio devices are there', () => {
  const disk = new DiskImage(memorySource(new Uint8Array(4096)));
  const tree = virtTree({ memoryBytes: 64 * MiB, cores: 2, dmaCoherent: false });
  const virtio = [new VirtioBlock(disk), new VirtioEntropy(1)];
  const { system, transports } = new EmulatedBoard('virt', tree, { virtio, accessPlatform: true });
  assert.equal(system.cpus[1]!.cp15.timer!.frequency, 62_500_000);
  assert.ok(system.cpus[0]!.firmware !== null);
  assert.equal(system.bus.read(0x0a00_0008, 4, 0), 2);
  assert.equal(system.bus.read(0x0a00_0208, 4, 0), 4);
  assert.equal(transports[0]!.master.port, 'none');
  assert.equal(virt().transports[0]!.master.port, 'ace-lite');
  refused('too-few-virtio-slots', () => {
    new EmulatedBoard('virt', virtTree({ memoryBytes: MiB, virtioSlots: 1 }), { virtio: [...virtio] });
  });
});

test('the virt machine: with a Cortex-A9 and a PL310, bit 22 as reset leaves it', () => {
  const { system } = virt({ core: 'Cortex-A9', cores: 2, pl310: true });
  const { machine, bus } = system;
  assert.equal(machine.facts.outerCache?.model, 'PL310');
  assert.equal(bus.read(0x0a20_0104, 4, 0), 0x0202_0000);
  bus.write(0x0a20_0100, 4, 1, 0);
  assert.equal(machine.outerInUse, true);
  assert.equal(machine.lookupNonCacheable, true);
  assert.equal(system.cpus[0]!.cp15.timer, null);
  assert.equal(bus.read(0x0a10_0004, 4, 0) & 3, 1, 'the SCU');
  const set = new EmulatedBoard('virt', virtTree({ memoryBytes: MiB, core: 'Cortex-A9', pl310: true }), {
    pl310AuxiliaryControl: 0x0242_0000,
  });
  assert.equal(set.system.machine.lookupNonCacheable, false);
});

test('what cannot be built is refused', () => {
  refused('core-not-emulated', () => virtTree({ memoryBytes: MiB, core: 'Cortex-A72' }));
  refused('too-many-cores', () => virtTree({ memoryBytes: MiB, cores: 5 }));
  refused('too-many-cores', () => virtTree({ memoryBytes: MiB, core: 'Cortex-A8', cores: 2 }));
  refused('pl310-behind-l2', () => virtTree({ memoryBytes: MiB, pl310: true }));
  refused('bad-memory-size', () => virtTree({ memoryBytes: 4 * GiB, core: 'Cortex-A9' }));
  refused('bad-memory-size', () => vexpressTree({ memoryBytes: 2 * GiB }));
  refused('bad-memory-size', () => new EmulatedBoard('virt', virtTree({ memoryBytes: 8 * GiB })));
  refused('legacy-no-access-platform', () => {
    new EmulatedBoard('virt', virtTree({ memoryBytes: MiB }), { accessPlatform: true, legacyVirtio: true });
  });
});

function hostile(change: (text: string) => string): EmulatedBoard {
  const text = change(`/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; interrupt-parent = <&gic>;
    cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a7"; reg = <0>; }; };
    memory@40000000 { device_type = "memory"; reg = <0x40000000 0x1000000>; };
    gic: intc@1000 { compatible = "arm,gic-400"; reg = <0x1000 0x1000 0x2000 0x2000>; interrupt-controller; #interrupt-cells = <3>; };
    uart@8000 { compatible = "arm,pl011"; reg = <0x8000 0x1000>; interrupts = <0 1 4>; };
  };`);
  return new EmulatedBoard('hostile', parseDts(text, 'hostile.dts'));
}

test('a hostile tree ends in a message', () => {
  assert.ok(hostile(text => text).console);
  refused('device-overlap', () => hostile(text => text.replace('reg = <0x8000', 'reg = <0x2800')));
  refused('device-overlap', () => hostile(text => text.replace('reg = <0x8000', 'reg = <0x40000000')));
  refused('device-no-registers', () =>
    hostile(text => text.replace('reg = <0x8000 0x1000>', 'reg = <0x8000 0>')),
  );
  refused('device-no-registers', () => hostile(text => text.replace(' 0x2000 0x2000>', '>')));
  refused('no-interrupt-controller', () => hostile(text => text.replace('arm,gic-400', 'some,other')));
  refused('core-not-emulated', () => hostile(text => text.replace('cortex-a7', 'cortex-a72')));
  refused('bad-interrupt', () => hostile(text => text.replace('interrupt-parent = <&gic>;', '')));
  const unwired = hostile(text => text.replace('interrupts = <0 1 4>', 'interrupts = <0 4000 4>'));
  unwired.console!.receive([1]);
  const foreign = hostile(text =>
    text.replace('uart@8000', 'eth@9000 { reg = <0x9000 0x100>; compatible = "x,y"; }; uart@8000'),
  );
  assert.deepEqual(
    foreign.diagnostics.map(({ id, path }) => [id, path]),
    [['device-not-modelled', '/eth@9000']],
  );
});

test('whatever a property says, the machine is built or refused', () => {
  const makers = [
    () => virtTree({ memoryBytes: MiB }),
    () => virtTree({ memoryBytes: MiB, core: 'Cortex-A9', pl310: true }),
    () => vexpressTree({ memoryBytes: MiB }),
  ];
  const size = fc.constantFrom(0, 1, 3, 4, 8, 12, 16, 24, 32);
  const cell = fc.oneof(
    fc.nat(4),
    fc.nat(0xffff_ffff),
    fc.constantFrom(0x4000_0000, 0x0900_0000, 0xffff_ffff),
  );
  fc.assert(
    fc.property(
      fc.nat(2),
      fc.nat(),
      fc.nat(),
      size,
      fc.array(cell, { minLength: 8, maxLength: 8 }),
      (...n) => {
        const [maker, which, property, bytes, cells] = n;
        const tree = makers[maker]!();
        const nodes = [...tree.root.walk()].filter(node => node.properties.size > 0);
        const node = nodes[which % nodes.length]!;
        const names = [...node.properties.keys()];
        node.setProperty(names[property % names.length]!, encodeCells(...cells).subarray(0, bytes));
        try {
          // Memory that a random number asks for is not what is tested.
          if (physicalBanks({ tree }).some(({ start, end }) => end - start > 16 * MiB)) return;
          new EmulatedBoard('random', tree);
        } catch (error) {
          assert.ok(error instanceof InputError, String((error as Error).stack));
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('an interrupt goes through the maps of buses', () => {
  const tree = parseDts(
    `/dts-v1/; / { interrupt-parent = <&gic>;
      gic: gic { #interrupt-cells = <3>; #address-cells = <0>; interrupt-controller; };
      bus { #address-cells = <2>; #size-cells = <1>; #interrupt-cells = <1>; interrupt-map-mask = <0 0 63>;
        interrupt-map = <0 0 4 &gic 0 4 4>, <0 0 5 &gic 0 37 1>;
        a@1,0 { reg = <1 0 4>; interrupts = <5>; };
        b@2,0 { reg = <2 0 4>; interrupts = <9>; };
        c@3,0 { reg = <3 0 4>; interrupts-extended = <&gic 1 13 8>; };
      };
    };`,
    'maps.dts',
  );
  const of = (path: string) => interruptsOf(tree, tree.nodeByPath(path)!).map(({ cells }) => cells);
  assert.deepEqual(of('/bus/a@1,0'), [[0, 37, 1]]);
  assert.deepEqual(of('/bus/b@2,0'), []);
  assert.deepEqual(of('/bus/c@3,0'), [[1, 13, 8]]);
});

test('a Versatile Express: secondary cores wait in the pen until they are sent somewhere', () => {
  const board = new EmulatedBoard('vexpress-a9', vexpressTree({ memoryBytes: 64 * MiB, cores: 2 }));
  const { system, sysregs } = board;
  const { bus, cpus, machine } = system;
  assert.equal(cpus[0]!.cp15.stored.get('CBAR'), 0x1e00_0000);
  const secondary = cpus[1]!;
  cpus[0]!.state = WAITING_FOR_INTERRUPT;
  system.run(10_000);
  assert.equal(secondary.state, WAITING_FOR_INTERRUPT);
  // b . at the place where the flags lead.
  machine.ram.write32(0x6010_0000, 0xeafffffe);
  bus.write(0x1000_0030, 4, 0x6010_0000, 0);
  assert.equal(sysregs!.flags, 0x6010_0000);
  bus.write(0x1e00_1000, 4, 1, 0);
  bus.write(0x1e00_1f00, 4, (2 << 16) | 1, 0);
  system.run(10_000);
  assert.equal(secondary.r[15]! >>> 0, 0x6010_0000);
  assert.equal(bus.read(0x1e00_010c, 4, 1), 1023, 'the interrupt was taken and ended');
  bus.write(0x1000_00a4, 4, 2 ** 31 + 2 ** 30 + 8 * 2 ** 20, 0);
  assert.equal(board.ended, 'off');
});

test('trees are what dtc takes without a complaint about their structure', t => {
  if (spawnSync('dtc', ['--version']).status !== 0) {
    t.skip('needs dtc (Debian package device-tree-compiler)');
    return;
  }
  const trees: DeviceTree[] = [
    virtTree({ memoryBytes: GiB, cores: 4 }),
    virtTree({ memoryBytes: GiB, cores: 2, core: 'Cortex-A9', pl310: true }),
    vexpressTree({ memoryBytes: GiB, cores: 4 }),
  ];
  for (const tree of trees) {
    const { status, stderr } = spawnSync('dtc', ['-I', 'dtb', '-O', 'dts', '-o', '/dev/null', '-'], {
      input: writeDtb(tree),
    });
    assert.equal(status, 0);
    const lines = String(stderr)
      .split('\n')
      .filter(line => line !== '');
    // Flags of private interrupts and the lack of a soc node are as in the recorded trees.
    const unexpected = lines.filter(
      line => !/simple_bus_reg|avoid_unnecessary|avoid_default|interrupts_property/.test(line),
    );
    assert.deepEqual(unexpected, []);
  }
});

test('state goes out and comes back', () => {
  const first = virt({ cores: 2 });
  first.system.bus.write(UART + 0x38, 4, 0x40, 0);
  first.system.bus.write(GICD + 0x104, 4, 2, 0);
  first.console!.receive([0x41, 0x42]);
  const second = virt({ cores: 2 });
  second.restore(structuredClone(first.save()));
  assert.deepEqual(second.save(), first.save());
  assert.equal(second.system.bus.read(UART, 4, 0), 0x41);
});

const REAL = `/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; compatible = "fsl,imx6q-sabresd", "fsl,imx6q"; model = "SABRE";
  aliases { serial0 = &uart; };
  chosen { stdout-path = &uart; };
  memory@10000000 { device_type = "memory"; reg = <0x10000000 0x40000000>; };
  cpus { #address-cells = <1>; #size-cells = <0>;
    cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a9"; reg = <0>; next-level-cache = <&l2>; clocks = <&uart 1>; operating-points = <1 2>; };
    cpu@1 { device_type = "cpu"; compatible = "arm,cortex-a9"; reg = <1>; next-level-cache = <&l2>; };
  };
  reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges; pool@14000000 { compatible = "shared-dma-pool"; reusable; reg = <0x14000000 0x2000000>; linux,cma-default; }; };
  soc { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges;
    uart: serial@2020000 { compatible = "fsl,imx6q-uart"; reg = <0x2020000 0x4000>; };
    l2: cache-controller@a02000 { compatible = "arm,pl310-cache"; reg = <0xa02000 0x1000>; cache-unified; cache-level = <2>; arm,shared-override; interrupts = <0 92 4>; };
  };
};`;

test("a real board's memory, cores and caches stay; its devices make room", () => {
  const tree = parseDts(REAL, 'sabre.dts');
  assert.equal(isModelledMachine(tree), false);
  const notes = graft(tree);
  assert.deepEqual(
    notes.map(({ id }) => id),
    ['devices-grafted', 'machine-code-absent'],
  );
  const again = parseDtb(writeDtb(tree), 'sabre.dtb');
  assert.deepEqual(
    again.root.children.map(({ name }) => name).filter(name => !name.startsWith('virtio')),
    [
      'chosen',
      'memory@10000000',
      'cpus',
      'reserved-memory',
      'cache-controller@a02000',
      'interrupt-controller@a101000',
      'apb-pclk',
      'psci',
      'timer@9020000',
      'scu@a100000',
      'timer@a100600',
      'pl011@9000000',
      'pl031@9010000',
    ],
  );
  const { system, diagnostics } = new EmulatedBoard('sabre', again);
  assert.deepEqual(diagnostics, []);
  assert.equal(system.cpus.length, 2);
  assert.equal(system.machine.facts.outerCache?.sharedOverride, true);
  assert.equal(system.bus.read(0x00a0_2000, 4, 0), 0x410000c8);
  assert.equal(system.bus.read(0x0900_0fe0, 4, 0), 0x11);
});

test('devices go where memory is not', () => {
  const at = (reg: string): string => {
    const tree = parseDts(REAL.replace('reg = <0x10000000 0x40000000>', `reg = ${reg}`), 'moved.dts');
    graft(tree);
    return tree.root.children.find(({ name }) => name.startsWith('pl011'))!.name;
  };
  assert.equal(at('<0 0x80000000>'), 'pl011@81000000');
  refused('no-room-for-devices', () => at('<0 0x80000000 0x80000000 0x7ffff000>'));
});
