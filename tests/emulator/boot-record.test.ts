// SPDX-License-Identifier: GPL-2.0-only
/** `armory boot --record`: what it says of the guest's page tables is what the guest says of them itself. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MiB } from '../../src/base/address.js';
import { type BootDocument, bootJsonSchema, bootSchema } from '../../src/report/boot-schema.js';
import { debianKernel } from '../probe-module/debian-kernel.js';
import { busyboxInitramfs, sectionsOf, THE_END, withInitramfs } from '../support/busybox-guest.js';
import { armory } from '../support/cli.js';
import { listingOf, withoutSizes } from '../support/page-table-listing.js';
import { repositoryRoot, sharedPath } from '../support/shared.js';

function readRecord(file: string): BootDocument {
  return bootSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** Digests and counts that can be told from elsewhere. */
function checkRun({ run, end, machine }: BootDocument, kernel: string, initrd: string): void {
  const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
  assert.equal(run.kernel.sha256, digest(kernel));
  assert.equal(run.initrd!.sha256, digest(initrd));
  assert.deepEqual([run.memoryBytes, run.core, run.cores], [256 * MiB, 'Cortex-A15', 2]);
  assert.deepEqual([end.how, end.exitCode], ['seen', 0]);
  assert.deepEqual(machine.memoryMap.ram, [{ start: '0x40000000', end: '0x4fffffff' }]);
  const sum = machine.cores.reduce((total, { instructions }) => total + instructions, 0);
  assert.equal(machine.instructions, sum);
  for (const { exceptions, tableWalks, cp15 } of machine.cores) {
    assert.ok(exceptions.irq > 0 && exceptions.svc > 0, 'the timer ticked, and user space ran');
    assert.ok(tableWalks.made > tableWalks.failed && tableWalks.failed > 0, 'user pages come on demand');
    assert.equal(cp15['MIDR'], '0x414fc0f0');
  }
}

for (const name of ['legacy', 'lpae-legacy']) {
  const kernel = sharedPath(`kernels/${name}/zImage`);
  const skip =
    kernel === undefined || debianKernel === undefined ? 'needs recorded kernels and a busybox' : false;
  test(`${name}: page tables as the guest lists them`, { skip }, () => {
    const script = 'show tables /sys/kernel/debug/kernel_page_tables';
    withInitramfs(busyboxInitramfs(debianKernel!.busybox, script), (initrd, folder) => {
      const file = join(folder, 'boot.json');
      const { code, stdout, stderr } = armory(
        ...['boot', '--kernel', kernel!, '--initrd', initrd, '--cores', '2', '--record', file],
        ...['--cmdline', 'console=ttyAMA0 quiet', '--until', THE_END, '--timeout', '100'],
      );
      assert.equal(code, 0, `${stderr}${stdout.slice(-2000)}`);
      const record = readRecord(file);
      checkRun(record, kernel!, initrd);
      assert.equal(record.console.text, stdout);
      const lines = sectionsOf(record.console.text).get('tables')!;
      const swapper = record.pageTables.find(({ register }) => register === 'TTBR1')!;
      assert.deepEqual(listingOf(swapper), withoutSizes(lines));
    });
  });
}

/** Calls `use` with the path of a file that is not there. */
async function withRecordFile(use: (file: string, folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'armory-record-'));
  try {
    await use(join(folder, 'boot.json'), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const kernel = sharedPath('kernels/legacy/zImage');
const skip = kernel === undefined ? 'needs recorded kernels' : false;

test('a guest that panics or never gets there is recorded, in place of what the file had', { skip }, () =>
  withRecordFile(file => {
    writeFileSync(file, 'older'.repeat(10));
    const panicked = armory('boot', '--kernel', kernel!, '--record', file);
    assert.equal(panicked.code, 125);
    const { end, console } = readRecord(file);
    assert.deepEqual([end.how, end.exitCode], ['panic', 125]);
    assert.ok(panicked.stderr.includes(end.text));
    assert.equal(console.text, panicked.stdout);
    assert.match(console.text, /Kernel panic - not syncing: VFS/);

    const slow = armory('boot', '--kernel', kernel!, '--timeout', '0.2', '--record', file);
    assert.equal(slow.code, 125);
    assert.deepEqual(readRecord(file).end.how, 'timeout');
  }),
);

for (const signal of ['SIGINT', 'SIGHUP'] as const) {
  test(`${signal} ends the run as any other end, and with 130`, { skip }, () =>
    withRecordFile(async file => {
      const program = join(repositoryRoot, 'dist/src/cli/main.js');
      const child = spawn(process.execPath, [program, 'boot', '--kernel', kernel!, '--record', file]);
      await once(child.stdout, 'data');
      child.stdout.resume();
      child.kill(signal);
      const [code] = await once(child, 'exit');
      assert.equal(code, 130);
      const { end, machine } = readRecord(file);
      assert.deepEqual([end.how, end.exitCode], ['interrupted', 130]);
      assert.ok(machine.instructions > 0);
    }),
  );
}

test(
  'a path that cannot be written is told before the guest starts; bad input leaves no file',
  { skip },
  () =>
    withRecordFile((file, folder) => {
      const asFolder = armory('boot', '--kernel', kernel!, '--record', folder);
      assert.equal(asFolder.code, 3);
      assert.equal(asFolder.stdout, '');
      assert.ok(asFolder.stderr.includes(folder));
      assert.equal(armory('boot', '--kernel', process.execPath, '--record', file).code, 2);
      assert.equal(existsSync(file), false);
    }),
);

test('the schema in docs/schema is the program’s', () => {
  const file = join(repositoryRoot, 'docs/schema/boot-1.schema.json');
  assert.equal(readFileSync(file, 'utf8'), bootJsonSchema());
});
