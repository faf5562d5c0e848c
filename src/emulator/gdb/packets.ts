// SPDX-License-Identifier: GPL-2.0-only
/**
 * The frames of GDB's remote protocol (GDB manual, appendix E.1): `$data#xx` with a checksum of two hexadecimal digits,
 * `}` before a byte that is sent XOR 0x20, `+` and `-` as acknowledgements, the byte 3 outside of a frame as Ctrl-C.
 * Bytes are characters 0 to 255 of a string here. Bytes between frames are skipped.
 * Left out: notifications, and run-length encoding, which only stubs send and need not.
 */

/** Bytes between `$` and `#`, at most: what `PacketSize` announces. */
export const PACKET_BYTES = 0x4000;

const ESCAPE = '}';
const INTERRUPT = '\x03';

export type Frame =
  | { readonly kind: 'packet'; readonly data: string }
  /** The checksum is wrong. */
  | { readonly kind: 'damaged' }
  /** Whole, but longer than PACKET_BYTES: the data are lost. */
  | { readonly kind: 'overlong' }
  | { readonly kind: 'interrupt' }
  /** `+` and `-`. */
  | { readonly kind: 'ack' | 'nak' };

export function checksum(text: string): string {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (sum + text.charCodeAt(i)) & 0xff;
  return sum.toString(16).padStart(2, '0');
}

/** `data` in a frame. */
export function encodePacket(data: string): string {
  const escaped = data.replace(/[#$}*]/g, byte => ESCAPE + String.fromCharCode(byte.charCodeAt(0) ^ 0x20));
  return `$${escaped}#${checksum(escaped)}`;
}

function unescaped(text: string): string {
  return text.replace(/\}([\s\S])/g, (_, byte: string) => String.fromCharCode(byte.charCodeAt(0) ^ 0x20));
}

/** Takes bytes as they come, in whatever pieces, and hands out frames. */
export class FrameReader {
  private body = '';
  /** Bytes of the current frame, the lost ones included. */
  private length = 0;
  private sum = '';
  private place: 'between' | 'body' | 'checksum' = 'between';

  read(bytes: string): Frame[] {
    const frames: Frame[] = [];
    for (const byte of bytes) {
      const frame = this.take(byte);
      if (frame !== null) frames.push(frame);
    }
    return frames;
  }

  private take(byte: string): Frame | null {
    if (this.place === 'checksum') {
      this.sum += byte;
      return this.sum.length === 2 ? this.finish() : null;
    }
    if (byte === '$') {
      // A `$` inside of a frame would be escaped: the one before it broke off.
      this.place = 'body';
      this.body = '';
      this.length = 0;
      return null;
    }
    if (this.place === 'body') {
      if (byte === '#') {
        this.place = 'checksum';
        this.sum = '';
      } else if (++this.length <= PACKET_BYTES) {
        this.body += byte;
      }
      return null;
    }
    if (byte === '+') return { kind: 'ack' };
    if (byte === '-') return { kind: 'nak' };
    return byte === INTERRUPT ? { kind: 'interrupt' } : null;
  }

  private finish(): Frame {
    this.place = 'between';
    if (this.length > PACKET_BYTES) return { kind: 'overlong' };
    if (this.sum.toLowerCase() !== checksum(this.body)) return { kind: 'damaged' };
    return { kind: 'packet', data: unescaped(this.body) };
  }
}

// Bytes as pairs of hexadecimal digits, in the order of memory.

export function hexOfBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Null: not a sequence of pairs of digits. */
export function bytesOfHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function bytesOfText(text: string): Uint8Array {
  return Uint8Array.from(text, character => character.charCodeAt(0));
}

/** A number of up to eight digits; NaN if it is none. */
export function numberOfHex(text: string): number {
  return /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : Number.NaN;
}
