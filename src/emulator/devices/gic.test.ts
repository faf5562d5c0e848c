// SPDX-License-Identifier: GPL-2.0-only
/** What ARM IHI 0048B says that software sees. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CORTEX_A9_GIC, CORTEX_A15_GIC, Gic } from './gic.js';

interface Bench {
  readonly gic: Gic;
  /** `irq` and `fiq` of each core, as last driven. */
  readonly lines: { irq: boolean; fiq: boolean }[];
  dist(offset: number, cpu?: number, size?: 1 | 2 | 4): number;
  setDist(offset: number, value: number, cpu?: number, size?: 1 | 2 | 4): void;
  cpuIf(offset: number, cpu?: number): number;
  setCpuIf(offset: number, value: number, cpu?: number): void;
}

const IAR = 0x0c;
const EOIR = 0x10;

/** As Linux leaves it (gic_dist_init(), gic_cpu_init()): all priorities 0xa0, all to core 0, mask 0xf0. */
function bench(cores = 2, variant = CORTEX_A15_GIC, eoiMode = 0): Bench {
  const lines = Array.from({ length: cores }, () => ({ irq: false, fiq: false }));
  const wire = (line: { irq: boolean; fiq: boolean }, name: 'irq' | 'fiq') => ({
    set: (level: boolean): void => {
      line[name] = level;
    },
  });
  const gic = new Gic(
    variant,
    96,
    lines.map(line => ({ irq: wire(line, 'irq'), fiq: wire(line, 'fiq') })),
  );
  const { distributor, cpuInterface } = gic;
  const all: Bench = {
    gic,
    lines,
    dist: (offset, cpu = 0, size = 4) => distributor.read(offset, size, cpu),
    setDist: (offset, value, cpu = 0, size = 4) => distributor.write(offset, size, value, cpu),
    cpuIf: (offset, cpu = 0) => cpuInterface.read(offset, 4, cpu),
    setCpuIf: (offset, value, cpu = 0) => cpuInterface.write(offset, 4, value, cpu),
  };
  all.setDist(0, 0);
  for (let id = 32; id < 96; id += 4) {
    all.setDist(0x800 + id, 0x01010101);
    all.setDist(0x400 + id, 0xa0a0a0a0);
  }
  all.setDist(0, 1);
  for (let cpu = 0; cpu < cores; cpu++) {
    all.setDist(0x180, 0xffff_0000, cpu);
    for (let id = 0; id < 32; id += 4) all.setDist(0x400 + id, 0xa0a0a0a0, cpu);
    all.setCpuIf(0x04, 0xf0, cpu);
    all.setCpuIf(0x00, 1 | eoiMode, cpu);
  }
  return all;
}

test('identification', () => {
  const { dist, cpuIf } = bench(2);
  assert.equal(dist(0x004), 2 | (1 << 5), '96 IDs, 2 cores');
  assert.equal(cpuIf(0xfc) & 0xff0fff, 0x02043b, 'gic_check_gicv2() of Linux');
  assert.equal(dist(0xfe8) >>> 4, 2);
  const old = bench(4, CORTEX_A9_GIC);
  assert.equal(old.dist(0x004), 2 | (3 << 5) | (1 << 10) | (31 << 11));
  assert.equal(old.cpuIf(0xfc), 0x3901243b);
});

test('a level is signalled, acknowledged, ended, and comes again while it lasts', () => {
  const { gic, lines, setDist, dist, cpuIf, setCpuIf } = bench();
  const uart = gic.shared(1);
  uart.set(true);
  assert.equal(lines[0]!.irq, false, 'not enabled');
  assert.equal(dist(0x204), 2, 'but pending');
  setDist(0x104, 2);
  assert.deepEqual(lines[0], { irq: true, fiq: false });
  assert.equal(lines[1]!.irq, false, 'not its target');
  assert.equal(cpuIf(0x18), 33, 'GICC_HPPIR');
  assert.equal(cpuIf(IAR), 33);
  assert.equal(dist(0x304), 2, 'active');
  assert.equal(dist(0x204), 2, 'and pending, since the wire is up');
  assert.equal(lines[0]!.irq, false);
  assert.equal(cpuIf(0x14), 0xa0, 'running priority');
  assert.equal(cpuIf(IAR), 1023);
  setCpuIf(EOIR, 33);
  assert.equal(cpuIf(0x14), 0xff);
  assert.equal(lines[0]!.irq, true, 'the wire is still up');
  uart.set(false);
  assert.equal(lines[0]!.irq, false);
  assert.equal(cpuIf(IAR), 1023);
});

