// SPDX-License-Identifier: GPL-2.0-only
/**
 * A set of free address ranges from which the lowest fitting one is taken. The kernel keeps the same set in
 * an augmented tree. Linux: mm/vmalloc.c, find_vmap_lowest_match(), va_alloc(),
 * merge_or_add_vmap_area_augment() (v6.12).
 *
 *   starts[i] … ends[i]   ascending, never empty, never touching
 *
 * Model: for an alignment above one page the kernel's search may pass over a low range that would fit only
 * because it happens to be aligned, depending on the shape of its tree; here such a range is taken.
 */
import { alignUp, type Vaddr } from '../../base/address.js';
import { invariant } from '../../base/diagnostics.js';

export class AddressSpace {
  private starts: Vaddr[];
  private ends: Vaddr[];

  constructor(start: Vaddr, end: Vaddr) {
    this.starts = start < end ? [start] : [];
    this.ends = start < end ? [end] : [];
  }

  copy(): AddressSpace {
    const result = new AddressSpace(0, 0);
    result.starts = this.starts.slice();
    result.ends = this.ends.slice();
    return result;
  }

  /** Takes the lowest `size` bytes at a multiple of `align`; null: none. */
  allocate(size: number, align: number): Vaddr | null {
    for (let i = 0; i < this.starts.length; i++) {
      const addr = alignUp(this.starts[i]!, align);
      if (addr + size > this.ends[i]!) continue;
      this.carve(i, addr, addr + size);
      return addr;
    }
    return null;
  }

  /** Takes whatever of [start, end) is free. */
  take(start: Vaddr, end: Vaddr): void {
    for (let i = this.starts.length - 1; i >= 0; i--) {
      const from = Math.max(start, this.starts[i]!);
      const to = Math.min(end, this.ends[i]!);
      if (from < to) this.carve(i, from, to);
    }
  }

  /** Gives [start, end) back; none of it may be free. */
  give(start: Vaddr, end: Vaddr): void {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.starts[middle]! < start) low = middle + 1;
      else high = middle;
    }
    const before = low > 0 ? this.ends[low - 1]! : -1;
    const after = low < this.starts.length ? this.starts[low]! : Number.MAX_SAFE_INTEGER;
    invariant(before <= start && end <= after, 'addresses are given back twice');
    if (before === start && after === end) {
      this.ends[low - 1] = this.ends[low]!;
      this.starts.splice(low, 1);
      this.ends.splice(low, 1);
    } else if (before === start) this.ends[low - 1] = end;
    else if (after === end) this.starts[low] = start;
    else {
      this.starts.splice(low, 0, start);
      this.ends.splice(low, 0, end);
    }
  }

  /** Bytes of the largest range. */
  largest(): number {
    let result = 0;
    for (let i = 0; i < this.starts.length; i++) {
      result = Math.max(result, this.ends[i]! - this.starts[i]!);
    }
    return result;
  }

  private carve(index: number, start: Vaddr, end: Vaddr): void {
    const rangeStart = this.starts[index]!;
    const rangeEnd = this.ends[index]!;
    if (rangeStart === start && rangeEnd === end) {
      this.starts.splice(index, 1);
      this.ends.splice(index, 1);
    } else if (rangeStart === start) this.starts[index] = end;
    else if (rangeEnd === end) this.ends[index] = start;
    else {
      this.starts.splice(index, 1, rangeStart, end);
      this.ends.splice(index, 1, start, rangeEnd);
    }
  }
}
