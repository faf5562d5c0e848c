// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds parts of the kernel that are not exported to modules, by kallsyms_lookup_name(). Where that is, a kprobe
 * tells, or whoever loads the module (parameter `lookup`, from /proc/kallsyms). Without CONFIG_KALLSYMS_ALL it only
 * knows functions. All that is found here is read or called as the kernel itself would; what is not found stays NULL.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/mm_types.h>
#include "armory_probe.h"

#define LOOKUP "kallsyms_lookup_name"

struct kernel_parts kernel_parts;

static unsigned long (*lookup)(const char *name);

/* Function pointers to Thumb code carry bit 0; kprobes tells addresses without it. */
static unsigned long callable(unsigned long address)
{
	return IS_ENABLED(CONFIG_THUMB2_KERNEL) ? address | 1 : address;
}

/* Does the kernel itself say that this is the beginning of that function? */
static bool is_lookup(unsigned long address)
{
	static const char start[] = LOOKUP "+0x0/";
	char symbol[KSYM_SYMBOL_LEN];

	sprint_symbol(symbol, address);
	return !strncmp(symbol, start, sizeof(start) - 1);
}

static void find_lookup(void)
{
	struct kprobe kp = { .symbol_name = LOOKUP };

	if (!register_kprobe(&kp)) {
		lookup = (void *)callable((unsigned long)kp.addr);
		unregister_kprobe(&kp);
	} else if (armory_lookup && is_lookup(armory_lookup & ~1UL)) {
		lookup = (void *)callable(armory_lookup);
	}
}

void *kernel_symbol(const char *name)
{
	return lookup ? (void *)lookup(name) : NULL;
}

void *kernel_function(const char *name)
{
	unsigned long address = (unsigned long)kernel_symbol(name);

	return address ? (void *)callable(address) : NULL;
}

void kernel_parts_find(void)
{
	struct kernel_parts *parts = &kernel_parts;

	find_lookup();
	parts->symbols = lookup;
	parts->cma_for_each_area = kernel_function("cma_for_each_area");
	parts->dma_alloc_contiguous = kernel_function("dma_alloc_contiguous");
	parts->dma_free_contiguous = kernel_function("dma_free_contiguous");
	parts->memblock_is_map_memory = kernel_function("memblock_is_map_memory");
	parts->find_vm_area = kernel_function("find_vm_area");
	parts->init_mm = kernel_symbol("init_mm");
	parts->data_symbols = parts->init_mm;
	parts->dma_contiguous_default_area = kernel_symbol("dma_contiguous_default_area");
	parts->max_low_pfn = kernel_symbol("max_low_pfn");
	parts->max_pfn = kernel_symbol("max_pfn");
}
