// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks the kernel's page tables as the hardware does, and decodes what it finds. Start: the table that TTBR1
 * names, which is the kernel's own on ARMv6 and later; else init_mm's, where its name can be looked up; else
 * nothing is known and records say null. Tables are in the direct map, so physical addresses lead to them.
 * Described in the ARM Architecture Reference Manual for ARMv7-A (DDI 0406C.d), B3.5 (short descriptors), B3.6
 * (long descriptors), B3.8 (memory attributes); for ARMv5 in the ARM926EJ-S manual (DDI 0198E), 3.4.
 *
 * Short descriptors: Linux keeps its own view of an entry, which has the bits that hardware lacks, 2048 bytes
 * below the hardware's. Both are reported: `pte` is Linux's, `hw` the hardware's. Long: they are one.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <asm/cp15.h>
#include <asm/cputype.h>
#include "armory_probe.h"

struct leaf {
	const char *type;	/* sect, pte, pte-none, none */
	u64 first, linux_entry, hardware_entry;
	u64 phys;
	bool mapped, decoded, cacheable, execute_never, shared;
	char memory[24];
};

static u32 prrr, nmrr;
static bool remaps_types;
static const char *root_name;

const char *tables_root(void)
{
	return root_name;
}

u32 armory_prrr(void)
{
	return prrr;
}

u32 armory_nmrr(void)
{
	return nmrr;
}

bool armory_remaps_types(void)
{
	return remaps_types;
}

#ifdef CONFIG_ARM_LPAE

/* ---- long descriptors */

static u64 *root;
static unsigned int root_level;		/* 1: an entry maps 1 GiB, 2: 2 MiB */
static unsigned int root_bits;		/* address bits that the root's entries share out */
static unsigned long root_start;	/* addresses below are not TTBR1's */

#define ENTRY_ADDRESS	GENMASK_ULL(39, 12)

static bool find_root(void)
{
	u32 ttbcr, low, high;
	unsigned int t0, t1;
	u64 ttbr1;

	asm("mrc p15, 0, %0, c2, c0, 2" : "=r" (ttbcr));
	asm("mrrc p15, 1, %0, %1, c2" : "=r" (low), "=r" (high));
	ttbr1 = (u64)high << 32 | low;
	t0 = ttbcr & 7;
	t1 = ttbcr >> 16 & 7;
	/*
	 * Both 0: TTBR0 translates everything. T1SZ 0 with T0SZ set is how a kernel that bars itself from user memory
	 * runs (in v6.10).
	 */
	if (t0 || t1) {
		root_start = t1 ? 0UL - (1UL << (32 - t1)) : 1UL << (32 - t0);
		root_level = t1 < 2 ? 1 : 2;
		root_bits = 32 - t1;
		root = phys_to_virt(ttbr1 & GENMASK_ULL(39, root_level == 1 ? 5 - t1 : 14 - t1));
		root_name = "ttbr1";
		return true;
	}
	if (!kernel_parts.init_mm)
		return false;
	root = (u64 *)kernel_parts.init_mm->pgd;
	root_level = 1;
	root_bits = 32;
	root_name = "init_mm";
	return true;
}

static void decode(struct leaf *leaf, u64 entry)
{
	unsigned int index = entry >> 2 & 7;
	u8 attributes = (index < 4 ? prrr : nmrr) >> 8 * (index & 3);

	leaf->mapped = true;
	leaf->decoded = true;
	leaf->execute_never = entry >> 54 & 1;
	leaf->shared = (entry >> 8 & 3) == 3;
	snprintf(leaf->memory, sizeof(leaf->memory), "mair%u=%02x", index, attributes);
	/* 0000xxxx is Device or strongly ordered, 0100xxxx outer and xxxx0100 inner non-cacheable. */
	leaf->cacheable = attributes >> 4 && attributes >> 4 != 4;
}

static bool walk(unsigned long vaddr, struct leaf *leaf)
{
	unsigned int level = root_level;
	u64 *table = root, entry;
	unsigned int shift;
	unsigned long index;

	memset(leaf, 0, sizeof(*leaf));
	leaf->type = "none";
	if (!root || vaddr < root_start)
		return false;
	index = vaddr;
	if (root_bits < 32)
		index &= (1UL << root_bits) - 1;
	for (;; level++) {
		shift = 39 - 9 * level;
		entry = READ_ONCE(table[index >> shift]);
		if (level == 2 || (level == 1 && (entry & 3) == 1))
			leaf->first = entry;
		if (level == 3 || (entry & 3) != 3)
			break;
		table = phys_to_virt(entry & ENTRY_ADDRESS);
		index = vaddr & ((1UL << shift) - 1);
	}
	if (level == 3) {
		leaf->type = entry & 1 ? "pte" : "pte-none";
		leaf->linux_entry = entry;
		leaf->hardware_entry = entry;
	} else if (entry & 1) {
		leaf->type = "sect";
	}
	if (entry & 1) {
		u64 within = (1ULL << shift) - 1;

		leaf->phys = (entry & ENTRY_ADDRESS & ~within) | (vaddr & within);
		decode(leaf, entry);
	}
	return true;
}

