// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a core does to memory. The fast path is a direct-mapped table of pages that lead straight to the host's
 * copy of RAM (`core-area.ts` says where it stands: translated code looks into it too); a page is in it only if every
 * access of that kind needs no further look.
 *
 * One set each for privileged and for user accesses, and for each of the last few values of DACR: a kernel that keeps
 * itself out of user memory changes it at every entry and exit. The low bits of the address are compared as well, so that an
 * unaligned access does not match. While somebody observes the machine nothing is entered, and every access takes
 * the slow path, which tells the observer: nobody pays while nobody watches.
 *
 * A load or store that faults sets `failed` and has no effect. An execute function looks after each access:
 *   const value = cpu.mem.load32(address);
 *   if (cpu.mem.failed !== 0) return cpu.dataAbort();
 */
import type { Machine } from '../../hw/machine.js';
import { type MemoryType, MT_DEVICE } from '../../hw/mmu/memory-type.js';
import type { MmuRegisters } from '../../hw/mmu/registers.js';
import type { FlatRam } from '../../hw/ram.js';
import type { CodeCache, CodePage } from '../code/code-cache.js';
import type { Bus } from '../devices/bus.js';
import type { AccessSize } from '../devices/device.js';
import { CORE_BYTES, FAST, JUMPS, JUMPS_AT, NO_JUMP, NO_TAG, SET, SET_BYTES, SETS_AT } from './core-area.js';
import { FAULT_ALIGNMENT, FAULT_EXTERNAL, fault } from './faults.js';
import {
  R_PRIVILEGED_EXECUTE,
  R_PRIVILEGED_READ,
  R_PRIVILEGED_WRITE,
  R_USER_EXECUTE,
  R_USER_READ,
  R_USER_WRITE,
} from './tlb.js';
import { Translator } from './translate.js';

/** Values of DACR that are kept apart. */
const DOMAIN_SETS = 4;

/** What the core finds without a look at its TLB, for one privilege and value of DACR. */
class FastPages {
  /** Of its entries in the storage: index of the first word. */
  readonly first: number;
  readonly fetchTags: Int32Array = new Int32Array(FAST).fill(NO_TAG);
  readonly fetchPages: (CodePage | null)[] = new Array<CodePage | null>(FAST).fill(null);
  private readonly words: Int32Array;
  /** Something was entered since it was cleared. */
  private used = true;

  constructor(words: Int32Array, first: number) {
    this.words = words;
    this.first = first;
    this.clear();
  }

  /** The index of the words of `vaddr`'s page. Whoever asks may enter something. */
  entry(vaddr: number): number {
    this.used = true;
    return this.first + ((vaddr >>> 10) & (4 * (FAST - 1)));
  }

  clear(): void {
    if (!this.used) return;
    this.used = false;
    this.words.fill(NO_TAG, this.first, this.first + 4 * FAST);
    this.fetchTags.fill(NO_TAG);
    this.clearJumps();
  }

  /** One page; `jumps`: code of it may be among them. */
  drop(vaddr: number, jumps: boolean): void {
    if (!this.used) return;
    const entry = this.entry(vaddr);
    this.words.fill(NO_TAG, entry, entry + 4);
    this.fetchTags[(vaddr >>> 12) & (FAST - 1)] = NO_TAG;
    if (jumps) this.clearJumps();
  }

  clearJumps(): void {
    const jumps = this.first + JUMPS_AT / 4;
    this.words.fill(NO_JUMP, jumps, jumps + 2 * JUMPS);
  }

  /** From now on the code at `address` (bit 0: T32) is function `index` of the table. */
  enterJump(address: number, index: number): void {
    this.used = true;
    const at = this.first + JUMPS_AT / 4 + (address & (2 * (JUMPS - 1)));
    this.words[at] = address;
    this.words[at + 1] = ~index;
  }

  /** Stores to the page at `base` must not go ahead. */
  guard(base: number): void {
    const { words, first } = this;
    // As the storage holds it: negative beyond 2 GiB.
    const place = base | 0;
    for (let at = first; at < first + 4 * FAST; at += 4) if (words[at + 3] === place) words[at + 1] = NO_TAG;
  }
}

/** Who has to know that something happened in the middle of an instruction. */
export interface MemoryOwner {
  /** The clock must be exact before a device is asked. */
  syncClock(): void;
  /** The current block must be left after this instruction. */
  attention: number;
}

