// SPDX-License-Identifier: GPL-2.0-only
/**
 * A kernel's System.map: which function an address is in, written as the kernel writes it, `name+0xoffset/0xsize`.
 * Linux: kernel/kallsyms.c, sprint_symbol() (v6.12): the size is the distance to the next address that has a symbol.
 */
import { inputError } from '../../base/diagnostics.js';

const LINE = /^([0-9a-fA-F]+) ([a-zA-Z?]) (\S+)$/;
/** Absolute symbols are no places: constants stand among them. */
const ABSOLUTE = 'Aa';

export class Symbols {
  /** Rising, with no address twice. */
  private readonly addresses: readonly number[];
  private readonly names: readonly string[];

  private constructor(places: readonly (readonly [number, string])[]) {
    this.addresses = places.map(([address]) => address);
    this.names = places.map(([, name]) => name);
  }

  /** Throws an InputError `system-map` where the text is none, naming `file`. */
  static parse(text: string, file: string): Symbols {
    const places = new Map<number, string>();
    for (const [index, line] of text.split('\n').entries()) {
      if (line.trim() === '') continue;
      const [, digits, type, name] = LINE.exec(line) ?? [];
      const address = Number.parseInt(digits ?? '', 16);
      if (name === undefined || address >= 2 ** 32) {
        inputError('system-map', 'a line of a System.map is `address type name`, with 32 bits of address', {
          position: { file, line: index + 1 },
          // Debian: /boot/System.map-VERSION has one line that says so.
          notes: line.includes('linux-image-')
            ? ['this is a placeholder; it says where the real one is']
            : [],
        });
      }
      // Of several names of one place the first one in the file, as kallsyms does.
      if (!ABSOLUTE.includes(type!) && !places.has(address)) places.set(address, name);
    }
    if (places.size === 0) inputError('system-map', 'there is no symbol in it', { position: { file } });
    return new Symbols([...places].sort(([a], [b]) => a - b));
  }

  /** `name+0xoffset/0xsize`; undefined: before the first symbol, or behind the last one, whose size nobody knows. */
  at(address: number): string | undefined {
    const { addresses, names } = this;
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (addresses[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    const end = addresses[low];
    if (low === 0 || end === undefined) return undefined;
    const start = addresses[low - 1]!;
    return `${names[low - 1]}+0x${(address - start).toString(16)}/0x${(end - start).toString(16)}`;
  }
}

/** As the kernel's %pS: the symbol, or the address. */
export function placeName(address: number, symbols: Symbols | null): string {
  return symbols?.at(address >>> 0) ?? `0x${(address >>> 0).toString(16)}`;
}
