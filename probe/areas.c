// SPDX-License-Identifier: GPL-2.0-only
/*
 * CMA areas: which there are, which one is the default, how many of their pages are taken. Areas are private to
 * the kernel. Its own iterator lists them; which one is the default is read, or shown by one allocation.
 */
#include <linux/cma.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include "armory_probe.h"

struct cma *cma_areas_found[MOST_AREAS];
int cma_area_total = -1;

static struct cma *default_area;
static bool default_known;

static phys_addr_t (*get_base)(const struct cma *area);
static unsigned long (*get_size)(const struct cma *area);
static const char *(*get_name)(const struct cma *area);

/*
 * The beginning of the kernel's struct cma: mm/cma.h, v6.1 to v6.14. An area may have several ranges (in v6.15);
 * how those are kept is not looked into.
 */
struct area_head {
	unsigned long base_pfn;
	unsigned long count;
	unsigned long *bitmap;
	unsigned int order_per_bit;
};

const char *area_name(struct cma *area)
{
	return get_name ? get_name(area) : NULL;
}

phys_addr_t area_base(struct cma *area)
{
	return get_base(area);
}

unsigned long area_size(struct cma *area)
{
	return get_size(area);
}

/* False: not known. */
bool area_used_pages(struct cma *area, unsigned long *pages)
{
	const struct area_head *head = (const struct area_head *)area;

	if (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0) || !get_base || !get_size)
		return false;
	/* Is it laid out as expected? */
	if (PFN_PHYS(head->base_pfn) != get_base(area) || head->count << PAGE_SHIFT != get_size(area))
		return false;
	if (head->order_per_bit > 10 || !virt_addr_valid(head->bitmap))
		return false;
	*pages = (unsigned long)bitmap_weight(head->bitmap, head->count >> head->order_per_bit)
		 << head->order_per_bit;
	return true;
}

struct cma *device_area(struct device *dev)
{
#ifdef CONFIG_DMA_CMA
	return dev->cma_area;
#else
	return NULL;
#endif
}

struct cma *area_of(phys_addr_t phys)
{
	int i;

	for (i = 0; i < cma_area_total; i++) {
		phys_addr_t base = get_base(cma_areas_found[i]);

		if (phys >= base && phys - base < get_size(cma_areas_found[i]))
			return cma_areas_found[i];
	}
	return NULL;
}

struct cma *areas_default(bool *known)
{
	*known = default_known;
	return default_area;
}

static int collect(struct cma *area, void *data)
{
	if (cma_area_total == MOST_AREAS)
		return 1;
	cma_areas_found[cma_area_total++] = area;
	return 0;
}

/* Two pages, on a device without an area of its own, come from the default area: dma_alloc_contiguous(). */
static void try_default(void)
{
	const struct kernel_parts *parts = &kernel_parts;
	size_t size = 2 * PAGE_SIZE;
	struct device *dev = scout();
	struct page *pages;

	if (!dev || !parts->dma_alloc_contiguous || !parts->dma_free_contiguous)
		return;
	pages = parts->dma_alloc_contiguous(dev, size, GFP_KERNEL | __GFP_NOWARN);
	if (!pages)
		return;
	default_area = area_of(page_to_phys(pages));
	default_known = default_area;
	parts->dma_free_contiguous(dev, pages, size);
}

void areas_init(void)
{
	if (!IS_ENABLED(CONFIG_CMA) || !IS_ENABLED(CONFIG_DMA_CMA)) {
		cma_area_total = 0;
		default_known = true;
		return;
	}
	get_base = kernel_function("cma_get_base");
	get_size = kernel_function("cma_get_size");
	get_name = kernel_function("cma_get_name");
	if (!kernel_parts.cma_for_each_area || !get_base || !get_size)
		return;
	cma_area_total = 0;
	kernel_parts.cma_for_each_area(collect, NULL);
	if (kernel_parts.dma_contiguous_default_area) {
		default_area = *kernel_parts.dma_contiguous_default_area;
		default_known = true;
	} else if (cma_area_total == 0) {
		default_known = true;
	} else {
		try_default();
	}
}

void out_areas(void)
{
	unsigned long pages;
	int i;

	if (cma_area_total < 0) {
		out_begin("cma");
		out_null("name");
		out_null("base");
		out_null("size");
		out_null("used");
		out_null("def");
		out_null("hm");
		out_end();
	}
	for (i = 0; i < cma_area_total; i++) {
		struct cma *area = cma_areas_found[i];
		bool high = PageHighMem(phys_to_page(get_base(area)));

		out_begin("cma");
		out_string("name", area_name(area));
		out_hex("base", get_base(area));
		out_number("size", get_size(area));
		if (area_used_pages(area, &pages))
			out_number("used", pages);
		else
			out_null("used");
		if (default_known)
			out_number("def", area == default_area);
		else
			out_null("def");
		out_number("hm", high);
		if (!high)
			out_tables("pt", (unsigned long)phys_to_virt(get_base(area)), get_size(area));
		out_end();
	}
}
