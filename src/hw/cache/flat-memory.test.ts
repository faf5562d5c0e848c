// SPDX-License-Identifier: GPL-2.0-only
/**
 * Properties: whoever follows the rules sees memory as if there were no caches, whatever the hardware does in
 * between. The caches are tiny, so that lines come and go all the time.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Random } from '../../base/random.js';
import { NORMAL_NC, NORMAL_NC_SHARED, NORMAL_WB, NORMAL_WBWA, NORMAL_WT } from '../mmu/memory-type.js';
import { BASE, factsOf, liveMachine, type Parts, PL310, tiny, VIRTUAL } from './cache-fixture.js';
import type { Candidate, LiveCaches, SpeculationSource } from './live-caches.js';

const BYTES = 256;
const UNIPHIER = { ...PL310, model: 'UniPhier', lineBytes: 128 } as const;
const AURORA = { ...PL310, model: 'Aurora', writeThrough: true } as const;
const FOLLOWER = { ...PL310, model: 'Tauros3', needsMaintenance: false } as const;

const l1 = { data: tiny({ ways: 2 }), instruction: tiny({ ways: 2 }) };
const small = { ...l1, outer: tiny({ sets: 2, ways: 1 }) };

const ONE_CORE: readonly Parts[] = [
  { outer: PL310, options: { geometry: small } },
  { options: { geometry: l1 } },
  { core: 'ARM926EJ-S', options: { geometry: l1 } },
  { core: 'ARM1136JF-S', indexing: 'VIPT-aliasing', options: { geometry: l1 } },
  { core: 'Feroceon', outer: { ...PL310, model: 'Feroceon-L2' }, options: { geometry: small } },
  { outer: UNIPHIER, options: { geometry: { ...l1, outer: tiny({ lineBytes: 128, ways: 1 }) } } },
  { outer: AURORA, options: { geometry: { ...l1, outer: tiny({ writeThrough: true }) } } },
];

const MANY_CORES: readonly Parts[] = [
  { coreCount: 2, outer: PL310, options: { geometry: small } },
  {
    coreCount: 3,
    core: 'Cortex-A15',
    options: { geometry: { ...l1, l2: tiny({ lineBytes: 64, ways: 2 }) } },
  },
  { coreCount: 2, core: 'PJ4B-MP', outer: FOLLOWER, options: { geometry: { ...l1, l2: tiny({ ways: 3 }) } } },
  { coreCount: 2, core: 'ARM11 MPCore', outer: PL310, options: { geometry: small } },
];

const CACHEABLE = [NORMAL_WBWA, NORMAL_WB, NORMAL_WT];

type Action =
  | { kind: 'load'; cpu: number; at: number; size: 1 | 2 | 4; value: number }
  | { kind: 'store'; cpu: number; at: number; size: 1 | 2 | 4; value: number }
  | { kind: 'read'; cpu: number; at: number; count: number; value: number }
  | { kind: 'write'; cpu: number; at: number; count: number; value: number }
  | { kind: 'maintain'; cpu: number; operation: 'clean' | 'clean-invalidate'; at: number; count: number }
  | { kind: 'outer'; operation: 'clean' | 'clean-invalidate'; at: number; count: number }
  | { kind: 'barrier'; cpu: number; barrier: 'dsb' | 'dmb' | 'outer-sync' }
  | { kind: 'hardware'; choice: number };

const cpu = fc.nat(2);
const at = fc.nat(BYTES - 1);
const value = fc.nat(0xffff_ffff);
const count = fc.integer({ min: 1, max: 100 });
const size = fc.constantFrom<(1 | 2 | 4)[]>(1, 2, 4);
const operation = fc.constantFrom('clean' as const, 'clean-invalidate' as const);
const kinds: readonly fc.Arbitrary<Action>[] = [
  fc.record({ kind: fc.constantFrom('load' as const, 'store' as const), cpu, at, size, value }),
  fc.record({ kind: fc.constantFrom('read' as const, 'write' as const), cpu, at, count, value }),
  fc.record({ kind: fc.constant('maintain' as const), cpu, operation, at, count }),
  fc.record({ kind: fc.constant('outer' as const), operation, at, count }),
  fc.record({
    kind: fc.constant('barrier' as const),
    cpu,
    barrier: fc.constantFrom('dsb' as const, 'dmb' as const, 'outer-sync' as const),
  }),
  fc.record({ kind: fc.constant('hardware' as const), choice: value }),
];
const actions = fc.array(
  fc.oneof(
    { arbitrary: kinds[0]!, weight: 5 },
    { arbitrary: kinds[1]!, weight: 2 },
    ...kinds.slice(2, 5).map(arbitrary => ({ arbitrary, weight: 1 })),
    { arbitrary: kinds[5]!, weight: 5 },
  ),
  { maxLength: 60 },
);

function candidatesOf(coreCount: number): Candidate[] {
  const lines = Array.from({ length: BYTES / 32 }, (_, i) => 32 * i);
  return Array.from({ length: coreCount }, (_, core) =>
    lines.map(line => ({ cpu: core, vaddr: VIRTUAL + line, paddr: BASE + line, type: NORMAL_WBWA })),
  ).flat();
}

/** One thing that the hardware may do, chosen by a number. */
function hardware(live: LiveCaches, candidates: readonly Candidate[], choice: number): void {
  const steps = live.possibleSteps(candidates);
  const step = steps[choice % Math.max(1, steps.length)];
  if (step !== undefined) live.apply(step);
}

