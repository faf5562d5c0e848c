// SPDX-License-Identifier: GPL-2.0-only
/**
 * A machine that can boot a kernel, from its device tree: cores, caches and memory as `board/` reads them, and for
 * each node whose hardware is modelled the model, at the node's address and on its interrupt. The tree is the only
 * description there is. Nodes whose registers nobody models are disabled in it, so that a kernel leaves them alone.
 * Next: `parts.ts` (the models), `virt.ts`, `vexpress.ts` and `graft.ts` (where trees come from).
 */
import { formatSize, GiB, hex, MiB, type Paddr, type Range } from '../../base/address.js';
import { type Diagnostic, InputError, inputError, invariant } from '../../base/diagnostics.js';
import { Board } from '../../board/board.js';
import { memoryBeside, physicalBanks } from '../../board/memory.js';
import { compatibles, isAvailable, stringOf } from '../../devicetree/access.js';
import { encodeStrings } from '../../devicetree/bytes.js';
import type { DeviceTree, DtNode } from '../../devicetree/tree.js';
import { emulatedCores, MOST_CORES } from '../cpu/ids.js';
import type { InterruptLine, MmioDevice, Stateful } from '../devices/device.js';
import { UNCONNECTED } from '../devices/device.js';
import { CORTEX_A9_GIC, CORTEX_A15_GIC, Gic } from '../devices/gic.js';
import type { Pl011 } from '../devices/pl011.js';
import type { VeSysregs } from '../devices/ve-sysregs.js';
import type { VirtioDevice } from '../devices/virtio/device.js';
import type { VirtioMmio } from '../devices/virtio/mmio.js';
import { PsciFirmware } from '../firmware.js';
import { System, type SystemState } from '../system.js';
import { holdingPen } from './holding-pen.js';
import {
  compatibleWith,
  PARTS,
  type PartOptions,
  type Place,
  PMU_COMPATIBLES,
  type Workbench,
} from './parts.js';
import { type CpuRange, cpuRanges } from './tree-address.js';
import { type Interrupt, interruptsOf } from './tree-interrupts.js';

/** One WebAssembly memory of 4 GiB holds RAM, other memory of the board and the cores' areas. */
const MEMORY_AT_MOST: number = 4 * GiB - 16 * MiB;

export interface BoardOptions {
  /** Seconds since 1970 when the machine is switched on. */
  readonly epoch?: number;
  /** Devices for the virtio slots, first slot first. */
  readonly virtio?: readonly VirtioDevice[];
  /** They offer VIRTIO_F_ACCESS_PLATFORM. */
  readonly accessPlatform?: boolean;
  /** They speak version 1 of the transport. */
  readonly legacyVirtio?: boolean;
  /** PL310: reg1_aux_control as firmware left it. */
  readonly pl310AuxiliaryControl?: number;
}

/** 2024-01-01 00:00:00 UTC. */
const DEFAULT_EPOCH = 1_704_067_200;
const GICS_V1 = ['arm,cortex-a9-gic', 'arm,cortex-a5-gic'];
const GICS_V2 = ['arm,cortex-a15-gic', 'arm,cortex-a7-gic', 'arm,gic-400', 'arm,cortex-a17-gic'];
/** Interrupt IDs: 64 shared ones with a Cortex-A9, 224 with others. DDI 0407, 3.1; DDI 0438, 8.2. */
const GIC_LINES = { 1: 96, 2: 256 } as const;
/** Memory beside RAM that a tree may have: what a boot monitor or a driver keeps something in. */
const MEMORY_LIKE = ['mtd-ram', 'mmio-sram'];

export interface BoardState {
  readonly system: SystemState;
  readonly ended: 'off' | 'reset' | null;
  readonly devices: Readonly<Record<string, unknown>>;
}

export class EmulatedBoard implements Stateful<BoardState> {
  readonly tree: DeviceTree;
  readonly board: Board;
  readonly system: System;
  /** UARTs in the order of the tree, and the one that 'stdout-path' names. */
  readonly uarts: readonly Pl011[];
  readonly console: Pl011 | null;
  readonly transports: readonly VirtioMmio[];
  readonly gic: Gic;
  readonly sysregs: VeSysregs | null;
  /** What was disabled, and what else should be known. */
  readonly diagnostics: Diagnostic[] = [];
  /** Why the guest has ended the machine. */
  ended: 'off' | 'reset' | null = null;
  private readonly gicNode: DtNode;
  private readonly devices = new Map<string, Stateful<unknown>>();
  private readonly taken: { readonly range: CpuRange; readonly path: string }[] = [];

