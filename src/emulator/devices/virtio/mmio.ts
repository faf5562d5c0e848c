// SPDX-License-Identifier: GPL-2.0-only
/**
 * Virtio over MMIO: registers that lead a driver through negotiation and to the queues of one device. Virtual I/O
 * Device (VIRTIO) 1.2, section 4.2; 4.2.4 for the legacy interface (version 1), which has a page number for a queue.
 * A device works a while after it was notified, not within the store that does it: it is another master on the bus,
 * and whoever watches must have seen the store before the transfers. The interrupt line is a level: up while
 * InterruptStatus is not zero.
 * Model: a slot without a device has DeviceID 0. No shared memory regions, no notification data.
 * Linux: drivers/virtio/virtio_mmio.c.
 */
import type { DmaMaster } from '../../../hw/dma/master.js';
import type { Clock, Timer } from '../../clock.js';
import type { AccessSize, InterruptLine, MmioDevice, Stateful } from '../device.js';
import { RegisterFile, register } from '../registers.js';
import {
  VIRTIO_F_ACCESS_PLATFORM,
  VIRTIO_F_ANY_LAYOUT,
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_VERSION_1,
  type VirtioDevice,
  type VirtioTransport,
} from './device.js';
import { type Chain, type QueueState, Virtqueue } from './queue.js';

const MagicValue = 0x000;
const Version = 0x004;
const DeviceID = 0x008;
const VendorID = 0x00c;
const DeviceFeatures = 0x010;
const DeviceFeaturesSel = register('DeviceFeaturesSel', 0x014, 0, '31:0 Sel rw');
const DriverFeatures = 0x020;
const DriverFeaturesSel = register('DriverFeaturesSel', 0x024, 0, '31:0 Sel rw');
const GuestPageSize = register('GuestPageSize', 0x028, 0, '31:0 Bytes wo');
const QueueSel = register('QueueSel', 0x030, 0, '31:0 Index wo');
const QueueNumMax = 0x034;
const QueueNum = 0x038;
const QueueAlign = register('QueueAlign', 0x03c, 0, '31:0 Bytes wo');
const QueuePFN = 0x040;
const QueueReady = 0x044;
const QueueNotify = 0x050;
const InterruptStatus = register('InterruptStatus', 0x060, 0, '31:2 -, 1 Config ro, 0 UsedBuffer ro');
const InterruptACK = 0x064;
const Status = register(
  'Status',
  0x070,
  0,
  '31:8 -, 7 FAILED ro, 6 DEVICE_NEEDS_RESET ro, 5:4 -, 3 FEATURES_OK ro, 2 DRIVER_OK ro, 1 DRIVER ro, 0 ACKNOWLEDGE ro',
);
const QueueDescLow = 0x080;
const QueueDescHigh = 0x084;
const QueueDriverLow = 0x090;
const QueueDriverHigh = 0x094;
const QueueDeviceLow = 0x0a0;
const QueueDeviceHigh = 0x0a4;
const SHMLenLow = 0x0b0;
const SHMBaseHigh = 0x0bc;
const Config = 0x100;

/** 'virt'. */
const MAGIC = 0x74726976;
/** Ours: 'ARMY'. The specification leaves it free. */
const VENDOR = 0x594d5241;

export interface VirtioMmioOptions {
  readonly irq: InterruptLine;
  /** The device's side of the bus. */
  readonly master: DmaMaster;
  /** VIRTIO_F_ACCESS_PLATFORM is offered: the driver uses the DMA API, whatever the machine. */
  readonly accessPlatform: boolean;
  /** Version 1. */
  readonly legacy?: boolean;
  /** Ticks from a notification to the device's first transfer. */
  readonly latency?: number;
}

/** Ten microseconds. Model: of the order of what virtual machines show; no device is as fast as a store. */
const DEFAULT_LATENCY = 2500;

export interface VirtioMmioState {
  readonly registers: Uint32Array;
  readonly accepted: Uint32Array;
  readonly queues: readonly QueueState[];
  readonly woken: number;
  readonly deadline: number;
  readonly device: unknown;
}

export class VirtioMmio implements MmioDevice, VirtioTransport, Stateful<VirtioMmioState> {
  readonly name: string;
  readonly master: DmaMaster;
  private readonly device: VirtioDevice | null;
  private readonly clock: Clock;
  private readonly irq: InterruptLine;
  private readonly legacy: boolean;
  private readonly latency: number;
  private readonly timer: Timer;
  private readonly registers = new RegisterFile([
    DeviceFeaturesSel,
    DriverFeaturesSel,
    GuestPageSize,
    QueueSel,
    QueueAlign,
    InterruptStatus,
    Status,
  ]);
  private readonly queues: readonly Virtqueue[];
  /** Features: bits 0 … 31 and 32 … 63. */
  private readonly offered = new Uint32Array(2);
  private readonly accepted = new Uint32Array(2);
  /** Bit n: queue n has been notified. */
  private woken = 0;

