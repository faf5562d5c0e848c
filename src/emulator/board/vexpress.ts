// SPDX-License-Identifier: GPL-2.0-only
/**
 * The Versatile Express A9-like machine: a V2M-P1 motherboard (Arm DUI 0447, legacy memory map) with a CoreTile Express
 * A9x4 (DUI 0448): RAM at 0x60000000, a PL310, timers and interrupt controller in the cores' private region, and
 * four virtio slots on the motherboard, as QEMU's machine has them. Its tree is made here.
 * Model: left out are flash, Ethernet, USB, displays, audio, SD card, keyboard and mouse, I2C, the further UARTs,
 * and the watchdogs.
 */
import { formatSize, GiB } from '../../base/address.js';
import { inputError } from '../../base/diagnostics.js';
import { DeviceTree, type DtNode } from '../../devicetree/tree.js';
import { MOST_CORES } from '../cpu/ids.js';
import { addNode, givePhandle, setProperties } from './tree-builder.js';

export const VEXPRESS_RAM_BASE = 0x6000_0000;
const MEMORY_AT_MOST = GiB;
/** Start of the peripherals that the motherboard's I/O FPGA has. */
const IOFPGA = 0x1000_0000;
const PSRAM = 0x4800_0000;
const PRIVATE = 0x1e00_0000;
const PL310 = 0x1e00_a000;
const HBI = 0x191;

/** Offsets in the I/O FPGA, and shared interrupts. DUI 0447, 4.2 and 2.6. */
const SYSREG = 0x0000;
const SYSCTL = 0x1000;
const UART0 = { at: 0x9000, spi: 5 };
const TIMER01 = { at: 0x11000, spi: 2 };
const TIMER23 = { at: 0x12000, spi: 3 };
const VIRTIO = { at: 0x13000, size: 0x200, spi: 40, slots: 4 };
const RTC = { at: 0x17000, spi: 4 };
const PL310_SPI = 43;
const LEVEL_HIGH = 4;
/** The private timer's: the flags of every kernel's tree, for four cores. */
const PRIVATE_TIMER = [1, 13, 0xf04];
const PRIVATE_WATCHDOG = [1, 14, 0xf04];

export interface VexpressOptions {
  readonly cores?: number;
  readonly memoryBytes: number;
  /** 'dma-coherent' on the virtio nodes: they are behind the Accelerator Coherency Port. Default: no. */
  readonly dmaCoherent?: boolean;
}

export function vexpressTree({ cores = 1, memoryBytes, dmaCoherent = false }: VexpressOptions): DeviceTree {
  const position = { file: 'vexpress-a9' };
  if (!Number.isInteger(cores) || cores < 1 || cores > MOST_CORES) {
    inputError('too-many-cores', `${cores} cores; 1 to ${MOST_CORES} can be had`, {
      position,
      notes: ['`--cores` says how many'],
    });
  }
  if (memoryBytes > MEMORY_AT_MOST || memoryBytes % 4096 !== 0 || memoryBytes <= 0) {
    const message = `${formatSize(memoryBytes)} of memory; the machine has whole pages, at most ${formatSize(MEMORY_AT_MOST)}`;
    inputError('bad-memory-size', message, { position, notes: ['`--memory` says how much'] });
  }
  const tree = new DeviceTree('vexpress-a9');
  const { root } = tree;
  setProperties(root, {
    model: 'V2P-CA9',
    compatible: ['arm,vexpress,v2p-ca9', 'arm,vexpress'],
    'arm,hbi': [HBI],
    'arm,vexpress,site': [0xf],
    '#address-cells': [1],
    '#size-cells': [1],
  });
  addNode(root, 'memory@60000000', { device_type: 'memory', reg: [VEXPRESS_RAM_BASE, memoryBytes] });
  addCores(root, cores);
  const sysreg = addMotherboard(root, dmaCoherent);
  addConfigBus(root, sysreg);
  addNode(root, 'aliases', { serial0: `/iofpga@10000000/uart@${UART0.at.toString(16)}` });
  addNode(root, 'chosen', { 'stdout-path': 'serial0:115200n8' });
  return tree;
}

/** CPUs, their private region (DDI 0407, 1.5) and the outer cache. */
function addCores(root: DtNode, cores: number): void {
  const gic = addNode(root, 'interrupt-controller@1e001000', {
    compatible: 'arm,cortex-a9-gic',
    '#interrupt-cells': [3],
    '#address-cells': [0],
    'interrupt-controller': true,
    reg: [PRIVATE + 0x1000, 0x1000, PRIVATE + 0x100, 0x100],
  });
  setProperties(root, { 'interrupt-parent': [givePhandle(root, gic)] });
  const cache = addNode(root, 'cache-controller@1e00a000', {
    compatible: 'arm,pl310-cache',
    reg: [PL310, 0x1000],
    interrupts: [0, PL310_SPI, LEVEL_HIGH],
    'cache-unified': true,
    'cache-level': [2],
    'arm,data-latency': [1, 1, 1],
    'arm,tag-latency': [1, 1, 1],
  });
  const nextLevel = givePhandle(root, cache);
  const cpus = addNode(root, 'cpus', { '#address-cells': [1], '#size-cells': [0] });
  for (let index = 0; index < cores; index++) {
    addNode(cpus, `cpu@${index}`, {
      device_type: 'cpu',
      compatible: 'arm,cortex-a9',
      reg: [index],
      'next-level-cache': [nextLevel],
    });
  }
  addNode(root, 'scu@1e000000', { compatible: 'arm,cortex-a9-scu', reg: [PRIVATE, 0x58] });
  addNode(root, 'timer@1e000600', {
    compatible: 'arm,cortex-a9-twd-timer',
    reg: [PRIVATE + 0x600, 0x20],
    interrupts: PRIVATE_TIMER,
  });
  addNode(root, 'watchdog@1e000620', {
    compatible: 'arm,cortex-a9-twd-wdt',
    reg: [PRIVATE + 0x620, 0x20],
    interrupts: PRIVATE_WATCHDOG,
  });
}