test('an edge is remembered, once', () => {
  const { gic, lines, setDist, dist, cpuIf, setCpuIf } = bench();
  setDist(0xc08, 2 << 4);
  assert.equal(dist(0xc08), 0x5555_5555 | (2 << 4));
  setDist(0x104, 4);
  const line = gic.shared(2);
  line.set(true);
  line.set(false);
  assert.equal(cpuIf(IAR), 34);
  assert.equal(dist(0x204), 0);
  line.set(true);
  assert.equal(lines[0]!.irq, false, 'active and pending');
  assert.equal(dist(0x204), 4);
  setCpuIf(EOIR, 34);
  assert.equal(lines[0]!.irq, true);
  assert.equal(cpuIf(IAR), 34);
  setCpuIf(EOIR, 34);
  assert.equal(lines[0]!.irq, false, 'the wire is up, but that is no edge');
});

test('software sets and clears pending; a level on the wire stays', () => {
  const { gic, lines, setDist, dist, cpuIf, setCpuIf } = bench();
  setDist(0x104, 1);
  setDist(0x204, 1);
  assert.equal(lines[0]!.irq, true);
  setDist(0x284, 1);
  assert.equal(lines[0]!.irq, false);
  setDist(0x204, 1);
  assert.equal(cpuIf(IAR), 32);
  setCpuIf(EOIR, 32);
  assert.equal(lines[0]!.irq, false, 'acknowledging cleared what software had set');
  gic.shared(0).set(true);
  setDist(0x284, 1);
  assert.equal(dist(0x204), 1);
});

test('higher priorities first, then lower IDs; only higher ones preempt', () => {
  const { gic, lines, setDist, cpuIf, setCpuIf } = bench();
  setDist(0x104, 0xffff_ffff);
  setDist(0x400 + 40, 0x80, 0, 1);
  for (const spi of [3, 4]) gic.shared(spi).set(true);
  assert.equal(cpuIf(IAR), 35);
  assert.equal(lines[0]!.irq, false, '36 has the same priority');
  gic.shared(8).set(true);
  assert.equal(lines[0]!.irq, true, '40 preempts');
  assert.equal(cpuIf(IAR), 40);
  assert.equal(cpuIf(0x14), 0x80);
  setCpuIf(EOIR, 40);
  assert.equal(cpuIf(0x14), 0xa0);
  gic.shared(8).set(false);
  setCpuIf(EOIR, 35);
  setCpuIf(0x08, 7);
  assert.equal(cpuIf(IAR), 35);
  gic.shared(8).set(true);
  assert.equal(lines[0]!.irq, false, 'with the binary point at 7 nothing preempts');
  setCpuIf(0x08, 0);
  assert.equal(cpuIf(0x08), 2, 'the smallest that 32 levels allow');
  setCpuIf(0x04, 0x80);
  assert.equal(lines[0]!.irq, false, 'masked');
  setCpuIf(0x04, 0xff);
  assert.equal(cpuIf(0x04), 0xf8);
});

test('priorities have five bits; private ones are banked', () => {
  const { dist, setDist } = bench();
  setDist(0x400 + 29, 0xff, 1, 1);
  assert.equal(dist(0x400 + 29, 1, 1), 0xf8);
  assert.equal(dist(0x400 + 29, 0, 1), 0xa0);
  assert.equal(dist(0x41c, 1), 0xa0a0f8a0);
});