  /** The tree must have its memory; it is changed. Throws an InputError where it cannot be built. */
  constructor(name: string, tree: DeviceTree, options: BoardOptions = {}) {
    this.tree = tree;
    this.board = new Board(name, tree);
    this.diagnostics.push(...this.board.diagnostics);
    const banks = physicalBanks({ tree });
    const bytes = banks.reduce((sum, { start, end }) => sum + end - start, 0);
    if (bytes > MEMORY_AT_MOST) {
      const message = `${formatSize(bytes)} of memory; the emulated machine has ${formatSize(MEMORY_AT_MOST)} at most`;
      const notes = ['`--memory` says how much'];
      inputError('bad-memory-size', message, { position: { file: name }, notes });
    }
    const sram = sramRanges(tree);
    this.system = new System(this.facts(), allMemory(tree, banks, sram));
    for (const range of this.system.machine.ram.banks)
      this.taken.push({ range: sized(range), path: 'memory' });
    this.gicNode = this.findGic();
    this.gic = this.buildGic();

    const waiting = [...(options.virtio ?? [])];
    const workbench: Workbench = {
      tree,
      system: this.system,
      options: partOptions(options),
      uarts: [],
      transports: [],
      sysregs: null,
      end: how => this.end(how),
      line: (node, index, core) => this.wire(interruptsOf(tree, node)[index], core),
      nextVirtio: () => waiting.shift() ?? null,
    };
    this.buildParts(workbench);
    if (waiting.length > 0) {
      const message = `${workbench.transports.length} virtio slots for ${waiting.length + workbench.transports.length} devices`;
      const notes = ['each file of `--drive` needs one'];
      inputError('too-few-virtio-slots', message, { position: { file: tree.file }, notes });
    }
    this.uarts = workbench.uarts;
    this.transports = workbench.transports;
    this.sysregs = workbench.sysregs;
    this.console = this.findConsole();
    this.startSecondaries(sram);
    this.setPeripheralBase();
  }

  /** The guest, or a watchdog, ends the machine: run() of the system returns. */
  private end(how: 'off' | 'reset'): void {
    this.ended ??= how;
    this.system.stop();
  }

  private facts() {
    const facts = this.board.machineFacts();
    const position = { file: this.tree.file };
    if (!emulatedCores().includes(facts.core.name)) {
      const notes = [`emulated are ${emulatedCores().join(', ')}`];
      inputError('core-not-emulated', `a ${facts.core.name} cannot be emulated`, {
        position,
        path: '/cpus',
        notes,
      });
    }
    if (facts.coreCount > MOST_CORES) {
      const message = `${facts.coreCount} cores; at most ${MOST_CORES} are emulated`;
      const notes = ['`--cores` takes the first so many of a real board'];
      inputError('too-many-cores', message, { position, path: '/cpus', notes });
    }
    return facts;
  }

  private findGic(): DtNode {
    for (const node of this.tree.root.walk()) {
      if (compatibleWith(node, [...GICS_V1, ...GICS_V2]) && isAvailable(node)) return node;
    }
    return inputError('no-interrupt-controller', 'no node is a GIC that is modelled', {
      position: { file: this.tree.file },
      notes: [`modelled are ${[...GICS_V2, ...GICS_V1].join(', ')}`],
    });
  }

  private buildGic(): Gic {
    const variant = compatibleWith(this.gicNode, GICS_V2) ? CORTEX_A15_GIC : CORTEX_A9_GIC;
    const outputs = this.system.cpus.map(cpu => ({ irq: cpu.irqLine, fiq: cpu.fiqLine }));
    const gic = new Gic(variant, GIC_LINES[variant.architecture], outputs);
    const [distributor, cpuInterface] = this.ranges(this.gicNode, 2);
    this.attach(this.gicNode, distributor!, gic.distributor);
    this.attach(this.gicNode, cpuInterface!, gic.cpuInterface);
    this.devices.set(this.gicNode.path, gic as Stateful<unknown>);
    return gic;
  }

  /** First all that is modelled, then what is left is disabled, and all below it with it. */
  private buildParts(workbench: Workbench): void {
    for (const node of this.tree.root.walk()) {
      const part = PARTS.find(({ compatibles: wanted }) => compatibleWith(node, wanted));
      if (part !== undefined && isReachable(node)) part.build(workbench, this.place(node, part.regs));
    }
    for (const node of this.tree.root.walk()) {
      if (!isBookkeeping(node) && isReachable(node) && this.isForeign(node)) this.disable(node);
    }
  }

