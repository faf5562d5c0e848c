// SPDX-License-Identifier: GPL-2.0-only
/**
 * The device models that a tree's nodes stand for, by compatible. A part gets its node with the registers' places and
 * wires looked up, puts devices on the bus, and registers what has a state.
 * Next: `emulated-board.ts`, which calls them.
 */
import { inputError } from '../../base/diagnostics.js';
import { u32Of, u32sOf } from '../../devicetree/access.js';
import type { DeviceTree, DtNode } from '../../devicetree/tree.js';
import { DmaMaster } from '../../hw/dma/master.js';
import { A9GlobalTimer } from '../devices/a9-global-timer.js';
import { A9PrivateTimer } from '../devices/a9-private-timer.js';
import { A9Scu } from '../devices/a9-scu.js';
import { type InterruptLine, type MmioDevice, type Stateful, UNCONNECTED } from '../devices/device.js';
import { GenericTimer } from '../devices/generic-timer.js';
import { Pl011 } from '../devices/pl011.js';
import { Pl031 } from '../devices/pl031.js';
import { Pl310 } from '../devices/pl310.js';
import { Rate } from '../devices/rate.js';
import { Sp804 } from '../devices/sp804.js';
import { Sp810 } from '../devices/sp810.js';
import { VeSysregs } from '../devices/ve-sysregs.js';
import type { VirtioDevice } from '../devices/virtio/device.js';
import { VirtioMmio } from '../devices/virtio/mmio.js';
import type { System } from '../system.js';
import type { CpuRange } from './tree-address.js';

/** What a part may use and where it leaves what it made. */
export interface Workbench {
  readonly tree: DeviceTree;
  readonly system: System;
  readonly options: PartOptions;
  readonly uarts: Pl011[];
  readonly transports: VirtioMmio[];
  sysregs: VeSysregs | null;
  /** The machine wants to end. */
  end(how: 'off' | 'reset'): void;
  /** As Place.line(), of any node. */
  line(node: DtNode, index: number, core: number): InterruptLine;
  /** The next virtio device that has no slot yet; null: no more. */
  nextVirtio(): VirtioDevice | null;
}

export interface PartOptions {
  /** Seconds since 1970 when the machine is switched on. */
  readonly epoch: number;
  readonly accessPlatform: boolean;
  readonly legacyVirtio: boolean;
  /** reg1_aux_control as firmware left it; absent: after reset. */
  readonly pl310AuxiliaryControl?: number;
}

/** A node, looked up. */
export interface Place {
  readonly node: DtNode;
  readonly regs: readonly CpuRange[];
  /** The wire of the node's interrupt `index`; of a private one that of `core`. */
  line(index: number, core?: number): InterruptLine;
  attach(range: CpuRange, device: MmioDevice): void;
  /** Its state is part of the machine's. */
  keep<State>(device: Stateful<State>): void;
}

export interface Part {
  readonly compatibles: readonly string[];
  /** Rows of 'reg' that it cannot do without. */
  readonly regs: number;
  build(bench: Workbench, place: Place): void;
}

/** CNTFRQ, unless the tree says. Model: that of the recorded machines. */
const GENERIC_TIMER_HZ = 62_500_000;
/** PERIPHCLK of a Cortex-A9 MPCore. Model: that of the recorded machines. */
const A9_PERIPHERAL_HZ = 100_000_000;
/** TIMCLK, where the tree names no fixed clock: Versatile Express, DUI 0447, 2.4. */
const TIMER_HZ = 1_000_000;
/** UART registers as firmware that prints leaves them: 115200 baud from 24 MHz, FIFOs, 8 bits, enabled. */
const UART_SET_UP = [
  [0x24, 13],
  [0x28, 1],
  [0x2c, 0x70],
  [0x30, 0x301],
] as const;

function cores({ system }: Workbench): number[] {
  return system.cpus.map(({ index }) => index);
}

const pl011: Part = {
  compatibles: ['arm,pl011'],
  regs: 1,
  build: (bench, place) => {
    const uart = new Pl011(place.node.path, place.line(0));
    // Earlycon and the decompressor only write.
    for (const [offset, value] of UART_SET_UP) uart.write(offset, 4, value, 0);
    bench.uarts.push(uart);
    place.attach(place.regs[0]!, uart);
    place.keep(uart);
  },
};

const pl031: Part = {
  compatibles: ['arm,pl031'],
  regs: 1,
  build: ({ system, options }, place) => {
    const rtc = new Pl031(system.clock, options.epoch, place.line(0));
    place.attach(place.regs[0]!, rtc);
    place.keep(rtc);
  },
};

const sp804: Part = {
  compatibles: ['arm,sp804'],
  regs: 1,
  build: (bench, place) => {
    const rate = new Rate(fixedClock(bench.tree, place.node) ?? TIMER_HZ);
    const timer = new Sp804(place.node.path, bench.system.clock, rate, place.line(0));
    place.attach(place.regs[0]!, timer);
    place.keep(timer);
  },
};

const sp810: Part = {
  compatibles: ['arm,sp810'],
  regs: 1,
  build: (_bench, place) => {
    const controller = new Sp810();
    place.attach(place.regs[0]!, controller);
    place.keep(controller);
  },
};

const sysregs: Part = {
  compatibles: ['arm,vexpress-sysreg'],
  regs: 1,
  build: (bench, place) => {
    // SYS_PROCID0: [31:24] 0x0c, a Cortex-A9; [11:0] the board. Linux compares the board with the tree.
    const board = u32Of(bench.tree, bench.tree.root, 'arm,hbi') ?? 0x191;
    const device = new VeSysregs(bench.system.clock, 0x0c000000 + board, what =>
      bench.end(what === 'reboot' ? 'reset' : 'off'),
    );
    bench.sysregs = device;
    place.attach(place.regs[0]!, device);
    place.keep(device);
  },
};

