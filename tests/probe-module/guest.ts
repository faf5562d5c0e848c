// SPDX-License-Identifier: GPL-2.0-only
/**
 * One run of the module in QEMU: Debian's kernel, the board's own tree with the probe merged in, and an initramfs that
 * loads the module, shows what it wrote, and unloads it. All comes back over the console, in named sections.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadDeviceTree } from '../../src/devicetree/load.js';
import { initramfs } from './cpio.js';
import type { DebianKernel } from './debian-kernel.js';
import { mergedDtb } from './merge.js';

const CMDLINE = 'console=ttyAMA0,115200 quiet panic=-1';
const MACHINE = ['-cpu', 'cortex-a15', '-smp', '2', '-m', '256M', '-net', 'none', '-nographic'];
/** Takes 20 s on two cores. */
const TIMEOUT_MS = 150_000;

/** `section NAME COMMAND…` frames what a command prints. */
const INIT = `#!/busybox sh
busybox() { /busybox "$@"; }
section() { name=$1; shift; echo "[[$name"; "$@" 2>&1; echo "$name]] $?"; }
busybox mkdir -p /proc /sys /dev
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
busybox mount -t debugfs debugfs /sys/kernel/debug
busybox dmesg -n 1
records=/sys/kernel/debug/armory_probe/records
fdt() { busybox gzip -c /sys/firmware/fdt | busybox base64; }
section tree fdt
section load busybox insmod /armory_probe.ko exhaust=1
section records busybox cat $records
section unload busybox rmmod armory_probe
section kernel-log busybox dmesg -s 1000000
busybox dmesg -c > /dev/null
section load-again busybox insmod /armory_probe.ko devices=nomap log=1
section records-again busybox cat $records
section unload-again busybox rmmod armory_probe
section log-again busybox dmesg -s 1000000
busybox poweroff -f
`;

const SECTIONS = INIT.match(/^section /gm)!.length;

export interface Section {
  readonly text: string;
  readonly status: number;
}

export interface GuestRun {
  /** The tree as the kernel got it. */
  readonly board: Buffer;
  readonly cmdline: string;
  readonly sections: ReadonlyMap<string, Section>;
}

function qemu(args: readonly string[]): string {
  const run = spawnSync('qemu-system-arm', [...args], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  assert.equal(run.status, 0, `${run.error ?? ''}${run.stderr}${run.stdout.slice(-4000)}`);
  return run.stdout;
}

function sectionsOf(console: string): Map<string, Section> {
  const text = console.replaceAll('\r', '');
  const found = text.matchAll(/^\[\[([a-z-]+)\n(.*?)^\1\]\] (\d+)$/gms);
  return new Map(
    [...found].map(([, name, inside, status]) => [name!, { text: inside!, status: Number(status) }]),
  );
}

export function runGuest(kernel: DebianKernel, module: string): GuestRun {
  const folder = mkdtempSync(join(tmpdir(), 'armory-guest-'));
  const path = (name: string): string => join(folder, name);
  try {
    qemu(['-M', `virt,dumpdtb=${path('machine.dtb')}`, ...MACHINE]);
    writeFileSync(path('board.dtb'), mergedDtb(loadDeviceTree(path('machine.dtb'))));
    const files = [
      { path: 'init', content: INIT },
      { path: 'busybox', content: readFileSync(kernel.busybox) },
      { path: 'armory_probe.ko', content: readFileSync(module) },
    ];
    writeFileSync(path('initrd'), initramfs(files));
    const boot = ['-kernel', kernel.image, '-initrd', path('initrd'), '-dtb', path('board.dtb')];
    const console = qemu(['-M', 'virt', ...MACHINE, '-no-reboot', ...boot, '-append', CMDLINE]);
    const sections = sectionsOf(console);
    assert.equal(sections.size, SECTIONS, console.slice(-4000));
    const board = gunzipSync(Buffer.from(sections.get('tree')?.text ?? '', 'base64'));
    return { board, cmdline: CMDLINE, sections };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
