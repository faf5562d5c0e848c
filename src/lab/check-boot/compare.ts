// SPDX-License-Identifier: GPL-2.0-only
/**
 * Boots the modelled kernel as a recorded one was booted, makes the recorded DMA calls on it, and compares. The
 * kernel's map is read after the calls, as it was recorded: buffers in contiguous lowmem show in it.
 */
import { inputError } from '../../base/diagnostics.js';
import { legacy } from '../../designs/legacy.js';
import { KernelConfig } from '../../linux/config.js';
import { bootDesign } from '../boot.js';
import { type BootFacts, bootFacts } from '../facts.js';
import type { PreparedBoard } from '../job.js';
import { isUnderstood, parseDmaLine } from './dma-lines.js';
import { type DmaReplay, replayDma } from './dma-replay.js';
import { fields } from './fields.js';
import { recordedImage } from './image.js';
import type { Recording } from './recording.js';
import { type BootCheck, compareLines, type FieldResult } from './result.js';

export interface CheckOptions {
  /** The image's layout is known better than from the recording: from a System.map. */
  readonly keepImage?: boolean;
  /** Names of fields that were taken from the recording. */
  readonly inputs?: readonly string[];
  /** What speaks against the comparison already. */
  readonly doubts?: readonly string[];
}

function withRecordedImage(prepared: PreparedBoard, recording: Recording): PreparedBoard | undefined {
  const { config } = prepared;
  const pageOffset = config.number('PAGE_OFFSET') ?? 0xc0000000;
  const image = recordedImage(recording, pageOffset, config.image);
  return image && { ...prepared, config: new KernelConfig({ ...config.parts(), image }) };
}

type Uncompared = 'absent' | 'input' | 'not-understood';

function absent(field: string, decidedBy: string, outcome: Uncompared = 'absent'): FieldResult {
  return { field, outcome, decidedBy, lines: 0, agreeing: 0, recorded: [], modelled: [] };
}

const dmaFields: readonly (readonly [string, keyof DmaReplay, string])[] = [
  [
    'dma_api devices',
    'devices',
    'drivers/of/device.c, of_dma_configure_id(); kernel/dma/direct.c, dma_direct_supported()',
  ],
  [
    'dma_api allocations',
    'allocations',
    'arch/arm/mm/dma-mapping.c, __dma_alloc(); kernel/dma/direct.c, dma_direct_alloc()',
  ],
  ['dma_api mappings', 'mappings', 'kernel/dma/direct.h, dma_direct_map_page()'],
  ['dma_api atomic buffers', 'atomicCounts', 'arch/arm/mm/dma-mapping.c, __alloc_from_pool()'],
  ['dma_api addresses', 'addresses', 'arch/arm/mm/mmu.c, map_lowmem()'],
];

/** Lines of the recorder that this reader does not know. */
function unreadLines({ dma_api = [] }: Recording): string[] {
  return dma_api.filter(text => !isUnderstood(parseDmaLine(text)));
}

function dmaResults(recording: Recording, replayed: DmaReplay, unread: readonly string[]): FieldResult[] {
  return dmaFields.map(([name, key, decidedBy]) => {
    const { recorded, modelled } = replayed[key];
    if (!recording.dma_api || recorded.length === 0)
      return absent(name, decidedBy, unread.length > 0 ? 'not-understood' : 'absent');
    return compareLines(name, decidedBy, recorded, modelled);
  });
}

function bootResults(recording: Recording, model: BootFacts, inputs: readonly string[]): FieldResult[] {
  return fields.map(({ name, decidedBy, ...read }) => {
    if (inputs.includes(name)) return absent(name, decidedBy, 'input');
    const recorded = read.recorded(recording, model);
    if (recorded === undefined) return absent(name, decidedBy);
    return compareLines(name, decidedBy, recorded, read.modelled(model, recording));
  });
}

function unreadDoubts(unread: readonly string[]): string[] {
  const [first] = unread;
  if (first === undefined) return [];
  const what = unread.length === 1 ? 'a line of dma_api is' : `${unread.length} lines of dma_api are`;
  return [`${what} not understood: '${first}'`];
}

/** Compares `recording` with the kernel that boots on `prepared`. */
export function checkBoot(
  prepared: PreparedBoard,
  recording: Recording,
  options: CheckOptions = {},
): BootCheck {
  const exact = options.keepImage ? undefined : withRecordedImage(prepared, recording);
  const k = bootDesign(exact ?? prepared, legacy);
  const replayed = replayDma(k, recording);
  const model = bootFacts(k);
  const inputs = options.inputs ?? [];
  const unread = unreadLines(recording);
  const results = [...bootResults(recording, model, inputs), ...dmaResults(recording, replayed, unread)];
  const tells = ({ outcome, recorded, modelled, lines }: FieldResult): boolean =>
    outcome === 'input' || outcome === 'not-understood' || lines + recorded.length + modelled.length > 0;
  if (!results.some(tells)) {
    inputError('facts-empty', 'nothing of this recording can be compared');
  }
  return {
    board: prepared.board.name,
    kernel: prepared.config.name,
    baseline: prepared.config.version,
    cmdline: prepared.config.cmdline,
    inputs: [...(exact ? ['layout of the kernel image'] : []), ...inputs],
    doubts: [...(options.doubts ?? []), ...unreadDoubts(unread)],
    fields: results,
  };
}
