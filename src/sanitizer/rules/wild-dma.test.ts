// SPDX-License-Identifier: GPL-2.0-only
import { step, testRule } from '../../../tests/support/rule-suite.js';
import { MAY_READ, Stream, TranslationContext } from '../../hw/dma/iommu.js';
import { DATA, type TestMachine } from '../test-machine.js';
import { wildDma } from './wild-dma.js';

const map = (direction: 'to-device' | 'from-device') =>
  step('dma_map_page_attrs', m => {
    m.toDevice(0, 4096, 'clean-invalidate');
    m.mapStreaming(64, 256, direction);
  });
const read = (at: number, size: number) => step('probe_start', m => m.device().scan(DATA + at, size));
const write = (at: number, size: number) => step('probe_start', m => m.device().fill(DATA + at, size, 7));
/** The tree says that the bus is shifted by 1 GiB. */
const shifted = (m: TestMachine) =>
  m.device('none', '/soc/lcd@4000', [{ dmaStart: 0, cpuStart: DATA, size: 0x10000 }]);

/** An IOMMU translates, and its table has one page, which the device may read. */
function translated(m: TestMachine) {
  const stream = new Stream();
  stream.context = new TranslationContext();
  stream.context.map(0x10000, DATA, 4096, MAY_READ);
  return m.device('none', '/soc/vop@5000', [], stream);
}

/** For a device that the kernel takes for one that snoops. */
function allocate(m: TestMachine): void {
  m.sanitizer.coherentAllocated({
    device: '/soc/dma@1000',
    driver: 'test-dma',
    vaddr: m.vaddr('cached', 0),
    dmaAddr: DATA,
    paddr: DATA,
    size: 4096,
    coherent: true,
  });
}

testRule(wildDma, [
  {
    name: 'beyond the end',
    tellsOwners: true,
    broken: [map('from-device'), write(192, 256)],
    fixed: [map('from-device'), write(192, 128)],
  },
  {
    name: 'against the direction',
    tellsOwners: true,
    broken: [map('to-device'), write(64, 16)],
    fixed: [map('to-device'), read(64, 16)],
  },
  {
    name: 'after it was unmapped',
    tellsOwners: true,
    broken: [
      map('to-device'),
      step('dma_unmap_page_attrs', m => m.sanitizer.streamingUnmapped(m.mapStreaming(64, 256, 'to-device'))),
      step('dma_unmap_page_attrs', m =>
        m.sanitizer.streamingUnmapped({
          device: '/soc/dma@1000',
          driver: 'test-dma',
          dmaAddr: DATA + 64,
          paddr: DATA + 64,
          original: DATA + 64,
          size: 256,
          direction: 'to-device',
          skipSync: false,
        }),
      ),
      read(64, 16),
    ],
    fixed: [
      map('to-device'),
      step('dma_unmap_page_attrs', m => m.sanitizer.streamingUnmapped(m.mapStreaming(64, 256, 'to-device'))),
      read(64, 16),
    ],
  },
  {
    name: 'a coherent buffer is reached, memory beside it is not',
    tellsOwners: true,
    broken: [step('dma_alloc_attrs', allocate), read(4096, 16)],
    fixed: [step('dma_alloc_attrs', allocate), read(4080, 16)],
  },
  {
    name: 'nothing answers on its bus',
    broken: [step('probe_start', m => void shifted(m).scan(DATA, 16))],
    fixed: [step('probe_start', m => void shifted(m).scan(0, 16))],
  },
  {
    name: 'its IOMMU maps nothing there',
    broken: [step('probe_start', m => void translated(m).scan(DATA, 16))],
    fixed: [step('probe_start', m => void translated(m).scan(0x10000, 16))],
  },
  {
    name: 'its IOMMU lets it read and no more',
    broken: [step('probe_start', m => void translated(m).fill(0x10000, 16, 1))],
    fixed: [step('probe_start', m => void translated(m).scan(0x10000, 16))],
  },
]);
