// SPDX-License-Identifier: GPL-2.0-only
/**
 * GDB's commands (GDB manual, E.2 to E.4), one packet in, one answer out: '' to what is not known, null where the answer
 * is the stop to come. Cores are threads, numbered from 1; all of them stop together.
 * Model: whoever continues one core continues all.
 * Left out: watchpoints, which GDB then does by stepping; monitor commands; processes.
 */
import type { Cpu } from '../cpu/cpu.js';
import { RUNNING } from '../cpu/cpu.js';
import type { System } from '../system.js';
import { Control, SIGINT } from './control.js';
import { MemoryView } from './memory-view.js';
import { bytesOfHex, bytesOfText, hexOfBytes, numberOfHex, PACKET_BYTES } from './packets.js';
import { readAll, readRegister, targetDescription, writeAll, writeRegister } from './registers.js';

/** errno as the protocol writes it: what is asked for makes no sense; the memory is not there; too long. */
const EINVAL = 'E22';
const EFAULT = 'E14';
export const E2BIG = 'E07';
const OK = 'OK';

const FEATURES = [
  `PacketSize=${PACKET_BYTES.toString(16)}`,
  'qXfer:features:read+',
  'QStartNoAckMode+',
  'vContSupported+',
].join(';');

export class GdbStub {
  readonly control: Control;
  /** The debugger has let the guest go on alone. */
  isDetached = false;
  /** The debugger has ended the machine. */
  isKilled = false;
  private readonly system: System;
  private readonly memory: MemoryView;
  /** The cores of `Hg` and `Hc`; null: the one that stopped. */
  private generalCore: Cpu | null = null;
  private resumeCore: Cpu | null = null;
  /** Breakpoints as they were set, `type,address`. */
  private readonly inserted: Set<string> = new Set();

  constructor(system: System) {
    this.system = system;
    this.control = new Control(system);
    this.memory = new MemoryView(system.machine);
  }

  /** A debugger connects: the guest stops. */
  attach(): void {
    const { control } = this;
    control.watch(true);
    if (!control.isHeld) control.hold(control.core, SIGINT);
    this.isDetached = false;
    this.generalCore = null;
    this.resumeCore = null;
    this.inserted.clear();
  }

  /** The debugger is gone. A guest from which it did not detach stands still until the next one comes. */
  leave(): void {
    const { control } = this;
    if (this.isDetached) return;
    control.watch(false);
    if (!control.isHeld) control.hold(control.core, SIGINT);
  }

  private detach(): string {
    this.isDetached = true;
    this.control.watch(false);
    this.control.resume();
    return OK;
  }

  /** Ctrl-C. Null: it stands still already. */
  interrupt(): string | null {
    const { control } = this;
    if (control.isHeld) return null;
    control.hold(control.core, SIGINT);
    return this.stopReply();
  }

  stopReply(): string {
    const { signal, core } = this.control;
    this.generalCore = null;
    return `T${signal.toString(16).padStart(2, '0')}thread:${(core + 1).toString(16)};`;
  }

  handle(packet: string): string | null {
    const rest = packet.slice(1);
    switch (packet[0]) {
      case '?':
        return this.stopReply();
      case 'g':
        return hexOfBytes(readAll(this.general));
      case 'G':
        return this.writeRegisters(rest);
      case 'p':
        return this.readRegister(rest);
      case 'P':
        return this.writeRegister(rest);
      case 'm':
        return this.readMemory(rest);
      case 'M':
        return this.writeMemory(rest, bytesOfHex);
      case 'X':
        return this.writeMemory(rest, bytesOfText);
      case 'Z':
      case 'z':
        return this.breakpoint(packet[0] === 'Z', rest);
      case 'c':
      case 's':
        return this.resumeAt(packet[0], rest);
      case 'C':
      case 'S':
        // The signal is nothing to a machine.
        return this.resumeAt(packet[0].toLowerCase(), rest.replace(/^[^;]*;?/, ''));
      case 'H':
        return this.select(rest);
      case 'T':
        return this.thread(rest) === null ? EINVAL : OK;
      case 'D':
        return this.detach();
      case 'k':
        this.isKilled = true;
        return null;
      case 'v':
        return this.verbose(packet);
      case 'q':
        return this.query(packet);
      default:
        return '';
    }
  }

  private get stopped(): Cpu {
    return this.system.cpus[this.control.core]!;
  }

  private get general(): Cpu {
    return this.generalCore ?? this.stopped;
  }

  /** The core that a thread's number means; null: none. */
  private thread(id: string): Cpu | null {
    return this.system.cpus[numberOfHex(id) - 1] ?? null;
  }

  private select(rest: string): string {
    const id = rest.slice(1);
    const any = id === '0' || id === '-1';
    const cpu = any ? null : this.thread(id);
    if (!any && cpu === null) return EINVAL;
    if (rest[0] === 'g') this.generalCore = cpu;
    else if (rest[0] === 'c') this.resumeCore = cpu;
    else return EINVAL;
    return OK;
  }

  // Registers and memory.

  private writeRegisters(hex: string): string {
    const bytes = bytesOfHex(hex);
    return bytes !== null && writeAll(this.general, bytes) ? OK : EINVAL;
  }

  private readRegister(number: string): string {
    const bytes = readRegister(this.general, numberOfHex(number));
    return bytes === null ? EINVAL : hexOfBytes(bytes);
  }

