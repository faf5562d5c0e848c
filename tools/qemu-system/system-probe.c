// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bare-metal program for QEMU's `virt` machine and for ours: does what only privileged code can do, and prints what
 * came of it on the UART, a line each. Both outputs must be equal. Built and compared by tools/system-lockstep.ts.
 */
typedef unsigned int u32;
typedef unsigned long long u64;

#define UART ((volatile u32 *)0x09000000)
#define MB 0x100000u

extern u32 taken_vector[4];
extern u32 taken_result;
u32 attempt(const void *code, u32 a, u32 b, u32 c);
u32 attempt_user(const void *code, u32 a, u32 b, u32 c);

static void put(char c)
{
	*UART = c;
}

static void text(const char *s)
{
	while (*s)
		put(*s++);
}

static void hex(u32 value)
{
	for (int i = 28; i >= 0; i -= 4)
		put("0123456789abcdef"[value >> i & 15]);
}

#define READ(op1, crn, crm, op2) ({ u32 v_; asm volatile("mrc p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 : "=r"(v_)); v_; })
#define WRITE(value, op1, crn, crm, op2) asm volatile("mcr p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 : : "r"(value) : "memory")

static void named(const char *name, u32 value)
{
	text(name);
	put(' ');
	hex(value);
	put('\n');
}

/* What an attempt left. LR is told relative to the code, results that are addresses not at all. */
static void outcome(const char *name, const void *code, u32 vector)
{
	text(name);
	text(" vector ");
	put('0' + vector);
	if (vector) {
		text(" lr+");
		hex(taken_vector[1] - ((u32)code & ~1));
		text(" spsr ");
		hex(taken_vector[2]);
		text(" cpsr ");
		hex(taken_vector[3]);
		if (vector == 3) {
			text(" ifsr ");
			hex(READ(0, c5, c0, 1));
			text(" ifar ");
			hex(READ(0, c6, c0, 2));
		}
		if (vector == 4) {
			text(" dfsr ");
			hex(READ(0, c5, c0, 0));
			text(" dfar ");
			hex(READ(0, c6, c0, 0));
		}
		if (vector == 2) {
			text(" r0 ");
			hex(taken_result);
		}
	} else {
		text(" r0 ");
		hex(taken_result);
	}
	put('\n');
}

#define TRY(code, a, b, c) do { extern char code; u32 v_ = attempt(&code, a, b, c); outcome(#code, &code, v_); } while (0)
#define TRY_THUMB(code, a, b, c) do { extern char code; u32 v_ = attempt(&code, a, b, c); outcome(#code, &code, v_); } while (0)
#define TRY_USER(code, a, b, c) do { extern char code; u32 v_ = attempt_user(&code, a, b, c); outcome(#code, &code, v_); } while (0)

static void identification(void)
{
#define ID(op1, crn, crm, op2) do { text("p15 " #op1 " " #crn " " #crm " "); named(#op2, READ(op1, crn, crm, op2)); } while (0)
	ID(0, c0, c0, 0); ID(0, c0, c0, 1); ID(0, c0, c0, 2); ID(0, c0, c0, 3); ID(0, c0, c0, 5); ID(0, c0, c0, 6);
	ID(0, c0, c1, 0); ID(0, c0, c1, 1); ID(0, c0, c1, 2); ID(0, c0, c1, 3);
	ID(0, c0, c1, 4); ID(0, c0, c1, 5); ID(0, c0, c1, 6); ID(0, c0, c1, 7);
	ID(0, c0, c2, 0); ID(0, c0, c2, 1); ID(0, c0, c2, 2); ID(0, c0, c2, 3); ID(0, c0, c2, 4); ID(0, c0, c2, 5);
	ID(1, c0, c0, 1);
	for (u32 select = 0; select < 3; select++) {
		WRITE(select, 2, c0, c0, 0);
		asm volatile("isb");
		text("ccsidr ");
		hex(select);
		named("", READ(1, c0, c0, 0));
	}
	named("sctlr", READ(0, c1, c0, 0));
	named("cpacr", READ(0, c1, c0, 2));
	WRITE(0xffffffff, 0, c1, c0, 2);
	named("cpacr written", READ(0, c1, c0, 2));
	WRITE(0x00f00000, 0, c1, c0, 2);
	asm volatile("isb");
	named("cpacr written", READ(0, c1, c0, 2));
	u32 v;
	asm volatile(".fpu neon-vfpv4\n vmrs %0, fpsid" : "=r"(v));
	named("fpsid", v);
	asm volatile(".fpu neon-vfpv4\n vmrs %0, mvfr0" : "=r"(v));
	named("mvfr0", v);
	asm volatile(".fpu neon-vfpv4\n vmrs %0, mvfr1" : "=r"(v));
	named("mvfr1", v);
}

