// SPDX-License-Identifier: GPL-2.0-only
/**
 * Elements of 64 bits, and products of 32-bit ones: an integer in two signed words, changed in place. Elements of up
 * to 32 bits, and their sums, are plain numbers.
 */

export class Int64 {
  lo = 0;
  hi = 0;

  set(lo: number, hi: number): void {
    this.lo = lo | 0;
    this.hi = hi | 0;
  }

  /** An integer of at most 53 bits. */
  setNumber(value: number): void {
    this.lo = value | 0;
    this.hi = Math.floor(value / 2 ** 32) | 0;
  }

  /** The product of two integers of up to 32 bits, signed or not. */
  setProduct(a: number, b: number): void {
    const x = Math.abs(a);
    const y = Math.abs(b);
    // Four products of 16 bits each; the middle ones and a carry have at most 34 bits.
    const xLow = x % 65536;
    const xHigh = (x - xLow) / 65536;
    const yLow = y % 65536;
    const yHigh = (y - yLow) / 65536;
    const low = xLow * yLow;
    const middle = xHigh * yLow + xLow * yHigh + Math.floor(low / 65536);
    this.lo = (middle << 16) | (low & 0xffff);
    this.hi = (xHigh * yHigh + Math.floor(middle / 65536)) | 0;
    if (a < 0 !== b < 0) this.negate();
  }

  /** Adds a product. */
  addProduct(a: number, b: number): void {
    const { lo, hi } = this;
    this.setProduct(a, b);
    this.add(lo, hi);
  }

  negate(): void {
    this.lo = -this.lo | 0;
    this.hi = (~this.hi + (this.lo === 0 ? 1 : 0)) | 0;
  }

  add(lo: number, hi: number): void {
    const sum = (this.lo >>> 0) + (lo >>> 0);
    this.lo = sum | 0;
    this.hi = (this.hi + hi + (sum >= 2 ** 32 ? 1 : 0)) | 0;
  }

  subtract(lo: number, hi: number): void {
    const borrow = this.lo >>> 0 < lo >>> 0 ? 1 : 0;
    this.lo = (this.lo - lo) | 0;
    this.hi = (this.hi - hi - borrow) | 0;
  }

  /** By 0 or more bits. */
  shiftLeft(count: number): void {
    if (count >= 32) {
      this.hi = count >= 64 ? 0 : this.lo << (count - 32);
      this.lo = 0;
    } else if (count > 0) {
      this.hi = (this.hi << count) | (this.lo >>> (32 - count));
      this.lo <<= count;
    }
  }

  /** By 0 or more bits; `unsigned` shifts in zeros, otherwise the sign is kept. */
  shiftRight(count: number, unsigned: boolean): void {
    const top = unsigned ? 0 : this.hi >> 31;
    if (count >= 64) {
      this.lo = top;
      this.hi = top;
    } else if (count >= 32) {
      const by = count - 32;
      this.lo = unsigned ? (this.hi >>> by) | 0 : this.hi >> by;
      this.hi = top;
    } else if (count > 0) {
      this.lo = (this.lo >>> count) | (this.hi << (32 - count));
      this.hi = unsigned ? (this.hi >>> count) | 0 : this.hi >> count;
    }
  }

  /**
   * The same, rounded: (x + 2^(count-1)) >> count, computed without overflow as x >> count plus the last bit that was
   * shifted out.
   */
  shiftRightRounded(count: number, unsigned: boolean): void {
    if (count === 0) return;
    const last = this.bit(count - 1, unsigned);
    this.shiftRight(count, unsigned);
    this.add(last, 0);
  }

  /** Bit `index`, which may be beyond 63: then the sign, or zero. */
  private bit(index: number, unsigned: boolean): number {
    if (index < 32) return (this.lo >>> index) & 1;
    if (index < 64) return (this.hi >>> (index - 32)) & 1;
    return unsigned ? 0 : this.hi >>> 31;
  }

  equals(lo: number, hi: number): boolean {
    return this.lo === lo && this.hi === hi;
  }
}