  /** Has registers on the bus that nobody models; or counts events, but not in a core, or with no way to tell. */
  private isForeign(node: DtNode): boolean {
    if (compatibleWith(node, PMU_COMPATIBLES))
      return interruptsOf(this.tree, node)[0]?.controller !== this.gicNode;
    if (compatibles(node).some(name => name.endsWith('-pmu'))) return true;
    if (compatibleWith(node, MEMORY_LIKE)) return false;
    return cpuRanges(this.tree, node).some(
      range => range !== null && !this.taken.some(({ range: other }) => overlaps(range, other)),
    );
  }

  private disable(node: DtNode): void {
    node.setProperty('status', encodeStrings('disabled'));
    this.diagnostics.push({
      severity: 'note',
      id: 'device-not-modelled',
      message: `disabled: nothing models ${compatibles(node)[0] ?? 'it'}`,
      path: node.path,
    });
  }

  private place(node: DtNode, regs: number): Place {
    const interrupts = interruptsOf(this.tree, node);
    return {
      node,
      regs: this.ranges(node, regs),
      line: (index, core = 0) => this.wire(interrupts[index], core),
      attach: (range, device) => this.attach(node, range, device),
      keep: device => this.devices.set(node.path, device as Stateful<unknown>),
    };
  }

  /** Shared (0) or private (1), number, flags. Documentation/devicetree/bindings/interrupt-controller/arm,gic.yaml. */
  private wire(interrupt: Interrupt | undefined, core: number): InterruptLine {
    if (interrupt === undefined || interrupt.controller !== this.gicNode) return UNCONNECTED;
    const [kind, number = 0] = interrupt.cells;
    if (kind === 0) return this.gic.shared(number);
    return number < 16 ? this.gic.privateLine(core, number + 16) : UNCONNECTED;
  }

  private ranges(node: DtNode, count: number): CpuRange[] {
    const ranges = cpuRanges(this.tree, node).filter(range => range !== null && range.size > 0) as CpuRange[];
    if (ranges.length < count) {
      const message = `${count} range${count > 1 ? 's' : ''} of registers expected that the CPU can reach`;
      inputError('device-no-registers', message, {
        position: { file: this.tree.file },
        path: `${node.path}:reg`,
      });
    }
    return ranges;
  }

  private attach(node: DtNode, range: CpuRange, device: MmioDevice): void {
    const other = this.taken.find(each => overlaps(range, each.range));
    if (other !== undefined) {
      const message = `registers at ${hex(range.start)} + ${hex(range.size)} lie over ${other.path}`;
      inputError('device-overlap', message, { position: { file: this.tree.file }, path: `${node.path}:reg` });
    }
    this.taken.push({ range, path: node.path });
    this.system.bus.attach(range.start, range.size, device);
  }

  /** Path of the node whose registers are at `paddr`. */
  nodeAt(paddr: Paddr): string {
    const found = this.taken.find(({ range }) => paddr >= range.start && paddr < range.start + range.size);
    invariant(found !== undefined, () => `nothing is at ${hex(paddr)}`);
    return found.path;
  }

  private findConsole(): Pl011 | null {
    const chosen = this.tree.root.child('chosen');
    const path = chosen && stringOf(this.tree, chosen, 'stdout-path')?.split(':', 1)[0];
    const node = path ? this.tree.nodeByPath(path) : this.tree.nodeByPath('serial0');
    return this.uarts.find(({ name }) => name === node?.path) ?? this.uarts[0] ?? null;
  }

  /** PSCI, or a boot monitor's pen in which all but the first core wait. */
  private startSecondaries(sram: readonly Range[]): void {
    const psci = this.tree.root.children.find(node =>
      compatibleWith(node, ['arm,psci', 'arm,psci-0.2', 'arm,psci-1.0']),
    );
    if (psci !== undefined) {
      const conduit = stringOf(this.tree, psci, 'method') === 'smc' ? 'smc' : 'hvc';
      const ends = { off: () => this.end('off'), reset: () => this.end('reset') };
      const firmware = new PsciFirmware(this.system, conduit, ends);
      for (const cpu of this.system.cpus) cpu.firmware = firmware;
      return;
    }
    const [pen] = sram;
    const gic = this.ranges(this.gicNode, 2)[1]!;
    const flags = this.taken.find(({ path }) => path === this.sysregsNode?.path);
    if (pen === undefined || flags === undefined) return;
    const code = holdingPen(gic.start, flags.range.start + 0x30);
    for (const [index, word] of code.entries()) this.system.machine.ram.write32(pen.start + 4 * index, word);
    for (const cpu of this.system.cpus.slice(1)) cpu.powerOn(pen.start, 0);
  }