const genericTimer: Part = {
  compatibles: ['arm,armv7-timer'],
  regs: 0,
  build: (bench, place) => {
    const hz = u32Of(bench.tree, place.node, 'clock-frequency') ?? GENERIC_TIMER_HZ;
    // Secure, non-secure, virtual, hypervisor. Documentation/devicetree/bindings/timer/arm,arch_timer.yaml.
    const lines = cores(bench).map(core => ({ physical: place.line(1, core), virtual: place.line(2, core) }));
    const timer = new GenericTimer(bench.system.clock, hz, lines);
    for (const cpu of bench.system.cpus) cpu.cp15.timer = timer;
    place.keep(timer);
  },
};

/** Documentation/devicetree/bindings/arm/pmu.yaml: one private interrupt, or a shared one for each core. */
export const PMU_COMPATIBLES: readonly string[] = [7, 8, 9, 15].map(n => `arm,cortex-a${n}-pmu`);

const pmu: Part = {
  compatibles: PMU_COMPATIBLES,
  regs: 0,
  build: (bench, place) => {
    for (const { index, cp15 } of bench.system.cpus) {
      const shared = place.line(index);
      cp15.pmu.line = shared === UNCONNECTED ? place.line(0, index) : shared;
    }
  },
};

const privateTimer: Part = {
  compatibles: ['arm,cortex-a9-twd-timer'],
  regs: 1,
  build: (bench, place) => {
    const watchdog = findCompatible(bench.tree, 'arm,cortex-a9-twd-wdt');
    const lines = cores(bench).map(core => ({
      timer: place.line(0, core),
      watchdog: watchdog === undefined ? UNCONNECTED : bench.line(watchdog, 0, core),
    }));
    const rate = new Rate(fixedClock(bench.tree, place.node) ?? A9_PERIPHERAL_HZ);
    const device = new A9PrivateTimer(bench.system.clock, rate, lines, () => bench.end('reset'));
    const [range] = place.regs;
    // The watchdog is the second half of the same block, and has a node of its own.
    place.attach({ start: range!.start, size: watchdog === undefined ? range!.size : 0x100 }, device);
    place.keep(device);
  },
};

const globalTimer: Part = {
  compatibles: ['arm,cortex-a9-global-timer'],
  regs: 1,
  build: (bench, place) => {
    const lines = cores(bench).map(core => place.line(0, core));
    const rate = new Rate(fixedClock(bench.tree, place.node) ?? A9_PERIPHERAL_HZ);
    const device = new A9GlobalTimer(bench.system.clock, rate, lines);
    place.attach(place.regs[0]!, device);
    place.keep(device);
  },
};

const scu: Part = {
  compatibles: ['arm,cortex-a9-scu'],
  regs: 1,
  build: (bench, place) => {
    const device = new A9Scu(bench.system.cpus.length);
    place.attach({ start: place.regs[0]!.start, size: 0x100 }, device);
    place.keep(device);
  },
};

const pl310: Part = {
  compatibles: ['arm,pl310-cache'],
  regs: 1,
  build: ({ system, options }, place) => {
    const { pl310AuxiliaryControl: auxiliaryControl } = options;
    const device = new Pl310(system.machine, auxiliaryControl === undefined ? {} : { auxiliaryControl });
    place.attach(place.regs[0]!, device);
    place.keep(device);
  },
};

const virtio: Part = {
  compatibles: ['virtio,mmio'],
  regs: 1,
  build: (bench, place) => {
    const { system, options } = bench;
    const { machine } = system;
    const port = !place.node.properties.has('dma-coherent')
      ? 'none'
      : machine.facts.outerCache === null
        ? 'ace-lite'
        : 'acp';
    const master = new DmaMaster(machine, {
      name: place.node.path,
      driver: 'virtio-mmio',
      port,
      windows: [],
    });
    const transport = new VirtioMmio(system.clock, bench.nextVirtio(), {
      irq: place.line(0),
      master,
      accessPlatform: options.accessPlatform,
      legacy: options.legacyVirtio,
    });
    bench.transports.push(transport);
    place.attach(place.regs[0]!, transport);
    place.keep(transport);
  },
};

/** Interrupt controllers are built before all others: `emulated-board.ts`. */
export const PARTS: readonly Part[] = [
  pl011,
  pl031,
  sp804,
  sp810,
  sysregs,
  genericTimer,
  pmu,
  privateTimer,
  globalTimer,
  scu,
  pl310,
  virtio,
];

function findCompatible(tree: DeviceTree, compatible: string): DtNode | undefined {
  for (const node of tree.root.walk()) {
    if (node.properties.has('compatible') && compatibleWith(node, [compatible])) return node;
  }
  return undefined;
}

export function compatibleWith(node: DtNode, wanted: readonly string[]): boolean {
  const property = node.properties.get('compatible');
  if (property === undefined) return false;
  const names = Buffer.from(property.value).toString('latin1').split('\0');
  return names.some(name => wanted.includes(name));
}

/** Hz of the first clock, where that is a fixed one. */
function fixedClock(tree: DeviceTree, node: DtNode): number | undefined {
  const [phandle] = u32sOf(tree, node, 'clocks');
  const clock = phandle === undefined ? undefined : tree.nodeByPhandle(phandle);
  if (clock === undefined || !compatibleWith(clock, ['fixed-clock'])) return undefined;
  const hz = u32Of(tree, clock, 'clock-frequency');
  if (hz === 0)
    inputError('clock-stopped', 'a clock of 0 Hz', { position: { file: tree.file }, path: clock.path });
  return hz;
}