#else

/* ---- short descriptors */

static u32 *root;

#define LINUX_VIEW	2048	/* bytes from Linux's entry to the hardware's */

static bool find_root(void)
{
#if __LINUX_ARM_ARCH__ >= 6
	u32 ttbr1;

	/* 16 KiB, whatever TTBCR.N: DDI 0406C.d, B4.1.155. */
	asm("mrc p15, 0, %0, c2, c0, 1" : "=r" (ttbr1));
	root = phys_to_virt(ttbr1 & ~(u32)(SZ_16K - 1));
	root_name = "ttbr1";
	return true;
#else
	if (!kernel_parts.init_mm)
		return false;
	root = (u32 *)kernel_parts.init_mm->pgd;
	root_name = "init_mm";
	return true;
#endif
}

/* TEX remap: C, B and TEX[0] choose a field of PRRR and NMRR. */
static void decode_remapped(struct leaf *leaf, unsigned int index)
{
	static const char * const policies[] = { "NC", "WBWA", "WT", "WB" };
	u32 inner = nmrr >> 2 * index & 3;
	u32 outer = nmrr >> (2 * index + 16) & 3;

	leaf->decoded = true;
	if (index == 6) {
		strscpy(leaf->memory, "impdef", sizeof(leaf->memory));
		return;
	}
	switch (prrr >> 2 * index & 3) {
	case 0:
		strscpy(leaf->memory, "SO", sizeof(leaf->memory));
		break;
	case 1:
		strscpy(leaf->memory, "Dev", sizeof(leaf->memory));
		break;
	case 2:
		snprintf(leaf->memory, sizeof(leaf->memory), "N-%s/%s", policies[inner],
			 policies[outer]);
		leaf->cacheable = inner || outer;
		break;
	default:
		leaf->decoded = false;
	}
}

/* ARMv6 and ARMv7 without TEX remap: B3.8.2, table B3-10. */
static void decode_fixed(struct leaf *leaf, unsigned int tex, unsigned int cb)
{
	static const char * const policies[] = { "NC", "WBWA", "WT", "WB" };
	const char *name = NULL;

	leaf->decoded = true;
	if (tex & 4) {
		snprintf(leaf->memory, sizeof(leaf->memory), "N-%s/%s", policies[cb], policies[tex & 3]);
		leaf->cacheable = cb || tex & 3;
		return;
	}
	switch (tex << 2 | cb) {
	case 0:
		name = "SO";
		break;
	case 1:
	case 8:
		name = "Dev";
		break;
	case 2:
		name = "N-WT/WT";
		leaf->cacheable = true;
		break;
	case 3:
		name = "N-WB/WB";
		leaf->cacheable = true;
		break;
	case 4:
		name = "N-NC/NC";
		break;
	case 7:
		name = "N-WBWA/WBWA";
		leaf->cacheable = true;
		break;
	default:
		leaf->decoded = false;
		return;
	}
	strscpy(leaf->memory, name, sizeof(leaf->memory));
}

/* ARMv4 and v5: C and B alone, in the words of the ARM926's manual. XScale and its heirs have TEX, read otherwise. */
static void decode_old(struct leaf *leaf, unsigned int cb)
{
	static const char * const names[] = { "NCNB", "NCB", "WT", "WB" };

	if (IS_ENABLED(CONFIG_CPU_XSCALE) || IS_ENABLED(CONFIG_CPU_XSC3) || IS_ENABLED(CONFIG_CPU_MOHAWK))
		return;
	strscpy(leaf->memory, names[cb], sizeof(leaf->memory));
	leaf->cacheable = cb & 2;
	leaf->decoded = true;
}

static void decode(struct leaf *leaf, unsigned int tex, unsigned int cb)
{
	leaf->mapped = true;
	if (__LINUX_ARM_ARCH__ < 6)
		decode_old(leaf, cb);
	else if (remaps_types)
		decode_remapped(leaf, (tex & 1) << 2 | cb);
	else
		decode_fixed(leaf, tex, cb);
}

