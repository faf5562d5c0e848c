// SPDX-License-Identifier: GPL-2.0-only
/** R1: a fabric that snoops, and a kernel that treats its devices as if it did not. */
import { KiB } from '../../base/address.js';
import { Board, loadBoard } from '../../board/board.js';
import { designByName } from '../../designs/index.js';
import { rmb } from '../../linux/arch/arm/include/asm/barrier.js';
import { of_dma_is_coherent } from '../../linux/drivers/of/address.js';
import type { device } from '../../linux/include/linux/device.js';
import { DMA_FROM_DEVICE } from '../../linux/include/linux/dma-mapping.js';
import { dma_map_single, dma_unmap_single } from '../../linux/kernel/dma/mapping.js';
import type { Kernel } from '../../linux/kernel.js';
import { kfree, kmalloc } from '../../workloads/drivers/kernel-services.js';
import { masterOf } from '../../workloads/masters.js';
import { bootWatched, type Watched } from '../boot.js';
import { bundledJob } from '../bundled.js';
import { prepareBoard } from '../job.js';
import { equalBytes, exchange, pattern } from './exchange.js';
import type { Cell, Row, ScenarioFinding, ScenarioResult } from './result.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { deviceAt, errorRules, foundIn } from './watched.js';

const id = 'r1-mvebu-coherent-fabric';
const title = 'A snooping fabric under a kernel that does not know of it';

const DEVICE = '/internal-regs@f1000000/ethernet@70000';
const BUFFER_BYTES: number = 16 * KiB;
/** Bit 22 of the PL310's auxiliary control register. */
const SHARED_OVERRIDE = 0x00400000;

function boot(override: boolean, seed: number): Watched {
  const job = { ...bundledJob('clearfog', [])!, baseline: '6.1' as const };
  const { name, tree, hardware } = loadBoard(job.path);
  const outerCacheAuxiliaryControl = { value: override ? SHARED_OVERRIDE : 0, source: 'both are tried' };
  const board = new Board(name, tree, { ...hardware, outerCacheAuxiliaryControl });
  return bootWatched(prepareBoard(board, job), designByName('legacy'), { live: { seed } });
}

/** A received packet: mapped, written by the device, unmapped, read. False: the CPU did not get it. */
function receive(k: Kernel, dev: device): boolean {
  const vaddr = kmalloc(k, BUFFER_BYTES)!;
  const handle = dma_map_single(k, dev, vaddr, BUFFER_BYTES, DMA_FROM_DEVICE);
  const packet = pattern(BUFFER_BYTES, 3);
  masterOf(k, dev).write(handle, packet);
  rmb(k);
  dma_unmap_single(k, dev, handle, BUFFER_BYTES, DMA_FROM_DEVICE);
  const right = equalBytes(k.machine.access.read(vaddr, BUFFER_BYTES), packet);
  kfree(k, vaddr, BUFFER_BYTES);
  return right;
}

function cell(right: boolean, rules: readonly string[]): Cell {
  const text = rules.length === 0 ? 'silent' : rules.join(', ');
  return { text: right ? text : `${text}; wrong bytes seen` };
}

/** `tree`: the kernel goes by the tree's word; else by what machine code told it of the fabric. */
function runKernel(
  tree: boolean,
  override: boolean,
  seed: number,
): { row: Row; findings: ScenarioFinding[] } {
  const { k, sanitizer } = boot(override, seed);
  const dev = deviceAt(k, DEVICE);
  // What arch_setup_dma_ops() of 6.0 assigned, over what the bus notifier had set.
  if (tree) dev.dma_coherent = of_dma_is_coherent(k, dev.of_node);
  const name = `${tree ? '6.0: by the tree' : 'fixed: by machine code'}, bit 22 ${override ? 'set' : 'clear'}`;
  const { deviceRight, cpuRight } = exchange(k, dev, BUFFER_BYTES);
  const coherent = sanitizer.takeFindings();
  const right = receive(k, dev);
  const streaming = sanitizer.takeFindings();
  const cells = [cell(deviceRight && cpuRight, errorRules(coherent)), cell(right, errorRules(streaming))];
  const findings = [
    ...foundIn(`${name}, coherent buffer`, coherent),
    ...foundIn(`${name}, packet`, streaming),
  ];
  return { row: { name, cells }, findings };
}

function run({ seed }: ScenarioOptions): ScenarioResult {
  const runs = [true, false].flatMap(tree => [false, true].map(override => runKernel(tree, override, seed)));
  const table = {
    title: `clearfog, ${DEVICE}`,
    corner: 'kernel',
    columns: ['coherent buffer', 'received packet'],
    rows: runs.map(({ row }) => row),
  };
  const notes = [
    'bit 22 of the PL310 decides whether non-cacheable accesses look into it; what firmware leaves there is not ' +
      'known, so both are run',
  ];
  return {
    scenario: id,
    title,
    seed,
    tables: [table],
    findings: runs.flatMap(({ findings }) => findings),
    notes,
  };
}

export const r1CoherentFabric: Scenario = {
  id,
  title,
  shows: [
    'On Armada SoCs every DMA master snoops. Machine code says so, no device tree does. In 6.0 the word of the tree ' +
      'overwrote that of machine code, and devices got non-cacheable buffers and cache maintenance, while their data ' +
      'stopped in the caches: the CPU read past them, and invalidates threw received packets away.',
  ],
  references: [
    'Linux: arch/arm/mach-mvebu/coherency.c, mvebu_hwcc_notifier() (v6.12)',
    'Linux commit 49bc8bebae79 ("ARM/dma-mapping: don\'t override ->dma_coherent when set from a bus notifier")',
  ],
  run,
};