export class Memory {
  /** 1: the access that was made last faulted; `fault`, `faultAddress`, `faultWrite`, `domain` say how. */
  failed = 0;
  fault = 0;
  faultAddress = 0;
  faultWrite = false;
  /** It was no access, but maintenance. */
  faultMaintenance = false;
  domain = 0;
  /** SCTLR.A. */
  strictAlignment = false;
  /** CPSR.E. */
  bigEndian = false;
  readonly translator: Translator;
  readonly words: Int32Array;
  readonly halves: Uint16Array;
  readonly bytes: Uint8Array;
  /** Index of the first word of this core's area. */
  readonly area: number;
  private fast: FastPages;
  /** `fast.first`. */
  private first: number;
  /** Two for each value of DACR: privileged, user. */
  private readonly sets: FastPages[] = [];
  private readonly setDomains: number[] = [];
  private currentSet = 0;
  /** 1 for each MiB of which something was executed since the last forget(). */
  private readonly executed: Uint8Array = new Uint8Array(4096);
  private privileged = true;
  private readonly machine: Machine;
  private readonly bus: Bus;
  private readonly code: CodeCache;
  private readonly ram: FlatRam;
  private readonly owner: MemoryOwner;
  private readonly cpu: number;

  constructor(
    cpu: number,
    owner: MemoryOwner,
    machine: Machine,
    registers: MmuRegisters,
    bus: Bus,
    code: CodeCache,
  ) {
    this.cpu = cpu;
    this.owner = owner;
    this.machine = machine;
    this.bus = bus;
    this.code = code;
    this.ram = code.ram;
    this.words = this.ram.words;
    this.halves = this.ram.halves;
    this.bytes = this.ram.bytes;
    this.translator = new Translator(machine, cpu, registers);
    this.area = (cpu * CORE_BYTES) / 4;
    for (let i = 0; i < 2 * DOMAIN_SETS; i++) {
      this.sets.push(new FastPages(this.words, this.area + (SETS_AT + i * SET_BYTES) / 4));
    }
    for (let i = 0; i < DOMAIN_SETS; i++) this.setDomains.push(0);
    this.setDomains[0] = this.translator.domains;
    this.fast = this.sets[0]!;
    this.first = this.fast.first;
    this.useSet();
  }

  // Loads and stores. Addresses are int32 or uint32, values int32; bytes and halfwords are loaded unsigned.

  load32(vaddr: number): number {
    const { words } = this;
    const entry = this.first + ((vaddr >>> 10) & (4 * (FAST - 1)));
    if (words[entry] === (vaddr & ~0xffc)) return words[(words[entry + 2]! + vaddr) >>> 2]!;
    return this.slowLoad(vaddr >>> 0, 4) | 0;
  }

  load16(vaddr: number): number {
    const { words } = this;
    const entry = this.first + ((vaddr >>> 10) & (4 * (FAST - 1)));
    if (words[entry] === (vaddr & ~0xffe)) return this.halves[(words[entry + 2]! + vaddr) >>> 1]!;
    return this.slowLoad(vaddr >>> 0, 2);
  }

  load8(vaddr: number): number {
    const { words } = this;
    const entry = this.first + ((vaddr >>> 10) & (4 * (FAST - 1)));
    if (words[entry] === (vaddr & ~0xfff)) return this.bytes[(words[entry + 2]! + vaddr) >>> 0]!;
    return this.slowLoad(vaddr >>> 0, 1);
  }

  store32(vaddr: number, value: number): void {
    const { words } = this;
    const entry = this.first + ((vaddr >>> 10) & (4 * (FAST - 1)));
    if (words[entry + 1] === (vaddr & ~0xffc)) {
      words[(words[entry + 2]! + vaddr) >>> 2] = value;
    } else {
      this.slowStore(vaddr >>> 0, 4, value >>> 0);
    }
  }

  store16(vaddr: number, value: number): void {
    const { words } = this;
    const entry = this.first + ((vaddr >>> 10) & (4 * (FAST - 1)));
    if (words[entry + 1] === (vaddr & ~0xffe)) {
      this.halves[(words[entry + 2]! + vaddr) >>> 1] = value;
    } else {
      this.slowStore(vaddr >>> 0, 2, value & 0xffff);
    }
  }

  store8(vaddr: number, value: number): void {
    const { words } = this;
    const entry = this.first + ((vaddr >>> 10) & (4 * (FAST - 1)));
    if (words[entry + 1] === (vaddr & ~0xfff)) {
      this.bytes[(words[entry + 2]! + vaddr) >>> 0] = value;
    } else {
      this.slowStore(vaddr >>> 0, 1, value & 0xff);
    }
  }

