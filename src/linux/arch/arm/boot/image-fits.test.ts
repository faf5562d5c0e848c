// SPDX-License-Identifier: GPL-2.0-only
/** What is refused before a kernel uses memory that is not there. The image lies at 0x40204000-0x41607588. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiB, MiB } from '../../../../base/address.js';
import { discovered } from '../kernel/discovery-fixture.js';

test('the kernel may only be told of memory that is there', () => {
  const memory = [[0x40000000, 256 * MiB] as const, [0x60000000, 256 * MiB] as const];
  discovered({ memory, cmdline: 'mem=256M mem=128M@0x60000000' });
  assert.throws(
    () => discovered({ memory, cmdline: 'mem=1G' }),
    /\(memory-not-there\).* 0x50000000-0x60000000, 0x70000000-0x80000000 is memory.*0x40000000-0x50000000, .*mem=1G/s,
  );
  assert.throws(
    () => discovered({ memory, cmdline: 'mem=64M mem=64M@0x50000000' }),
    /memory-not-there.*told that 0x50000000-0x54000000 is memory.*mem=64M mem=64M@0x50000000/s,
  );
  const dts = 'chosen { linux,usable-memory-range = <0 0x40000000 0 0x10000000 0 0x90000000 0 0x1000>; };';
  assert.throws(
    () => discovered({ memory, dts }),
    /memory-not-there.*told that 0x90000000-0x90001000.*'linux,usable-memory-range'/s,
  );
});

test('banks that touch are one range', () => {
  const memory = [[0x40000000, 256 * MiB] as const, [0x50000000, 256 * MiB] as const];
  discovered({ memory, cmdline: 'mem=512M' });
});

test('the image lies in memory that the kernel knows', () => {
  const boot = (cmdline: string) => discovered({ memory: [[0x40000000, GiB]], cmdline });
  boot('mem=23M');
  assert.throws(
    () => boot('mem=22M'),
    /\(image-does-not-fit\).*0x40204000-0x41607588.*\(memory: 0x40000000-0x41600000\).*at least 23 MiB from 0x40000000 on/s,
  );
  assert.throws(() => boot('mem=64M@0x50000000'), /image-does-not-fit.*\(memory: 0x50000000-0x54000000\)/);
  assert.throws(() => discovered({ memory: [[0x40000000, 16 * MiB]] }), /image-does-not-fit/);
});