  constructor(clock: Clock, device: VirtioDevice | null, options: VirtioMmioOptions) {
    this.name = device === null ? 'virtio-mmio' : `virtio-mmio ${device.name}`;
    this.clock = clock;
    this.device = device;
    this.master = options.master;
    this.irq = options.irq;
    this.legacy = options.legacy ?? false;
    this.latency = options.latency ?? DEFAULT_LATENCY;
    this.timer = clock.timer(() => this.work());
    this.queues = (device?.queueSizes ?? []).map(size => new Virtqueue(options.master, size));
    for (const bit of [VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX, ...(device?.features ?? [])]) {
      this.offer(bit);
    }
    if (this.legacy) this.offer(VIRTIO_F_ANY_LAYOUT);
    else this.offer(VIRTIO_F_VERSION_1);
    if (options.accessPlatform) this.offer(VIRTIO_F_ACCESS_PLATFORM);
    device?.attach(this);
  }

  read(offset: number, size: AccessSize): number {
    if (offset >= Config) return this.readConfig(offset - Config, size);
    // Registers are words. VIRTIO 1.2, 4.2.2.2.
    return size === 4 ? this.readRegister(offset) : 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset >= Config) this.writeConfig(offset - Config, size, value);
    else if (size === 4) this.writeRegister(offset, value);
  }

  hasFeature(bit: number): boolean {
    return ((this.accepted[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
  }

  take(queue: number): Chain | null {
    return this.isRunning() ? this.queues[queue]!.take() : null;
  }

  give(queue: number, chain: Chain, written: number): void {
    this.queues[queue]!.give(chain, written);
  }

  wake(queue: number): void {
    this.woken |= 1 << queue;
    if (this.timer.deadline === Number.POSITIVE_INFINITY) {
      this.clock.set(this.timer, this.clock.now + this.latency);
    }
  }

  private offer(bit: number): void {
    this.offered[bit >>> 5] = this.offered[bit >>> 5]! | (1 << (bit & 31));
  }

  private isRunning(): boolean {
    const status = this.registers.get(Status);
    return (status & Status.bits.DRIVER_OK) !== 0 && (status & Status.bits.DEVICE_NEEDS_RESET) === 0;
  }

  private get selected(): Virtqueue | undefined {
    return this.queues[this.registers.get(QueueSel)];
  }

  private readRegister(offset: number): number {
    const { registers, selected, legacy } = this;
    switch (offset) {
      case MagicValue:
        return MAGIC;
      case Version:
        return legacy ? 1 : 2;
      case DeviceID:
        return this.device?.deviceId ?? 0;
      case VendorID:
        return VENDOR;
      case DeviceFeatures:
        return this.offered[registers.get(DeviceFeaturesSel)] ?? 0;
      case QueueNumMax:
        return selected?.maximum ?? 0;
      case QueuePFN:
        return legacy && selected?.ready ? selected.descriptors / this.pageSize : 0;
      case QueueReady:
        return !legacy && selected?.ready ? 1 : 0;
      default:
        // A shared memory region that is not there has all ones for length and base. VIRTIO 1.2, 4.2.2.1.
        if (offset >= SHMLenLow && offset <= SHMBaseHigh && !legacy) return 0xffff_ffff;
        return offset === DeviceFeaturesSel.offset || offset === DriverFeaturesSel.offset
          ? 0
          : registers.load(offset);
    }
  }

  private writeRegister(offset: number, value: number): void {
    const { registers, selected } = this;
    switch (offset) {
      case DriverFeatures: {
        const select = registers.get(DriverFeaturesSel);
        if (select < 2 && !registers.has(Status, Status.bits.FEATURES_OK)) this.accepted[select] = value;
        break;
      }
      case QueueNum:
        if (selected && value > 0 && value <= selected.maximum && (value & (value - 1)) === 0) {
          selected.size = value;
        }
        break;
      case QueuePFN:
        if (this.legacy && selected) this.setLegacyQueue(selected, value);
        break;
      case QueueReady:
        if (!this.legacy && selected) this.setReady(selected, (value & 1) !== 0);
        break;
      case QueueNotify:
        if (value < this.queues.length && this.isRunning()) this.wake(value);
        break;
      case InterruptACK:
        registers.clearBits(InterruptStatus, value);
        this.updateInterrupt();
        break;
      case Status.offset:
        this.setStatus(value & 0xff);
        break;
      default:
        if (!this.legacy && selected && !selected.ready) this.setAddress(selected, offset, value);
        registers.store(offset, value);
    }
  }

  private setAddress(queue: Virtqueue, offset: number, value: number): void {
    const low = (old: number): number => Math.floor(old / 2 ** 32) * 2 ** 32 + value;
    const high = (old: number): number => value * 2 ** 32 + (old % 2 ** 32);
    if (offset === QueueDescLow) queue.descriptors = low(queue.descriptors);
    else if (offset === QueueDescHigh) queue.descriptors = high(queue.descriptors);
    else if (offset === QueueDriverLow) queue.available = low(queue.available);
    else if (offset === QueueDriverHigh) queue.available = high(queue.available);
    else if (offset === QueueDeviceLow) queue.used = low(queue.used);
    else if (offset === QueueDeviceHigh) queue.used = high(queue.used);
  }

  private setReady(queue: Virtqueue, ready: boolean): void {
    if (!ready) queue.reset();
    queue.ready = ready;
    queue.eventIndex = this.hasFeature(VIRTIO_F_EVENT_IDX);
    queue.indirect = this.hasFeature(VIRTIO_F_INDIRECT_DESC);
  }

  private get pageSize(): number {
    return this.registers.get(GuestPageSize) || 4096;
  }

  /** Where the parts of a legacy queue lie follows from its page and the alignment. VIRTIO 1.2, 2.7.2. */
  private setLegacyQueue(queue: Virtqueue, page: number): void {
    const { size } = queue;
    this.setReady(queue, page !== 0);
    if (page === 0) return;
    const align = this.registers.get(QueueAlign) || 4096;
    queue.size = size;
    queue.descriptors = page * this.pageSize;
    queue.available = queue.descriptors + 16 * size;
    const end = queue.available + 2 * (3 + size);
    queue.used = Math.ceil(end / align) * align;
  }

  /** VIRTIO 1.2, 2.1 and 3.1. */
  private setStatus(value: number): void {
    const { registers } = this;
    if (value === 0) {
      this.reset();
      return;
    }
    const { FEATURES_OK, DRIVER_OK, DEVICE_NEEDS_RESET } = Status.bits;
    const refused = this.offered.some((offered, word) => (this.accepted[word]! & ~offered) !== 0);
    const modern = this.hasFeature(VIRTIO_F_VERSION_1);
    const kept = registers.get(Status) & DEVICE_NEEDS_RESET;
    const ready = !registers.has(Status, DRIVER_OK);
    registers.set(Status, (value & ~DEVICE_NEEDS_RESET) | kept);
    // Buffers that were made available before are looked at now. VIRTIO 1.2, 3.1.1, step 8.
    if (ready && this.isRunning()) for (const index of this.queues.keys()) this.wake(index);
    if (refused || (!modern && !this.legacy)) registers.clearBits(Status, FEATURES_OK);
  }

  private reset(): void {
    this.registers.reset();
    this.accepted.fill(0);
    for (const queue of this.queues) queue.reset();
    this.woken = 0;
    this.clock.stop(this.timer);
    this.device?.reset();
    this.updateInterrupt();
  }

  /** The device looks at the queues that it was told of. */
  private work(): void {
    const { registers } = this;
    const woken = this.woken;
    this.woken = 0;
    for (const index of this.queues.keys()) if ((woken >>> index) & 1) this.device!.notified(index);
    for (const queue of this.queues) {
      if (queue.wantsInterrupt()) registers.setBits(InterruptStatus, InterruptStatus.bits.UsedBuffer);
      if (queue.broken && !registers.has(Status, Status.bits.DEVICE_NEEDS_RESET)) {
        registers.setBits(Status, Status.bits.DEVICE_NEEDS_RESET);
        registers.setBits(InterruptStatus, InterruptStatus.bits.Config);
      }
    }
    this.updateInterrupt();
  }

  private updateInterrupt(): void {
    this.irq.set(this.registers.get(InterruptStatus) !== 0);
  }

  private readConfig(offset: number, size: number): number {
    const config = this.device?.config;
    let value = 0;
    for (let i = 0; i < size; i++) value += (config?.[offset + i] ?? 0) * 2 ** (8 * i);
    return value;
  }

  /** Model: no device here has a field that drivers write, so nothing changes. */
  private writeConfig(_offset: number, _size: number, _value: number): void {}

  save(): VirtioMmioState {
    return {
      registers: this.registers.save(),
      accepted: this.accepted.slice(),
      queues: this.queues.map(queue => queue.save()),
      woken: this.woken,
      deadline: this.timer.deadline,
      device: this.device?.save(),
    };
  }

  restore(state: VirtioMmioState): void {
    this.registers.restore(state.registers);
    this.accepted.set(state.accepted);
    for (const [index, queue] of this.queues.entries()) queue.restore(state.queues[index]!);
    this.woken = state.woken;
    this.clock.set(this.timer, state.deadline);
    this.device?.restore(state.device);
    this.updateInterrupt();
  }
}
