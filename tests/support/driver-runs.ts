// SPDX-License-Identifier: GPL-2.0-only
/** For tests of modelled drivers: a machine without caches, with a device of each kind, on which drivers run. */
import assert from 'node:assert/strict';
import type { KernelVersion } from '../../src/linux/config.js';
import type { Kernel } from '../../src/linux/kernel.js';
import { type DriverRun, runDriver } from '../../src/workloads/drivers/index.js';
import { lostMemory, memoryTaken } from '../../src/workloads/memory-taken.js';
import { bootTestKernel, probeDevice } from './test-kernel.js';

const NODES = `offset { #address-cells = <1>; #size-cells = <1>; ranges;
    dma-ranges = <0x0 0x40000000 0x10000000>; dev { }; };
  bouncing { memory-region = <&pool>; };`;
const POOL = `pool: pool@4a000000 { compatible = "restricted-dma-pool"; reg = <0x4a000000 0x400000>; };`;

export function boot(design: string, version: KernelVersion = '6.12'): Kernel {
  return bootTestKernel({ design, version, nodes: NODES, reserved: POOL });
}

/** Runs on a device that nobody has used, and sees to it that all memory comes back. */
export function runOn(k: Kernel, path: string, name: string, variant: string, seed = 7): DriverRun {
  const dev = probeDevice(k, path);
  const before = memoryTaken(k, dev);
  const run = runDriver(k, dev, name, variant, seed);
  assert.equal(lostMemory(k, dev, before), null, `${name} ${variant} on ${path}`);
  return run;
}