test('targets: a core sees itself in the private ones', () => {
  const { dist, setDist, gic, lines } = bench(4);
  assert.equal(dist(0x800, 0), 0x01010101);
  assert.equal(dist(0x81c, 3), 0x08080808);
  setDist(0x800, 0xffff_ffff);
  assert.equal(dist(0x800), 0x01010101);
  setDist(0x820, 0xff00_0004);
  assert.equal(dist(0x820), 0x0f00_0004);
  setDist(0x104, 1);
  gic.shared(0).set(true);
  assert.deepEqual(
    lines.map(({ irq }) => irq),
    [false, false, true, false],
  );
  const one = bench(1);
  assert.equal(one.dist(0x800), 0, 'one core alone reads zeros');
});

test('SGIs tell who sent them, and wait for each other', () => {
  const { lines, setDist, dist, cpuIf, setCpuIf } = bench(3);
  setDist(0xf00, (1 << 24) | 5, 0);
  assert.deepEqual(
    lines.map(({ irq }) => irq),
    [false, true, true],
    'all others',
  );
  setDist(0xf00, (0b110 << 16) | 5, 2);
  assert.equal(dist(0xf24, 1, 4), 0b101 << 8, 'GICD_SPENDSGIR1: from cores 0 and 2');
  assert.equal(cpuIf(IAR, 1), 5);
  assert.equal(lines[1]!.irq, false, 'active');
  setCpuIf(EOIR, 5, 1);
  assert.equal(cpuIf(IAR, 1), 5 | (2 << 10));
  setCpuIf(EOIR, 5 | (2 << 10), 1);
  assert.equal(cpuIf(IAR, 1), 1023);
  setDist(0xf00, (2 << 24) | 1, 1);
  assert.equal(cpuIf(IAR, 1), 1 | (1 << 10), 'itself');
  setDist(0xf14, 0xff00, 2);
  assert.equal(cpuIf(IAR, 2), 1023, 'GICD_CPENDSGIR took it back');
  assert.equal(dist(0x100) & 0xffff, 0xffff, 'SGIs are always enabled');
});

test('private interrupts: enabled and configured for each core', () => {
  const { gic, lines, setDist, dist } = bench();
  gic.privateLine(1, 27).set(true);
  setDist(0x100, 1 << 27, 0);
  assert.deepEqual(
    lines.map(({ irq }) => irq),
    [false, false],
  );
  setDist(0x100, 1 << 27, 1);
  assert.deepEqual(
    lines.map(({ irq }) => irq),
    [false, true],
  );
  setDist(0xc04, 0xffff_ffff);
  assert.equal(dist(0xc04), 0x5554_0000, 'fixed');
});

test('the private timer of a Cortex-A9 is an edge, and its GIC has no GICv2 registers', () => {
  const { gic, lines, setDist, cpuIf, setCpuIf, dist } = bench(2, CORTEX_A9_GIC);
  setDist(0x100, 1 << 29, 1);
  const timer = gic.privateLine(1, 29);
  timer.set(true);
  assert.equal(cpuIf(IAR, 1), 29);
  setCpuIf(EOIR, 29, 1);
  assert.equal(lines[1]!.irq, false);
  timer.set(false);
  timer.set(true);
  assert.equal(lines[1]!.irq, true);
  setCpuIf(0x00, 0x3ff, 1);
  assert.equal(cpuIf(0x00, 1), 0x1f);
  setDist(0xf20, 0xffff_ffff);
  assert.equal(dist(0xf20), 0);
  setDist(0x300, 0xff);
  assert.equal(dist(0x300), 0);
});

test('with EOImode the end of an interrupt is not its deactivation', () => {
  const { gic, lines, setDist, dist, cpuIf, setCpuIf } = bench(2, CORTEX_A15_GIC, 1 << 9);
  setDist(0x104, 3);
  gic.shared(0).set(true);
  assert.equal(cpuIf(IAR), 32);
  setCpuIf(EOIR, 32);
  assert.equal(dist(0x304), 1, 'still active');
  assert.equal(lines[0]!.irq, false, 'so the wire does not bring it again');
  gic.shared(1).set(true);
  assert.equal(cpuIf(IAR), 33, 'the priority has dropped');
  setCpuIf(EOIR, 33);
  setCpuIf(0x1000, 33);
  setCpuIf(0x1000, 32);
  assert.equal(dist(0x304), 0);
  assert.equal(lines[0]!.irq, true);
});

