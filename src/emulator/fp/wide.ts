// SPDX-License-Identifier: GPL-2.0-only
/**
 * Significands of 128 bits for double-precision arithmetic that the host's cannot do: four 32-bit limbs, the least
 * significant first, with a sign and an exponent.
 *
 *   value = (-1)^negative * limbs / 2^126 * 2^exponent
 *
 * Bit 126 is the leading one of a normalised significand; bit 127 is room for the carry of an addition. Bit 0 is
 * sticky: it collects every bit that was shifted out, so that it says "and something more".
 */

export class Wide {
  negative = false;
  exponent = 0;
  readonly limbs: Uint32Array = new Uint32Array(4);

  isZero(): boolean {
    const limbs = this.limbs;
    return (limbs[0]! | limbs[1]! | limbs[2]! | limbs[3]!) === 0;
  }

  /** A significand of up to 53 bits, `hi` holding bits 52 to 32, whose bit 52 has the weight 2^`exponent`. */
  setSignificand(negative: boolean, exponent: number, hi: number, lo: number): void {
    this.negative = negative;
    this.exponent = exponent;
    const limbs = this.limbs;
    limbs[0] = 0;
    limbs[1] = 0;
    limbs[2] = lo << 10;
    limbs[3] = (hi << 10) | (lo >>> 22);
  }

  /** The exact product of two significands of 53 bits whose leading bits have the weight one, times 2^exponent. */
  setProduct(negative: boolean, exponent: number, aHi: number, aLo: number, bHi: number, bLo: number): void {
    this.negative = negative;
    // The product has its bit 104 where bit 126 is wanted: once it is shifted by 22, or by 21 and one exponent up.
    this.exponent = exponent;
    digitsOf(aHi, aLo, digitsA);
    digitsOf(bHi, bLo, digitsB);
    let carry = 0;
    for (let k = 0; k < 8; k++) {
      // Up to four products of 32 bits and a carry of less than 2^19: exact in a double.
      let column = carry;
      for (let i = Math.max(0, k - 3); i <= Math.min(3, k); i++) column += digitsA[i]! * digitsB[k - i]!;
      carry = Math.floor(column / 65536);
      product[k] = column - carry * 65536;
    }
    const limbs = this.limbs;
    for (let k = 0; k < 4; k++) limbs[k] = product[2 * k]! | (product[2 * k + 1]! << 16);
    this.shiftLeft(22);
    if (limbs[3]! >>> 31 !== 0) this.carryDown();
  }

  /** After a carry into bit 127: one bit to the right. */
  carryDown(): void {
    this.shiftRight(1);
    this.exponent++;
  }

  /** Shifts towards the sticky bit without touching the exponent. */
  shiftRight(count: number): void {
    const limbs = this.limbs;
    if (count >= 128) {
      const sticky = this.isZero() ? 0 : 1;
      limbs.fill(0);
      limbs[0] = sticky;
      return;
    }
    let lost = 0;
    for (let whole = count >>> 5; whole > 0; whole--) {
      lost |= limbs[0]!;
      limbs.copyWithin(0, 1);
      limbs[3] = 0;
    }
    const bits = count & 31;
    if (bits !== 0) {
      lost |= limbs[0]! << (32 - bits);
      for (let k = 0; k < 3; k++) limbs[k] = (limbs[k]! >>> bits) | (limbs[k + 1]! << (32 - bits));
      limbs[3] = limbs[3]! >>> bits;
    }
    if (lost !== 0) limbs[0] = limbs[0]! | 1;
  }

  /** Shifts in zeros; bits that leave at the top are lost. */
  shiftLeft(count: number): void {
    const limbs = this.limbs;
    for (let whole = count >>> 5; whole > 0; whole--) {
      limbs.copyWithin(1, 0);
      limbs[0] = 0;
    }
    const bits = count & 31;
    if (bits === 0) return;
    for (let k = 3; k > 0; k--) limbs[k] = (limbs[k]! << bits) | (limbs[k - 1]! >>> (32 - bits));
    limbs[0] = limbs[0]! << bits;
  }

  /** Brings the leading one to bit 126; the significand is not zero and bit 127 is clear. */
  normalise(): void {
    const limbs = this.limbs;
    let top = 3;
    while (limbs[top] === 0) top--;
    const shift = Math.clz32(limbs[top]!) + 32 * (3 - top) - 1;
    this.shiftLeft(shift);
    this.exponent -= shift;
  }

  /** Whether the significand is less than that of `other`. */
  private isLess(other: Wide): boolean {
    for (let k = 3; k >= 0; k--) {
      if (this.limbs[k] !== other.limbs[k]) return this.limbs[k]! < other.limbs[k]!;
    }
    return false;
  }

  /**
   * Adds `other` to this value; both are normalised, or zero with an exponent below every other. The smaller one is
   * shifted, `other` perhaps in place. The result is normalised or zero.
   * A shift by one loses nothing, since no operand uses more than 106 of the 127 bits; after a larger one, at most
   * one leading bit cancels, so that the sticky bit stays far below the bits that are kept.
   */
  add(other: Wide): void {
    const distance = this.exponent - other.exponent;
    if (distance >= 0) {
      other.shiftRight(distance);
    } else {
      this.shiftRight(-distance);
      this.exponent = other.exponent;
    }
    if (this.negative === other.negative) {
      this.addSignificand(other);
      if (this.limbs[3]! >>> 31 !== 0) this.carryDown();
      return;
    }
    const flip = this.isLess(other);
    this.subtractSignificand(other, flip);
    if (flip) this.negative = other.negative;
    if (!this.isZero()) this.normalise();
  }

  private addSignificand(other: Wide): void {
    let carry = 0;
    for (let k = 0; k < 4; k++) {
      const sum = this.limbs[k]! + other.limbs[k]! + carry;
      this.limbs[k] = sum;
      carry = sum >= 2 ** 32 ? 1 : 0;
    }
  }

  /** |this - other|; `flip` says that the other one is the larger. */
  private subtractSignificand(other: Wide, flip: boolean): void {
    let borrow = 0;
    for (let k = 0; k < 4; k++) {
      const mine = this.limbs[k]!;
      const theirs = other.limbs[k]!;
      const difference = (flip ? theirs - mine : mine - theirs) - borrow;
      this.limbs[k] = difference;
      borrow = difference < 0 ? 1 : 0;
    }
  }
}

/** Digits in base 2^16 of the factors and of the product. */
const digitsA = new Uint16Array(4);
const digitsB = new Uint16Array(4);
const product = new Uint16Array(8);

function digitsOf(hi: number, lo: number, digits: Uint16Array): void {
  digits[0] = lo;
  digits[1] = lo >>> 16;
  digits[2] = hi;
  digits[3] = hi >>> 16;
}
