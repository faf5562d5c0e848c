// SPDX-License-Identifier: GPL-2.0-only
/** What a worker thread of `p1-pl310-shared-override.ts` runs: one board. */
export { judgeSharedOverride as default } from './p1-board.js';
