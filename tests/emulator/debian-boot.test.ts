// SPDX-License-Identifier: GPL-2.0-only
/**
 * Debian's own kernel boots to a shell of a static busybox on two cores, and programs in that user space compute, with
 * the kernel switching VFP between them, what they compute under qemu-arm.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildAndRun } from '../../tools/qemu-user/program.js';
import { whyNoQemuUser } from '../../tools/qemu-user/qemu-user.js';
import { debianKernel } from '../probe-module/debian-kernel.js';
import { busyboxInitramfs, sectionsOf, THE_END, withInitramfs } from '../support/busybox-guest.js';
import { armory } from '../support/cli.js';
import { binaryScript, guestScript, USER_PROGRAMS, underQemu } from './user-programs.js';

const skip = debianKernel === undefined ? 'needs tools/debian-kernel.sh build/debian-trees' : false;

const SCRIPT = `echo "release $(busybox uname -r)"
echo "cores $(busybox grep -c ^processor /proc/cpuinfo)"
busybox grep 'System RAM' /proc/iomem
echo "digest $(busybox sha256sum < /busybox)"
echo "packed $(busybox gzip -c /busybox | busybox gunzip -c | busybox sha256sum)"
${USER_PROGRAMS.map(guestScript).join('\n')}`;

/** The compiled program, by instruction set, with what it writes under qemu-arm; none where that cannot be known. */
function compiledPrograms() {
  if (whyNoQemuUser() !== undefined) return [];
  return (['-marm', '-mthumb'] as const).map(set => {
    const { elf, output } = buildAndRun('float-program.c', set);
    return { path: `float${set}`, content: elf, output };
  });
}

test('Debian’s kernel boots to user space, which computes what it does elsewhere', { skip }, t => {
  const { release, image, busybox } = debianKernel!;
  const compiled = compiledPrograms();
  const script = [SCRIPT, ...compiled.map(binaryScript)].join('\n');
  const { code, stdout, stderr } = withInitramfs(busyboxInitramfs(busybox, script, compiled), initrd =>
    armory(
      ...['boot', '--kernel', image, '--initrd', initrd, '--memory', '256M', '--cores', '2'],
      ...['--cmdline', 'console=ttyAMA0 quiet', '--until', THE_END, '--timeout', '300'],
    ),
  );
  assert.equal(code, 0, `${stderr}${stdout.slice(-2000)}`);
  const digest = createHash('sha256').update(readFileSync(busybox)).digest('hex');
  const lines = stdout.split(/\r?\n/);
  for (const line of [
    `release ${release}`,
    'cores 2',
    '40000000-4fffffff : System RAM',
    `digest ${digest}  -`,
    `packed ${digest}  -`,
  ]) {
    assert.ok(lines.includes(line), `${line}\n${stdout.slice(-2000)}`);
  }
  const sections = sectionsOf(stdout);
  if (whyNoQemuUser() !== undefined) return t.diagnostic(`results are not compared: ${whyNoQemuUser()}`);
  for (const program of USER_PROGRAMS) {
    const expected = underQemu(busybox, program);
    assert.ok(expected.length > 20, program.name);
    assert.equal(
      sections
        .get(program.name)
        ?.map(line => `${line}\n`)
        .join(''),
      expected,
      program.name,
    );
  }
  for (const { path, output } of compiled) {
    const written = Buffer.from(sections.get(path)!.join(''), 'base64');
    assert.deepEqual(new Uint8Array(written), new Uint8Array(output), path);
  }
});
