// SPDX-License-Identifier: GPL-2.0-only
/**
 * Debian's armhf kernel, to build the module for and to boot: what `tools/debian-kernel.sh build/debian-trees` fetches
 * (or a folder of the same layout, `$ARMORY_DEBIAN_ARMHF`), and the tools that this takes.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../support/shared.js';

const root = join(process.env['ARMORY_DEBIAN_ARMHF'] ?? join(repositoryRoot, 'build/debian-trees'), 'root');

export interface DebianKernel {
  readonly release: string;
  readonly image: string;
  /** The kernel with long descriptors; absent in a folder that was fetched without it. */
  readonly lpaeImage?: string;
  readonly config: string;
  /** The build folder of its headers. */
  readonly headers: string;
  readonly busybox: string;
}

function findKernel(): DebianKernel | undefined {
  const boot = join(root, 'boot');
  const names = existsSync(boot) ? readdirSync(boot) : [];
  const release = names.find(name => /^vmlinuz-.*-armmp$/.test(name))?.slice('vmlinuz-'.length);
  if (release === undefined) return undefined;
  const lpaeImage = join(boot, `vmlinuz-${release}-lpae`);
  const kernel = {
    release,
    image: join(boot, `vmlinuz-${release}`),
    ...(existsSync(lpaeImage) && { lpaeImage }),
    config: join(boot, `config-${release}`),
    headers: join(root, 'usr/src', `linux-headers-${release}`),
    busybox: join(root, 'bin/busybox'),
  };
  return existsSync(kernel.headers) && existsSync(kernel.busybox) ? kernel : undefined;
}

export const debianKernel: DebianKernel | undefined = findKernel();

function isMissing(program: string, ...args: string[]): boolean {
  return spawnSync(program, args).status !== 0;
}

/** Why the module cannot be built; false where it can. */
export function skipBuild(): string | false {
  if (!debianKernel) return 'needs tools/debian-kernel.sh build/debian-trees';
  // The compiler that Debian's headers name.
  if (isMissing('arm-linux-gnueabihf-gcc-12', '--version'))
    return 'needs gcc-arm-linux-gnueabihf of Debian 12';
  return isMissing('make', '--version') ? 'needs make' : false;
}

/** Why the kernel cannot be booted; false where it can. */
export function skipBoot(): string | false {
  return skipBuild() || (isMissing('qemu-system-arm', '--version') ? 'needs qemu-system-arm' : false);
}

export interface ModuleBuild {
  readonly status: number | null;
  readonly output: string;
  readonly module: string;
}

/** Builds a copy of `probe/`, so that the sources stay clean. */
export function buildModule({ headers }: DebianKernel): ModuleBuild {
  const sources = join(repositoryRoot, 'probe');
  const folder = join(repositoryRoot, 'build/probe-module');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(sources)) {
    if (/\.[ch]$|^Makefile$/.test(name)) copyFileSync(join(sources, name), join(folder, name));
  }
  const settings = ['ARCH=arm', 'CROSS_COMPILE=arm-linux-gnueabihf-', 'W=1', 'KCFLAGS=-Werror'];
  const run = spawnSync('make', ['-C', folder, `KDIR=${headers}`, ...settings], { encoding: 'utf8' });
  return {
    status: run.status,
    output: `${run.stdout}${run.stderr}`,
    module: join(folder, 'armory_probe.ko'),
  };
}
