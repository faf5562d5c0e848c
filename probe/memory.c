// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells of a live buffer: where it is, where its memory came from, how the CPU's address of it and its page in the
 * direct map are mapped. And frees buffers, around a kernel that cannot free what it gave.
 */
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/swiotlb.h>
#include <linux/vmalloc.h>
#include "armory_probe.h"

const char *address_kind(const void *cpu)
{
	unsigned long address = (unsigned long)cpu;

	if (is_vmalloc_addr(cpu))
		return "vmalloc";
	if (virt_addr_valid(cpu))
		return "lowmem";
	if (address >= FIXADDR_START && address < FIXADDR_END)
		return "fixmap";
	return "other";
}

#ifdef CONFIG_SWIOTLB
/* Does the device allocate from a restricted pool? */
bool device_takes_from_pool(struct device *dev)
{
	return dev->dma_io_tlb_mem && dev->dma_io_tlb_mem->for_alloc;
}

static bool is_in_restricted_pool(struct device *dev, phys_addr_t phys)
{
/* The pool became a member of its own (in v6.6). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	const struct io_tlb_pool *pool = &dev->dma_io_tlb_mem->defpool;
#else
	const struct io_tlb_mem *pool = dev->dma_io_tlb_mem;
#endif

	return device_takes_from_pool(dev) && phys >= pool->start && phys < pool->end;
}

static void out_bounce_usage(struct device *dev)
{
	if (!device_takes_from_pool(dev))
		return;
/* Before, the sum over its parts was private to swiotlb.c (in v6.6 a counter, with debugfs). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0) && defined(CONFIG_DEBUG_FS)
	out_number("tlb_used", atomic_long_read(&dev->dma_io_tlb_mem->total_used));
#else
	out_null("tlb_used");
#endif
}
#else
bool device_takes_from_pool(struct device *dev)
{
	return false;
}

static bool is_in_restricted_pool(struct device *dev, phys_addr_t phys)
{
	return false;
}

static void out_bounce_usage(struct device *dev)
{
}
#endif

/* Where memory came from; NULL where what decides it is out of reach. */
const char *memory_source(struct device *dev, void *cpu, phys_addr_t phys)
{
	bool pools_known, default_known;
	const char *pool = pool_of(cpu, &pools_known);
	struct cma *standard = areas_default(&default_known);
	struct cma *area;

	if (pool)
		return pool;
	if (cpu && !pools_known)
		return NULL;
	if (is_in_restricted_pool(dev, phys))
		return "restricted";
	if (cma_area_total < 0)
		return NULL;
	area = area_of(phys);
	if (area && area == device_area(dev))
		return "cma-dev";
	if (area && !default_known)
		return NULL;
	if (area)
		return area == standard ? "cma-default" : "cma-other";
	if (!pfn_valid(PHYS_PFN(phys)))
		return "badphys";
	if (!kernel_parts.memblock_is_map_memory)
		return NULL;
	return kernel_parts.memblock_is_map_memory(phys) ? "buddy" : "declared";
}

/* Without a kernel mapping, what the driver gets is not an address but the first struct page. */
bool is_cookie(struct device *dev, void *cpu, unsigned long attrs)
{
	return attrs & DMA_ATTR_NO_KERNEL_MAPPING && !is_vmalloc_addr(cpu) && !device_takes_from_pool(dev);
}

/*
 * Physical address by the CPU's mapping. The handle is no guide: ARM's allocator also returns memory that the
 * device's dma-ranges do not reach, with a handle that leads elsewhere.
 */
phys_addr_t cpu_phys(void *cpu, bool cookie)
{
	if (cookie)
		return page_to_phys((struct page *)cpu);
	if (is_vmalloc_addr(cpu))
		return PFN_PHYS(vmalloc_to_pfn(cpu)) + offset_in_page(cpu);
	return virt_to_phys(cpu);
}

/*
 * Frees. arch_dma_free() finds its record of a buffer by the handle's pfn and oopses over one that leads to other
 * pages. Then the buffer is freed by its true address, with the device's ranges out of the way. True: not needed.
 */
bool buffer_free(struct device *dev, size_t size, void *cpu, dma_addr_t dma, unsigned long attrs)
{
	phys_addr_t phys = cpu_phys(cpu, is_cookie(dev, cpu, attrs));
	const struct bus_dma_region *ranges = dev->dma_range_map;

	if (dma_to_phys(dev, dma) == phys) {
		dma_free_attrs(dev, size, cpu, dma, attrs);
		return true;
	}
	dev->dma_range_map = NULL;
	dma_free_attrs(dev, size, cpu, phys, attrs);
	dev->dma_range_map = ranges;
	return false;
}

/* May the device be given this memory? The rule that dma-direct has and ARM's allocator lacks. */
static bool is_within_reach(struct device *dev, phys_addr_t phys, size_t size)
{
	dma_addr_t start = phys_to_dma(dev, phys);
	u64 limit = min_not_zero(dev->coherent_dma_mask, dev->bus_dma_limit);

	return start != DMA_MAPPING_ERROR && start + size - 1 <= limit;
}

void out_request(size_t size, gfp_t gfp, unsigned long attrs)
{
	char text[32] = "";

	out_number("size", size);
	out_string("gfp", gfpflags_allow_blocking(gfp) ? "KERNEL" : "ATOMIC");
	if (!attrs)
		return;
	if (attrs & DMA_ATTR_WRITE_COMBINE)
		strlcat(text, "WC ", sizeof(text));
	if (attrs & DMA_ATTR_NO_KERNEL_MAPPING)
		strlcat(text, "NOKM ", sizeof(text));
	if (attrs & DMA_ATTR_FORCE_CONTIGUOUS)
		strlcat(text, "CONTIG ", sizeof(text));
	if (attrs & DMA_ATTR_NO_WARN)
		strlcat(text, "NOWARN ", sizeof(text));
	out_string("attrs", text);
}

/* How the direct map maps these pages, if it does. */
void out_direct_map(const char *key, phys_addr_t phys, size_t size)
{
	if (pfn_valid(PHYS_PFN(phys)) && !PageHighMem(phys_to_page(phys)))
		out_tables(key, (unsigned long)phys_to_virt(phys) & PAGE_MASK, PAGE_ALIGN(size));
}

void out_buffer(struct device *dev, void *cpu, dma_addr_t dma, size_t size, bool cookie)
{
	phys_addr_t phys = cpu_phys(cpu, cookie);
	bool has_page = pfn_valid(PHYS_PFN(phys));
	bool high = has_page && PageHighMem(phys_to_page(phys));
	unsigned long page = (unsigned long)cpu & PAGE_MASK;

	out_hex("cpu", (unsigned long)cpu);
	out_hex("dma", dma);
	out_hex("phys", phys);
	if (dma_to_phys(dev, dma) != phys)
		out_number("bad_handle", 1);
	if (!is_within_reach(dev, phys, size))
		out_number("unreachable", 1);
	out_string("va", cookie ? "cookie" : address_kind(cpu));
	out_string("src", memory_source(dev, cookie ? NULL : cpu, phys));
	if (has_page)
		out_number("hm", high);
	if (!cookie) {
		if (!offset_in_page(cpu))
			out_number("zero", !memchr_inv(cpu, 0, size));
		out_tables("cpu_pt", page, PAGE_ALIGN(size));
	}
	if (has_page && !high && (cookie || ((unsigned long)phys_to_virt(phys) & PAGE_MASK) != page))
		out_direct_map("alias_pt", phys, size);
}

static void out_area_usage(const char *key, struct cma *area, bool known)
{
	unsigned long pages = 0;

	if (known && (!area || area_used_pages(area, &pages)))
		out_number(key, pages);
	else
		out_null(key);
}

void out_usage(struct device *dev)
{
	bool default_known;
	struct cma *standard = areas_default(&default_known);

	out_area_usage("cma_used", standard, default_known);
	if (device_area(dev))
		out_area_usage("cma_dev_used", device_area(dev), true);
	out_bounce_usage(dev);
}