  /** Accesses that fault unless they are aligned, whatever SCTLR.A says: LDM, LDRD, LDREX, VLDM, … (A3.2.1). */
  load32Aligned(vaddr: number): number {
    if ((vaddr & 3) !== 0) return this.misaligned(vaddr, false);
    return this.load32(vaddr);
  }

  store32Aligned(vaddr: number, value: number): void {
    if ((vaddr & 3) !== 0) this.misaligned(vaddr, true);
    else this.store32(vaddr, value);
  }

  /**
   * Whether all of [vaddr, vaddr + size) may be stored to, `size` up to a page; the fault is told as if it had been
   * tried. For instructions that store more than once and must do nothing if any part faults.
   */
  canStore(vaddr: number, size: number): boolean {
    const first = vaddr >>> 0;
    const right = this.privileged ? R_PRIVILEGED_WRITE : R_USER_WRITE;
    if (this.translator.translate(first, right) < 0) {
      this.failTranslation(first, true);
      return false;
    }
    const last = (first + size - 1) >>> 0;
    if (((first ^ last) & ~0xfff) === 0) return true;
    const next = (last & ~0xfff) >>> 0;
    if (this.translator.translate(next, right) >= 0) return true;
    this.failTranslation(next, true);
    return false;
  }

  /** An alignment fault, for instructions with rules of their own. */
  misaligned(vaddr: number, write: boolean): number {
    return this.fail(fault(FAULT_ALIGNMENT), vaddr, write, 0);
  }

  /** Cache maintenance by address met an address that is not translated: told as a write (B3.13.3). */
  failMaintenance(vaddr: number): void {
    this.failTranslation(vaddr, true);
    this.faultMaintenance = true;
  }

  /** Accesses from now on are made as privileged or as user code (LDRT and its kin do so for a moment). */
  setPrivilege(privileged: boolean): void {
    if (privileged === this.privileged) return;
    this.privileged = privileged;
    this.useSet();
  }

  /** DACR has changed, or what it means. */
  domainsChanged(): void {
    this.translator.domainsChanged();
    const { domains } = this.translator;
    if (this.setDomains[this.currentSet] === domains) return;
    let set = this.setDomains.indexOf(domains);
    if (set < 0) {
      set = (this.currentSet + 1) % DOMAIN_SETS;
      this.setDomains[set] = domains;
      this.sets[2 * set]!.clear();
      this.sets[2 * set + 1]!.clear();
    }
    this.currentSet = set;
    this.useSet();
    this.owner.attention = 1;
  }

  private useSet(): void {
    this.fast = this.sets[2 * this.currentSet + (this.privileged ? 0 : 1)]!;
    this.first = this.fast.first;
    this.words[this.area + SET] = 4 * this.first;
  }

  setBigEndian(bigEndian: boolean): void {
    if (bigEndian === this.bigEndian) return;
    this.bigEndian = bigEndian;
    this.forget();
  }

  /** What the TLB or the registers of translation say has changed, or somebody begins to observe. */
  forget(): void {
    for (const pages of this.sets) pages.clear();
    this.executed.fill(0);
    this.owner.attention = 1;
  }

  /** The same for one page, which the TLB knows as a page of its own. */
  forgetPage(vaddr: number): void {
    const executed = this.executed[vaddr >>> 20] === 1;
    for (const pages of this.sets) pages.drop(vaddr, executed);
    this.owner.attention = 1;
  }

  /** Stores to the page of RAM at offset `base` must take the slow path from now on: it holds instructions. */
  guardPage(base: number): void {
    for (const pages of this.sets) pages.guard(base);
  }

  // Instructions.

  /** The decoded instructions of the page that has `pc`; null and `failed` where none can be fetched. */
  codePage(pc: number): CodePage | null {
    const slot = (pc >>> 12) & (FAST - 1);
    const { fast } = this;
    if (fast.fetchTags[slot] === (pc & ~0xfff)) return fast.fetchPages[slot]!;
    return this.slowCodePage(pc >>> 0);
  }

  private slowCodePage(pc: number): CodePage | null {
    const { translator } = this;
    const right = this.privileged ? R_PRIVILEGED_EXECUTE : R_USER_EXECUTE;
    const tlbSlot = translator.translate(pc, right);
    if (tlbSlot < 0) {
      this.failTranslation(pc, false);
      return null;
    }
    const frame = translator.tlb.frames[tlbSlot]!;
    const base = this.ram.offsetOf(frame);
    if (base < 0) {
      this.fail(fault(FAULT_EXTERNAL, 0), pc, false, 0);
      return null;
    }
    const page = this.code.page(frame, base);
    if (this.machine.observer === null) {
      const slot = (pc >>> 12) & (FAST - 1);
      this.fast.entry(pc);
      this.executed[pc >>> 20] = 1;
      this.fast.fetchTags[slot] = pc & ~0xfff;
      this.fast.fetchPages[slot] = page;
    }
    return page;
  }

