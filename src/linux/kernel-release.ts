// SPDX-License-Identifier: GPL-2.0-only
/**
 * From the release that a `.config` names to the modelled kernel. Only three kernels are modelled; a release
 * in between behaves like the one below it, with these borders: 6.0 moved 32-bit ARM to dma-direct, so 5.16
 * to 5.19 are like 5.15; 6.7 brought ARCH_HAS_DMA_ALLOC, so 6.7 to 6.11 are like 6.12.
 *
 * A few symbols kept their name and changed their meaning. Their values are translated to the meaning that
 * they have in the modelled kernel.
 */
import type { KconfigValue, KernelVersion } from './config.js';

/** A kernel release, as in `6.12.117`. */
export interface KernelRelease {
  readonly major: number;
  readonly minor: number;
  /** As written, with patch level and local version. */
  readonly text: string;
}

/** The modelled kernels, oldest first. */
export const kernelVersions: readonly KernelVersion[] = ['5.15', '6.1', '6.12'];

/** The release that a modelled kernel stands for. */
export function releaseOf(version: KernelVersion): KernelRelease {
  const [major, minor] = version.split('.').map(Number);
  return { major: major ?? 0, minor: minor ?? 0, text: version };
}

/** The release that `text` begins with, as `uname -r` prints it; null where it is none. */
export function parseRelease(text: string): KernelRelease | null {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined ? null : { major: Number(major), minor: Number(minor), text };
}

/** `release` is at least `major.minor`. */
export function isAtLeast(release: KernelRelease, major: number, minor: number): boolean {
  return release.major !== major ? release.major > major : release.minor >= minor;
}

/** The modelled kernel that behaves most like `release`, by the borders in this file's header. */
export function baselineFor(release: KernelRelease): KernelVersion {
  if (!isAtLeast(release, 6, 0)) return '5.15';
  return isAtLeast(release, 6, 7) ? '6.12' : '6.1';
}

/** Whether `release` is one of the modelled kernels, whatever its patch level. */
export function isModelled(release: KernelRelease): boolean {
  return kernelVersions.some(version => version === `${release.major}.${release.minor}`);
}

/**
 * The symbols of a config written for `release`, as the modelled kernel `version` would have them:
 * - FORCE_MAX_ZONEORDER was renamed to ARCH_FORCE_MAX_ORDER in 6.1 (commit 0192445cb2f7).
 * - ARCH_FORCE_MAX_ORDER counts one less since 6.4, where MAX_ORDER became inclusive (commit 23baf831a32c).
 * - CMA_AREAS counts the default area since 6.12; before, the kernel added one for it (include/linux/cma.h).
 *   Model: the exact release of the last change lies between 6.7 and 6.12 and is taken to be 6.7.
 */
export function translateSymbols(
  symbols: ReadonlyMap<string, KconfigValue>,
  release: KernelRelease,
  version: KernelVersion,
): Map<string, KconfigValue> {
  const target = releaseOf(version);
  const translated = new Map(symbols);
  const oldOrder = translated.get('FORCE_MAX_ZONEORDER');
  if (oldOrder !== undefined && !translated.has('ARCH_FORCE_MAX_ORDER')) {
    translated.set('ARCH_FORCE_MAX_ORDER', oldOrder);
  }
  shift(translated, 'ARCH_FORCE_MAX_ORDER', counting(release, 6, 4) - counting(target, 6, 4));
  shift(translated, 'CMA_AREAS', counting(target, 6, 7) - counting(release, 6, 7));
  return translated;
}

/** 1 from the release on that counts in the new way, 0 before. */
function counting(release: KernelRelease, major: number, minor: number): number {
  return isAtLeast(release, major, minor) ? 1 : 0;
}

function shift(symbols: Map<string, KconfigValue>, symbol: string, by: number): void {
  const value = symbols.get(symbol);
  if (typeof value === 'number') symbols.set(symbol, value + by);
}
