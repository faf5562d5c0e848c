// SPDX-License-Identifier: GPL-2.0-only
/**
 * The sort of older kernels: a heap sort, so that elements that compare equal may change places. Where the
 * order of such elements decides what happens, the same order must come out here.
 * Linux: lib/sort.c, sort_r() (v6.1). 6.12 extracts two elements at a time and orders equal ones differently;
 * its callers here compare so that no two elements are equal, and need no sort of their own.
 */

/** Sorts in place. `compare` as for Array.prototype.sort. */
export function sort<T>(items: T[], compare: (a: T, b: T) => number): void {
  for (let root = Math.floor(items.length / 2) - 1; root >= 0; root--) {
    siftDown(items, root, items.length, compare);
  }
  for (let end = items.length - 1; end > 0; end--) {
    swap(items, 0, end);
    siftDown(items, 0, end, compare);
  }
}

/**
 * Follows the larger children down to a leaf first and climbs back to where the root element belongs. Of two
 * equal children the left one is taken, and the climb passes equal elements.
 */
function siftDown<T>(items: T[], root: number, end: number, compare: (a: T, b: T) => number): void {
  let place = root;
  for (;;) {
    const left = 2 * place + 1;
    const right = left + 1;
    if (right < end) place = compare(items[left]!, items[right]!) >= 0 ? left : right;
    else {
      if (left < end) place = left;
      break;
    }
  }
  while (place !== root && compare(items[root]!, items[place]!) >= 0) place = parent(place);
  const target = place;
  while (place !== root) {
    place = parent(place);
    swap(items, place, target);
  }
}

function parent(index: number): number {
  return (index - 1) >> 1;
}

function swap<T>(items: T[], a: number, b: number): void {
  const item = items[a]!;
  items[a] = items[b]!;
  items[b] = item;
}
