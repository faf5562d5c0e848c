// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of the module, the machine, the kernel and the device: all that a checker needs to know what ran.
 */
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/highmem.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/of.h>
#include <linux/swiotlb.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>
#include <asm/cp15.h>
#include <asm/cputype.h>
#include "armory_probe.h"

/* The largest order was one below MAX_ORDER, was MAX_ORDER (in v6.4), and got a new name (in v6.8). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define LARGEST_ORDER MAX_PAGE_ORDER
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define LARGEST_ORDER MAX_ORDER
#else
#define LARGEST_ORDER (MAX_ORDER - 1)
#endif

#define SWITCH(name)	{ #name, IS_ENABLED(CONFIG_##name) }

static const struct {
	const char *name;
	bool on;
} switches[] = {
	SWITCH(MMU),
	SWITCH(SMP),
	SWITCH(SMP_ON_UP),
	SWITCH(THUMB2_KERNEL),
	SWITCH(ARM_LPAE),
	SWITCH(ARM_PAN),
	SWITCH(CPU_SW_DOMAIN_PAN),
	SWITCH(CPU_TTBR0_PAN),
	SWITCH(CPU_V6),
	SWITCH(CPU_V6K),
	SWITCH(CPU_V7),
	SWITCH(ARM_DMA_MEM_BUFFERABLE),
	SWITCH(CPU_DCACHE_WRITETHROUGH),
	SWITCH(CACHE_L2X0),
	SWITCH(VMSPLIT_3G),
	SWITCH(VMSPLIT_3G_OPT),
	SWITCH(VMSPLIT_2G),
	SWITCH(VMSPLIT_1G),
	SWITCH(HIGHMEM),
	SWITCH(ZONE_DMA),
	SWITCH(SPARSEMEM),
	SWITCH(HUGETLB_PAGE),
	SWITCH(TRANSPARENT_HUGEPAGE),
	SWITCH(STRICT_KERNEL_RWX),
	SWITCH(CMA),
	SWITCH(DMA_CMA),
	SWITCH(CMA_SIZE_SEL_MBYTES),
	SWITCH(CMA_SIZE_SEL_PERCENTAGE),
	SWITCH(CMA_SIZE_SEL_MIN),
	SWITCH(CMA_SIZE_SEL_MAX),
	SWITCH(SWIOTLB),
	SWITCH(SWIOTLB_DYNAMIC),
	SWITCH(DMA_RESTRICTED_POOL),
	SWITCH(DMA_DECLARE_COHERENT),
	SWITCH(DMA_DIRECT_REMAP),
	SWITCH(DMA_COHERENT_POOL),
	SWITCH(DMA_GLOBAL_POOL),
	SWITCH(DMA_API_DEBUG),
	SWITCH(DMA_OPS),
	SWITCH(ARCH_HAS_DMA_OPS),
	SWITCH(ARCH_HAS_DMA_ALLOC),
	SWITCH(ARCH_HAS_DMA_PREP_COHERENT),
	SWITCH(ARCH_HAS_DMA_SET_UNCACHED),
	SWITCH(ARCH_HAS_DMA_CLEAR_UNCACHED),
	SWITCH(ARM_DMA_USE_IOMMU),
	SWITCH(XEN),
	SWITCH(KPROBES),
	SWITCH(KALLSYMS_ALL),
};

/* Symbols with a value; left out where this kernel does not have them. */
static void out_config_values(void)
{
	out_hex("PAGE_OFFSET", CONFIG_PAGE_OFFSET);
	out_number("ARM_L1_CACHE_SHIFT", CONFIG_ARM_L1_CACHE_SHIFT);
#ifdef CONFIG_CMA_SIZE_MBYTES
	out_number("CMA_SIZE_MBYTES", CONFIG_CMA_SIZE_MBYTES);
#endif
#ifdef CONFIG_CMA_SIZE_PERCENTAGE
	out_number("CMA_SIZE_PERCENTAGE", CONFIG_CMA_SIZE_PERCENTAGE);
#endif
#ifdef CONFIG_CMA_ALIGNMENT
	out_number("CMA_ALIGNMENT", CONFIG_CMA_ALIGNMENT);
#endif
#ifdef CONFIG_CMA_AREAS
	out_number("CMA_AREAS", CONFIG_CMA_AREAS);
#endif
#ifdef CONFIG_ARCH_FORCE_MAX_ORDER
	out_number("ARCH_FORCE_MAX_ORDER", CONFIG_ARCH_FORCE_MAX_ORDER);
#endif
}

