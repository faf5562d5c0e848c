// SPDX-License-Identifier: GPL-2.0-only
/** The modelled drivers, and how to run one. What a driver is: driver.ts; the simplest to read: display.ts. */
import { inputError } from '../../base/diagnostics.js';
import type { device } from '../../linux/include/linux/device.js';
import type { Kernel } from '../../linux/kernel.js';
import { display } from './display.js';
import type { Driver, DriverRun } from './driver.js';
import { engine } from './engine.js';
import { ethernet } from './ethernet.js';
import { frameGrabber } from './frame-grabber.js';

export type { Driver, DriverRun, Variant } from './driver.js';

export const drivers: readonly Driver[] = [ethernet, frameGrabber, display, engine];

/** Runs a variant of a driver on `dev`, which must be set up for DMA. An InputError where there is none. */
export function runDriver(k: Kernel, dev: device, name: string, variant: string, seed: number): DriverRun {
  const driver = drivers.find(entry => entry.name === name);
  if (driver) return driver.run(k, dev, variant, seed);
  const names = drivers.map(entry => entry.name).join(', ');
  return inputError('driver-unknown', `there is no driver '${name}'`, { notes: [`drivers: ${names}`] });
}
