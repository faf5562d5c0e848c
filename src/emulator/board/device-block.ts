// SPDX-License-Identifier: GPL-2.0-only
/**
 * The devices that Armory's own machines have, as nodes of a device tree, from a base address on. With the base of
 * the `virt` machine they are where QEMU's machine of that name has them, so that recordings of it compare:
 *
 *   0x0000000 GIC   0x1000000 PL011   0x1010000 PL031   0x1020000 SP804   0x2000000 virtio, 0x200 each
 *   0x2100000 private region of a Cortex-A9   0x2200000 PL310
 */
import { addressCells, sizeCells } from '../../devicetree/access.js';
import type { DtNode } from '../../devicetree/tree.js';
import type { CoreIds } from '../cpu/ids.js';
import { addNode, givePhandle, regCells, setProperties, type Value } from './tree-builder.js';

/** Bytes of address space that the block takes. */
export const BLOCK_BYTES = 0x0400_0000;

const GIC = 0x0000_0000;
const UART = 0x0100_0000;
const RTC = 0x0101_0000;
const TIMER = 0x0102_0000;
const VIRTIO = 0x0200_0000;
const VIRTIO_BYTES = 0x200;
const A9_PRIVATE = 0x0210_0000;
const PL310 = 0x0220_0000;

/** Shared interrupts: UART, RTC, SP804, PL310, and the first virtio slot's. */
const SPI = { uart: 1, rtc: 2, timer: 8, pl310: 9, virtio: 16 };
const EDGE_RISING = 1;
const LEVEL_HIGH = 4;
/** Bits [15:8] of a private interrupt's flags: the cores. */
const PPI_LEVEL = 0x300 + LEVEL_HIGH;

export interface DeviceBlockOptions {
  readonly base: number;
  readonly core: CoreIds;
  readonly coreCount: number;
  readonly virtioSlots: number;
  /** 'dma-coherent' on the virtio nodes. */
  readonly dmaCoherent: boolean;
  readonly pl310: boolean;
  /** How PSCI is called. */
  readonly conduit: 'hvc' | 'smc';
}

/** Adds them below the root, whose 'interrupt-parent' and 'stdout-path' then lead to them. */
export function addDeviceBlock(root: DtNode, options: DeviceBlockOptions): void {
  const { base, core } = options;
  const place = new Placer(root, base);
  const gic = addGic(place, core);
  const gicPhandle = givePhandle(root, gic);
  setProperties(root, { 'interrupt-parent': [gicPhandle] });
  const clock = givePhandle(
    root,
    addNode(root, 'apb-pclk', {
      compatible: 'fixed-clock',
      '#clock-cells': [0],
      'clock-frequency': [24_000_000],
      'clock-output-names': 'clk24mhz',
    }),
  );
  addNode(root, 'psci', { compatible: ['arm,psci-1.0', 'arm,psci-0.2'], method: options.conduit });
  addTimers(place, options, clock);
  const uart = place.add('pl011', UART, 0x1000, {
    compatible: ['arm,pl011', 'arm,primecell'],
    interrupts: [0, SPI.uart, LEVEL_HIGH],
    clocks: [clock, clock],
    'clock-names': ['uartclk', 'apb_pclk'],
  });
  place.add('pl031', RTC, 0x1000, {
    compatible: ['arm,pl031', 'arm,primecell'],
    interrupts: [0, SPI.rtc, LEVEL_HIGH],
    clocks: [clock],
    'clock-names': 'apb_pclk',
  });
  for (let slot = 0; slot < options.virtioSlots; slot++) {
    place.add('virtio_mmio', VIRTIO + VIRTIO_BYTES * slot, VIRTIO_BYTES, {
      compatible: 'virtio,mmio',
      interrupts: [0, SPI.virtio + slot, EDGE_RISING],
      ...(options.dmaCoherent && { 'dma-coherent': true as const }),
    });
  }
  if (options.pl310) addPl310(place);
  addNode(root, 'chosen', { 'stdout-path': uart.path });
}

/** Makes nodes of one row of 'reg' each. */
class Placer {
  readonly root: DtNode;
  readonly base: number;

  constructor(root: DtNode, base: number) {
    this.root = root;
    this.base = base;
  }

  reg(...ranges: readonly (readonly [number, number])[]): number[] {
    const placed = ranges.map(([offset, size]) => [this.base + offset, size] as const);
    return regCells(addressCells(this.root), sizeCells(this.root), ...placed);
  }

  add(name: string, offset: number, size: number, properties: Readonly<Record<string, Value>>): DtNode {
    const unit = (this.base + offset).toString(16);
    return addNode(this.root, `${name}@${unit}`, { reg: this.reg([offset, size]), ...properties });
  }
}

/** A Cortex-A9 brings its own, in its private region; elsewhere it is one with GICv2. DDI 0407, 1.5. */
function addGic(place: Placer, core: CoreIds): DtNode {
  const common = { 'interrupt-controller': true as const, '#interrupt-cells': [3], '#address-cells': [0] };
  if (isA9(core)) {
    return place.add('interrupt-controller', A9_PRIVATE + 0x1000, 0x1000, {
      ...common,
      compatible: 'arm,cortex-a9-gic',
      reg: place.reg([A9_PRIVATE + 0x1000, 0x1000], [A9_PRIVATE + 0x100, 0x100]),
    });
  }
  return place.add('intc', GIC, 0x10000, {
    ...common,
    compatible: 'arm,cortex-a15-gic',
    reg: place.reg([GIC, 0x10000], [GIC + 0x10000, 0x10000]),
  });
}

function addTimers(place: Placer, { core, coreCount }: DeviceBlockOptions, clock: number): void {
  if (core.genericTimer) {
    addNode(place.root, 'timer', {
      compatible: 'arm,armv7-timer',
      // Secure, non-secure, virtual, hypervisor.
      interrupts: [13, 14, 11, 10].flatMap(ppi => [1, ppi, PPI_LEVEL]),
      'always-on': true,
    });
    return;
  }
  place.add('timer', TIMER, 0x1000, {
    compatible: ['arm,sp804', 'arm,primecell'],
    interrupts: [0, SPI.timer, LEVEL_HIGH],
    clocks: [clock, clock, clock],
    'clock-names': ['timer1', 'timer2', 'apb_pclk'],
  });
  if (!isA9(core)) return;
  place.add('scu', A9_PRIVATE, 0x58, { compatible: 'arm,cortex-a9-scu' });
  place.add('timer', A9_PRIVATE + 0x600, 0x20, {
    compatible: 'arm,cortex-a9-twd-timer',
    // Flags as the binding has them: an edge, on each core.
    interrupts: [1, 13, (((1 << coreCount) - 1) << 8) + EDGE_RISING],
    clocks: [clock],
  });
}

function addPl310(place: Placer): void {
  const cache = place.add('cache-controller', PL310, 0x1000, {
    compatible: 'arm,pl310-cache',
    interrupts: [0, SPI.pl310, LEVEL_HIGH],
    'cache-unified': true,
    'cache-level': [2],
  });
  const phandle = givePhandle(place.root, cache);
  for (const cpu of place.root.child('cpus')?.children ?? []) {
    if (cpu.name.startsWith('cpu@')) setProperties(cpu, { 'next-level-cache': [phandle] });
  }
}

function isA9(core: CoreIds): boolean {
  return core.name === 'Cortex-A9';
}
