// SPDX-License-Identifier: GPL-2.0-only
/** What a worker thread of `fleet.ts` runs: one board. */
export { tryCompareBoard as default } from './compare.js';
