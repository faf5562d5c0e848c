// SPDX-License-Identifier: GPL-2.0-only
/** The scenarios, in the order in which they are listed. */
import { inputError } from '../../base/diagnostics.js';
import { p1SharedOverride } from './p1-pl310-shared-override.js';
import { r1CoherentFabric } from './r1-mvebu-coherent-fabric.js';
import { r2DmaRanges } from './r2-integrator-ap-dma-ranges.js';
import { r3NoKernelMapping } from './r3-no-kernel-mapping.js';
import { r4NoMmu } from './r4-no-mmu.js';
import type { Scenario } from './scenario.js';
import { t1RestrictedPool } from './t1-restricted-pool-table.js';
import { t2SixteenRegions } from './t2-sixteen-regions.js';

export const scenarios: readonly Scenario[] = [
  t1RestrictedPool,
  t2SixteenRegions,
  r1CoherentFabric,
  r2DmaRanges,
  r3NoKernelMapping,
  r4NoMmu,
  p1SharedOverride,
];

/** The scenario of that name; an InputError that lists the names where there is none. */
export function scenarioByName(name: string): Scenario {
  const found = scenarios.find(scenario => scenario.id === name);
  if (found) return found;
  const names = scenarios.map(scenario => scenario.id).join(', ');
  return inputError('scenario-unknown', `there is no scenario '${name}'`, { notes: [`scenarios: ${names}`] });
}