/** The peripherals that a kernel needs. Returns the system registers' node. */
function addMotherboard(root: DtNode, dmaCoherent: boolean): DtNode {
  addNode(root, 'psram@48000000', {
    compatible: ['arm,vexpress-psram', 'mtd-ram'],
    reg: [PSRAM, 0x200_0000],
    'bank-width': [4],
  });
  const iofpga = addNode(root, 'iofpga@10000000', {
    compatible: ['arm,vexpress,v2m-p1', 'simple-bus'],
    '#address-cells': [1],
    '#size-cells': [1],
    ranges: [0, IOFPGA, 0x20000],
    'arm,hbi': [0x190],
    'arm,vexpress,site': [0],
  });
  const sysreg = addNode(iofpga, 'sysreg@0', { compatible: 'arm,vexpress-sysreg', reg: [SYSREG, 0x1000] });
  const clock = (name: string, hz: number): number =>
    givePhandle(
      root,
      addNode(root, name, {
        compatible: 'fixed-clock',
        '#clock-cells': [0],
        'clock-frequency': [hz],
        'clock-output-names': `v2m:${name}`,
      }),
    );
  const mhz24 = clock('clk24mhz', 24_000_000);
  const mhz1 = clock('refclk1mhz', 1_000_000);
  const khz32 = clock('refclk32khz', 32_768);
  const sysctl = addNode(iofpga, 'sysctl@1000', {
    compatible: ['arm,sp810', 'arm,primecell'],
    reg: [SYSCTL, 0x1000],
    clocks: [khz32, mhz1, mhz24],
    'clock-names': ['refclk', 'timclk', 'apb_pclk'],
    '#clock-cells': [1],
    'clock-output-names': ['timerclken0', 'timerclken1', 'timerclken2', 'timerclken3'],
  });
  const select = givePhandle(root, sysctl);
  setProperties(sysctl, {
    'assigned-clocks': [0, 1, 2, 3].flatMap(index => [select, index]),
    'assigned-clock-parents': [mhz1, mhz1, mhz1, mhz1],
  });
  for (const [{ at, spi }, first] of [
    [TIMER01, 0],
    [TIMER23, 2],
  ] as const) {
    addNode(iofpga, `timer@${at.toString(16)}`, {
      compatible: ['arm,sp804', 'arm,primecell'],
      reg: [at, 0x1000],
      interrupts: [0, spi, LEVEL_HIGH],
      clocks: [select, first, select, first + 1, mhz24],
      'clock-names': ['timclken1', 'timclken2', 'apb_pclk'],
    });
  }
  addNode(iofpga, `uart@${UART0.at.toString(16)}`, {
    compatible: ['arm,pl011', 'arm,primecell'],
    reg: [UART0.at, 0x1000],
    interrupts: [0, UART0.spi, LEVEL_HIGH],
    clocks: [mhz24, mhz24],
    'clock-names': ['uartclk', 'apb_pclk'],
  });
  addNode(iofpga, `rtc@${RTC.at.toString(16)}`, {
    compatible: ['arm,pl031', 'arm,primecell'],
    reg: [RTC.at, 0x1000],
    interrupts: [0, RTC.spi, LEVEL_HIGH],
    clocks: [mhz24],
    'clock-names': 'apb_pclk',
  });
  for (let slot = 0; slot < VIRTIO.slots; slot++) {
    const at = VIRTIO.at + VIRTIO.size * slot;
    addNode(iofpga, `virtio_mmio@${at.toString(16)}`, {
      compatible: 'virtio,mmio',
      reg: [at, VIRTIO.size],
      interrupts: [0, VIRTIO.spi + slot, LEVEL_HIGH],
      ...(dmaCoherent && { 'dma-coherent': true as const }),
    });
  }
  return sysreg;
}

/** What is switched through the system registers. Documentation/devicetree/bindings/arm/vexpress-config.yaml. */
function addConfigBus(root: DtNode, sysreg: DtNode): void {
  const bridge = givePhandle(root, sysreg);
  const mcc = addNode(root, 'mcc', {
    compatible: 'arm,vexpress,config-bus',
    'arm,vexpress,config-bridge': [bridge],
    'arm,vexpress,site': [0],
  });
  for (const [name, fn] of [
    ['reset', 5],
    ['shutdown', 8],
    ['reboot', 9],
  ] as const) {
    addNode(mcc, name, { compatible: `arm,vexpress-${name}`, 'arm,vexpress-sysreg,func': [fn, 0] });
  }
}