/** Any line of any core, until `still`: then no core uses a line on its own any more. */
class UntilStill implements SpeculationSource {
  still = false;
  private readonly lines: readonly Candidate[];

  constructor(lines: readonly Candidate[]) {
    this.lines = lines;
  }

  pick(random: Random): Candidate | null {
    return this.still || this.lines.length === 0 ? null : random.pick(this.lines);
  }
}

function run(parts: Parts, type: typeof NORMAL_NC, list: readonly Action[], device = false): void {
  const cores = parts.coreCount ?? 1;
  const candidates = type === NORMAL_NC || type === NORMAL_NC_SHARED ? [] : candidatesOf(cores);
  // Cores whose maintenance is not broadcast clean themselves alone, one after the other: a dirty line that moves, by
  // speculation, to a core that is done is found by none of them. They reach memory while no core speculates.
  const alone = cores > 1 && !factsOf(parts).core.multiprocessingExtensions;
  const speculation = new UntilStill(candidates);
  const { live, ram } = liveMachine(
    alone ? { ...parts, options: { ...parts.options, candidates: speculation } } : parts,
  );
  const flat = new Uint8Array(BYTES);
  const port = live.geometry.l2 === null ? 'acp' : 'l2';
  for (const action of list) {
    const core = 'cpu' in action ? action.cpu % cores : 0;
    if (action.kind === 'hardware') {
      hardware(live, candidates, action.choice);
    } else if (action.kind === 'barrier') {
      live.barrier(core, action.barrier);
    } else if (action.kind === 'outer') {
      live.outerMaintain(action.operation, BASE + action.at, action.count);
    } else if (action.kind === 'maintain') {
      live.innerMaintain(core, action.operation, VIRTUAL + action.at, BASE + action.at, action.count);
    } else if (action.kind === 'load' || action.kind === 'store') {
      const offset = action.at - (action.at % action.size);
      const bytes = flat.subarray(offset, offset + action.size);
      if (action.kind === 'store') {
        live.store(core, VIRTUAL + offset, BASE + offset, action.size, action.value, type);
        for (let i = 0; i < action.size; i++) bytes[i] = action.value >>> (8 * i);
      } else {
        const expected = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
        assert.equal(live.load(core, VIRTUAL + offset, BASE + offset, action.size, type), expected);
      }
    } else {
      const length = Math.min(action.count, BYTES - action.at);
      const bytes = flat.subarray(action.at, action.at + length);
      const byDevice = device && action.cpu === 2;
      if (action.kind === 'write') {
        bytes.fill(action.value);
        if (byDevice) live.deviceWrite(port, BASE + action.at, bytes);
        else live.write(core, VIRTUAL + action.at, BASE + action.at, bytes, type);
      } else {
        const seen = byDevice
          ? live.deviceRead(port, BASE + action.at, length)
          : live.read(core, VIRTUAL + action.at, BASE + action.at, length, type);
        assert.deepEqual(seen, new Uint8Array(bytes));
      }
    }
  }
  speculation.still = true;
  for (let core = 0; core < cores; core++) {
    live.innerMaintain(core, 'clean', VIRTUAL, BASE, BYTES);
    live.barrier(core, 'dsb');
  }
  live.outerMaintain('clean', BASE, BYTES);
  live.barrier(0, 'outer-sync');
  assert.deepEqual(ram.readBytes(BASE, BYTES), flat);
}