static void out_property(const char *path, const char *property, const char *key)
{
	struct device_node *node = of_find_node_by_path(path);
	const char *text = NULL;

	if (node)
		of_property_read_string(node, property, &text);
	out_string(key, text);
	of_node_put(node);
}

/* The first record. Configuration is that of the kernel that the module was built for. */
void out_module(void)
{
	bool default_known, pools_known;
	int i;

	areas_default(&default_known);
	pool_of(NULL, &pools_known);
	out_device("sys");
	out_begin("module");
	out_string("version", ARMORY_PROBE_VERSION);
	out_string("rel", utsname()->release);
	out_number("version_code", LINUX_VERSION_CODE);
	out_property("/", "model", "model");
	out_property("/", "compatible", "compatible");
	out_property("/chosen", "bootargs", "bootargs");
	out_open("params", '{');
	out_number("exhaust", armory_exhaust);
	out_number("log", armory_log);
	out_open("devices", '[');
	for (i = 0; i < armory_device_count; i++)
		out_string(NULL, armory_devices[i]);
	out_close(']');
	out_close('}');
	out_open("knows", '{');
	out_number("symbols", kernel_parts.symbols);
	out_number("data_symbols", kernel_parts.data_symbols);
	out_string("tables", tables_root());
	out_number("cma", cma_area_total >= 0);
	out_number("cma_default", default_known);
	out_number("pools", pools_known);
	out_number("memblock", !!kernel_parts.memblock_is_map_memory);
	out_close('}');
	out_open("config", '{');
	for (i = 0; i < ARRAY_SIZE(switches); i++)
		out_number(switches[i].name, switches[i].on);
	out_config_values();
	out_close('}');
	out_end();
}

/*
 * The symbols that say which allocator serves a device. ARM's arch_dma_alloc() has a symbol of its own (in v6.7);
 * before, ARM always had it.
 */
static void out_allocators(void)
{
	bool arms = LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0) || IS_ENABLED(CONFIG_ARCH_HAS_DMA_ALLOC);
	char text[96] = "";

	if (arms)
		strlcat(text, "ARCH_DMA_ALLOC ", sizeof(text));
	if (IS_ENABLED(CONFIG_DMA_DIRECT_REMAP))
		strlcat(text, "DIRECT_REMAP ", sizeof(text));
	if (IS_ENABLED(CONFIG_ARCH_HAS_DMA_PREP_COHERENT))
		strlcat(text, "PREP_COHERENT ", sizeof(text));
	if (IS_ENABLED(CONFIG_ARCH_HAS_DMA_SET_UNCACHED))
		strlcat(text, "SET_UNCACHED ", sizeof(text));
	if (IS_ENABLED(CONFIG_DMA_COHERENT_POOL))
		strlcat(text, "COHERENT_POOL ", sizeof(text));
	out_string("cfg", text);
}

static void out_machine(void)
{
	out_begin("sys");
	out_string("rel", utsname()->release);
	out_hex("midr", read_cpuid_id());
	out_hex("ctr", read_cpuid_cachetype());
	out_hex("sctlr", get_cr());
#if __LINUX_ARM_ARCH__ >= 6
	{
		u32 ttbcr;

		asm("mrc p15, 0, %0, c2, c0, 2" : "=r" (ttbcr));
		out_hex("ttbcr", ttbcr);
	}
#else
	out_null("ttbcr");
#endif
	if (armory_remaps_types()) {
		out_hex("prrr", armory_prrr());
		out_hex("nmrr", armory_nmrr());
	} else {
		out_null("prrr");
		out_null("nmrr");
	}
	out_number("lpae", IS_ENABLED(CONFIG_ARM_LPAE));
	out_allocators();
	out_end();
}

