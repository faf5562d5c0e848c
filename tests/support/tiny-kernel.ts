// SPDX-License-Identifier: GPL-2.0-only
/**
 * A kernel of a few instructions in a zImage, for tests of `armory boot` that need no Linux: it starts as a kernel does,
 * at its first word, with the MMU off and interrupts masked.
 */

const HEADER_WORDS = 16;

/** Words of A32 code, then a text behind it. */
export function tinyKernel(code: readonly number[], text = ''): Uint8Array {
  const words = new Uint32Array(HEADER_WORDS + code.length + Math.ceil((text.length + 1) / 4));
  // b over the header
  words[0] = 0xea000000 + HEADER_WORDS - 2;
  words[9] = 0x016f2818;
  words[11] = words.byteLength;
  words[12] = 0x04030201;
  words.set(code, HEADER_WORDS);
  const bytes = new Uint8Array(words.buffer);
  bytes.set(Buffer.from(text, 'latin1'), 4 * (HEADER_WORDS + code.length));
  return bytes;
}

/** Prints `text` on the UART of the `virt` machine, then goes on with `rest`. */
export function printingKernel(text: string, rest: readonly number[] = [0xeafffffe]): Uint8Array {
  const print = [
    0xe3a00409, // mov r0, #0x09000000: the UART
    0xe3001301, // movw r1, #0x301: UARTEN, TXE, RXE
    0xe5801030, // str r1, [r0, #0x30]: UARTCR
    0xe28f1000, // add r1, pc, #...: the text
    0xe4d12001, // ldrb r2, [r1], #1
    0xe3520000, // cmp r2, #0
    0x15802000, // strne r2, [r0]
    0x1afffffb, // bne to ldrb
  ];
  // pc reads two words ahead of the ADD.
  print[3]! |= 4 * (print.length + rest.length - 5);
  return tinyKernel([...print, ...rest], text);
}
