// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sees the cache and TLB maintenance that a call leads to: kprobes on the functions by which this kernel maintains
 * ranges on this machine. Inner caches: those of the CPU's family (v7_dma_inv_range and so on, found by the name of
 * the one that the kernel's table names). Outer cache: what the kernel's outer_cache table points to. TLB: the
 * CPU's own half of flush_tlb_kernel_range().
 * What cannot be seen is null: `"mtot":{"inv":null}` and `["inv",null,null,null]` in `mnt`.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <asm/cacheflush.h>
#include <asm/outercache.h>
#include <asm/tlbflush.h>
#include "armory_probe.h"

enum kind { INV, CLEAN, FLUSH, OUTER_INV, OUTER_CLEAN, OUTER_FLUSH, TLB_KERNEL, KINDS };

static const char * const kind_names[KINDS] = {
	"inv", "clean", "flush", "l2inv", "l2clean", "l2flush", "tlbk",
};

struct hook {
	struct kprobe kprobe;
	char symbol[KSYM_NAME_LEN];
	int result;
	/* This machine has nothing of the kind, so nothing is missed. */
	bool absent;
};

struct call {
	enum kind kind;
	u32 start, end, times;
};

#define MOST_CALLS 512

static struct hook hooks[KINDS];
static struct call calls[MOST_CALLS];
static unsigned int call_count, calls_missed;
static u32 total_calls[KINDS];
static u64 total_bytes[KINDS];
static struct task_struct *watched;

static bool is_seen(enum kind kind)
{
	return hooks[kind].absent || hooks[kind].result == 0;
}

static int __kprobes maintenance_hit(struct kprobe *kprobe, struct pt_regs *regs)
{
	enum kind kind = container_of(kprobe, struct hook, kprobe) - hooks;
	u32 start = regs->ARM_r0, end = regs->ARM_r1;
	struct call *last;
	unsigned int i;

	if (READ_ONCE(watched) != current || in_interrupt())
		return 0;
	total_calls[kind]++;
	total_bytes[kind] += end - start;
	for (i = 0; i < call_count; i++) {
		if (calls[i].kind == kind && calls[i].start == start && calls[i].end == end) {
			calls[i].times++;
			return 0;
		}
	}
	/* Page after page is one range. */
	last = call_count ? &calls[call_count - 1] : NULL;
	if (last && last->kind == kind && last->end == start)
		last->end = end;
	else if (call_count < MOST_CALLS)
		calls[call_count++] = (struct call){ kind, start, end, 1 };
	else
		calls_missed++;
	return 0;
}

void maintenance_watch(void)
{
	call_count = 0;
	calls_missed = 0;
	memset(total_calls, 0, sizeof(total_calls));
	memset(total_bytes, 0, sizeof(total_bytes));
	barrier();
	WRITE_ONCE(watched, current);
}

void maintenance_stop(void)
{
	WRITE_ONCE(watched, NULL);
	barrier();
}

/* ---- where to look */

/* Family of the functions on inner caches: v7, v6, arm926, feroceon_range and so on. */
static bool inner_family(char *family, size_t size)
{
#ifdef MULTI_CACHE
	static const char ending[] = "_dma_flush_range";
	char symbol[KSYM_SYMBOL_LEN], *at;

	sprint_symbol_no_offset(symbol, (unsigned long)cpu_cache.dma_flush_range);
	at = strstr(symbol, ending);
	if (!at)
		return false;
	*at = 0;
	/* The B15's are other names of ARMv7's. */
	strscpy(family, strcmp(symbol, "b15") ? symbol : "v7", size);
#else
	strscpy(family, __stringify(_CACHE), size);
#endif
	return true;
}

/* Instructions may be refused by kprobes; these leave r0 and r1 alone, so the next is as good. */
static bool may_be_skipped(u32 instruction)
{
	bool reads_coprocessor = (instruction & 0xff100010) == 0xee100010 && (instruction >> 12 & 15) > 1;
	bool is_barrier = (instruction & 0xffffff80) == (IS_ENABLED(CONFIG_THUMB2_KERNEL) ? 0xf3bf8f00 : 0xf57ff000);

	return reads_coprocessor || is_barrier;
}

static u32 instruction_at(unsigned long address)
{
	if (IS_ENABLED(CONFIG_THUMB2_KERNEL))
		return (u32)*(u16 *)address << 16 | *(u16 *)(address + 2);
	return *(u32 *)address;
}