  /** A decoded page is no more. */
  forgetCode(page: CodePage): void {
    for (const pages of this.sets) {
      for (let slot = 0; slot < FAST; slot++) {
        if (pages.fetchPages[slot] !== page) continue;
        pages.fetchTags[slot] = NO_TAG;
        pages.fetchPages[slot] = null;
      }
      pages.clearJumps();
    }
  }

  /** The code at `address` (bit 0: T32), which was looked up just now, is function `index` of the table. */
  enterJump(address: number, index: number): void {
    this.fast.enterJump(address, index);
  }

  /** Enters the page of an access into the fast table if it may be made there; has no other effect. */
  prepare(vaddr: number, write: boolean): void {
    const { translator } = this;
    const privileged = write ? R_PRIVILEGED_WRITE : R_PRIVILEGED_READ;
    const user = write ? R_USER_WRITE : R_USER_READ;
    const slot = translator.translate(vaddr, this.privileged ? privileged : user);
    if (slot < 0) return;
    const base = this.ram.offsetOf(translator.tlb.frames[slot]!);
    if (base >= 0) this.enter(vaddr, base, slot);
  }

  /** Tells an observer that a block is about to be executed. */
  observeFetch(pc: number, size: number): void {
    const { observer } = this.machine;
    if (observer === null) return;
    const slot = this.translator.find(pc >>> 0);
    if (slot < 0) return;
    const { frames, types } = this.translator.tlb;
    observer.cpuFetch(this.cpu, pc >>> 0, frames[slot]! * 4096 + (pc & 0xfff), size, types[slot]!);
  }

  // The slow path: `vaddr` and values are unsigned.

  private slowLoad(vaddr: number, size: AccessSize): number {
    if ((vaddr & (size - 1)) !== 0) return this.unalignedLoad(vaddr, size);
    const { translator } = this;
    const tlbSlot = translator.translate(vaddr, this.privileged ? R_PRIVILEGED_READ : R_USER_READ);
    if (tlbSlot < 0) return this.failTranslation(vaddr, false);
    const frame = translator.tlb.frames[tlbSlot]!;
    const base = this.ram.offsetOf(frame);
    const offset = vaddr & 0xfff;
    if (base < 0) return this.deviceLoad(vaddr, frame * 4096 + offset, size);
    this.enter(vaddr, base, tlbSlot);
    const at = base + offset;
    let value: number;
    if (size === 4) value = this.words[at / 4]! >>> 0;
    else if (size === 2) value = this.halves[at / 2]!;
    else value = this.bytes[at]!;
    if (this.machine.observer !== null) {
      this.owner.syncClock();
      const type = translator.tlb.types[tlbSlot]!;
      this.machine.observer.cpuLoad(this.cpu, vaddr, frame * 4096 + offset, size, type);
    }
    return this.bigEndian ? swapped(value, size) : value;
  }

  private slowStore(vaddr: number, size: AccessSize, value: number): void {
    if ((vaddr & (size - 1)) !== 0) {
      this.unalignedStore(vaddr, size, value);
      return;
    }
    const { translator } = this;
    const tlbSlot = translator.translate(vaddr, this.privileged ? R_PRIVILEGED_WRITE : R_USER_WRITE);
    if (tlbSlot < 0) {
      this.failTranslation(vaddr, true);
      return;
    }
    const frame = translator.tlb.frames[tlbSlot]!;
    const base = this.ram.offsetOf(frame);
    const offset = vaddr & 0xfff;
    const ordered = this.bigEndian ? swapped(value, size) : value;
    if (base < 0) {
      this.deviceStore(vaddr, frame * 4096 + offset, size, ordered, translator.tlb.types[tlbSlot]!);
      return;
    }
    const at = base + offset;
    if (size === 4) this.words[at / 4] = ordered;
    else if (size === 2) this.halves[at / 2] = ordered;
    else this.bytes[at] = ordered;
    if (this.code.hasCode(base)) {
      if (this.code.written(base, offset, size)) this.owner.attention = 1;
    } else {
      this.enter(vaddr, base, tlbSlot);
    }
    if (this.machine.observer !== null) {
      this.owner.syncClock();
      this.machine.stored(frame * 4096 + offset);
      const type = translator.tlb.types[tlbSlot]!;
      this.machine.observer.cpuStore(this.cpu, vaddr, frame * 4096 + offset, size, type);
    }
  }

