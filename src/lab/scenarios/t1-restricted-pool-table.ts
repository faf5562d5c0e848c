// SPDX-License-Identifier: GPL-2.0-only
/** T1: the table of the patch "ARM: Select DMA_DIRECT_REMAP to fix restricted DMA". */
import { join } from 'node:path';
import { KiB } from '../../base/address.js';
import { loadBoard } from '../../board/board.js';
import { designByName } from '../../designs/index.js';
import type { KernelVersion } from '../../linux/config.js';
import { probeDevices } from '../../workloads/devices.js';
import { bootWatched } from '../boot.js';
import { boardsFolder } from '../bundled.js';
import { type BoardJob, type PreparedBoard, prepareBoard } from '../job.js';
import { exchange, placeText } from './exchange.js';
import type { Cell, ResultTable, Row, ScenarioFinding, ScenarioResult } from './result.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { errorRules, foundIn } from './watched.js';

const id = 't1-restricted-pool-table';
const title = 'Coherent memory of devices that may only touch a restricted pool';

const BUFFER_BYTES: number = 8 * KiB;

interface Column {
  readonly name: string;
  readonly pool: boolean;
  readonly design: string;
}

const COLUMNS: readonly Column[] = [
  { name: 'ARM', pool: false, design: 'legacy' },
  { name: 'ARM + restricted pool', pool: true, design: 'legacy' },
  { name: 'ARM + restricted pool + remap', pool: true, design: 'v1' },
];

interface KernelRow {
  readonly name: string;
  readonly version: KernelVersion;
  readonly lpae: boolean;
}

const KERNELS: readonly KernelRow[] = [
  { name: '5.15', version: '5.15', lpae: true },
  { name: '6.1', version: '6.1', lpae: true },
  { name: '5.15 without LPAE', version: '5.15', lpae: false },
];

/** The bundled virtual machine, with every device in the pool or none. */
function prepareVm(pool: boolean, { version, lpae }: KernelRow): PreparedBoard {
  const path = join(boardsFolder(), 'restricted-vm.dts');
  const board = loadBoard(path);
  const nodes = board.tree.root.children;
  const region = nodes.find(node => node.properties.has('memory-region'))!.properties.get('memory-region')!;
  for (const node of nodes.filter(({ name }) => name.startsWith('virtio_mmio'))) {
    if (pool) node.setProperty('memory-region', region.value);
    else node.properties.delete('memory-region');
  }
  const preset = lpae ? 'multi_v7-lpae-restricted' : 'multi_v7';
  const job: BoardJob = { path, preset, baseline: version, cmdline: '', designs: [] };
  const prepared = prepareBoard(board, job);
  // Without LPAE only XEN selects SWIOTLB, which restricted pools depend on.
  const symbols = lpae ? {} : { XEN: true, SWIOTLB: true, DMA_RESTRICTED_POOL: true };
  return { ...prepared, config: prepared.config.with(symbols) };
}

/** One kernel and one column: a cell for each device. */
function runColumn(
  kernel: KernelRow,
  column: Column,
  seed: number,
): { cells: Cell[]; findings: ScenarioFinding[] } {
  const { k, sanitizer } = bootWatched(prepareVm(column.pool, kernel), designByName(column.design), {
    live: { seed },
  });
  const findings: ScenarioFinding[] = [];
  const cells = probeDevices(k).map((dev): Cell => {
    const { place, deviceRight, cpuRight } = exchange(k, dev, BUFFER_BYTES);
    if (place === null) return { text: 'fail', reason: 'dma_alloc_coherent() returns NULL' };
    const found = sanitizer.takeFindings();
    findings.push(...foundIn(`${kernel.name}, ${column.name}, ${dev.name}`, found));
    const where = placeText(place);
    const rules = errorRules(found).join(', ');
    if (deviceRight && cpuRight)
      return { text: rules ? 'pass*' : 'pass', reason: rules ? `${where}; ${rules}` : where };
    const wrong = deviceRight ? 'the CPU gets old data' : 'the device gets old data';
    return { text: 'fail', reason: `${wrong}: ${where}; ${rules}` };
  });
  return { cells, findings };
}

/** What was seen then, and is not explained by anything here. */
const UPSTREAM: ResultTable = {
  title: 'an upstream kernel of that week',
  corner: '',
  columns: ['ARM + restricted pool', 'ARM + restricted pool + remap', 'ARM64 + restricted pool'],
  rows: [{ name: 'three devices', cells: [{ text: 'fail' }, { text: 'fail' }, { text: 'fail' }] }],
  posted:
    'with the patch, September 2023. Not run, and not explained: that it failed on ARM64 as well says that it had another cause.',
};

function run({ seed }: ScenarioOptions): ScenarioResult {
  const findings: ScenarioFinding[] = [];
  const rows = KERNELS.flatMap((kernel): Row[] => {
    const columns = COLUMNS.map(column => runColumn(kernel, column, seed));
    findings.push(...columns.flatMap(column => column.findings));
    return columns[0]!.cells.map((_, device) => ({
      name: `${kernel.name}, device ${device + 1}`,
      cells: columns.map(column => column.cells[device]!),
    }));
  });
  const table = {
    title: '4 GiB at 0x40000000, restricted pool of 36 MiB at 0x4a000000',
    corner: 'kernel',
    columns: COLUMNS.map(({ name }) => name),
    rows,
  };
  const notes = [
    'a cell is what both sides read in caches that hold data; * marks that the rules find more than this run showed: ' +
      'the pages were not cleaned before they were handed out, so that a dirty line of the pool can still be written ' +
      'over them',
  ];
  return { scenario: id, title, seed, tables: [table, UPSTREAM], findings, notes };
}

export const t1RestrictedPool: Scenario = {
  id,
  title,
  shows: [
    'The patch that started the discussion was posted with a table: three devices on an LPAE kernel pass, fail once ' +
      'they have a restricted pool, and pass again with DMA_DIRECT_REMAP. On 5.15 without LPAE the old arm_dma_ops ' +
      'ignore the pool, and with it the generic code hands out its cached pages; from 5.17 on it hands out none.',
  ],
  references: [
    'linux-arm-kernel, September 2023: "ARM: Select DMA_DIRECT_REMAP to fix restricted DMA"',
    'Linux: kernel/dma/direct.c, dma_direct_alloc() (v6.1)',
  ],
  run,
};
