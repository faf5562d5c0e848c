// SPDX-License-Identifier: GPL-2.0-only
/**
 * What translated code and everything else share of a core: it stands at the beginning of the storage that holds RAM, so
 * that one WebAssembly memory has all of it. Each core has an area of CORE_BYTES:
 *
 *   0x00000   registers and what follows below, in words
 *   0x01000   sets of fast tables, SET_BYTES each (`memory.ts`)
 *
 * In a set:
 *
 *   0x0000    FAST entries of 16 bytes, for page number modulo FAST:
 *               +0   page address where a load may go ahead, NO_TAG (which no address equals) where not
 *               +4   the same for stores; never a page that holds decoded instructions
 *               +8   what leads from a virtual address in the page to its place in the storage, modulo 2^32
 *               +12  the page's place in the storage
 *   0x1000    JUMPS entries of 8 bytes, for an address / 2 modulo JUMPS: where execution goes on without a look around
 *               +0   address of an instruction, bit 0 set in T32 state; NO_JUMP (which no address equals)
 *               +4   ~ the index of the translated code in the table of functions
 */

/** Words of a core's area. */
export const R = 0;
/** r0 to r15, and one place more for a shifted operand. */
export const REGISTERS = 17;
/** Flags, as `cpu.ts` says, while translated code runs. */
export const NF = 17;
export const ZF = 18;
export const CF = 19;
export const VF = 20;
/** Instructions that may yet be executed. */
export const LEFT = 21;
/** Byte address of the set in use. */
export const SET = 22;
/** Address of the virtual page in execution. */
export const PAGE = 23;
/** Not 0: how the access that was made in JavaScript wants the block to be left, one of EXIT_… in `../code/emitter.ts`. */
export const STOP = 24;
/** The instruction at which translated code was left: see `../code/translations.ts`. */
export const SITE = 25;

export const CORE_BYTES = 0x40000;
export const SETS_AT = 0x1000;
export const SET_BYTES = 0x6000;

/** Pages in each fast table. */
export const FAST = 256;
export const NO_TAG = 4;
export const JUMPS_AT = 0x1000;
export const JUMPS = 2048;
export const NO_JUMP = 2;