  /** Puts a page of RAM into the fast table, for what its rights permit. */
  private enter(vaddr: number, base: number, tlbSlot: number): void {
    if (this.machine.observer !== null || this.bigEndian) return;
    const { words } = this;
    const entry = this.fast.entry(vaddr);
    const rights = this.translator.rightsOf(tlbSlot);
    const tag = vaddr & ~0xfff;
    const mayRead = (rights & (this.privileged ? R_PRIVILEGED_READ : R_USER_READ)) !== 0;
    const mayWrite = (rights & (this.privileged ? R_PRIVILEGED_WRITE : R_USER_WRITE)) !== 0;
    words[entry] = mayRead ? tag : NO_TAG;
    words[entry + 1] = mayWrite && !this.code.hasCode(base) ? tag : NO_TAG;
    words[entry + 2] = base - tag;
    words[entry + 3] = base;
  }

  private deviceLoad(vaddr: number, paddr: number, size: AccessSize): number {
    this.owner.syncClock();
    const value = this.bus.read(paddr, size, this.cpu);
    if (value < 0) return this.fail(fault(FAULT_EXTERNAL), vaddr, false, this.translator.domain);
    return this.bigEndian ? swapped(value, size) : value;
  }

  private deviceStore(vaddr: number, paddr: number, size: AccessSize, value: number, type: MemoryType): void {
    this.owner.syncClock();
    if (!this.bus.write(paddr, size, value, this.cpu)) {
      this.fail(fault(FAULT_EXTERNAL), vaddr, true, this.translator.domain);
      return;
    }
    this.machine.observer?.cpuStore(this.cpu, vaddr, paddr, size, type);
  }

  /** A3.2.1: permitted to Normal memory while SCTLR.A is 0. Is made byte by byte. */
  private unalignedLoad(vaddr: number, size: AccessSize): number {
    const right = this.privileged ? R_PRIVILEGED_READ : R_USER_READ;
    if (!this.mayBeUnaligned(vaddr, size, right, false)) return 0;
    let value = 0;
    for (let i = 0; i < size; i++) {
      const byte = this.slowLoad((vaddr + i) >>> 0, 1);
      const place = this.bigEndian ? size - 1 - i : i;
      value |= byte << (8 * place);
    }
    return value >>> 0;
  }

  private unalignedStore(vaddr: number, size: AccessSize, value: number): void {
    const right = this.privileged ? R_PRIVILEGED_WRITE : R_USER_WRITE;
    if (!this.mayBeUnaligned(vaddr, size, right, true)) return;
    for (let i = 0; i < size; i++) {
      const place = this.bigEndian ? size - 1 - i : i;
      this.slowStore((vaddr + i) >>> 0, 1, (value >>> (8 * place)) & 0xff);
    }
  }

  private mayBeUnaligned(vaddr: number, size: number, right: number, write: boolean): boolean {
    const { translator } = this;
    if (this.strictAlignment) {
      this.misaligned(vaddr, write);
      return false;
    }
    const last = (vaddr + size - 1) >>> 0;
    for (const at of ((vaddr ^ last) & ~0xfff) === 0 ? [vaddr] : [vaddr, (last & ~0xfff) >>> 0]) {
      const slot = translator.translate(at, right);
      if (slot < 0) {
        this.failTranslation(at, write);
        return false;
      }
      // With the MMU off everything is Strongly-ordered, and unaligned accesses are faults (A3.2.1).
      if ((translator.tlb.types[slot]!.bits & MT_DEVICE) !== 0) {
        this.misaligned(vaddr, write);
        return false;
      }
    }
    return true;
  }

  private failTranslation(vaddr: number, write: boolean): number {
    return this.fail(this.translator.fault, vaddr, write, this.translator.domain);
  }

  /** Returns 0, so that a load that faulted has a value. */
  private fail(code: number, vaddr: number, write: boolean, domain: number): number {
    this.failed = 1;
    this.fault = code;
    this.faultAddress = vaddr >>> 0;
    this.faultWrite = write;
    this.faultMaintenance = false;
    this.domain = domain;
    return 0;
  }
}

function swapped(value: number, size: AccessSize): number {
  if (size === 1) return value;
  if (size === 2) return ((value & 0xff) << 8) | (value >>> 8);
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
