// SPDX-License-Identifier: GPL-2.0-only
/**
 * The registers of coprocessor 15 that the core itself needs: fault status, vectors, control. How software reaches
 * them is `cp15-access.ts`.
 */
import type { Cpu } from './cpu.js';
import type { CoreIds } from './ids.js';

export class Cp15 {
  readonly ids: CoreIds;
  dfsr = 0;
  dfar = 0;
  ifsr = 0;
  ifar = 0;
  /** SCTLR.TE and EE: T and E of exception handlers. */
  thumbExceptions = false;
  bigEndianExceptions = false;
  /** What CPACR grants. */
  vfpEnabled = false;
  neonEnabled = false;
  vectorBase = 0;
  readonly cpu: Cpu;

  constructor(cpu: Cpu, ids: CoreIds) {
    this.cpu = cpu;
    this.ids = ids;
  }
}
