// SPDX-License-Identifier: GPL-2.0-only
/** `armory boot`: real kernels of both table formats, and input that is wrong. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { armory } from '../support/cli.js';
import { sharedPath } from '../support/shared.js';

const legacy = sharedPath('kernels/legacy/zImage');
const lpae = sharedPath('kernels/lpae-legacy/zImage');
const skip = legacy === undefined || lpae === undefined ? 'no recorded kernels' : false;

const COMMAND_LINE = 'console=ttyAMA0 panic=-1';

test('a kernel with short descriptors boots on two cores until it looks for a root', { skip }, () => {
  const until = 'Unable to mount root fs';
  const { code, stdout, stderr } = armory(
    ...['boot', '--kernel', legacy!, '--cores', '2', '--cmdline', COMMAND_LINE, '--until', until],
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Linux version 6\.12/);
  assert.match(stdout, /CPU: ARMv7 Processor \[414fc0f0\] revision 0 \(ARMv7\), cr=10c5387d/);
  assert.match(stdout, /Normal {3}\[mem 0x0000000040000000-0x000000004fffffff\]/);
  assert.match(stdout, /smp: Brought up 1 node, 2 CPUs/);
  assert.match(stdout, /VFP support v0\.3|Registering SWP\/SWPB emulation handler/);
});

test('a kernel with long descriptors boots on a Cortex-A7', { skip }, () => {
  const { code, stdout, stderr } = armory(
    ...['boot', '--kernel', lpae!, '--core', 'Cortex-A7', '--cmdline', COMMAND_LINE],
    ...['--until', 'Switched to clocksource arch_sys_counter'],
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /CPU: ARMv7 Processor \[410fc075\]/);
});

test('a text that never comes ends with 125, and a guest that resets the machine too', { skip }, () => {
  const never = armory(...['boot', '--kernel', legacy!, '--cmdline', COMMAND_LINE, '--until', 'login:']);
  assert.equal(never.code, 125);
  assert.match(never.stderr, /the guest has panicked and reset the machine after/);
  const map = sharedPath('kernels/legacy/System.map.gz')!;
  const panicked = armory('boot', '--kernel', legacy!, '--until', 'login:', '--system-map', map);
  assert.equal(panicked.code, 125);
  assert.match(panicked.stderr, /the guest's kernel has panicked, after/);
  // Where the UART is written to.
  assert.match(panicked.stderr, /^PC is at pl011_\w+\+0x\w+\/0x\w+$/m);
  const slow = armory('boot', '--kernel', legacy!, '--until', 'login:', '--timeout', '0.5');
  assert.equal(slow.code, 125);
  assert.match(slow.stderr, /stopped by --timeout 0\.5 after/);
});

test('what is no kernel, no file, no memory or too large is said so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'armory-boot-'));
  try {
    const text = join(folder, 'text');
    writeFileSync(text, 'this is not a kernel, however long it is, and it says nothing of itself\n');
    const broken = armory('boot', '--kernel', text);
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, /zimage-no-magic/);
    assert.equal(armory('boot', '--kernel', join(folder, 'absent')).code, 3);
    assert.equal(armory('boot', '--kernel', text, '--drive', folder).code, 3);
    assert.equal(armory('boot', '--kernel', text, '--until', '').code, 2);
    assert.equal(armory('boot', '--kernel', text, '--board', text, '--core', 'Cortex-A9').code, 2);
    const bank = armory('boot', '--kernel', text, '--memory', '64M@0x40000000');
    assert.equal(bank.code, 2);
    assert.match(bank.stderr, /machine-memory/);
    assert.equal(armory('boot', '--kernel', text, '--cores', '9').code, 2);
    assert.equal(armory('boot').code, 2);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
