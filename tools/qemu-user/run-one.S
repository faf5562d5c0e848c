@ SPDX-License-Identifier: GPL-2.0-only
@ void run_one(struct record *record): loads every register of a record but pc, goes to its code by way of LAUNCH_ADDRESS,
@ comes back at run_back, stores the registers. Offsets and addresses as in run-instructions.c.
@ Nothing of the harness is in a register meanwhile: r0 goes through TPIDRURW, which is user code's own (DDI 0406C,
@ B4.1.150).
        .syntax unified
        .arm
        .arch armv7-a
        .arch_extension virt
        .fpu neon-vfpv4
        .text
        .global run_one
        .type run_one, %function
run_one:
        push    {r4-r11, lr}
        ldr     r1, =saved
        str     sp, [r1]
        str     r0, [r1, #4]
        add     r1, r0, #80
        vldmia  r1!, {d0-d15}
        vldmia  r1!, {d16-d31}
        ldr     r1, [r0, #8]
        vmsr    fpscr, r1
        ldr     r1, [r0, #12]
        msr     apsr_nzcvqg, r1
        add     r0, r0, #16
        ldr     pc, =0x0ff00f00
        .size run_one, . - run_one

        .global run_back
        .type run_back, %function
run_back:
        mcr     p15, 0, r0, c13, c0, 2
        ldr     r0, =saved
        ldr     r0, [r0, #4]
        add     r0, r0, #20
        stmia   r0, {r1-r14}
        sub     r0, r0, #20
        mrc     p15, 0, r1, c13, c0, 2
        str     r1, [r0, #16]
        mrs     r1, apsr
        str     r1, [r0, #12]
        vmrs    r1, fpscr
        str     r1, [r0, #8]
        mov     r1, #0
        vmsr    fpscr, r1
        add     r1, r0, #80
        vstmia  r1!, {d0-d15}
        vstmia  r1!, {d16-d31}
        ldr     r1, =saved
        ldr     sp, [r1]
        pop     {r4-r11, pc}
        .size run_back, . - run_back
        .ltorg

        .bss
        .balign 4
saved:  .space  8
        .section .note.GNU-stack,"",%progbits
