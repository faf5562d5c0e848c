// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel configs that Armory brings along, and which of them a board gets when none is named.
 * A new preset is a file in `presets/` and a line here.
 */
import { inputError } from '../base/diagnostics.js';
import { KernelConfig, type KernelVersion } from './config.js';
import { releaseOf, translateSymbols } from './kernel-release.js';
import type { Preset } from './preset.js';
import { debianArmmp } from './presets/debian-armmp.js';
import { debianArmmpLpae } from './presets/debian-armmp-lpae.js';
import { debianMarvell } from './presets/debian-marvell.js';
import { multiV5 } from './presets/multi-v5.js';
import { multiV7 } from './presets/multi-v7.js';
import { multiV7Lpae } from './presets/multi-v7-lpae.js';
import { multiV7LpaeRestricted } from './presets/multi-v7-lpae-restricted.js';
import { rpiV6 } from './presets/rpi-v6.js';
import { versatile } from './presets/versatile.js';

export type { Preset } from './preset.js';

export const presets: readonly Preset[] = [
  multiV7,
  multiV7Lpae,
  multiV7LpaeRestricted,
  multiV5,
  versatile,
  rpiV6,
  debianArmmp,
  debianArmmpLpae,
  debianMarvell,
];

/** Throws an InputError `preset-unknown` that lists the names. */
export function presetByName(name: string): Preset {
  const preset = presets.find(candidate => candidate.name === name);
  if (preset === undefined) {
    const names = presets.map(candidate => candidate.name).join(', ');
    inputError('preset-unknown', `no preset is called ${JSON.stringify(name)}`, {
      notes: [`presets: ${names}`],
    });
  }
  return preset;
}

export interface PresetOptions {
  readonly cmdline?: string;
  /** Run the config on another modelled kernel than its own. */
  readonly baseline?: KernelVersion;
}

/** The kernel of a preset. Throws an InputError `preset-unknown`. */
export function presetConfig(name: string, options: PresetOptions = {}): KernelConfig {
  const preset = presetByName(name);
  const version = options.baseline ?? preset.version;
  return new KernelConfig({
    name: preset.name,
    version,
    symbols: translateSymbols(new Map(Object.entries(preset.symbols)), releaseOf(preset.version), version),
    cmdline: options.cmdline ?? '',
    image: preset.image,
  });
}

/** What decides about the preset of a board. */
export interface PresetNeeds {
  /** Version of the architecture that the cores implement. */
  readonly architecture: 4 | 5 | 6 | 7;
  /** The cores implement long descriptors, and the board has RAM from 4 GiB up. */
  readonly needsLpae: boolean;
  /** The cores implement long descriptors, and the tree has a 'restricted-dma-pool'. */
  readonly restrictedPool?: boolean;
}

/**
 * Name of the preset for a board when the user names no config:
 *
 * | cores | preset |
 * |---|---|
 * | ARMv4, ARMv5 | `multi_v5` (Model: no config for ARMv4 is brought along) |
 * | ARMv6 | `rpi-v6` |
 * | ARMv7 | `multi_v7` |
 * | ARMv7 with RAM that only long descriptors reach | `multi_v7-lpae` |
 * | ARMv7 with long descriptors and a restricted pool | `multi_v7-lpae-restricted` |
 *
 * DMA_RESTRICTED_POOL depends on SWIOTLB, which on ARM only LPAE and XEN select: a short-descriptor kernel
 * without XEN cannot have it (kernel/dma/Kconfig, arch/arm/Kconfig, arch/arm/mm/Kconfig, v6.12).
 */
export function presetForBoard({ architecture, needsLpae, restrictedPool = false }: PresetNeeds): string {
  if (architecture <= 5) return multiV5.name;
  if (architecture === 6) return rpiV6.name;
  if (restrictedPool) return multiV7LpaeRestricted.name;
  return needsLpae ? multiV7Lpae.name : multiV7.name;
}
