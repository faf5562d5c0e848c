// SPDX-License-Identifier: GPL-2.0-only
/**
 * The lines of `dma_api`: `WORD key=value … [-> result]`, where the result is FAIL, ERROR (value) or more
 * `key=value`. Numbers are hexadecimal without 0x unless said: sizes, counts and errors are decimal.
 *
 *   device dev=N node=PATH dma_mask= coherent_mask= bus_limit= required= max_map= coherent=0/1 addressing_limited=0/1
 *   range dev=N cpu= dma= size=                     one entry of the device's dma_range_map
 *   mask dev=N bits= set_mask=ERR set_coherent_mask=ERR; setmask dev=N bits= -> ERR   of dma_set_mask_and_coherent()
 *   reserved dev=N of_reserved_mem_device_init=ERR
 *   alloc dev=N tag=T size= attrs= -> va= in=vmalloc|lowmem dma= pa= l1= l2= linux= contiguous=1 [freed=1]
 *                                  or cookie= dma= cookie_pfn= [freed=1], or FAIL
 *   atomicfirst …; atomiccount dev=N pages= [then all freed]    4 KiB atomic buffers until NULL
 *   allocpages dev=N size= -> pa= dma= highmem=0/1, or FAIL     dma_alloc_pages()
 *   map dev=N tag=T pa= size= -> dma= highmem= same=0/1, or ERROR
 *   va what=W va= pa= l1= l2= linux=                            some address of the kernel
 *
 * Descriptors are l1, l2 and Linux's own entry with short descriptors, l2 and l3 with long ones.
 */

export interface DmaLine {
  readonly word: string;
  /** Of the call. */
  readonly asked: Readonly<Record<string, string>>;
  /** Undefined where the line has no `->`. */
  readonly result: string | undefined;
  /** `key=value` of the result; empty for FAIL and ERROR. */
  readonly got: Readonly<Record<string, string>>;
  readonly text: string;
}

function pairs(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/(\S+?)=(\S+)/g)].map(([, key, value]) => [key!, value!] as const),
  );
}

export function parseDmaLine(text: string): DmaLine {
  const [call = '', result] = text.split(' -> ');
  return {
    word: call.split(' ')[0]!,
    asked: pairs(call),
    result,
    got: result === undefined ? {} : pairs(result),
    text,
  };
}

/** Lines that are compared, and whether they have a result. */
const COMPARED: Readonly<Record<string, boolean>> = {
  ...{ device: false, range: false, mask: false, reserved: false, atomicfirst: false, atomiccount: false },
  ...{ setmask: true, alloc: true, allocpages: true, map: true },
};
/** Lines about the recorder and the core, and addresses, which belong to no device. */
const OTHERS: readonly string[] = ['va', 'cp15', 'layout', 'page', 'plain', 'probe', 'done'];

/** False: the recorder wrote something that this reader does not know. */
export function isUnderstood({ word, asked, result }: DmaLine): boolean {
  if (OTHERS.includes(word)) return true;
  if (!Object.hasOwn(COMPARED, word) || asked['dev'] === undefined) return false;
  return !COMPARED[word] || result !== undefined;
}

/** A hexadecimal number without 0x; values above 2^53 are imprecise, as everywhere. */
export function hexOf(text: string | undefined): number {
  return text === undefined ? Number.NaN : Number.parseInt(text, 16);
}
