@ SPDX-License-Identifier: GPL-2.0-only
@ void run_one(struct record *record): loads the registers of a record, calls its code, stores the registers.
@ Offsets as in run-instructions.c. The code may use everything but sp, lr and pc, and returns with bx lr.
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
        push    {r0, r1}
        add     r1, r0, #80
        vldmia  r1!, {d0-d15}
        vldmia  r1!, {d16-d31}
        ldr     r1, [r0, #8]
        vmsr    fpscr, r1
        ldr     r1, [r0, #12]
        msr     apsr_nzcvqg, r1
        ldr     lr, [r0, #72]
        str     lr, [sp, #4]
        add     r0, r0, #16
        ldmia   r0, {r0-r12}
        ldr     lr, [sp, #4]
        blx     lr
        str     r0, [sp, #4]
        pop     {r0}
        add     r0, r0, #20
        stmia   r0, {r1-r12}
        sub     r0, r0, #20
        pop     {r1}
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
        pop     {r4-r11, pc}
        .size run_one, . - run_one
        .section .note.GNU-stack,"",%progbits
