// SPDX-License-Identifier: GPL-2.0-only
/** Releases and the symbols whose meaning moved between them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  baselineFor,
  isAtLeast,
  kernelVersions,
  parseRelease,
  releaseOf,
  translateSymbols,
} from './kernel-release.js';

const release = fc.record({
  major: fc.integer({ min: 4, max: 7 }),
  minor: fc.integer({ min: 0, max: 20 }),
  text: fc.constant(''),
});

test('a modelled kernel stands for itself, and newer releases never get an older kernel', () => {
  for (const version of kernelVersions) assert.equal(baselineFor(releaseOf(version)), version);
  fc.assert(
    fc.property(release, release, (a, b) => {
      fc.pre(isAtLeast(a, b.major, b.minor));
      const index = (of: typeof a): number => kernelVersions.indexOf(baselineFor(of));
      assert.ok(index(a) >= index(b));
    }),
  );
});

test('the largest order and the number of areas are counted as the modelled kernel counts', () => {
  const translated = (major: number, minor: number, version: '5.15' | '6.1' | '6.12'): unknown => {
    const symbols = new Map([
      ['ARCH_FORCE_MAX_ORDER', 11],
      ['CMA_AREAS', 7],
    ]);
    return Object.fromEntries(translateSymbols(symbols, { major, minor, text: '' }, version));
  };
  assert.deepEqual(translated(6, 1, '6.1'), { ARCH_FORCE_MAX_ORDER: 11, CMA_AREAS: 7 });
  assert.deepEqual(translated(6, 6, '6.1'), { ARCH_FORCE_MAX_ORDER: 12, CMA_AREAS: 7 });
  assert.deepEqual(translated(6, 6, '6.12'), { ARCH_FORCE_MAX_ORDER: 11, CMA_AREAS: 8 });
  assert.deepEqual(translated(6, 12, '5.15'), { ARCH_FORCE_MAX_ORDER: 12, CMA_AREAS: 6 });
});

test('the old name of the largest order is understood', () => {
  const symbols = translateSymbols(new Map([['FORCE_MAX_ZONEORDER', 12]]), releaseOf('5.15'), '5.15');
  assert.equal(symbols.get('ARCH_FORCE_MAX_ORDER'), 12);
});

test('a release as uname -r prints it', () => {
  assert.deepEqual(parseRelease('6.1.0-50-armmp'), { major: 6, minor: 1, text: '6.1.0-50-armmp' });
  for (const text of ['', 'garbage', '6']) assert.equal(parseRelease(text), null);
});
