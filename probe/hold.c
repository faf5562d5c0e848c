// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the end each device holds some buffers, all devices at once, as drivers of a running system do. They are told,
 * and given back.
 */
#include <linux/sizes.h>
#include "armory_probe.h"

static const struct {
	size_t size;
	unsigned long attrs;
	gfp_t gfp;
} wanted[] = {
	{ SZ_4K, 0, GFP_KERNEL },
	{ SZ_8K, 0, GFP_KERNEL },
	{ SZ_64K, 0, GFP_KERNEL },
	{ SZ_1M, 0, GFP_KERNEL },
	{ SZ_16K, DMA_ATTR_WRITE_COMBINE, GFP_KERNEL },
	{ SZ_4K, 0, GFP_ATOMIC },
};

#define MOST_HOLDERS 32

static struct holder {
	struct device *dev;
	const char *name;
	void *cpu[ARRAY_SIZE(wanted)];
	dma_addr_t dma[ARRAY_SIZE(wanted)];
} holders[MOST_HOLDERS];
static int holder_count;

void hold_device(struct device *dev, const char *name)
{
	if (holder_count < MOST_HOLDERS)
		holders[holder_count++] = (struct holder){ .dev = dev, .name = name };
}

static void take(struct holder *holder)
{
	int i;

	out_device(holder->name);
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		holder->cpu[i] = dma_alloc_attrs(holder->dev, wanted[i].size, &holder->dma[i],
						 wanted[i].gfp | __GFP_NOWARN, wanted[i].attrs);
		out_begin("hold");
		out_request(wanted[i].size, wanted[i].gfp, wanted[i].attrs);
		out_number("ok", !!holder->cpu[i]);
		if (holder->cpu[i])
			out_buffer(holder->dev, holder->cpu[i], holder->dma[i], wanted[i].size, false);
		out_end();
	}
}

static void give_back(struct holder *holder)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (holder->cpu[i])
			buffer_free(holder->dev, wanted[i].size, holder->cpu[i], holder->dma[i],
				    wanted[i].attrs);
		holder->cpu[i] = NULL;
	}
}

void run_holding(void)
{
	int i;

	for (i = 0; i < holder_count; i++)
		take(&holders[i]);
	for (i = 0; i < holder_count; i++)
		give_back(&holders[i]);
}
