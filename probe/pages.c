// SPDX-License-Identifier: GPL-2.0-only
/*
 * The other ways to allocate: pages and memory that the driver keeps coherent itself, pages that need not be
 * contiguous, scatterlists of coherent buffers, and pools of small ones.
 */
#include <linux/dma-direct.h>
#include <linux/dmapool.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include "armory_probe.h"

static void try_pages(struct device *dev, size_t size, enum dma_data_direction dir, gfp_t gfp)
{
	struct page *page;
	dma_addr_t dma;

	maintenance_watch();
	page = dma_alloc_pages(dev, size, &dma, dir, gfp);
	maintenance_stop();
	out_begin("alloc_pages");
	out_request(size, gfp, 0);
	out_number("dir", dir);
	out_number("ok", !!page);
	if (page)
		out_buffer(dev, page_address(page), dma, size, false);
	out_maintenance_totals();
	out_end();
	if (!page)
		return;
	maintenance_watch();
	dma_free_pages(dev, size, page, dma, dir);
	maintenance_stop();
	out_begin("free_pages");
	out_request(size, gfp, 0);
	out_maintenance_totals();
	out_maintenance_calls();
	out_end();
}

static void try_noncoherent(struct device *dev, size_t size, enum dma_data_direction dir, gfp_t gfp)
{
	dma_addr_t dma;
	void *cpu;

	maintenance_watch();
	cpu = dma_alloc_noncoherent(dev, size, &dma, dir, gfp);
	maintenance_stop();
	out_begin("alloc_noncoherent");
	out_request(size, gfp, 0);
	out_number("dir", dir);
	out_number("ok", !!cpu);
	if (cpu)
		out_buffer(dev, cpu, dma, size, false);
	out_maintenance_totals();
	out_end();
	if (!cpu)
		return;
	dma_free_noncoherent(dev, size, cpu, dma, dir);
	out_begin("free_noncoherent");
	out_request(size, gfp, 0);
	out_end();
}

static void try_noncontiguous(struct device *dev, size_t size)
{
	struct sg_table *table;
	void *cpu;

	maintenance_watch();
	table = dma_alloc_noncontiguous(dev, size, DMA_BIDIRECTIONAL, GFP_KERNEL, 0);
	maintenance_stop();
	out_begin("alloc_noncontiguous");
	out_number("size", size);
	out_number("ok", !!table);
	if (table) {
		out_number("nents", table->nents);
		out_hex("dma", sg_dma_address(table->sgl));
		out_hex("phys", sg_phys(table->sgl));
		cpu = dma_vmap_noncontiguous(dev, size, table);
		out_string("va", address_kind(cpu));
		if (cpu)
			dma_vunmap_noncontiguous(dev, cpu);
	}
	out_maintenance_totals();
	out_maintenance_calls();
	out_end();
	if (table)
		dma_free_noncontiguous(dev, size, table, DMA_BIDIRECTIONAL);
}

void run_pages(struct device *dev)
{
	enum dma_data_direction dir;

	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
		try_pages(dev, SZ_4K, dir, GFP_KERNEL);
		try_noncoherent(dev, SZ_4K, dir, GFP_KERNEL);
	}
	try_pages(dev, SZ_64K, DMA_FROM_DEVICE, GFP_KERNEL);
	try_noncoherent(dev, SZ_64K, DMA_FROM_DEVICE, GFP_KERNEL);
	try_pages(dev, SZ_8K, DMA_FROM_DEVICE, GFP_ATOMIC);
	try_noncoherent(dev, SZ_8K, DMA_FROM_DEVICE, GFP_ATOMIC);
	try_noncontiguous(dev, SZ_1M);
}

static void try_sg_table(struct device *dev, size_t size, gfp_t gfp)
{
	int result = -ENOMEM;
	struct sg_table table;
	dma_addr_t dma;
	void *cpu = dma_alloc_coherent(dev, size, &dma, gfp);

	out_begin("get_sgtable");
	out_request(size, gfp, 0);
	if (cpu) {
		result = dma_get_sgtable(dev, &table, cpu, dma, size);
		out_hex("dma", dma);
		if (!result) {
			out_number("nents", table.nents);
			out_hex("sgphys", sg_phys(table.sgl));
			out_number("sglen", table.sgl->length);
			sg_free_table(&table);
		}
		buffer_free(dev, size, cpu, dma, 0);
	}
	out_number("ret", result);
	out_number("can_mmap", dma_can_mmap(dev));
	out_end();
}

/* A pool frees its pages by itself, by a handle that must be good: try with a page first. */
static bool page_frees_well(struct device *dev)
{
	dma_addr_t dma;
	void *cpu = dma_alloc_coherent(dev, SZ_4K, &dma, GFP_KERNEL);

	return !cpu || buffer_free(dev, SZ_4K, cpu, dma, 0);
}

static void try_dma_pool(struct device *dev)
{
	struct dma_pool *pool;
	dma_addr_t dma[3];
	void *cpu[3];
	int i;

	if (!page_frees_well(dev))
		return;
	pool = dma_pool_create("armory", dev, 64, 64, 0);
	if (!pool)
		return;
	for (i = 0; i < ARRAY_SIZE(cpu); i++) {
		cpu[i] = dma_pool_zalloc(pool, i == 1 ? GFP_ATOMIC : GFP_KERNEL, &dma[i]);
		out_begin("dma_pool_alloc");
		out_number("i", i);
		out_number("ok", !!cpu[i]);
		if (cpu[i]) {
			out_hex("cpu", (unsigned long)cpu[i]);
			out_hex("dma", dma[i]);
			out_string("src", memory_source(dev, cpu[i], dma_to_phys(dev, dma[i])));
		}
		out_end();
	}
	for (i = 0; i < ARRAY_SIZE(cpu); i++)
		if (cpu[i])
			dma_pool_free(pool, cpu[i], dma[i]);
	dma_pool_destroy(pool);
}

void run_tables_and_pools(struct device *dev)
{
	try_sg_table(dev, SZ_8K, GFP_KERNEL);
	try_sg_table(dev, SZ_8K, GFP_ATOMIC);
	try_dma_pool(dev);
}
