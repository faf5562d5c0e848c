// SPDX-License-Identifier: GPL-2.0-only
/**
 * The probe: a fixed order of DMA API calls on each device, then buffers of all devices at once. The same order stands
 * in probe/armory_probe.c, so that a real kernel and the modelled one can be compared call by call.
 * One recording is one array of records (`record.ts`); docs/probe.md describes them.
 */
import { KiB, MiB } from '../../base/address.js';
import { of_reserved_mem_device_init, platform_dma_configure } from '../../linux/drivers/of/device.js';
import { DMA_BIT_MASK, device } from '../../linux/include/linux/device.js';
import { DMA_ATTR_WRITE_COMBINE } from '../../linux/include/linux/dma-mapping.js';
import { __GFP_NOWARN, GFP_ATOMIC, GFP_KERNEL } from '../../linux/include/linux/gfp.js';
import { dma_alloc_attrs, dma_set_mask_and_coherent } from '../../linux/kernel/dma/mapping.js';
import type { Kernel } from '../../linux/kernel.js';
import { bufferFields } from './buffer.js';
import { isSafe, probeCoherent } from './coherent.js';
import { findProbeNodes, type ProbeNode } from './devices.js';
import { probeExhaustion } from './exhaustion.js';
import { probeHandles, probeIommuTables } from './handles.js';
import { probeNoncoherentMemory } from './noncoherent.js';
import { accountFields, askedFields, letWorkersRun, type Probe, poolFields } from './probe.js';
import { type ProbeRecord, Recorder } from './record.js';
import { probeStreaming } from './streaming.js';
import { writeDevice, writeModule, writeSystem } from './system.js';

export interface ProbeOptions {
  /** Run the exhaustion phases on the devices whose nodes ask for them. */
  readonly exhaust: boolean;
  /** In the end, hold buffers of all devices at once. */
  readonly hold: boolean;
  /** Write the records with which a module begins and ends. */
  readonly module: boolean;
  /** Names of the devices to probe; absent: all. */
  readonly devices?: readonly string[];
}

/** Size, flags, attributes of what is held in the end. */
const HELD: readonly (readonly [number, number, number])[] = [
  [4 * KiB, GFP_KERNEL, 0],
  [8 * KiB, GFP_KERNEL, 0],
  [64 * KiB, GFP_KERNEL, 0],
  [MiB, GFP_KERNEL, 0],
  [16 * KiB, GFP_KERNEL, DMA_ATTR_WRITE_COMBINE],
  [4 * KiB, GFP_ATOMIC, 0],
];

/** The driver is bound: it claims its region and sets its mask. */
function bind(k: Kernel, out: Recorder, { node, name, maskBits, forceMask }: ProbeNode): Probe {
  const dev = new device(name, node);
  platform_dma_configure(k, dev);
  out.dev = name;
  const rmem = of_reserved_mem_device_init(k, dev);
  const mask = DMA_BIT_MASK(maskBits);
  const set_mask = dma_set_mask_and_coherent(k, dev, mask);
  out.write('probe', { node: node.path, rmem, bits: maskBits, set_mask });
  if (set_mask !== 0 && forceMask) {
    dev.dma_mask = mask;
    dev.coherent_dma_mask = mask;
  }
  letWorkersRun({ k });
  return { k, dev, out };
}

function probeDevice(probe: Probe, exhaust: boolean, skipTable: boolean): void {
  const isDirect = probe.dev.dma_ops === null;
  writeDevice(probe);
  if (!isDirect) probeIommuTables(probe, skipTable);
  probeCoherent(probe);
  probeNoncoherentMemory(probe);
  probeStreaming(probe);
  if (isDirect) probeHandles(probe);
  if (exhaust) probeExhaustion(probe);
  probe.out.write('done', { ...accountFields(probe), ...poolFields(probe) });
  letWorkersRun(probe);
}

function hold(probe: Probe): void {
  const { k, dev, out } = probe;
  out.dev = dev.name;
  for (const [size, gfp, attrs] of HELD) {
    if (!isSafe(dev, size)) continue;
    const buffer = dma_alloc_attrs(k, dev, size, gfp | __GFP_NOWARN, attrs);
    const found = buffer && bufferFields(probe, buffer, size);
    out.write('hold', { ...askedFields(size, gfp, attrs), ok: Number(buffer !== null), ...found });
  }
}

/** Runs the probe on every probe device of `k`'s tree. The kernel is used up afterwards: buffers stay held. */
export function runProbe(k: Kernel, options: ProbeOptions): ProbeRecord[] {
  const { exhaust, hold: holds, module, devices } = options;
  const out = new Recorder();
  if (module) writeModule(k, out, options);
  writeSystem(k, out);
  const nodes = findProbeNodes(k.board.tree).filter(({ name }) => devices?.includes(name) ?? true);
  const probes = nodes.map(node => {
    const probe = bind(k, out, node);
    probeDevice(probe, exhaust && node.exhaust, node.skipTable);
    return probe;
  });
  if (holds) for (const probe of probes) hold(probe);
  out.dev = 'sys';
  // As the module counts: with this record.
  if (module) out.write('end', { records: out.records.length + 1, lost: 0 });
  return out.records;
}
