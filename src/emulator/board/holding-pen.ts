// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a boot monitor leaves the secondary cores of a Versatile Express with: a loop that waits for an interrupt, then
 * goes where the system-wide flags say. Linux: arch/arm/mach-versatile/platsmp.c, versatile_boot_secondary() (v6.12),
 * says what it expects.
 */

/** A32 code, for any address. `interruptInterface`: GICC. `flags`: SYS_FLAGS. */
export function holdingPen(interruptInterface: number, flags: number): Uint32Array {
  return Uint32Array.of(
    0xe59f102c, // ldr r1, interruptInterface
    0xe3a00001, // mov r0, #1
    0xe5810000, // str r0, [r1]          GICC_CTLR: enable
    0xe3a000ff, // mov r0, #0xff
    0xe5810004, // str r0, [r1, #4]      GICC_PMR: all priorities
    0xe59f201c, // ldr r2, flags
    0xe320f003, // wait: wfi
    0xe5920000, // ldr r0, [r2]
    0xe3500000, // cmp r0, #0
    0x0afffffb, // beq wait
    0xe591300c, // ldr r3, [r1, #0xc]    GICC_IAR
    0xe5813010, // str r3, [r1, #0x10]   GICC_EOIR
    0xe12fff10, // bx r0
    interruptInterface,
    flags,
  );
}
