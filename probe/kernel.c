// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds parts of the kernel that are not exported to modules. Where the kernel has kprobes, a kprobe on
 * kallsyms_lookup_name() tells its address. Without CONFIG_KALLSYMS_ALL it only knows functions. All that is
 * found here is read or called as the kernel itself would; what is not found stays NULL.
 */
#include <linux/kprobes.h>
#include <linux/mm_types.h>
#include "armory_probe.h"

struct kernel_parts kernel_parts;

static unsigned long (*lookup)(const char *name);

/* Function pointers to Thumb code carry bit 0; kprobes tells addresses without it. */
static unsigned long callable(unsigned long address)
{
	return IS_ENABLED(CONFIG_THUMB2_KERNEL) ? address | 1 : address;
}

static void find_lookup(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };

	if (register_kprobe(&kp))
		return;
	lookup = (void *)callable((unsigned long)kp.addr);
	unregister_kprobe(&kp);
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