  /**
   * A Cortex-A9 tells where its private region is. Zero would mean that it is the only core: Linux looks there before
   * it decides whether to run as on one (arch/arm/kernel/head.S, __fixup_smp). DDI 0388, 4.3.24; DDI 0407, 1.5.
   */
  private setPeripheralBase(): void {
    if (this.board.cpus.core.name !== 'Cortex-A9') return;
    const base = this.ranges(this.gicNode, 2)[0]!.start - 0x1000;
    for (const cpu of this.system.cpus) cpu.cp15.stored.set('CBAR', base);
  }

  private get sysregsNode(): DtNode | undefined {
    for (const node of this.tree.root.walk()) if (compatibleWith(node, ['arm,vexpress-sysreg'])) return node;
    return undefined;
  }

  save(): BoardState {
    return {
      system: this.system.save(),
      ended: this.ended,
      devices: Object.fromEntries([...this.devices].map(([path, device]) => [path, device.save()])),
    };
  }

  /** Of a board built from the same tree with the same options. */
  restore({ system, ended, devices }: BoardState): void {
    this.system.restore(system);
    this.ended = ended;
    for (const [path, device] of this.devices) device.restore(devices[path]);
  }
}

function partOptions(options: BoardOptions): PartOptions {
  if (options.accessPlatform && options.legacyVirtio) {
    const message =
      'the legacy interface of virtio has no VIRTIO_F_ACCESS_PLATFORM: its features have 32 bits';
    inputError('legacy-no-access-platform', message);
  }
  const { pl310AuxiliaryControl } = options;
  return {
    epoch: options.epoch ?? DEFAULT_EPOCH,
    accessPlatform: options.accessPlatform ?? false,
    legacyVirtio: options.legacyVirtio ?? false,
    ...(pl310AuxiliaryControl !== undefined && { pl310AuxiliaryControl }),
  };
}

/** Neither it nor anything above it is disabled. */
function isReachable(node: DtNode): boolean {
  for (let at: DtNode | null = node; at !== null; at = at.parent) if (!isAvailable(at)) return false;
  return true;
}

/** Cores, memory and what is said to the kernel have 'reg' too, but no registers. */
function isBookkeeping(node: DtNode): boolean {
  for (let at: DtNode | null = node; at?.parent; at = at.parent) {
    if (at.parent.parent !== null) continue;
    const [name] = at.name.split('@');
    return ['cpus', 'memory', 'reserved-memory', 'chosen', 'aliases', 'psci', 'firmware'].includes(name!);
  }
  return true;
}

function sramRanges(tree: DeviceTree): Range[] {
  const found: Range[] = [];
  for (const node of tree.root.walk()) {
    if (!compatibleWith(node, MEMORY_LIKE) || !isAvailable(node)) continue;
    for (const range of cpuRanges(tree, node)) {
      if (range !== null && range.size > 0) found.push({ start: range.start, end: range.start + range.size });
    }
  }
  return found;
}

/** All memory, sorted. Throws an InputError where two pieces overlap. */
function allMemory(tree: DeviceTree, banks: readonly Range[], sram: readonly Range[]): Range[] {
  const all = [...banks, ...sram].sort((a, b) => a.start - b.start);
  const problems: Diagnostic[] = [];
  all.forEach((range, index) => {
    const next = all[index + 1];
    if (next === undefined || next.start >= range.end) return;
    const message = `memory at ${hex(next.start)} overlaps memory at ${hex(range.start)}`;
    problems.push({ severity: 'error', id: 'memory-overlap', message, position: { file: tree.file } });
  });
  if (problems.length > 0) throw new InputError(problems);
  return [...all, ...memoryBeside(tree, all)].sort((a, b) => a.start - b.start);
}

function sized({ start, end }: Range): CpuRange {
  return { start, size: end - start };
}

function overlaps(a: CpuRange, b: CpuRange): boolean {
  return a.start < b.start + b.size && b.start < a.start + a.size;
}