static void out_pfn(const char *key, const unsigned long *pfn)
{
	if (pfn)
		out_hex(key, *pfn);
	else
		out_null(key);
}

static void out_memory(void)
{
	struct zone *zone;
	char key[24];

	out_begin("sysmem");
	out_hex("phys_offset", PHYS_OFFSET);
	out_hex("page_offset", PAGE_OFFSET);
	out_hex("high_memory", (unsigned long)high_memory);
	out_open("vmalloc", '[');
	out_hex(NULL, VMALLOC_START);
	out_hex(NULL, VMALLOC_END);
	out_close(']');
	out_pfn("max_low_pfn", kernel_parts.max_low_pfn);
	out_pfn("max_pfn", kernel_parts.max_pfn);
	out_number("totalram", totalram_pages());
	for (zone = NODE_DATA(0)->node_zones; zone < NODE_DATA(0)->node_zones + MAX_NR_ZONES; zone++) {
		if (!populated_zone(zone))
			continue;
		snprintf(key, sizeof(key), "zone_%s", zone->name);
		out_open(key, '[');
		out_hex(NULL, zone->zone_start_pfn);
		out_number(NULL, zone->spanned_pages);
		out_number(NULL, zone_managed_pages(zone));
		out_close(']');
	}
	out_number("pgblk", pageblock_nr_pages);
	out_number("max_order", LARGEST_ORDER);
	out_end();
}

void out_system(void)
{
	out_machine();
	out_memory();
	out_areas();
	out_pool_records();
	out_maintenance_hooks();
}

static void out_operations(struct device *dev)
{
	const void *operations = NULL;
	char text[KSYM_SYMBOL_LEN];

/* The symbol got another name (in v6.12). */
#if defined(CONFIG_ARCH_HAS_DMA_OPS) || (defined(CONFIG_DMA_OPS) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0))
	operations = dev->dma_ops;
#endif
	snprintf(text, sizeof(text), "%ps", operations);
	/* None: dma-direct. */
	out_string("ops", operations ? text : "0x0");
}

static void out_bounce_buffers(struct device *dev)
{
#ifdef CONFIG_SWIOTLB
	const struct io_tlb_mem *mem = dev->dma_io_tlb_mem;

	if (!mem)
		return;
	out_open("io_tlb", '[');
/* The pool became a member of its own (in v6.6). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	out_hex(NULL, mem->defpool.start);
#else
	out_hex(NULL, mem->start);
#endif
	out_number(NULL, mem->nslabs);
	out_number(NULL, mem->force_bounce);
	out_number(NULL, mem->for_alloc);
	out_close(']');
#endif
}

static bool has_declared_memory(struct device *dev)
{
#ifdef CONFIG_DMA_DECLARE_COHERENT
	return dev->dma_mem;
#else
	return false;
#endif
}

void out_device_facts(struct device *dev)
{
	const struct bus_dma_region *range;
	struct cma *area = device_area(dev);

	out_begin("device");
	out_number("coherent", dev_is_dma_coherent(dev));
	out_hex("mask", dev->dma_mask ? *dev->dma_mask : 0);
	out_hex("cmask", dev->coherent_dma_mask);
	out_hex("bus_limit", dev->bus_dma_limit);
	for (range = dev->dma_range_map; range && range->size; range++) {
		out_open("range", '[');
		out_hex(NULL, range->cpu_start);
		out_hex(NULL, range->dma_start);
		out_hex(NULL, range->size);
		out_close(']');
	}
	out_operations(dev);
	if (area && cma_area_total < 0) {
		out_null("cma_dev");
	} else if (area) {
		out_open("cma_dev", '[');
		out_string(NULL, area_name(area));
		out_hex(NULL, area_base(area));
		out_number(NULL, area_size(area));
		out_close(']');
	}
	out_number("dma_mem", has_declared_memory(dev));
	out_bounce_buffers(dev);
	out_number("max_map", dma_max_mapping_size(dev));
	out_hex("req_mask", dma_get_required_mask(dev));
	out_number("addr_lim", dma_addressing_limited(dev));
	out_number("can_mmap", dma_can_mmap(dev));
	out_end();
}
