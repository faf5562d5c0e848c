// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streaming mappings: of ranges that begin and end on cache lines and that do not, of pages in low and high
 * memory, of scatterlists; each direction; with syncs between map and unmap. No device ever reads or writes.
 */
#include <linux/dma-direct.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include "armory_probe.h"

#define FILLING 0xa5

struct piece {
	size_t offset, length;
};

static const char * const directions[] = { "BIDI", "TODEV", "FROMDEV" };

static void out_piece(const struct piece *piece, enum dma_data_direction dir)
{
	out_number("off", piece->offset);
	out_number("len", piece->length);
	out_string("dir", directions[dir]);
}

/* The end of a record: what became of the range, and the maintenance. */
static void out_mapped(struct device *dev, dma_addr_t dma, phys_addr_t original)
{
	phys_addr_t phys = dma_to_phys(dev, dma);

	out_hex("dma", dma);
	out_hex("phys", phys);
	out_number("bounced", phys != original);
	out_maintenance_totals();
	out_maintenance_calls();
	out_end();
}

static void out_not_mapped(dma_addr_t dma)
{
	out_number("ok", 0);
	out_hex("dma", dma);
	out_maintenance_calls();
	out_end();
}

static void sync_both_ways(struct device *dev, dma_addr_t dma, phys_addr_t original, const struct piece *piece,
			   enum dma_data_direction dir)
{
	maintenance_watch();
	dma_sync_single_for_cpu(dev, dma, piece->length, dir);
	maintenance_stop();
	out_begin("sync_cpu");
	out_piece(piece, dir);
	out_mapped(dev, dma, original);

	maintenance_watch();
	dma_sync_single_for_device(dev, dma, piece->length, dir);
	maintenance_stop();
	out_begin("sync_dev");
	out_piece(piece, dir);
	out_mapped(dev, dma, original);
}

/* ARM's note that a page's lines in the data cache are clean; flags are a struct of one word (in v6.18). */
static bool is_noted_clean(const void *buffer)
{
	return test_bit(PG_arch_1, (const unsigned long *)&virt_to_page(buffer)->flags);
}

static void try_single(struct device *dev, const struct piece *piece, enum dma_data_direction dir,
		       unsigned long attrs)
{
	unsigned int order = get_order(piece->offset + piece->length);
	u8 *buffer = (u8 *)__get_free_pages(GFP_KERNEL, order);
	u8 *start = buffer + piece->offset;
	phys_addr_t original;
	dma_addr_t dma;

	if (!buffer)
		return;
	memset(buffer, FILLING, piece->offset + piece->length);
	original = virt_to_phys(start);

	maintenance_watch();
	dma = dma_map_single_attrs(dev, start, piece->length, dir, attrs);
	maintenance_stop();
	out_begin("map_single");
	out_piece(piece, dir);
	out_number("skip", !!attrs);
	out_hex("cpu", (unsigned long)start);
	out_hex("orig", original);
	if (dma_mapping_error(dev, dma)) {
		out_not_mapped(dma);
		goto free;
	}
	out_number("ok", 1);
	out_number("need_sync", dma_need_sync(dev, dma));
	out_mapped(dev, dma, original);

	if (!attrs)
		sync_both_ways(dev, dma, original, piece, dir);

	maintenance_watch();
	dma_unmap_single_attrs(dev, dma, piece->length, dir, attrs);
	maintenance_stop();
	out_begin("unmap_single");
	out_piece(piece, dir);
	out_number("skip", !!attrs);
	out_number("dcache_clean", is_noted_clean(buffer));
	out_mapped(dev, dma, original);
free:
	free_pages((unsigned long)buffer, order);
}

static void try_page(struct device *dev, bool high, enum dma_data_direction dir)
{
	static const struct piece piece = { 256, 6000 };
	struct page *pages = alloc_pages(high ? GFP_HIGHUSER : GFP_KERNEL, 1);
	phys_addr_t original;
	dma_addr_t dma;

	if (!pages)
		return;
	original = page_to_phys(pages) + piece.offset;

	maintenance_watch();
	dma = dma_map_page(dev, pages, piece.offset, piece.length, dir);
	maintenance_stop();
	out_begin("map_page");
	out_piece(&piece, dir);
	out_number("hm", !!PageHighMem(pages));
	out_hex("orig", original);
	if (dma_mapping_error(dev, dma)) {
		out_not_mapped(dma);
		goto free;
	}
	out_number("ok", 1);
	out_mapped(dev, dma, original);

	maintenance_watch();
	dma_unmap_page(dev, dma, piece.length, dir);
	maintenance_stop();
	out_begin("unmap_page");
	out_piece(&piece, dir);
	out_number("hm", !!PageHighMem(pages));
	out_mapped(dev, dma, original);
free:
	__free_pages(pages, 1);
}

static void out_sg_step(const char *op, enum dma_data_direction dir)
{
	out_begin(op);
	out_string("dir", directions[dir]);
	out_maintenance_totals();
	out_maintenance_calls();
	out_end();
}

/* Three pieces; the last begins and ends within cache lines. */
static void try_sg(struct device *dev, enum dma_data_direction dir)
{
	static const struct piece pieces[] = { { 0, 512 }, { 0, SZ_4K }, { 36, 100 } };
	struct scatterlist list[ARRAY_SIZE(pieces)], *entry;
	void *buffers[ARRAY_SIZE(pieces)];
	int i, mapped, made;

	sg_init_table(list, ARRAY_SIZE(pieces));
	for (made = 0; made < ARRAY_SIZE(pieces); made++) {
		buffers[made] = kmalloc(SZ_8K, GFP_KERNEL);
		if (!buffers[made])
			goto free;
		sg_set_buf(&list[made], buffers[made] + pieces[made].offset, pieces[made].length);
	}

	maintenance_watch();
	mapped = dma_map_sg(dev, list, ARRAY_SIZE(pieces), dir);
	maintenance_stop();
	out_begin("map_sg");
	out_string("dir", directions[dir]);
	out_number("n", mapped);
	out_open("sg", '[');
	for_each_sg(list, entry, mapped, i) {
		out_open(NULL, '[');
		out_hex(NULL, sg_phys(entry));
		out_hex(NULL, sg_dma_address(entry));
		out_number(NULL, sg_dma_len(entry));
		out_close(']');
	}
	out_close(']');
	out_maintenance_totals();
	out_maintenance_calls();
	out_end();
	if (!mapped)
		goto free;

	maintenance_watch();
	dma_sync_sg_for_cpu(dev, list, ARRAY_SIZE(pieces), dir);
	maintenance_stop();
	out_sg_step("sync_sg_cpu", dir);

	maintenance_watch();
	dma_unmap_sg(dev, list, ARRAY_SIZE(pieces), dir);
	maintenance_stop();
	out_sg_step("unmap_sg", dir);
free:
	while (made--)
		kfree(buffers[made]);
}

void run_streaming(struct device *dev)
{
	static const struct piece ranges[] = {
		{ 0, SZ_4K }, { 0, 512 }, { 20, 100 }, { 0, SZ_64K }, { 33, 4100 },
	};
	enum dma_data_direction dir;
	int i;

	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++)
		for (i = 0; i < ARRAY_SIZE(ranges); i++)
			try_single(dev, &ranges[i], dir, 0);
	try_single(dev, &ranges[0], DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	for (dir = DMA_BIDIRECTIONAL; dir <= DMA_FROM_DEVICE; dir++) {
		try_page(dev, false, dir);
		try_page(dev, true, dir);
		try_sg(dev, dir);
	}
}
