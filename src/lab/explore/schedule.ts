// SPDX-License-Identifier: GPL-2.0-only
/** Programs and schedules in words. */
import { hex } from '../../base/address.js';
import type { ScheduleLine, Violation } from './explorer.js';
import { isInMapping, linePaddr, type Operation, type Program } from './program.js';

const BY_SET_AND_WAY = 'by set and way';

/** One operation: `CPU0 cleans+invalidates line 0 through the direct map (inner)`. */
export function operationText(program: Program, operation: Operation): string {
  const word = (index: number): string => program.words[index]!.name;
  const mapping = (index: number): string => program.mappings[index]!.name;
  switch (operation.kind) {
    case 'store':
      return `CPU${operation.cpu} stores ${value(operation.value)} to ${word(operation.word)}, ${mapping(operation.mapping)}`;
    case 'load':
      return `CPU${operation.cpu} loads ${word(operation.word)}, ${mapping(operation.mapping)}`;
    case 'device-read':
      return `the device reads ${word(operation.word)}`;
    case 'device-poll':
      return `the device polls ${word(operation.flag)}, sees it set and reads ${word(operation.word)}`;
    case 'device-write':
      return `the device writes ${value(operation.value)} to ${word(operation.word)}`;
    case 'inner':
      return `${verb(operation.operation)} inner, ${mapping(operation.mapping)}`;
    case 'inner-all':
      return `${verb(operation.operation)} inner, ${BY_SET_AND_WAY}`;
    case 'outer':
      return `${verb(operation.operation)} outer`;
    case 'outer-all':
      return `${verb(operation.operation)} outer, all ways`;
    case 'barrier':
      return operation.barrier;
    case 'map':
      return operation.type === null
        ? `unmap ${mapping(operation.mapping)}`
        : `map ${mapping(operation.mapping)} ${typeText(operation.type)}`;
    case 'tlb':
      return `TLB invalidate ${operation.mappings.map(mapping).join(', ')}`;
    case 'doorbell':
      return `CPU${operation.cpu} rings the doorbell`;
    case 'mark':
      return operation.text;
  }
}

function typeText({ text, shareable }: { text: string; shareable: boolean | null }): string {
  return shareable === true ? `${text} shareable` : text;
}

function verb(operation: 'clean' | 'invalidate' | 'clean-invalidate'): string {
  return operation === 'clean-invalidate' ? 'clean+invalidate' : operation;
}

function value(number: number): string {
  return hex(number);
}

/** Where an operation stands in its kernel function: `__dma_clear_buffer: dsb`. */
export function locatedText(program: Program, point: number): string {
  const operation = program.operations[point]!;
  const text = operationText(program, operation);
  if (operation.where !== undefined) return `${operation.where}: ${text}`;
  return operation.by === 'driver' ? `driver: ${text}` : text;
}

/** The schedule as lines, the last one being the wrong read. `hw:` marks what the hardware does by itself. */
export function scheduleLines(program: Program, violation: Violation): string[] {
  return violation.schedule.map((line, index) => {
    const text = lineText(program, line);
    if (index < violation.schedule.length - 1) return text;
    return `${text}: gets ${value(violation.read)} instead of ${value(violation.expected)}`;
  });
}

export function lineText(program: Program, line: ScheduleLine): string {
  if (line.who === 'hardware') return `hw: ${nameAddresses(program, line.text ?? '')}`;
  const text = locatedText(program, line.point);
  return line.oldType === null ? text : `${text} (by an old TLB entry: ${typeText(line.oldType)})`;
}

/** The machine speaks of addresses; here they are lines, words and mappings. */
function nameAddresses(program: Program, text: string): string {
  return text.replace(
    /(line |bytes at )?0x([0-9a-f]+)/g,
    (whole, what: string | undefined, digits: string) => {
      const address = Number.parseInt(digits, 16);
      if (what === undefined) {
        const mapping = program.mappings.findIndex((_, m) => isInMapping(m, address));
        return mapping < 0 ? whole : program.mappings[mapping]!.name;
      }
      if (what === 'line ') return program.lines === 1 ? 'line' : `line ${lineOf(program, address)}`;
      const word = program.words.find(({ line, offset }) => linePaddr(program, line) + offset === address);
      return word === undefined ? whole : `bytes at ${word.name}`;
    },
  );
}

function lineOf(program: Program, paddr: number): number {
  return Array.from({ length: program.lines }, (_, line) => linePaddr(program, line)).indexOf(paddr);
}
