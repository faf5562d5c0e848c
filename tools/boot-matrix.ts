// SPDX-License-Identifier: GPL-2.0-only
/**
 * The boots that must work: every kernel at hand on `virt`, one and two cores, little and much memory, and Debian's on the
 * Versatile Express; each to a shell of a static busybox, whose script says what it found. Next: `boots.ts`, which
 * makes them.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GiB, MiB } from '../src/base/address.js';
import { debianKernel } from '../tests/probe-module/debian-kernel.js';
import { sharedPath } from '../tests/support/shared.js';

/** A kernel with its image; absent: it is not here, and why. */
interface Kernel {
  readonly name: string;
  readonly image: string | undefined;
  readonly source: string;
}

const DEBIAN = 'tools/debian-kernel.sh build/debian-trees';
const KERNELS: readonly Kernel[] = [
  { name: 'armmp', image: debianKernel?.image, source: DEBIAN },
  { name: 'armmp-lpae', image: debianKernel?.lpaeImage, source: DEBIAN },
  { name: '6.12', image: sharedPath('kernels/legacy/zImage'), source: 'kernels/legacy of the recordings' },
  {
    name: '6.12-lpae',
    image: sharedPath('kernels/lpae-legacy/zImage'),
    source: 'kernels/lpae-legacy of the recordings',
  },
];

export interface MatrixBoot {
  readonly name: string;
  /** What is missing; null: nothing. */
  readonly needs: string | null;
  readonly machine: 'virt' | 'vexpress-a9';
  readonly image: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

function boot(
  kernel: Kernel,
  machine: MatrixBoot['machine'],
  cores: number,
  memoryBytes: number,
): MatrixBoot {
  const missing = kernel.image === undefined ? kernel.source : debianKernel === undefined ? DEBIAN : null;
  return {
    name: `${machine}-${kernel.name}-${cores}-${memoryBytes / MiB}M`,
    needs: missing,
    machine,
    image: kernel.image ?? '',
    cores,
    memoryBytes,
  };
}

export const MATRIX: readonly MatrixBoot[] = [
  ...KERNELS.flatMap(kernel =>
    [1, 2].flatMap(cores => [256 * MiB, GiB].map(bytes => boot(kernel, 'virt', cores, bytes))),
  ),
  ...[1, 4].map(cores => boot(KERNELS[0]!, 'vexpress-a9', cores, 512 * MiB)),
];

/** What the shell is asked for: it starts programs that count, read and compute. */
export const SCRIPT = `echo "cores $(busybox grep -c ^processor /proc/cpuinfo)"
busybox awk '/System RAM/ { print "ram " $1 }' /proc/iomem
echo "digest $(busybox sha256sum < /busybox)"`;

/** Linux: the vexpress tree's memory begins at 0x60000000 (hw/arm/vexpress.c), virt's at 1 GiB. */
const RAM_BASE = { virt: 0x40000000, 'vexpress-a9': 0x60000000 } as const;

/** Lines that the script must print on that machine. */
export function expectedLines({ machine, cores, memoryBytes }: MatrixBoot): string[] {
  const digest = createHash('sha256').update(readFileSync(debianKernel!.busybox)).digest('hex');
  const start = RAM_BASE[machine];
  const ram = `${start.toString(16)}-${(start + memoryBytes - 1).toString(16)}`;
  return [`cores ${cores}`, `ram ${ram}`, `digest ${digest}  -`];
}

/** Arguments of `armory`. */
export function bootArguments(boot: MatrixBoot, initrd: string, record: string): string[] {
  const { machine, image, cores, memoryBytes } = boot;
  return [
    ...['boot', '--machine', machine, '--kernel', image, '--initrd', initrd, '--record', record],
    ...['--cores', String(cores), '--memory', `${memoryBytes / MiB}M`],
    ...['--cmdline', 'console=ttyAMA0 quiet', '--until', 'THE-END', '--timeout', '900'],
  ];
}

/** Recorded boots that differ in what the emulated machine is; `--all` takes every one. */
export const RECORDED_SAMPLE: readonly string[] = [
  'vexpress-a9-armmp-1g',
  'vexpress-a9-armmp-512m',
  'virt-armmp-1g',
  'virt-armmp-1g-a7',
  'virt-armmp-1g-mem-two-banks',
  'virt-armmp-1g-nomod',
  'virt-armmp-1g-res-nomap',
  'virt-armmp-1g-up',
  'virt-lpae-3g',
];