static void hook_at(enum kind kind, unsigned long address)
{
	struct hook *hook = &hooks[kind];

	address &= ~1UL;
	do {
		/* A failed attempt leaves marks in it. */
		memset(&hook->kprobe, 0, sizeof(hook->kprobe));
		hook->kprobe.addr = (kprobe_opcode_t *)address;
		hook->kprobe.pre_handler = maintenance_hit;
		hook->result = register_kprobe(&hook->kprobe);
		if (!hook->result || !may_be_skipped(instruction_at(address)))
			return;
		address += 4;
	} while (true);
}

static void hook_inner(enum kind kind, const char *family, const char *what)
{
	struct hook *hook = &hooks[kind];
	unsigned long address;

	hook->result = -ENOENT;
	if (!family)
		return;
	snprintf(hook->symbol, sizeof(hook->symbol), "%s_dma_%s_range", family, what);
	address = (unsigned long)kernel_symbol(hook->symbol);
	if (address)
		hook_at(kind, address);
}

static void hook_pointer(enum kind kind, void *function)
{
	struct hook *hook = &hooks[kind];
	char symbol[KSYM_SYMBOL_LEN];

	if (!function) {
		hook->absent = true;
		return;
	}
	sprint_symbol_no_offset(symbol, (unsigned long)function);
	strscpy(hook->symbol, symbol, sizeof(hook->symbol));
	hook_at(kind, (unsigned long)function);
}

void maintenance_init(void)
{
	char family[32];
	bool known = inner_family(family, sizeof(family));

	hook_inner(INV, known ? family : NULL, "inv");
	hook_inner(CLEAN, known ? family : NULL, "clean");
	hook_inner(FLUSH, known ? family : NULL, "flush");
#ifdef CONFIG_OUTER_CACHE
	hook_pointer(OUTER_INV, outer_cache.inv_range);
	hook_pointer(OUTER_CLEAN, outer_cache.clean_range);
	hook_pointer(OUTER_FLUSH, outer_cache.flush_range);
#else
	hook_pointer(OUTER_INV, NULL);
	hook_pointer(OUTER_CLEAN, NULL);
	hook_pointer(OUTER_FLUSH, NULL);
#endif
#ifdef MULTI_TLB
	hook_pointer(TLB_KERNEL, cpu_tlb.flush_kern_range);
#else
	snprintf(hooks[TLB_KERNEL].symbol, KSYM_NAME_LEN, "%s_flush_kern_tlb_range", __stringify(_TLB));
	hooks[TLB_KERNEL].result = -ENOENT;
	if (kernel_symbol(hooks[TLB_KERNEL].symbol))
		hook_at(TLB_KERNEL, (unsigned long)kernel_symbol(hooks[TLB_KERNEL].symbol));
#endif
}

void maintenance_exit(void)
{
	enum kind kind;

	for (kind = 0; kind < KINDS; kind++)
		if (!hooks[kind].absent && !hooks[kind].result)
			unregister_kprobe(&hooks[kind].kprobe);
}

/* ---- records */

void out_maintenance_hooks(void)
{
	enum kind kind;

	for (kind = 0; kind < KINDS; kind++) {
		const struct hook *hook = &hooks[kind];

		out_begin("kprobe");
		out_string("kind", kind_names[kind]);
		out_string("sym", hook->symbol[0] ? hook->symbol : NULL);
		if (hook->absent)
			out_null("ret");
		else
			out_number("ret", hook->result);
		out_number("seen", is_seen(kind));
		out_end();
	}
}

void out_maintenance_totals(void)
{
	bool any = false;
	enum kind kind;

	for (kind = 0; kind < KINDS; kind++)
		any |= total_calls[kind] || !is_seen(kind);
	if (!any)
		return;
	out_open("mtot", '{');
	for (kind = 0; kind < KINDS; kind++) {
		if (!is_seen(kind)) {
			out_null(kind_names[kind]);
		} else if (total_calls[kind]) {
			out_open(kind_names[kind], '[');
			out_number(NULL, total_calls[kind]);
			out_number(NULL, total_bytes[kind]);
			out_close(']');
		}
	}
	out_close('}');
}

void out_maintenance_calls(void)
{
	enum kind kind;
	unsigned int i;

	out_open("mnt", '[');
	for (kind = 0; kind < KINDS; kind++) {
		if (is_seen(kind))
			continue;
		out_open(NULL, '[');
		out_string(NULL, kind_names[kind]);
		out_null(NULL);
		out_null(NULL);
		out_null(NULL);
		out_close(']');
	}
	for (i = 0; i < call_count; i++) {
		out_open(NULL, '[');
		out_string(NULL, kind_names[calls[i].kind]);
		out_hex(NULL, calls[i].start);
		out_hex(NULL, calls[i].end);
		out_number(NULL, calls[i].times);
		out_close(']');
	}
	out_close(']');
	if (calls_missed)
		out_number("mnt_more", calls_missed);
}
