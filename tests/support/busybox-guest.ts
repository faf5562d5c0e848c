// SPDX-License-Identifier: GPL-2.0-only
/**
 * Guests whose user space is a static busybox and a script: an initramfs, and what the script printed, in named
 * sections. The busybox comes with Debian's kernel (tests/probe-module/debian-kernel.ts).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type InitramfsFile, initramfs } from '../probe-module/cpio.js';

/**
 * What every script begins with: `show NAME FILE` prints a file between two lines, by the shell itself. The pause is for
 * the kernel, which frees the stacks of processes some time after they have ended.
 */
const PRELUDE = `#!/busybox sh
busybox() { /busybox "$@"; }
show() {
  echo "[[$1"
  while IFS= read -r line; do echo "$line"; done < "$2"
  echo "$1]]"
}
busybox mkdir -p /proc /sys
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t debugfs debugfs /sys/kernel/debug
read -t 1 pause
`;

/** The last line that a script prints. */
export const THE_END = 'THE-END';

/** An initramfs that runs `script`, prints THE_END and switches the machine off. */
export function busyboxInitramfs(
  busybox: string,
  script: string,
  files: readonly InitramfsFile[] = [],
): Buffer {
  const init = `${PRELUDE}${script}\necho ${THE_END}\nbusybox poweroff -f\n`;
  const program = { path: 'busybox', content: readFileSync(busybox) };
  return initramfs([{ path: 'init', content: init }, program, ...files]);
}

/** Calls `use` with the path of a file that has the archive, and its folder; both are gone afterwards. */
export function withInitramfs<T>(archive: Buffer, use: (initrd: string, folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'armory-guest-'));
  try {
    const initrd = join(folder, 'initramfs.cpio');
    writeFileSync(initrd, archive);
    return use(initrd, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The lines of each section. */
export function sectionsOf(console: string): Map<string, readonly string[]> {
  const text = console.replaceAll('\r', '');
  const found = text.matchAll(/^\[\[([\w-]+)\n(.*?)^\1\]\]$/gms);
  return new Map([...found].map(([, name, inside]) => [name!, inside!.split('\n').slice(0, -1)]));
}