static bool walk(unsigned long vaddr, struct leaf *leaf)
{
	const bool extended = __LINUX_ARM_ARCH__ >= 6;
	u32 first, entry, *table;

	memset(leaf, 0, sizeof(*leaf));
	leaf->type = "none";
	if (!root)
		return false;
	first = READ_ONCE(root[vaddr >> 20]);
	leaf->first = first;
	if ((first & 3) == 2) {
		leaf->type = "sect";
		leaf->phys = (first & ~(u32)(SZ_1M - 1)) | (vaddr & (SZ_1M - 1));
		/* A supersection (bit 18) maps 16 MiB; the kernel maps no RAM by it. */
		if (extended && first & BIT(18))
			leaf->phys = (first & ~(u32)(SZ_16M - 1)) | (vaddr & (SZ_16M - 1));
		leaf->execute_never = extended && first & BIT(4);
		leaf->shared = extended && first & BIT(16);
		decode(leaf, first >> 12 & 7, first >> 2 & 3);
		return true;
	}
	if ((first & 3) != 1)
		return true;
	table = phys_to_virt(first & ~(u32)(SZ_1K - 1));
	table += vaddr >> PAGE_SHIFT & 0xff;
	entry = READ_ONCE(*table);
	leaf->hardware_entry = entry;
	leaf->linux_entry = READ_ONCE(*(u32 *)((char *)table - LINUX_VIEW));
	if (!(entry & 3)) {
		leaf->type = "pte-none";
		return true;
	}
	leaf->type = "pte";
	leaf->phys = (entry & PAGE_MASK) | (vaddr & ~PAGE_MASK);
	leaf->execute_never = extended && entry & 1;
	leaf->shared = extended && entry & BIT(10);
	decode(leaf, entry >> 6 & 7, entry >> 2 & 3);
	return true;
}

#endif

/* A page whose address is known by other means must be found by the walk; otherwise the root is not what it seems. */
static bool walk_is_right(void)
{
	unsigned long page = __get_free_page(GFP_KERNEL);
	struct leaf leaf;
	bool right;

	if (!page)
		return false;
	right = walk(page, &leaf) && leaf.mapped && leaf.phys == virt_to_phys((void *)page);
	free_page(page);
	return right;
}

void tables_init(void)
{
#if __LINUX_ARM_ARCH__ >= 6
	remaps_types = IS_ENABLED(CONFIG_ARM_LPAE) || get_cr() & CR_TRE;
	if (remaps_types) {
		asm("mrc p15, 0, %0, c10, c2, 0" : "=r" (prrr));
		asm("mrc p15, 0, %0, c10, c2, 1" : "=r" (nmrr));
	}
#endif
	if (find_root() && walk_is_right())
		return;
	root = NULL;
	root_name = NULL;
}

/* The first page of a range in full, and of all its pages: cacheable, uncached, unmapped; mapped by sections. */
void out_tables(const char *key, unsigned long vaddr, size_t size)
{
	unsigned int cacheable = 0, uncached = 0, unmapped = 0, sections = 0;
	bool decoded = true;
	struct leaf leaf, page;
	size_t offset;

	if (!walk(vaddr, &leaf)) {
		out_null(key);
		return;
	}
	out_open(key, '{');
	out_hex("va", vaddr);
	out_string("t", leaf.type);
	out_hex("l1", leaf.first);
	if (leaf.linux_entry || leaf.hardware_entry) {
		out_hex("pte", leaf.linux_entry);
		out_hex("hw", leaf.hardware_entry);
	}
	if (leaf.mapped) {
		out_string("mem", leaf.decoded ? leaf.memory : NULL);
		out_number("xn", leaf.execute_never);
		out_number("s", leaf.shared);
	}
	for (offset = 0; offset < size; offset += PAGE_SIZE) {
		if (!walk(vaddr + offset, &page) || (page.mapped && !page.decoded))
			decoded = false;
		else if (!page.mapped)
			unmapped++;
		else if (page.cacheable)
			cacheable++;
		else
			uncached++;
		sections += !strcmp(page.type, "sect");
	}
	if (decoded) {
		out_open("pg", '[');
		out_number(NULL, cacheable);
		out_number(NULL, uncached);
		out_number(NULL, unmapped);
		out_number(NULL, sections);
		out_close(']');
	} else {
		out_null("pg");
	}
	out_close('}');
}
