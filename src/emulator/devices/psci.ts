// SPDX-License-Identifier: GPL-2.0-only
/**
 * Power State Coordination Interface 1.0: what firmware does when a core says HVC or SMC with a function ID in r0.
 * Arm DEN 0022D, chapter 5. Switching cores on and off is the machine's; this decides what is asked for and
 * what is answered.
 * Model: CPU_SUSPEND is a standby, whatever the state asked for: the core waits for an interrupt and goes on.
 * Linux: drivers/firmware/psci/psci.c.
 */

/** What the machine can do with its cores. `core` counts from 0. */
export interface PowerControl {
  /** MPIDR[23:0] of each core. */
  readonly affinities: readonly number[];
  isOn(core: number): boolean;
  /** The core starts at `entry` in SVC mode, MMU and caches off, with `context` in r0. Bit 0 of entry: T32. */
  powerOn(core: number, entry: number, context: number): void;
  powerOff(core: number): void;
  /** The core sleeps until there is an interrupt for it. */
  standby(core: number): void;
  systemOff(): void;
  systemReset(): void;
}

/** Function IDs of 32-bit callers. DEN 0022D, 5.1. */
export const PSCI = {
  PSCI_VERSION: 0x8400_0000,
  CPU_SUSPEND: 0x8400_0001,
  CPU_OFF: 0x8400_0002,
  CPU_ON: 0x8400_0003,
  AFFINITY_INFO: 0x8400_0004,
  MIGRATE_INFO_TYPE: 0x8400_0006,
  SYSTEM_OFF: 0x8400_0008,
  SYSTEM_RESET: 0x8400_0009,
  PSCI_FEATURES: 0x8400_000a,
} as const;

/** Return codes. DEN 0022D, 5.2.2. */
const SUCCESS = 0;
const NOT_SUPPORTED = -1;
const INVALID_PARAMETERS = -2;
const ALREADY_ON = -4;

const VERSION_1_0 = 0x0001_0000;
/** Of AFFINITY_INFO. DEN 0022D, 5.7. */
const ON = 0;
const OFF = 1;
/** Of MIGRATE_INFO_TYPE: there is no Trusted OS that would have to migrate. DEN 0022D, 5.9. */
const NO_MIGRATION_NEEDED = 2;

const SUPPORTED: ReadonlySet<number> = new Set(Object.values(PSCI));

/** The answer for r0, as a signed number; null: the call does not return. Arguments are r0 … r3, unsigned. */
export function psciCall(
  power: PowerControl,
  core: number,
  id: number,
  a1: number,
  a2: number,
  a3: number,
): number | null {
  switch (id) {
    case PSCI.PSCI_VERSION:
      return VERSION_1_0;
    case PSCI.PSCI_FEATURES:
      // CPU_SUSPEND: original format of the power state, platform-coordinated: no flags.
      return SUPPORTED.has(a1) ? SUCCESS : NOT_SUPPORTED;
    case PSCI.CPU_ON: {
      const target = power.affinities.indexOf(a1);
      if (target < 0) return INVALID_PARAMETERS;
      if (power.isOn(target)) return ALREADY_ON;
      power.powerOn(target, a2, a3);
      return SUCCESS;
    }
    case PSCI.AFFINITY_INFO:
      return affinityInfo(power, a1, a2);
    case PSCI.MIGRATE_INFO_TYPE:
      return NO_MIGRATION_NEEDED;
    case PSCI.CPU_SUSPEND:
      power.standby(core);
      return SUCCESS;
    case PSCI.CPU_OFF:
      power.powerOff(core);
      return null;
    case PSCI.SYSTEM_OFF:
      power.systemOff();
      return null;
    case PSCI.SYSTEM_RESET:
      power.systemReset();
      return null;
    default:
      // Also what the SMC Calling Convention (DEN 0028) answers for IDs that nobody knows.
      return NOT_SUPPORTED;
  }
}

/** ON if any core is whose affinity is the same from `level` up. */
function affinityInfo(power: PowerControl, affinity: number, level: number): number {
  if (level > 3) return INVALID_PARAMETERS;
  const ignored = 2 ** (8 * level);
  const same = power.affinities
    .map((own, core) => ({ own, core }))
    .filter(({ own }) => Math.floor(own / ignored) === Math.floor(affinity / ignored));
  if (same.length === 0) return INVALID_PARAMETERS;
  return same.some(({ core }) => power.isOn(core)) ? ON : OFF;
}