test('one core and one cacheable mapping: flat memory, and maintenance brings all of it to memory', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ONE_CORE), fc.constantFrom(...CACHEABLE), actions, (parts, type, list) =>
      run(parts, type, list),
    ),
    {
      numRuns: 600,
    },
  );
});

test('several cores: flat memory for all of them', () => {
  fc.assert(
    fc.property(fc.constantFrom(...MANY_CORES), fc.constantFrom(...CACHEABLE), actions, (parts, type, list) =>
      run(parts, type, list),
    ),
    {
      numRuns: 600,
    },
  );
});

test('a master on a coherent port is one more observer of flat memory', () => {
  fc.assert(
    fc.property(fc.constantFrom(...MANY_CORES), actions, (parts, list) =>
      run(parts, NORMAL_WBWA, list, true),
    ),
    { numRuns: 600 },
  );
});

test('one core and one non-cacheable mapping: flat memory', () => {
  const type = fc.constantFrom(NORMAL_NC, NORMAL_NC_SHARED);
  fc.assert(
    fc.property(fc.constantFrom(...ONE_CORE), type, actions, (parts, type, list) => run(parts, type, list)),
    { numRuns: 300 },
  );
});

test('automatic caches keep flat memory too', () => {
  const seed = fc.nat();
  fc.assert(
    fc.property(fc.constantFrom(...ONE_CORE, ...MANY_CORES), seed, actions, (parts, seed, list) => {
      run(
        { ...parts, options: { ...parts.options, automatic: true, speculation: 0.7, seed } },
        NORMAL_WBWA,
        list,
      );
    }),
    { numRuns: 400 },
  );
});

test('a device that does not snoop and a driver that follows the rules understand each other', () => {
  const rounds = fc.array(
    fc.record({ toDevice: fc.boolean(), byte: fc.nat(255), choices: fc.array(value) }),
    {
      maxLength: 6,
    },
  );
  fc.assert(
    fc.property(fc.constantFrom(...ONE_CORE, ...MANY_CORES.slice(0, 3)), rounds, (parts, list) => {
      const { live } = liveMachine(parts);
      const candidates = candidatesOf(parts.coreCount ?? 1);
      const transfer = (operation: 'clean' | 'invalidate', outerFirst: boolean): void => {
        if (outerFirst) live.outerMaintain(operation, BASE, BYTES);
        if (outerFirst) live.barrier(0, 'outer-sync');
        live.innerMaintain(0, operation, VIRTUAL, BASE, BYTES);
        live.barrier(0, 'dsb');
        if (!outerFirst) live.outerMaintain(operation, BASE, BYTES);
        if (!outerFirst) live.barrier(0, 'outer-sync');
      };
      for (const { toDevice, byte, choices } of list) {
        const expected = new Uint8Array(BYTES).fill(byte);
        if (toDevice) {
          live.fill(0, VIRTUAL, BASE, BYTES, byte, NORMAL_WBWA);
          transfer('clean', false);
          for (const choice of choices) hardware(live, candidates, choice);
          assert.deepEqual(live.deviceRead('none', BASE, BYTES), expected);
        } else {
          transfer('invalidate', false);
          for (const choice of choices) hardware(live, candidates, choice);
          live.deviceWrite('none', BASE, expected);
          for (const choice of choices) hardware(live, candidates, choice);
          transfer('invalidate', true);
          assert.deepEqual(live.read(0, VIRTUAL, BASE, BYTES, NORMAL_WBWA), expected);
        }
      }
    }),
    { numRuns: 400 },
  );
});
