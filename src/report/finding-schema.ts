// SPDX-License-Identifier: GPL-2.0-only
/**
 * A finding of the sanitizer as JSON, for every command that prints some; the schema is also its documentation.
 * Addresses are strings of hexadecimal digits after `0x`: buses have up to 64 bits, JSON's numbers 53.
 */
import { z } from 'zod';
import { hex } from '../base/address.js';
import type { Finding } from '../sanitizer/finding.js';

type AddressField = 'vaddr' | 'paddr' | 'dmaAddr';

/** `T` with its addresses as strings. */
type InHex<T> = T extends readonly (infer E)[]
  ? readonly InHex<E>[]
  : T extends object
    ? { readonly [K in keyof T]: K extends AddressField ? string | Extract<T[K], null> : InHex<T[K]> }
    : T;

export type FindingJson = InHex<Finding>;

const address = z.string().regex(/^0x[0-9a-f]+$/);
const stack = z.array(z.string()).describe('innermost function first; empty where nobody told');

const event = z.object({
  number: z.number().describe('position in the run'),
  who: z.string().describe('`CPU 0`, or the path of a device'),
  what: z.string(),
  paddr: address,
  size: z.number().describe('0: it concerns everything, as a barrier does'),
  stack,
});

export const findingSchema: z.ZodType<FindingJson> = z.object({
  rule: z.string().describe('stable, kebab-case; `armory explain` has each'),
  severity: z.enum(['error', 'window', 'warning', 'note']),
  title: z.string(),
  access: z.object({
    who: z.string(),
    what: z.string(),
    vaddr: address.nullable().describe('null for a device'),
    dmaAddr: address.nullable().describe('null for a CPU'),
    paddr: address.nullable().describe('null where no memory answers'),
    size: z.number(),
    stack,
  }),
  buffer: z
    .object({
      kind: z.enum(['coherent', 'streaming']),
      device: z.string(),
      driver: z.string(),
      vaddr: address.nullable(),
      paddr: address,
      dmaAddr: address,
      size: z.number(),
    })
    .nullable()
    .describe('as the kernel handed it out; null where the bytes belong to none'),
  other: event.nullable().describe('who did what collides with the access'),
  paddr: address.nullable().describe('first wrong byte'),
  line: z
    .object({
      paddr: address,
      bytes: z
        .string()
        .describe(
          'a letter for each byte before the access: n newest only in a cache, s older in a cache, b in a buffer, ' +
            'x thrown away, or a dot',
        ),
      wrong: z.array(z.object({ start: z.number(), end: z.number() })).describe('runs of wrong bytes'),
    })
    .nullable(),
  before: z.string().describe('state of the line before the access, in words'),
  after: z.string(),
  events: z.array(event).describe('what happened to the line, oldest first, the access last'),
  missing: z.string().describe('the operation that would have prevented it'),
  count: z.number().describe('how often at this place'),
  bytes: z.number().describe('all times together'),
}) as unknown as z.ZodType<FindingJson>;

export function findingJson(finding: Finding): FindingJson {
  const { access, buffer, other, line, events } = finding;
  return {
    ...finding,
    paddr: text(finding.paddr),
    access: {
      ...access,
      vaddr: text(access.vaddr),
      dmaAddr: text(access.dmaAddr),
      paddr: text(access.paddr),
    },
    buffer: buffer && {
      ...buffer,
      vaddr: text(buffer.vaddr),
      paddr: hex(buffer.paddr, 8),
      dmaAddr: hex(buffer.dmaAddr, 8),
    },
    other: other && { ...other, paddr: hex(other.paddr, 8) },
    line: line && { ...line, paddr: hex(line.paddr, 8) },
    events: events.map(each => ({ ...each, paddr: hex(each.paddr, 8) })),
  };
}

function text(address: number | null): string | null {
  return address === null ? null : hex(address, 8);
}
