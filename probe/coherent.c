// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coherent allocations, one by one: size, flags and attributes in all combinations that lead to different code.
 * Each is told, filled with a pattern (so that the next one shows whether it was cleared) and freed.
 */
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>
#include "armory_probe.h"

#define FILLING 0x5a

struct request {
	size_t size;
	gfp_t gfp;
	unsigned long attrs;
	bool irqs_off;
};

static const struct request requests[] = {
	{ 100, GFP_KERNEL },
	{ SZ_4K, GFP_KERNEL },
	{ SZ_8K, GFP_KERNEL },
	{ 3 * SZ_4K, GFP_KERNEL },
	{ SZ_64K, GFP_KERNEL },
	{ SZ_1M, GFP_KERNEL },
	{ SZ_4M, GFP_KERNEL },
	{ SZ_8M, GFP_KERNEL },
	{ SZ_32M, GFP_KERNEL | __GFP_NOWARN },
	{ SZ_4K, GFP_KERNEL, DMA_ATTR_WRITE_COMBINE },
	{ SZ_64K, GFP_KERNEL, DMA_ATTR_WRITE_COMBINE },
	{ SZ_4K, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING },
	{ SZ_64K, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING },
	{ SZ_1M, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING },
	{ SZ_64K, GFP_KERNEL, DMA_ATTR_FORCE_CONTIGUOUS },
	{ SZ_4K, GFP_ATOMIC },
	{ SZ_8K, GFP_ATOMIC },
	{ SZ_64K, GFP_ATOMIC },
	{ SZ_256K, GFP_ATOMIC | __GFP_NOWARN },
	{ SZ_4K, GFP_ATOMIC, DMA_ATTR_NO_KERNEL_MAPPING },
	{ SZ_4K, GFP_ATOMIC, 0, true },
	{ SZ_8K, GFP_ATOMIC, 0, true },
	{ SZ_4K, GFP_KERNEL | __GFP_ZERO },
};

static void *allocate(struct device *dev, const struct request *request, dma_addr_t *dma)
{
	unsigned long flags = 0;
	void *cpu;

	maintenance_watch();
	if (request->irqs_off)
		local_irq_save(flags);
	cpu = dma_alloc_attrs(dev, request->size, dma, request->gfp, request->attrs);
	if (request->irqs_off)
		local_irq_restore(flags);
	maintenance_stop();
	return cpu;
}

static void release(struct device *dev, const struct request *request, void *cpu, dma_addr_t dma)
{
	bool cookie = is_cookie(dev, cpu, request->attrs);
	phys_addr_t phys = cpu_phys(cpu, cookie);
	bool plain;

	maintenance_watch();
	plain = buffer_free(dev, request->size, cpu, dma, request->attrs);
	maintenance_stop();
	out_begin("free");
	if (!plain)
		out_number("worked_around", 1);
	out_request(request->size, request->gfp, request->attrs);
	if (!cookie && is_vmalloc_addr(cpu)) {
		if (kernel_parts.find_vm_area)
			out_number("vm_after", !!kernel_parts.find_vm_area(cpu));
		else
			out_null("vm_after");
	}
	out_direct_map("alias_after", phys, request->size);
	out_usage(dev);
	out_maintenance_totals();
	out_maintenance_calls();
	out_end();
}

static void try(struct device *dev, const struct request *request)
{
	dma_addr_t dma = 0x5a5a5a5a;
	void *cpu = allocate(dev, request, &dma);
	bool cookie;

	out_begin(request->irqs_off ? "alloc_irqsoff" : "alloc");
	out_request(request->size, request->gfp, request->attrs);
	out_number("ok", !!cpu);
	if (!cpu) {
		out_hex("dma", dma);
		out_usage(dev);
		out_maintenance_calls();
		out_end();
		return;
	}
	cookie = is_cookie(dev, cpu, request->attrs);
	out_buffer(dev, cpu, dma, request->size, cookie);
	out_usage(dev);
	out_end();

	out_begin("alloc_mnt");
	out_maintenance_totals();
	out_maintenance_calls();
	out_end();

	if (!cookie)
		memset(cpu, FILLING, PAGE_ALIGN(request->size));
	release(dev, request, cpu, dma);
}

void run_coherent(struct device *dev)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(requests); i++)
		try(dev, &requests[i]);
}
