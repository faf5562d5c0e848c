// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a modelled driver is: one piece of code whose options say how carefully it treats its memory. The variant
 * `correct` has them all right; each other one differs in one option, which is one line in the driver.
 * A run probes the driver, does a fixed amount of work on a device of its own, removes the driver, and returns what
 * went through device and CPU. On a machine without caches, every variant returns the same as `correct`: that is
 * why such mistakes live long.
 */
import { inputError } from '../../base/diagnostics.js';
import { Random } from '../../base/random.js';
import type { DmaMaster } from '../../hw/dma/master.js';
import type { device } from '../../linux/include/linux/device.js';
import type { Kernel } from '../../linux/kernel.js';
import { masterOf } from '../masters.js';

export interface Variant {
  /** Kebab-case. */
  readonly name: string;
  readonly description: string;
}

export interface DriverRun {
  /** 0, or -errno of what made the driver give up. */
  readonly error: number;
  /** The bytes that the device took from memory, in the order in which it did. */
  readonly device: Uint8Array;
  /** The bytes that the CPU found in its buffers, in the order in which it looked. */
  readonly cpu: Uint8Array;
}

export interface Driver {
  readonly name: string;
  readonly description: string;
  /** `correct` comes first. */
  readonly variants: readonly Variant[];
  /** An InputError where there is no such variant. `dev` must be set up for DMA. */
  run(k: Kernel, dev: device, variant: string, seed: number): DriverRun;
}

/** One run, as the driver's code sees it. */
export class Session {
  readonly k: Kernel;
  readonly dev: device;
  readonly master: DmaMaster;
  /** Where the data come from: the same for every variant. */
  readonly random: Random;
  private readonly deviceSaw: number[] = [];
  private readonly cpuSaw: number[] = [];

  constructor(k: Kernel, dev: device, seed: number) {
    this.k = k;
    this.dev = dev;
    this.master = masterOf(k, dev);
    this.random = new Random(seed);
  }

  /** The device has seen these bytes. */
  device(bytes: Uint8Array): void {
    this.deviceSaw.push(...bytes);
  }

  /** The CPU has seen these bytes. */
  cpu(bytes: Uint8Array): void {
    this.cpuSaw.push(...bytes);
  }

  result(error: number): DriverRun {
    return { error, device: Uint8Array.from(this.deviceSaw), cpu: Uint8Array.from(this.cpuSaw) };
  }
}

export interface DriverDefinition<Options> {
  readonly name: string;
  readonly description: string;
  readonly correct: Options;
  readonly variants: readonly (Variant & { readonly change: Partial<Options> })[];
  /** Probe, work, remove. 0 or -errno. */
  run(session: Session, options: Options): number;
}

export function defineDriver<Options>(definition: DriverDefinition<Options>): Driver {
  const { name, description, correct } = definition;
  const broken = definition.variants.map(variant => ({
    name: variant.name,
    description: variant.description,
  }));
  return {
    name,
    description,
    variants: [{ name: 'correct', description: 'treats its memory as the DMA API asks' }, ...broken],
    run(k, dev, variant, seed) {
      const change = definition.variants.find(entry => entry.name === variant)?.change;
      if (change === undefined && variant !== 'correct') {
        const names = ['correct', ...broken.map(entry => entry.name)].join(', ');
        inputError('variant-unknown', `driver '${name}' has no variant '${variant}'`, {
          notes: [`variants: ${names}`],
        });
      }
      dev.driver = name;
      const session = new Session(k, dev, seed);
      return session.result(definition.run(session, { ...correct, ...change }));
    },
  };
}
