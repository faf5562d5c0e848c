// SPDX-License-Identifier: GPL-2.0-only
/** Which boards a command line means: files, bundled boards, and folders of trees. */
import type { BoardJob } from '../lab/job.js';
import { type BoardOptions, bundledBoard, jobFor, refuseUnknownName } from './board-options.js';
import { findTrees, parseMemory } from './options.js';

/** Where a tree of a folder states no memory. */
const ASSUMED_MEMORY = '512M';

/** A job for each tree of `paths`, in order. For folders `--memory` applies to trees that state none. */
export function jobsFor(
  paths: readonly string[],
  options: BoardOptions,
  designs: readonly string[],
): BoardJob[] {
  return paths.flatMap(path => {
    if (bundledBoard(path)) return [jobFor(path, options, designs)];
    refuseUnknownName(path);
    const { trees, isFolder } = findTrees(path);
    if (!isFolder) return [jobFor(path, options, designs)];
    const { memory, ...others } = options;
    const assumedMemory = memory ?? parseMemory(ASSUMED_MEMORY);
    return trees.map(tree => ({ ...jobFor(tree, others, designs), assumedMemory }));
  });
}
