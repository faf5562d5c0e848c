// SPDX-License-Identifier: GPL-2.0-only
/**
 * Collects findings. The same thing at the same place, by the same rule, is one finding with a count: who did
 * it, from which function, to which device's buffers.
 */
import type { Paddr } from '../base/address.js';
import type { Cell } from './cell.js';
import { byteStates, describeCell, runsOf } from './describe.js';
import type { Engine } from './engine.js';
import type { Finding, FindingAccess, FindingLine, LineEvent, Severity } from './finding.js';
import type { History } from './history.js';
import type { Ownership } from './ownership.js';
import { lostWrite } from './rules/lost-write.js';
import { ownership as ownershipRule } from './rules/ownership.js';
import type { Rule } from './rules/rule.js';
import { unfinishedMaintenance } from './rules/unfinished-maintenance.js';
import { wildDma } from './rules/wild-dma.js';

/** Events of a line that a finding tells. */
const STORY_LENGTH = 16;

export interface Offence {
  readonly rule: Rule;
  /** Where it differs from the rule's own. */
  readonly severity?: Severity;
  /** What the rule's summary does not say. */
  readonly detail?: string;
  readonly missing?: string;
}

/** Written anew at each event; a finding gets a copy. */
type CurrentAccess = { -readonly [K in keyof Omit<FindingAccess, 'stack'>]: FindingAccess[K] };

export class Reporter {
  findings: Finding[] = [];
  private readonly engine: Engine;
  private readonly history: History;
  private readonly ownership: Ownership;
  private readonly bySite = new Map<string, Finding>();
  /** Findings of the event that is being worked on, with the cell of each. */
  private fresh: { finding: { after: string }; index: number }[] = [];
  /** Findings that this event has been counted for, by what was said of them. */
  private readonly told = new Map<string, Finding>();
  private readonly access: CurrentAccess = {
    who: '',
    what: '',
    vaddr: null,
    dmaAddr: null,
    paddr: 0,
    size: 0,
  };

  constructor(engine: Engine, history: History, ownership: Ownership) {
    this.engine = engine;
    this.history = history;
    this.ownership = ownership;
  }

  /** The findings so far, which are forgotten: the same thing will be reported again. */
  take(): Finding[] {
    const taken = this.findings;
    this.findings = [];
    this.bySite.clear();
    return taken;
  }

  /** What is going on now, in case that it has to be reported. */
  begin(
    who: string,
    what: string,
    vaddr: number | null,
    dmaAddr: number | null,
    paddr: number | null,
    size: number,
  ): void {
    const { access } = this;
    access.who = who;
    access.what = what;
    access.vaddr = vaddr;
    access.dmaAddr = dmaAddr;
    access.paddr = paddr;
    access.size = size;
    if (this.told.size > 0) this.told.clear();
  }

  /** The event is over: what the reported lines are like now can be told. */
  end(cell: Cell): void {
    if (this.fresh.length === 0) return;
    for (const { finding, index } of this.fresh) {
      this.engine.peek(index, this.vaddrOf(index), cell);
      finding.after = this.describe(cell);
    }
    this.fresh = [];
  }

  /** Under which address the access reaches the cell; null for a device. */
  private vaddrOf(index: number): number | null {
    const { vaddr, paddr } = this.access;
    return vaddr === null || paddr === null ? null : vaddr + (this.engine.shadow.paddrOf(index) - paddr);
  }

  /** Bytes `mask` of a cell, which stands for `count` alike ones. */
  report(offence: Offence, cell: Cell, mask: number, index: number, count: number): void {
    const bytes = bitCount(mask) * count;
    const known = this.told.get(kindOf(offence));
    if (known !== undefined) {
      this.engine.reports++;
      known.bytes += bytes;
      return;
    }
    const { shadow } = this.engine;
    const { cellBytes } = shadow;
    const start = shadow.paddrOf(index);
    const line = { paddr: start, bytes: byteStates(cell, cellBytes), wrong: runsOf(mask, cellBytes) };
    const finding = this.add(offence, start + firstBit(mask), start, this.describe(cell), bytes, line);
    if (finding !== null) this.fresh.push({ finding, index });
  }

  private describe(cell: Cell): string {
    return describeCell(cell, this.engine.shadow.cellBytes, this.engine.setup.outer);
  }

  /** Something that is not about the state of a line. Null: it was known already. */
  add(
    offence: Offence,
    paddr: Paddr | null,
    line: Paddr | null,
    before: string,
    bytes: number,
    state: FindingLine | null = null,
  ): Finding | null {
    this.engine.reports++;
    const { rule, severity = rule.severity, detail, missing = rule.missing } = offence;
    const { access } = this;
    const stack = this.history.stack().frames;
    const buffer = paddr === null ? null : this.ownership.bufferAt(paddr);
    const owner = buffer === null ? '' : `${buffer.kind} ${buffer.device}`;
    const site = [rule.id, severity, detail ?? '', access.who, access.what, owner, ...stack].join('\n');
    const known = this.bySite.get(site);
    if (known !== undefined) {
      if (this.told.get(kindOf(offence)) !== known) known.count++;
      this.told.set(kindOf(offence), known);
      known.bytes += bytes;
      return null;
    }
    const events = line === null ? [] : this.history.of(line, shadowLine(this.engine), STORY_LENGTH);
    const finding: Finding = {
      rule: rule.id,
      severity,
      title: detail === undefined ? rule.summary : `${rule.summary}: ${detail}`,
      access: { ...access, stack },
      buffer,
      other: otherParty(events, access.who, rule),
      paddr,
      line: state,
      before,
      after: before,
      events: line === null ? [] : [...events, this.accessEvent(stack)],
      missing,
      count: 1,
      bytes,
    };
    this.bySite.set(site, finding);
    this.findings.push(finding);
    this.told.set(kindOf(offence), finding);
    return finding;
  }

  /** The access as the last event of a story. */
  private accessEvent(stack: readonly string[]): LineEvent {
    const { who, what, paddr, size } = this.access;
    return { number: this.history.nextNumber, who, what, paddr: paddr ?? 0, size, stack };
  }
}

/** What one event can say once. */
function kindOf({ rule, severity, detail }: Offence): string {
  return `${rule.id} ${severity ?? ''} ${detail ?? ''}`;
}

function shadowLine(engine: Engine): number {
  return engine.shadow.cellBytes;
}

/**
 * Who did what the access collides with: the last one who wrote the line, or, where it is about whose it is or how it
 * was maintained, the last one who handed it over or maintained it.
 */
function otherParty(events: readonly LineEvent[], who: string, rule: Rule): LineEvent | null {
  const isWrite = (event: LineEvent): boolean => /^(store|write)\b/.test(event.what);
  const wantsWrite = ![ownershipRule, wildDma, lostWrite, unfinishedMaintenance].includes(rule);
  const touching = events.filter(({ size }) => size > 0);
  return (
    touching.findLast(event => isWrite(event) === wantsWrite) ??
    touching.findLast(event => event.who !== who) ??
    touching.at(-1) ??
    null
  );
}

function firstBit(mask: number): number {
  return mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
