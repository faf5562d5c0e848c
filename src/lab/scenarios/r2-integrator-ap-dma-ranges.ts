// SPDX-License-Identifier: GPL-2.0-only
/** R2: a display that went dark, since a wrong 'dma-ranges' began to count. */
import { KiB } from '../../base/address.js';
import { loadBoard } from '../../board/board.js';
import { designByName } from '../../designs/index.js';
import { wmb } from '../../linux/arch/arm/include/asm/barrier.js';
import { GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { dma_alloc_coherent } from '../../linux/kernel/dma/mapping.js';
import { Sanitizer } from '../../sanitizer/sanitizer.js';
import { formatHandle, physicalAddress } from '../../workloads/buffer-facts.js';
import { masterOf } from '../../workloads/masters.js';
import { bootWatched } from '../boot.js';
import { bundledJob } from '../bundled.js';
import { prepareBoard } from '../job.js';
import { wrongRanges } from './dma-ranges.js';
import { equalBytes, pattern } from './exchange.js';
import type { Row, ScenarioFinding, ScenarioResult } from './result.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { deviceAt, errorRules, foundIn } from './watched.js';

const id = 'r2-integrator-ap-dma-ranges';
const title = "A display behind wrong 'dma-ranges'";

const MODULE = '/bus@c0000000/bus@c0000000';
const DISPLAY = `${MODULE}/display@1000000`;
/** A picture of 640 × 480 with 16 bits a pixel would be 600 KiB; a strip of it will do. */
const FRAME_BYTES: number = 64 * KiB;

interface Seen {
  readonly row: Row;
  readonly findings: readonly ScenarioFinding[];
  readonly wrong: readonly string[];
}

/** `fixed`: the module's bus has an empty 'dma-ranges', which means that addresses are those of the bus above. */
function runTree(fixed: boolean): Seen {
  const job = { ...bundledJob('integrator-ap', [])!, baseline: '6.1' as const };
  const board = loadBoard(job.path);
  if (fixed) board.tree.nodeByPath(MODULE)!.setProperty('dma-ranges', new Uint8Array(0));
  const { k } = bootWatched(prepareBoard(board, job), designByName('legacy'));
  // Nobody has ever had the module's memory in a cache.
  const sanitizer = new Sanitizer(k.machine, { clean: true });
  k.machine.observer = sanitizer;
  const dev = deviceAt(k, DISPLAY);
  const name = fixed ? 'dma-ranges 1:1' : 'dma-ranges of the tree';
  const buffer = dma_alloc_coherent(k, dev, FRAME_BYTES, GFP_KERNEL);
  if (buffer === null)
    return {
      row: { name, cells: [{ text: 'NULL' }, { text: '-' }, { text: '-' }] },
      findings: [],
      wrong: [],
    };
  const picture = pattern(FRAME_BYTES, 1);
  k.machine.access.write(buffer.cpu_addr, picture);
  wmb(k);
  const shown = equalBytes(masterOf(k, dev).read(buffer.dma_handle, FRAME_BYTES), picture);
  const found = sanitizer.takeFindings();
  const cells = [
    { text: formatHandle(buffer.dma_handle) },
    { text: shown ? 'the picture' : 'nothing' },
    { text: errorRules(found).join(', ') || 'silent' },
  ];
  const wrong = wrongRanges(k, dev, physicalAddress(k.machine, buffer.cpu_addr)!);
  return { row: { name, cells }, findings: foundIn(name, found), wrong };
}

function run({ seed }: ScenarioOptions): ScenarioResult {
  const runs = [false, true].map(runTree);
  const table = {
    title: `integrator-ap, ${DISPLAY}`,
    corner: 'tree',
    columns: ['handle', 'the display shows', 'rules'],
    rows: runs.map(({ row }) => row),
  };
  const findings = runs.flatMap(run => run.findings);
  const unordered = findings.some(({ finding }) => finding.rule === 'missing-barrier');
  const notes = [...runs.flatMap(({ wrong }) => wrong), ...(unordered ? [UNORDERED] : [])];
  return { scenario: id, title, seed, tables: [table], findings, notes };
}

const UNORDERED =
  'missing-barrier is not part of the case: a kernel for ARMv5 maps the pool as buffered memory, and its wmb() is ' +
  'empty. A display reads again at once';

export const r2DmaRanges: Scenario = {
  id,
  title,
  shows: [
    "The logic modules' 'dma-ranges' of the Integrator/AP were wrong for years and did no harm. When 6.0 began to use " +
      'them for the pool of video memory on the module, its address could not be translated any more, and the display ' +
      'was told to read from nowhere. Masters on that bus really use the addresses of the CPU, as the hardware file says.',
  ],
  references: [
    'Linux: arch/arm/boot/dts/integratorap-im-pd1.dts; kernel/dma/coherent.c, dma_get_device_base() (v6.1)',
    'Linux commit af6f23b88e95 ("ARM/dma-mapping: use the generic versions of dma_to_phys/phys_to_dma by default")',
    'Arm DUI 0098 (Integrator/AP), Arm DUI 0152 (IM-PD1)',
  ],
  run,
};