  private writeRegister(rest: string): string {
    const [number = '', value = ''] = rest.split('=');
    const bytes = bytesOfHex(value);
    return bytes !== null && writeRegister(this.general, numberOfHex(number), bytes) ? OK : EINVAL;
  }

  /** `address,length`. An answer may be shorter than what was asked for. */
  private readMemory(rest: string): string {
    const [address = '', length = ''] = rest.split(',');
    const vaddr = numberOfHex(address);
    const size = Math.min(numberOfHex(length), PACKET_BYTES / 2);
    if (Number.isNaN(vaddr + size)) return EINVAL;
    const bytes = this.memory.read(this.general, vaddr, size);
    return bytes === null ? EFAULT : hexOfBytes(bytes);
  }

  /** `address,length:bytes`. */
  private writeMemory(rest: string, decode: (text: string) => Uint8Array | null): string {
    const colon = rest.indexOf(':');
    if (colon < 0) return EINVAL;
    const [address = '', length = ''] = rest.slice(0, colon).split(',');
    const vaddr = numberOfHex(address);
    const bytes = decode(rest.slice(colon + 1));
    if (Number.isNaN(vaddr) || bytes === null || bytes.length !== numberOfHex(length)) return EINVAL;
    return this.memory.write(this.general, vaddr, bytes) ? OK : EFAULT;
  }

  /** `type,address,kind`. Types 0 and 1 are the same here, and each may be set at one address. */
  private breakpoint(insert: boolean, rest: string): string {
    const [type = '', address = ''] = rest.split(',');
    if (type !== '0' && type !== '1') return '';
    const vaddr = numberOfHex(address);
    if (Number.isNaN(vaddr)) return EINVAL;
    const { inserted } = this;
    const { breakpoints } = this.control;
    if (insert) {
      inserted.add(`${type},${vaddr}`);
      breakpoints.add(vaddr);
    } else {
      inserted.delete(`${type},${vaddr}`);
      if (!inserted.has(`0,${vaddr}`) && !inserted.has(`1,${vaddr}`)) breakpoints.remove(vaddr);
    }
    return OK;
  }

  // Going on.

  private resumeAt(action: string, address: string): string | null {
    const cpu = this.resumeCore ?? this.stopped;
    if (address !== '') {
      const vaddr = numberOfHex(address);
      if (Number.isNaN(vaddr)) return EINVAL;
      cpu.branch(vaddr | 0);
    }
    return this.resume(action === 's' ? cpu : null);
  }

  /** Steps a core, or (null) lets all of them go. */
  private resume(step: Cpu | null): string | null {
    if (step !== null) return this.control.step(step) ? this.stopReply() : null;
    this.control.resume();
    return null;
  }

  private verbose(packet: string): string | null {
    if (packet === 'vCont?') return 'vCont;c;C;s;S';
    if (packet.startsWith('vCont;')) return this.vCont(packet.slice('vCont;'.length));
    if (packet.startsWith('vKill;')) {
      this.isKilled = true;
      return OK;
    }
    return '';
  }

  /** `action[:thread];…`: of the cores that are to be stepped the first one is. */
  private vCont(actions: string): string | null {
    let step: Cpu | null = null;
    for (const part of actions.split(';')) {
      const [action = '', id] = part.split(':');
      const any = id === undefined || id === '-1' || id === '0';
      const cpu = any ? (this.resumeCore ?? this.stopped) : this.thread(id);
      if (cpu === null || !/^([cs]|[CS][0-9a-f]{2})$/.test(action)) return EINVAL;
      // Of several actions for a thread the first one counts; one for all of them comes last.
      if (action[0]!.toLowerCase() === 's') step ??= cpu;
      else if (any) break;
    }
    return this.resume(step);
  }

  // Questions.

  private query(packet: string): string {
    const { cpus } = this.system;
    if (packet.startsWith('qSupported')) return FEATURES;
    if (packet.startsWith('qXfer:')) return this.transfer(packet);
    if (packet === 'qC') return `QC${(this.control.core + 1).toString(16)}`;
    if (packet === 'qfThreadInfo') return `m${cpus.map(({ index }) => (index + 1).toString(16)).join(',')}`;
    if (packet === 'qsThreadInfo') return 'l';
    // Nothing was started for the debugger: it detaches when it leaves.
    if (packet === 'qAttached' || packet.startsWith('qAttached:')) return '1';
    if (packet.startsWith('qThreadExtraInfo,')) {
      const cpu = this.thread(packet.slice('qThreadExtraInfo,'.length));
      if (cpu === null) return EINVAL;
      const text = `core ${cpu.index}, ${cpu.state === RUNNING ? 'awake' : 'asleep or off'}`;
      return hexOfBytes(bytesOfText(text));
    }
    return '';
  }

  /** `qXfer:features:read:target.xml:offset,length`. */
  private transfer(packet: string): string {
    const [, object, operation, annex, place = ''] = packet.split(':');
    if (object !== 'features' || operation !== 'read') return '';
    if (annex !== 'target.xml') return 'E00';
    const [offset, length] = place.split(',').map(numberOfHex);
    if (offset === undefined || length === undefined || Number.isNaN(offset + length)) return EINVAL;
    const text = targetDescription(this.stopped);
    const piece = text.slice(offset, offset + Math.min(length, PACKET_BYTES / 2));
    return `${offset + piece.length < text.length ? 'm' : 'l'}${piece}`;
  }
}
