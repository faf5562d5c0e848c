// SPDX-License-Identifier: GPL-2.0-only
/**
 * Debian's own kernel boots to a shell of a static busybox on two cores, and the programs of that user space compute
 * what they compute elsewhere.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { initramfs } from '../probe-module/cpio.js';
import { debianKernel } from '../probe-module/debian-kernel.js';
import { armory } from '../support/cli.js';

const skip = debianKernel === undefined ? 'needs tools/debian-kernel.sh build/debian-trees' : false;

const INIT = `#!/busybox sh
busybox() { /busybox "$@"; }
busybox mkdir -p /proc
busybox mount -t proc proc /proc
echo "release $(busybox uname -r)"
echo "cores $(busybox grep -c ^processor /proc/cpuinfo)"
busybox grep 'System RAM' /proc/iomem
echo "digest $(busybox sha256sum < /busybox)"
echo "packed $(busybox gzip -c /busybox | busybox gunzip -c | busybox sha256sum)"
busybox awk 'BEGIN { printf "floats %.17g %.17g %.17g\\n", 1 / 3, 0.1 + 0.2, 1e300 / 7 }'
echo THE-END
busybox poweroff -f
`;

test('Debian’s kernel boots to user space', { skip }, () => {
  const { release, image, busybox } = debianKernel!;
  const folder = mkdtempSync(join(tmpdir(), 'armory-debian-boot-'));
  try {
    const program = readFileSync(busybox);
    const initrd = join(folder, 'initramfs.cpio');
    writeFileSync(
      initrd,
      initramfs([
        { path: 'init', content: INIT },
        { path: 'busybox', content: program },
      ]),
    );
    const { code, stdout, stderr } = armory(
      ...['boot', '--kernel', image, '--initrd', initrd, '--memory', '256M', '--cores', '2'],
      ...['--cmdline', 'console=ttyAMA0 quiet', '--until', 'THE-END', '--timeout', '300'],
    );
    assert.equal(code, 0, `${stderr}${stdout.slice(-2000)}`);
    const digest = createHash('sha256').update(program).digest('hex');
    const lines = stdout.split(/\r?\n/);
    for (const line of [
      `release ${release}`,
      'cores 2',
      '40000000-4fffffff : System RAM',
      `digest ${digest}  -`,
      `packed ${digest}  -`,
      'floats 0.33333333333333331 0.30000000000000004 1.4285714285714286e+299',
    ]) {
      assert.ok(lines.includes(line), `${line}\n${stdout.slice(-2000)}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
