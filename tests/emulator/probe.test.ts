// SPDX-License-Identifier: GPL-2.0-only
/**
 * The DMA probe in real kernels, run here and compared with what it recorded elsewhere: each of some 2,000 calls with
 * its result, the page-table entries of the buffer and of its alias, and the maintenance that the kernel called for.
 * Which pages the buddy allocator gives is not compared, nor which core it is.
 * Where a busybox is at hand the kernel gets a user space, as it had, and with it its final page tables: these are compared
 * with the recorded listing. Contiguous areas are left out, where a program of the recorder held buffers, and vmalloc
 * space, whose addresses depend on what else booted.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MiB } from '../../src/base/address.js';
import { applyBootLoader } from '../../src/board/memory.js';
import { loadDeviceTree } from '../../src/devicetree/load.js';
import { EmulatedBoard } from '../../src/emulator/board/emulated-board.js';
import { startLinux } from '../../src/emulator/board/start-linux.js';
import { pageTables } from '../../src/lab/page-tables.js';
import { debianKernel } from '../probe-module/debian-kernel.js';
import { busyboxInitramfs, THE_END } from '../support/busybox-guest.js';
import { listingOf, withoutSizes } from '../support/page-table-listing.js';
import { sharedPath, skipWithout } from '../support/shared.js';

/** Recorded runs by the kernel and the tree that they had; the kernels are those of the shared folder. */
const RUNS: Readonly<Record<string, { readonly kernel: string; readonly tree: string }>> = {
  'legacy-virt-a15-256M': { kernel: 'legacy', tree: 'virt' },
  'legacy-ca9-256M': { kernel: 'legacy', tree: 'ca9' },
  'lpae-legacy-virt-a15-256M': { kernel: 'lpae-legacy', tree: 'virt' },
};
/** Of the recorded runs; what it makes the kernel trace takes memory. */
const COMMAND_LINE =
  'console=ttyAMA0,115200 loglevel=8 ignore_loglevel printk.time=1 panic=-1 no_hash_pointers ' +
  'trace_event=dma:*,swiotlb:*,cma:* trace_buf_size=6M ';
/** Ticks of the clock: ten times what a run needs. */
const PATIENCE = 60_000_000_000;
const SLICE = 50_000_000;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type ProbeRecord = { readonly [key: string]: Json };

interface ProbeRun {
  /** What the probe printed while its kernel ran to the end. */
  readonly records: readonly ProbeRecord[];
  /** What the kernel's own table maps then, as the kernel lists it; null without a user space. */
  readonly listing: readonly string[] | null;
}

function run(kernel: string, tree: string): ProbeRun {
  const dtb = loadDeviceTree(sharedPath(`truth/probe-dtb/${tree}.dtb`)!);
  applyBootLoader({ tree: dtb }, { memory: [{ sizeBytes: 256 * MiB }] });
  const board = new EmulatedBoard(tree, dtb);
  const { system } = board;
  const printed: number[] = [];
  board.console!.onOutput = byte => printed.push(byte);
  const file = sharedPath(`kernels/${kernel}/zImage`)!;
  const initrd = debianKernel && { file: 'initramfs', bytes: busyboxInitramfs(debianKernel.busybox, ':') };
  startLinux(board, {
    kernel: { file, bytes: readFileSync(file) },
    commandLine: COMMAND_LINE,
    ...(initrd && { initrd }),
  });
  while (system.clock.now < PATIENCE && system.run(SLICE) === 'ticks');
  const text = Buffer.from(printed).toString();
  if (initrd === undefined) {
    assert.equal(board.ended, 'reset', 'the kernel panics, for want of a root, and reboots');
  } else assert.match(text, new RegExp(`^${THE_END}\\r?$`, 'm'), 'user space has run');
  const records = [...text.matchAll(/DMAPROBE (\{.*\})/g)].map(
    ([, json]) => JSON.parse(json!) as ProbeRecord,
  );
  const tables = pageTables(system.machine.ram, [system.cpus[0]!.mem.translator.registers]);
  const swapper = tables.find(({ register }) => register === 'TTBR1')!;
  return { records, listing: initrd === undefined ? null : listingOf(swapper) };
}

/** Sections, which are the direct map outside of contiguous areas and the device tree, and the vectors. */
function fixedPart(listing: readonly string[]): string[] {
  return listing.filter(line => / P[GM]D /.test(line) || line.startsWith('0xffff0000'));
}

/** The part of a record that does not depend on which pages were free. */
function comparable({ midr: _midr, ...record }: ProbeRecord): Json {
  if (record['op'] === 'sysmem') return null;
  return withoutAddresses(record);
}

function withoutAddresses(value: Json): Json {
  if (typeof value === 'string') return /^[0-9a-f]{8,}$/.test(value) ? 'address' : value;
  if (Array.isArray(value)) return value.map(withoutAddresses);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutAddresses(each)]));
}

for (const [name, { kernel, tree }] of Object.entries(RUNS)) {
  const skip = skipWithout(`truth/probe/${name}`);
  test(`${name}: the probe records what it recorded`, { skip }, () => {
    const text = readFileSync(sharedPath(`truth/probe/${name}/probe.jsonl`)!, 'utf8');
    const recorded = text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as ProbeRecord);
    // What a program in user space asked for comes last, and there is none here.
    const asked = recorded.filter(({ op }) => op !== 'hold');
    const { records, listing } = run(kernel, tree);
    assert.equal(records.length, asked.length);
    for (const [index, record] of records.entries()) {
      assert.deepEqual(comparable(record), comparable(asked[index]!), `record ${index}`);
    }
    if (listing === null) return;
    const recordedTables = readFileSync(sharedPath(`truth/probe/${name}/page_tables.txt`)!, 'utf8');
    const lines = fixedPart(withoutSizes(recordedTables.split('\n')));
    assert.ok(lines.length >= 6);
    assert.deepEqual(fixedPart(listing), lines);
  });
}
