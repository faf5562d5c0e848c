// SPDX-License-Identifier: GPL-2.0-only
/** R4: the posted patch in a kernel without MMU. */
import { type Design, designByName } from '../../designs/index.js';
import type { KernelConfig, KernelVersion } from '../../linux/config.js';
import { presetConfig } from '../../linux/presets.js';
import type { Cell, ScenarioResult } from './result.js';
import type { Scenario, ScenarioOptions } from './scenario.js';

const id = 'r4-no-mmu';
const title = 'The posted patch in a kernel without MMU';

/** Any config of an ARMv7 kernel. */
const PRESET = 'multi_v7';

/** Both patches that were posted, each with a line of Kconfig that does not say "if MMU". */
const POSTED: readonly string[] = ['v1', 'prep-fix'];

/** Kernels whose devices go through the code that the patches change. */
const VERSIONS: readonly KernelVersion[] = ['6.1', '6.12'];

function buildCell(design: Design, config: KernelConfig): Cell {
  const refusal = design.refuse(config);
  return refusal === null ? { text: 'builds' } : { text: 'refused', reason: refusal };
}

function run({ seed }: ScenarioOptions): ScenarioResult {
  const tables = VERSIONS.map(version => {
    const config = presetConfig(PRESET, { baseline: version });
    const without = config.with({ MMU: undefined });
    const rows = POSTED.map(designByName).map(design => ({
      name: design.name,
      cells: [buildCell(design, config), buildCell(design, without)],
    }));
    return { title: `kernel ${version}`, corner: 'design', columns: ['MMU', 'no MMU'], rows };
  });
  return { scenario: id, title, seed, tables, findings: [], notes: [] };
}

export const r4NoMmu: Scenario = {
  id,
  title,
  shows: [
    'In the patch ARM selects DMA_DIRECT_REMAP whether there is an MMU or not. Without one, ARM selects DMA_GLOBAL_POOL ' +
      'as well, which excludes it, and the code behind it is not built. The design is refused, with the reason.',
  ],
  references: [
    'linux-arm-kernel, September 2023: "ARM: Select DMA_DIRECT_REMAP to fix restricted DMA"',
    'Linux: kernel/dma/Kconfig, kernel/dma/Makefile (v6.12)',
  ],
  run,
};
