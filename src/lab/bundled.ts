// SPDX-License-Identifier: GPL-2.0-only
/**
 * The boards in `boards/`: each with the kernel and command line that it is meant for, and what it shows.
 * Every way in which the designs differ can be seen on one of them; `boards/README.md` has the table.
 * Next: `job.ts`, which makes a board and a kernel of each.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invariant } from '../base/diagnostics.js';
import type { BoardJob } from './job.js';

export interface BundledBoard {
  /** File in `boards/`. */
  readonly file: string;
  /** Name of a kernel preset. */
  readonly preset: string;
  readonly cmdline: string;
  /** What a comparison of designs on this board makes visible. */
  readonly shows: string;
}

export const bundledBoards: readonly BundledBoard[] = [
  {
    file: 'beaglebone-black.dts',
    preset: 'multi_v7',
    cmdline: 'console=ttyS0',
    shows: 'CMA in lowmem: legacy and step2 change the direct map in place, step1 makes a second mapping',
  },
  {
    file: 'sabre-sd.dts',
    preset: 'multi_v7',
    cmdline: 'console=ttymxc0',
    shows:
      'CMA in highmem: every design makes a vmalloc mapping; memory without a kernel mapping is never cleaned',
  },
  {
    file: 'radxa-rock.dts',
    preset: 'multi_v7',
    // A limit below the end of lowmem (0x60000000 + 768 MiB): without one, CMA goes to highmem.
    cmdline: 'console=ttyS2 cma=64M@0-0x90000000',
    shows:
      'a PL310 that looks up non-cacheable accesses: a cacheable alias of a coherent buffer can answer them',
  },
  {
    file: 'versatile-pb.dts',
    preset: 'versatile',
    // Given so that the config's own command line, which limits the memory to 32 MiB, does not apply.
    cmdline: 'console=ttyAMA0',
    shows:
      'no CMA, VIVT caches: pages from the page allocator with a second mapping, and a live cached alias',
  },
  {
    file: 'raspberry-pi.dts',
    preset: 'rpi-v6',
    cmdline: 'console=ttyAMA0',
    shows: 'CMA that the tree asks for, masters that see memory at another address, a 6.1 kernel for ARMv6',
  },
  {
    file: 'lager.dts',
    preset: 'multi_v7-lpae',
    cmdline: 'console=ttySC6',
    shows:
      'long descriptors, RAM above 4 GiB out of reach of 32-bit masters, a second CMA area from machine code',
  },
  {
    file: 'restricted-vm.dts',
    preset: 'multi_v7-lpae-restricted',
    cmdline: 'console=hvc0',
    shows: 'a restricted pool: coherent allocation fails in legacy and works where the pool is remapped',
  },
  {
    file: 'clearfog.dts',
    preset: 'multi_v7',
    cmdline: 'console=ttyS0',
    shows:
      'a fabric that snoops, set by machine code and not by the tree: devices are coherent in every design',
  },
  {
    file: 'integrator-ap.dts',
    preset: 'multi_v5',
    cmdline: 'console=ttyAM0',
    shows: "wrong 'dma-ranges': the display's memory lies where no entry leads",
  },
];

/** Folder of the bundled boards, above this file in a checkout and in an installed package. */
export function boardsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'boards', 'README.md'))) {
    invariant(dirname(folder) !== folder, 'no folder boards above the program');
    folder = dirname(folder);
  }
  return join(folder, 'boards');
}

/** A job for each bundled board, with the kernel and command line that it is meant for. */
export function bundledJobs(designs: readonly string[]): BoardJob[] {
  return bundledBoards.map(({ file, preset, cmdline }) => ({
    path: join(boardsFolder(), file),
    preset,
    cmdline,
    designs,
  }));
}

/** The bundled board of that name (its file without `.dts`); undefined where there is none. */
export function bundledJob(name: string, designs: readonly string[]): BoardJob | undefined {
  return bundledJobs(designs).find(({ path }) => basename(path, '.dts') === name);
}