test('groups: FIQ, and 1022 for whom it is not', () => {
  const { gic, lines, setDist, cpuIf, setCpuIf } = bench();
  setDist(0, 3);
  setCpuIf(0, 3 | (1 << 3));
  setDist(0x084, 1);
  setDist(0x104, 3);
  gic.shared(0).set(true);
  assert.deepEqual(lines[0], { irq: true, fiq: false }, 'group 1');
  assert.equal(cpuIf(IAR), 1022);
  assert.equal(cpuIf(0x20), 32, 'GICC_AIAR');
  setCpuIf(EOIR, 32);
  assert.equal(cpuIf(0x14), 0xa0, 'ended through the alias only');
  setCpuIf(0x24, 32);
  assert.equal(cpuIf(0x14), 0xff);
  gic.shared(0).set(false);
  gic.shared(1).set(true);
  assert.deepEqual(lines[0], { irq: false, fiq: true });
  setDist(0, 0);
  assert.deepEqual(lines[0], { irq: false, fiq: false });
});

test('what is not there reads as zero', () => {
  const { dist, setDist } = bench();
  for (const offset of [0x10c, 0x20c, 0x400 + 96, 0x800 + 96, 0xc18, 0x00c, 0xd00, 0xfd0]) {
    setDist(offset, 0xffff_ffff);
    assert.equal(dist(offset), 0, offset.toString(16));
  }
});

test('state goes out and comes back', () => {
  const { gic, setDist, cpuIf } = bench();
  setDist(0x104, 0xff);
  gic.shared(3).set(true);
  setDist(0xf00, (1 << 24) | 5, 1);
  const state = structuredClone(gic.save());
  const other = bench();
  other.gic.restore(state);
  assert.equal(other.lines[0]!.irq, true);
  assert.equal(other.cpuIf(IAR), 5 | (1 << 10));
  assert.equal(cpuIf(IAR), 5 | (1 << 10));
  assert.deepEqual(other.gic.save(), gic.save());
});

test('whatever comes, each edge is taken once and nothing stays active', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ spi: fc.nat(20), priority: fc.nat(255), nest: fc.boolean() }), { maxLength: 30 }),
      events => {
        const { gic, setDist, dist, cpuIf, setCpuIf, lines } = bench();
        for (const offset of [0xc08, 0xc0c]) setDist(offset, 0xaaaa_aaaa);
        setDist(0x104, 0xffff_ffff);
        setCpuIf(0x04, 0xff);
        const seen: number[] = [];
        const stack: number[] = [];
        const take = (): void => {
          while (lines[0]!.irq) {
            const id = cpuIf(IAR);
            assert.ok(id < 1020, 'what is signalled can be acknowledged');
            seen.push(id);
            stack.push(id);
          }
        };
        const end = (): void => {
          const id = stack.pop();
          if (id !== undefined) setCpuIf(EOIR, id);
        };
        const raised: number[] = [];
        for (const { spi, priority, nest } of events) {
          // A second edge before the first was taken is lost, as it should be.
          if ((dist(0x204) >>> spi) & 1) continue;
          setDist(0x420 + spi, priority & 0x7f, 0, 1);
          gic.shared(spi).set(true);
          gic.shared(spi).set(false);
          raised.push(spi + 32);
          take();
          if (!nest) end();
          take();
        }
        for (let i = 0; i < 100 && (stack.length > 0 || lines[0]!.irq); i++) {
          end();
          take();
        }
        assert.deepEqual(seen.sort(), raised.sort());
        assert.equal(dist(0x304), 0);
        assert.equal(cpuIf(0x14), 0xff);
      },
    ),
  );
});
