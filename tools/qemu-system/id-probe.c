// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bare-metal program that prints every identification register of a core on a PL011 at UART. It needs no table, no vector
 * and no stack but what follows it, so that it runs on any of QEMU's boards and on ours. Built and compared by
 * tools/id-lockstep.ts.
 */
typedef unsigned int u32;

static void put(char c)
{
	*(volatile u32 *)UART = c;
}

static void text(const char *s)
{
	while (*s)
		put(*s++);
}

static void named(const char *name, u32 value)
{
	text(name);
	put(' ');
	for (int i = 28; i >= 0; i -= 4)
		put("0123456789abcdef"[value >> i & 15]);
	put('\n');
}

#define READ(op1, crn, crm, op2) ({ u32 v_; asm volatile("mrc p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 : "=r"(v_)); v_; })
#define WRITE(value, op1, crn, crm, op2) asm volatile("mcr p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 : : "r"(value) : "memory")
#define ID(name, op1, crn, crm, op2) named(name, READ(op1, crn, crm, op2))
#define VFP(name) ({ u32 v_; asm volatile(".fpu neon-vfpv4\n vmrs %0, " name : "=r"(v_)); v_; })

/* What can be said of the performance monitors without counting time. */
static void monitors(void)
{
	WRITE(6, 0, c9, c12, 0);
	ID("PMCR reset", 0, c9, c12, 0);
	WRITE(0xffffffff, 0, c9, c12, 2);
	ID("PMCNTENCLR", 0, c9, c12, 2);
	WRITE(0xffffffff, 0, c9, c12, 1);
	ID("PMCNTENSET", 0, c9, c12, 1);
	WRITE(0x80000002, 0, c9, c12, 2);
	ID("PMCNTENSET less", 0, c9, c12, 1);
	WRITE(0xffffffff, 0, c9, c14, 2);
	WRITE(0xffffffff, 0, c9, c14, 1);
	ID("PMINTENSET", 0, c9, c14, 1);
	WRITE(0xffffffff, 0, c9, c14, 2);
	ID("PMINTENCLR", 0, c9, c14, 2);
	WRITE(0xffffffff, 0, c9, c14, 0);
	ID("PMUSERENR", 0, c9, c14, 0);
	WRITE(0, 0, c9, c14, 0);
	WRITE(0xffffffff, 0, c9, c12, 3);
	ID("PMOVSR", 0, c9, c12, 3);
	WRITE(1, 0, c9, c12, 5);
	ID("PMSELR", 0, c9, c12, 5);
	WRITE(0x12345678, 0, c9, c13, 2);
	ID("PMXEVCNTR", 0, c9, c13, 2);
	WRITE(0x11, 0, c9, c13, 1);
	ID("PMXEVTYPER", 0, c9, c13, 1);
	/* Counter 1 counts what software says, over the edge; the cycle counter is written while nothing counts. */
	WRITE(0, 0, c9, c13, 1);
	WRITE(0xfffffffe, 0, c9, c13, 2);
	WRITE(0x12345678, 0, c9, c13, 0);
	ID("PMCCNTR", 0, c9, c13, 0);
	WRITE(0x7fffffff, 0, c9, c12, 2);
	WRITE(2, 0, c9, c12, 1);
	WRITE(1, 0, c9, c12, 0);
	WRITE(2, 0, c9, c12, 4);
	ID("PMXEVCNTR increased", 0, c9, c13, 2);
	ID("PMOVSR before", 0, c9, c12, 3);
	WRITE(2, 0, c9, c12, 4);
	ID("PMXEVCNTR wrapped", 0, c9, c13, 2);
	ID("PMOVSR behind", 0, c9, c12, 3);
	WRITE(2, 0, c9, c12, 3);
	ID("PMOVSR cleared", 0, c9, c12, 3);
	WRITE(0x80000000, 0, c9, c12, 1);
	u32 before = READ(0, c9, c13, 0);
	for (volatile int i = 0; i < 100; i++)
		;
	named("PMCCNTR counts", READ(0, c9, c13, 0) - before > 100);
	WRITE(4, 0, c9, c12, 0);
	ID("PMCCNTR reset", 0, c9, c13, 0);
}

void probe(void)
{
	ID("MIDR", 0, c0, c0, 0);
	ID("CTR", 0, c0, c0, 1);
	ID("TCMTR", 0, c0, c0, 2);
	ID("TLBTR", 0, c0, c0, 3);
	ID("MPIDR", 0, c0, c0, 5);
	ID("ID_PFR0", 0, c0, c1, 0);
	ID("ID_PFR1", 0, c0, c1, 1);
	ID("ID_DFR0", 0, c0, c1, 2);
	ID("ID_AFR0", 0, c0, c1, 3);
	ID("ID_MMFR0", 0, c0, c1, 4);
	ID("ID_MMFR1", 0, c0, c1, 5);
	ID("ID_MMFR2", 0, c0, c1, 6);
	ID("ID_MMFR3", 0, c0, c1, 7);
	ID("ID_ISAR0", 0, c0, c2, 0);
	ID("ID_ISAR1", 0, c0, c2, 1);
	ID("ID_ISAR2", 0, c0, c2, 2);
	ID("ID_ISAR3", 0, c0, c2, 3);
	ID("ID_ISAR4", 0, c0, c2, 4);
	ID("ID_ISAR5", 0, c0, c2, 5);
	ID("CLIDR", 1, c0, c0, 1);
	ID("AIDR", 1, c0, c0, 7);
	for (u32 select = 0; select < 3; select++) {
		WRITE(select, 2, c0, c0, 0);
		asm volatile("isb");
		put('0' + select);
		put(' ');
		ID("CCSIDR", 1, c0, c0, 0);
	}
	ID("SCTLR", 0, c1, c0, 0);
	WRITE(0x00f00000, 0, c1, c0, 2);
	asm volatile("isb");
	asm volatile(".fpu neon-vfpv4\n vmsr fpexc, %0" : : "r"(0x40000000));
	named("FPSID", VFP("fpsid"));
	named("MVFR0", VFP("mvfr0"));
	named("MVFR1", VFP("mvfr1"));
	ID("PMCR", 0, c9, c12, 0);
	monitors();
	text("end\n");
#ifdef QEMU
	/* Semihosting: SYS_EXIT, ADP_Stopped_ApplicationExit. */
	asm volatile("mov r0, #0x18\n ldr r1, =0x20026\n svc 0x123456" : : : "r0", "r1");
#endif
	for (;;)
		;
}

asm(".section .text.start\n"
    ".global _start\n"
    "_start:\n"
    "	ldr	sp, =stack_top\n"
    "	bl	probe\n"
    ".ltorg\n"
    ".bss\n"
    ".balign 8\n"
    ".space 1024\n"
    "stack_top:\n"
    ".text\n");