static void status(void)
{
	TRY(s_mrs_cpsr, 0, 0, 0);
	TRY(s_msr_flags, 0xffffffff, 0, 0);
	TRY(s_msr_all, 0xffff01d3, 0, 0);
	TRY(s_msr_all, 0x000f00df, 0, 0);
	TRY(s_msr_spsr, 0xff0fffff, 0, 0);
	TRY(s_rfe_thumb, 0, 0, 0);
	TRY(s_srs, 0x600001d3, 0, 0);
	TRY(s_subs_pc, 0, 0, 0);
	TRY(s_ldm_user, 0x11110000, 0x00002222, 0);
	TRY(s_stm_user, 0, 0, 0);
	TRY_THUMB(t_it_return, 0, 0, 0);
	TRY_USER(s_cps_user_ignored, 0, 0, 0);
	TRY_USER(s_msr_user, 0xf80f01df, 0, 0);
	TRY_USER(s_user_svc, 42, 0, 0);
	TRY_USER(s_user_cp15, 0, 0, 0);
	TRY_USER(s_user_barrier, 0, 0, 0);
	WRITE(0x1234, 0, c13, c0, 3);
	TRY_USER(s_user_tpidruro, 0, 0, 0);
	TRY_USER(s_user_tpidruro_write, 0, 0, 0);
	TRY_USER(s_user_tpidrurw, 0x77, 0, 0);
	TRY_USER(s_user_counter, 0, 0, 0);
	WRITE(2, 0, c14, c1, 0);
	TRY_USER(s_user_counter, 0, 0, 0);
	TRY_USER(s_user_rfe, 0x40000000, 0, 0);
	TRY_USER(s_user_smc, 0, 0, 0);
}

static void exceptions(void)
{
	TRY(s_udf, 0, 0, 0);
	TRY(s_svc, 0, 0, 0);
	TRY(s_bkpt, 0, 0, 0);
	TRY(s_cdp, 0, 0, 0);
	TRY(s_mcr_unknown, 0, 0, 0);
	TRY_THUMB(t_udf, 0, 0, 0);
	TRY_THUMB(t_udf_wide, 0, 0, 0);
	TRY_THUMB(t_svc, 0, 0, 0);
	TRY_THUMB(t_it_udf, 0, 0, 0);
	TRY_THUMB(t_it_svc, 0, 0, 0);
	TRY(s_vfp, 0x3f800000, 0, 0);
	TRY(s_fpexc, 0x40000000, 0, 0);
	TRY(s_vfp, 0x3f800000, 0, 0);
	TRY(s_neon, 0, 0, 0);
	WRITE(0x00500000, 0, c1, c0, 2);
	asm volatile("isb");
	TRY(s_vfp, 0, 0, 0);
	WRITE(0, 0, c1, c0, 2);
	asm volatile("isb");
	TRY(s_vfp, 0, 0, 0);
	TRY(s_fpexc, 0, 0, 0);
}

/* First-level table, second-level table; for long descriptors three levels. */
static u32 first[4096] __attribute__((aligned(0x4000)));
static u32 second[256] __attribute__((aligned(0x400)));
static u64 long1[4] __attribute__((aligned(32)));
static u64 long2[512] __attribute__((aligned(4096)));
static u64 long3[512] __attribute__((aligned(4096)));
static u32 page[1024] __attribute__((aligned(4096)));

#define VIRTUAL 0x80000000u

static void flush(void)
{
	asm volatile("dsb");
	WRITE(0, 0, c8, c7, 0);
	asm volatile("dsb\n isb");
}

static void mmu(u32 more)
{
	WRITE(READ(0, c1, c0, 0) | 1 | more, 0, c1, c0, 0);
	asm volatile("isb");
}

static void mmu_off(void)
{
	WRITE(READ(0, c1, c0, 0) & ~(1u | 2 | 1 << 28 | 1 << 29), 0, c1, c0, 0);
	asm volatile("isb");
	flush();
}

/*
 * Everything that can go wrong with an access to `at`. QEMU lets unaligned accesses to Device and Strongly-ordered memory
 * pass, which A3.2.1 does not: `normal` says that they may be tried. It knows no faults of cache maintenance (B2.2.7).
 */
