@ SPDX-License-Identifier: GPL-2.0-only
@ Start, exception vectors and the snippets of system-probe.c. Every exception comes back to the place that attempted the
@ snippet, with what the core told: the vector, LR, SPSR, fault registers.
        .syntax unified
        .arch armv7-a
        .arch_extension virt
        .arch_extension sec
        .fpu neon-vfpv4
        .arm
        .section .start, "ax"
        .global _start
_start:
        ldr     sp, =stack_top
        adr     r0, vectors
        mcr     p15, 0, r0, c12, c0, 0
        cps     #0x1f
        ldr     sp, =user_stack_top
        cps     #0x13
        bl      main
1:      wfi
        b       1b

        .align  5
vectors:
        b       .
        b       on_undefined
        b       on_svc
        b       on_prefetch
        b       on_data
        b       .
        b       .
        b       .

        .macro  taken number
        ldr     sp, =taken_vector
        str     lr, [sp, #4]
        mov     lr, #\number
        str     lr, [sp]
        mrs     lr, spsr
        str     lr, [sp, #8]
        mrs     lr, cpsr
        str     lr, [sp, #12]
        b       come_back
        .endm

on_undefined:
        taken   1
on_svc:
        taken   2
on_prefetch:
        taken   3
on_data:
        taken   4

@ unsigned attempt(code, a, b, c): calls code(a, b, c) in Supervisor mode. The vector that was taken, 0 if it returned.
        .global attempt
attempt:
        push    {r4-r11, lr}
        ldr     r12, =resume_sp
        str     sp, [r12]
        mov     r12, r0
        mov     r0, r1
        mov     r1, r2
        mov     r2, r3
        blx     r12
        ldr     r1, =taken_result
        str     r0, [r1]
        mov     r0, #0
        pop     {r4-r11, pc}

@ The same in User mode: code ends with SVC.
        .global attempt_user
attempt_user:
        push    {r4-r11, lr}
        ldr     r12, =resume_sp
        str     sp, [r12]
        mov     r12, r0
        mov     r0, r1
        mov     r1, r2
        mov     r2, r3
        cps     #0x10
        bx      r12

come_back:
        cpsid   aif, #0x13
        setend  le
        ldr     r1, =taken_result
        str     r0, [r1]
        ldr     r12, =resume_sp
        ldr     sp, [r12]
        ldr     r0, =taken_vector
        ldr     r0, [r0]
        pop     {r4-r11, pc}

        .section .text
        .macro  snippet name
        .global \name
        .type   \name, %function
\name:
        .endm

        .arm
snippet s_udf
        udf     #1
        bx      lr
snippet s_svc
        svc     #1
        bx      lr
snippet s_bkpt
        bkpt    #1
        bx      lr
snippet s_load
        ldr     r0, [r0]
        bx      lr
snippet s_load_byte
        ldrb    r0, [r0]
        bx      lr
snippet s_load_half
        ldrh    r0, [r0]
        bx      lr
snippet s_store
        str     r1, [r0]
        bx      lr
snippet s_load_unprivileged
        mov     r2, r0
        ldrt    r0, [r2]
        bx      lr
snippet s_store_unprivileged
        strt    r1, [r0]
        bx      lr
snippet s_load_double
        ldrd    r2, r3, [r0]
        mov     r0, r2
        bx      lr
snippet s_load_multiple
        ldmia   r0, {r0-r3}
        bx      lr
snippet s_store_multiple
        stmia   r0, {r0-r3}
        bx      lr
snippet s_load_writeback
        mov     r2, r0
        ldr     r1, [r2], #4
        mov     r0, r2
        bx      lr
snippet s_ldrex
        ldrex   r0, [r0]
        bx      lr
snippet s_strex_open
        clrex
        mov     r2, r0
        strex   r0, r1, [r2]
        bx      lr
snippet s_strex
        mov     r2, r0
        ldrex   r3, [r2]
        strex   r0, r1, [r2]
        bx      lr
snippet s_strex_twice
        mov     r2, r0
        ldrex   r3, [r2]
        strex   r0, r1, [r2]
        strex   r0, r1, [r2]
        bx      lr
snippet s_jump
        bx      r0
snippet s_mrs_cpsr
        mrs     r0, cpsr
        bx      lr
snippet s_msr_flags
        msr     cpsr_f, r0
        mrs     r0, cpsr
        bx      lr
snippet s_msr_all
        mrs     r3, cpsr
        msr     cpsr_fsxc, r0
        mrs     r0, cpsr
        msr     cpsr_fsxc, r3
        bx      lr
snippet s_mrs_spsr
        mrs     r0, spsr
        bx      lr
snippet s_msr_spsr
        msr     spsr_fsxc, r0
        mrs     r0, spsr
        bx      lr
snippet s_rfe
        push    {r4, lr}
        mrs     r1, cpsr
        adr     r0, 1f
        push    {r0, r1}
        rfeia   sp!
        udf     #2
1:      mov     r0, sp
        pop     {r4, pc}
snippet s_rfe_thumb
        push    {r4, lr}
        mrs     r1, cpsr
        orr     r1, r1, #0x20
        adr     r0, 1f
        push    {r0, r1}
        rfeia   sp!
        udf     #2
        .thumb
1:      movs    r0, #77
        pop     {r4, pc}
        .arm
        .align  2
snippet s_srs
        mov     r3, lr
        mov     r2, sp
        msr     spsr_fsxc, r0
        srsdb   sp!, #0x13
        pop     {r0, r1}
        sub     r0, r0, r3
        eor     r0, r0, r1
        sub     r2, r2, sp
        add     r0, r0, r2
        mov     lr, r3
        bx      lr
snippet s_subs_pc
        mrs     r1, cpsr
        msr     spsr_fsxc, r1
        mov     r3, lr
        adr     lr, 1f + 4
        subs    pc, lr, #4
        udf     #2
1:      mov     r0, #55
        mov     lr, r3
        bx      lr
snippet s_ldm_user
        cps     #0x1f
        mov     r3, sp
        cps     #0x13
        push    {r0, r1}
        ldmia   sp, {r13, r14}^
        nop
        add     sp, sp, #8
        cps     #0x1f
        mov     r0, sp
        mov     r1, lr
        mov     sp, r3
        cps     #0x13
        eor     r0, r0, r1
        bx      lr
snippet s_stm_user
        sub     sp, sp, #8
        stmia   sp, {r13, r14}^
        nop
        pop     {r0, r1}
        cps     #0x1f
        mov     r2, sp
        mov     r3, lr
        cps     #0x13
        sub     r0, r0, r2
        sub     r1, r1, r3
        orr     r0, r0, r1
        bx      lr
snippet s_setend
        setend  be
        ldr     r0, [r0]
        setend  le
        bx      lr
snippet s_cps_user_ignored
        cpsid   if
        mrs     r0, cpsr
        svc     #0
snippet s_msr_user
        msr     cpsr_fsxc, r0
        mrs     r0, cpsr
        svc     #0
snippet s_user_svc
        svc     #5
snippet s_user_load
        ldr     r0, [r0]
        svc     #0
snippet s_user_store
        str     r1, [r0]
        svc     #0
snippet s_user_jump
        blx     r0
        svc     #0
snippet s_user_cp15
        mrc     p15, 0, r0, c0, c0, 0
        svc     #0
snippet s_user_barrier
        mcr     p15, 0, r0, c7, c10, 4
        svc     #0
snippet s_user_tpidruro
        mrc     p15, 0, r0, c13, c0, 3
        svc     #0
snippet s_user_tpidruro_write
        mcr     p15, 0, r0, c13, c0, 3
        svc     #0
snippet s_user_tpidrurw
        mcr     p15, 0, r0, c13, c0, 2
        mrc     p15, 0, r0, c13, c0, 2
        svc     #0
snippet s_user_counter
        mrrc    p15, 1, r0, r1, c14
        mov     r0, #0
        svc     #0
snippet s_user_rfe
        rfeia   r0
        svc     #0
snippet s_user_smc
        smc     #0
        svc     #0
snippet s_vfp
        vmov    s0, r0
        vmov    r0, s0
        bx      lr
snippet s_neon
        vadd.i32 d0, d0, d0
        bx      lr
snippet s_fpexc
        vmsr    fpexc, r0
        vmrs    r0, fpexc
        bx      lr
snippet s_cdp
        cdp     p3, 0, c0, c0, c0, 0
        bx      lr
snippet s_mcr_unknown
        mcr     p15, 7, r0, c14, c15, 7
        bx      lr
snippet s_clean
        mcr     p15, 0, r0, c7, c10, 1
        bx      lr

        .thumb
        .macro  thumb_snippet name
        .global \name
        .type   \name, %function
        .thumb_func
\name:
        .endm
thumb_snippet t_udf
        udf     #1
        bx      lr
thumb_snippet t_udf_wide
        udf.w   #1
        bx      lr
thumb_snippet t_svc
        svc     #1
        bx      lr
thumb_snippet t_load
        ldr     r0, [r0]
        bx      lr
thumb_snippet t_load_wide
        ldr.w   r0, [r0, #0]
        bx      lr
thumb_snippet t_it_udf
        cmp     r0, r0
        itttt   eq
        moveq   r1, #1
        moveq   r2, #2
        udfeq   #3
        moveq   r3, #3
        bx      lr
thumb_snippet t_it_load
        cmp     r0, r0
        itete   eq
        moveq   r1, #1
        movne   r2, #2
        ldreq   r0, [r0]
        movne   r3, #3
        bx      lr
thumb_snippet t_it_svc
        cmp     r0, r0
        itt     eq
        svceq   #3
        moveq   r3, #3
        bx      lr
thumb_snippet t_it_return
        push    {r4, lr}
        mrs     r1, cpsr
        bic     r1, r1, #0xfc00
        bic     r1, r1, #0x6000000
        orr     r1, r1, #0x20
        orr     r1, r1, #0x0c00
        orr     r1, r1, #0x40000000
        adr     r0, 1f
        push    {r0, r1}
        movs    r0, #0
        rfeia   sp!
        .align  2
1:      adds    r0, #1
        adds    r0, #2
        adds    r0, #4
        pop     {r4, pc}
        .align  2
        .arm

        .bss
        .align  3
        .global taken_vector
        .global taken_result
taken_vector:   .space  16
taken_result:   .space  4
resume_sp:      .space  4
        .space  0x4000
stack_top:
        .space  0x1000
user_stack_top:
