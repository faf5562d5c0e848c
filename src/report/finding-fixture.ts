// SPDX-License-Identifier: GPL-2.0-only
/** A finding for tests of reports: a device on a bus above 4 GiB wrote behind a line that the CPU loads. */
import type { Finding, LineEvent } from '../sanitizer/finding.js';

const write: LineEvent = {
  number: 7,
  who: '/soc/mac@1000',
  what: 'write',
  paddr: 0x12_4000_0040,
  size: 64,
  stack: [],
};

export const exampleFinding: Finding = {
  rule: 'stale-read',
  severity: 'error',
  title: 'a load may see an older value than the newest',
  access: {
    who: 'CPU 1',
    what: 'load (normal inner=WBWA outer=WBWA)',
    vaddr: 0xc000_0048,
    dmaAddr: null,
    paddr: 0x12_4000_0048,
    size: 4,
    stack: ['mac_rx', 'mac_poll', 'net_rx_action'],
  },
  buffer: {
    kind: 'streaming',
    device: '/soc/mac@1000',
    driver: 'mac',
    vaddr: null,
    paddr: 0x12_4000_0000,
    dmaAddr: 0x4000_0000,
    size: 2048,
  },
  other: write,
  paddr: 0x12_4000_0048,
  line: { paddr: 0x12_4000_0040, bytes: 'ssssssssssss....nnnnxxxxbbbbbbbb', wrong: [{ start: 8, end: 12 }] },
  before: 'inner: may hold it, stale 0-11',
  after: 'inner: may hold it, stale 0-7',
  events: [
    write,
    { number: 8, who: 'CPU 0', what: 'dsb', paddr: 0, size: 0, stack: ['mac_irq'] },
    { ...write, number: 9, who: 'CPU 1', what: 'load', size: 4, paddr: 0x12_4000_0048, stack: ['mac_rx'] },
  ],
  missing: 'Invalidate the line.',
  count: 3,
  bytes: 12,
};