static void accesses_to(const char *what, u32 at, int normal)
{
	text("- ");
	named(what, at);
	page[0] = 0x11223344;
	page[1] = 0x55667788;
	TRY(s_load, at, 0, 0);
	TRY(s_load_byte, at + 3, 0, 0);
	TRY(s_store, at, 0xaabbccdd, 0);
	if (normal) {
		TRY(s_load, at + 1, 0, 0);
		TRY(s_load_half, at + 1, 0, 0);
		TRY(s_store, at + 2, 0xaabbccdd, 0);
	}
	TRY(s_load_unprivileged, at, 0, 0);
	TRY(s_store_unprivileged, at, 1, 0);
	TRY(s_load_double, at, 0, 0);
	TRY(s_load_double, at + 2, 0, 0);
	TRY(s_load_multiple, at, 0, 0);
	TRY(s_load_multiple, at + 1, 0, 0);
	TRY(s_store_multiple, at, 0, 0);
	TRY(s_ldrex, at, 0, 0);
	TRY(s_ldrex, at + 1, 0, 0);
	TRY(s_strex_open, at, 1, 0);
	TRY(s_strex, at, 1, 0);
	TRY(s_strex_twice, at, 1, 0);
	TRY(s_load_writeback, at, 0, 0);
	TRY_THUMB(t_load, at, 0, 0);
	TRY_THUMB(t_load_wide, at, 0, 0);
	TRY_THUMB(t_it_load, at, 0, 0);
	TRY_USER(s_user_load, at, 0, 0);
	TRY_USER(s_user_store, at, 5, 0);
	page[0] = 0xe12fff1e;
	asm volatile("dsb\n isb");
	WRITE(0, 0, c7, c5, 0);
	asm volatile("dsb\n isb");
	TRY(s_jump, at, 0, 0);
	TRY_USER(s_user_jump, at, 0, 0);
	page[0] = 0x11223344;
	TRY(s_setend, at, 0, 0);
}

static void accesses(const char *what, u32 at)
{
	accesses_to(what, at, 1);
}

/* PAR: the page if there is one, the status if not. QEMU tells no attributes of short descriptors. */
static u32 par(void)
{
	u32 value = READ(0, c7, c4, 0);

	return value & 1 ? value : value & ~0xfffu;
}

/* ATS1C… */
static void translations(u32 at)
{
	WRITE(at, 0, c7, c8, 0);
	asm volatile("isb");
	named("ats1cpr", par());
	WRITE(at, 0, c7, c8, 1);
	asm volatile("isb");
	named("ats1cpw", par());
	WRITE(at, 0, c7, c8, 2);
	asm volatile("isb");
	named("ats1cur", par());
	WRITE(at, 0, c7, c8, 3);
	asm volatile("isb");
	named("ats1cuw", par());
}

/* Normal memory, write-back: TEX 1, C, B. Full access unless said otherwise. */
#define SECTION(ap) (0x1000u | 0xc | 2 | ((ap) & 3) << 10 | ((ap) >> 2) << 15)
#define SMALL(ap) (0x40u | 0xc | 2 | ((ap) & 3) << 4 | ((ap) >> 2) << 9)
#define DOMAIN(n) ((n) << 5)

static void short_descriptors(void)
{
	text("short descriptors\n");
	for (u32 i = 0; i < 4096; i++)
		first[i] = 0;
	first[0x090] = 0x09000000 | 2 | 3 << 10;
	first[0x400] = 0x40000000 | SECTION(3);
	first[0x401] = 0x40100000 | SECTION(3);
	WRITE((u32)first, 0, c2, c0, 0);
	WRITE(0, 0, c2, c0, 2);
	WRITE(1 | 3 << 2 | 0 << 4, 0, c3, c0, 0);
	flush();
	mmu(0);
	accesses("no section", VIRTUAL);
	for (u32 ap = 0; ap < 8; ap++) {
		if (ap == 4)
			continue;
		text("ap ");
		named("", ap);
		first[0x800] = (u32)second | 1;
		second[0] = (u32)page | SMALL(ap);
		second[1] = 0;
		flush();
		accesses("page", VIRTUAL);
		translations(VIRTUAL);
	}
	accesses("no page", VIRTUAL + 0x1000);
	translations(VIRTUAL + 0x1000);
	second[1] = second[0];
	accesses("aliased page", VIRTUAL + 0x1000);
	second[0] = (u32)page | SMALL(3) | 1;
	flush();
	accesses("execute never", VIRTUAL);
	first[0x800] = (u32)second | 1 | DOMAIN(1);
	flush();
	accesses("manager", VIRTUAL);
	first[0x800] = (u32)second | 1 | DOMAIN(2);
	flush();
	accesses("no access", VIRTUAL);
	translations(VIRTUAL);
	first[0x800] = 0x40000000 | SECTION(1) | DOMAIN(2);
	flush();
	accesses("no access, section", VIRTUAL + ((u32)page & (MB - 1)));
	first[0x800] = 0x40000000 | SECTION(1);
	flush();
	accesses("section, privileged", VIRTUAL + ((u32)page & (MB - 1)));
	translations(VIRTUAL + ((u32)page & (MB - 1)));
	first[0x800] = 0x40000000 | SECTION(1) | 1 << 4;
	flush();
	accesses("section, execute never", VIRTUAL + ((u32)page & (MB - 1)));
	/* Strongly-ordered: unaligned accesses fault. */
	first[0x800] = (u32)second | 1;
	second[0] = (u32)page | 2 | 3 << 4;
	flush();
	accesses_to("strongly ordered", VIRTUAL, 0);
	translations(VIRTUAL);
	second[0] = (u32)page | 2 | 3 << 4 | 4;
	flush();
	accesses_to("device", VIRTUAL, 0);
	translations(VIRTUAL);
	second[0] = (u32)page | SMALL(3);
	flush();
	mmu(2);
	accesses("strict alignment", VIRTUAL);
	WRITE(READ(0, c1, c0, 0) & ~2u, 0, c1, c0, 0);
	/* Access flag: SCTLR.AFE. */
	mmu(1 << 29);
	flush();
	second[0] = (u32)page | SMALL(2);
	flush();
	accesses("access flag clear", VIRTUAL);
	first[0x800] = 0x40000000 | SECTION(2);
	flush();
	accesses("access flag clear, section", VIRTUAL + ((u32)page & (MB - 1)));
	first[0x800] = 0x40000000 | SECTION(3);
	flush();
	accesses("access flag set, section", VIRTUAL + ((u32)page & (MB - 1)));
	mmu_off();
}

/* AttrIndx 0: Normal write-back; 1: Strongly-ordered. */
#define LONG(ap) (1ull << 10 | (u64)(ap) << 6 | 3 << 8)

static void long_descriptors(void)
{
	text("long descriptors\n");
	for (u32 i = 0; i < 512; i++)
		long2[i] = long3[i] = 0;
	long1[0] = 0x00000000ull | 1 << 10 | 1 << 2 | 1;
	long1[1] = 0x40000000ull | LONG(1) | 1;
	long1[2] = (u32)long2 | 3;
	long1[3] = 0;
	WRITE(0xff, 0, c10, c2, 0);
	WRITE(0, 0, c10, c2, 1);
	WRITE(1u << 31, 0, c2, c0, 2);
	asm volatile("mcrr p15, 0, %0, %1, c2" : : "r"(long1), "r"(0));
	flush();
	mmu(0);
	accesses("no level 1", 0xc0000000);
	accesses("no level 2", VIRTUAL);
	translations(VIRTUAL);
	long2[0] = (u32)long3 | 3;
	flush();
	accesses("no level 3", VIRTUAL);
	for (u32 ap = 0; ap < 4; ap++) {
		text("ap ");
		named("", ap);
		long3[0] = (u32)page | LONG(ap) | 3;
		flush();
		accesses("page", VIRTUAL);
		translations(VIRTUAL);
	}
	long3[0] = (u32)page | LONG(1) | 3 | 1ull << 54;
	flush();
	accesses("execute never", VIRTUAL);
	long3[0] = (u32)page | LONG(0) | 3 | 1ull << 53;
	flush();
	accesses("privileged execute never", VIRTUAL);
	long3[0] = (u32)page | (LONG(1) & ~(1ull << 10)) | 3;
	flush();
	accesses("access flag clear", VIRTUAL);
	long3[0] = (u32)page | LONG(1) | 3 | 1 << 2;
	flush();
	accesses_to("strongly ordered", VIRTUAL, 0);
	long3[0] = (u32)page | LONG(1) | 3;
	long2[0] = (u32)long3 | 3 | 1ull << 61;
	flush();
	accesses("APTable: no user", VIRTUAL);
	long2[0] = (u32)long3 | 3 | 2ull << 61;
	flush();
	accesses("APTable: read only", VIRTUAL);
	long2[0] = 0x40000000ull | LONG(0) | 1;
	flush();
	accesses("2 MiB, privileged", VIRTUAL + (u32)page - 0x40000000);
	mmu_off();
	WRITE(0, 0, c2, c0, 2);
}

int main(void)
{
	/* As firmware leaves it. */
	UART[12] = 0x301;
	identification();
	status();
	exceptions();
	text("mmu off\n");
	accesses_to("mmu off", (u32)page, 0);
	short_descriptors();
	if (READ(0, c0, c1, 4) % 16 >= 5)
		long_descriptors();
	text("end\n");
	register u32 r0 asm("r0") = 0x84000008;
	asm volatile(".arch_extension virt\n hvc #0" : : "r"(r0));
	return 0;
}
