// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocates until there is no more, and gives back in different orders. Other drivers of the board may find
 * pools empty meanwhile: this runs only if both the module's parameter and the device's node say so.
 */
#include <linux/delay.h>
#include <linux/dma-direct.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>
#include "armory_probe.h"

/* How the buffers are given back. The numbers stand in records. */
enum order { LAST_FIRST, FIRST_FIRST, EVEN_THEN_ODD };

struct phase {
	const char *op;
	size_t size;
	gfp_t gfp;
	int most;
	unsigned int pace_ms;
	enum order order;
};

static const struct phase phases[] = {
	{ "x_atomic", SZ_4K, GFP_ATOMIC, 2048, 0, LAST_FIRST },
	{ "x_atomic", SZ_64K, GFP_ATOMIC, 256, 0, FIRST_FIRST },
	{ "x_atomic", SZ_8K, GFP_ATOMIC, 1024, 0, EVEN_THEN_ODD },
	/* With pauses, in which the kernel may let a pool grow. */
	{ "x_atomic_paced", SZ_64K, GFP_ATOMIC, 128, 20, EVEN_THEN_ODD },
	{ "x_kernel", SZ_1M, GFP_KERNEL, 40, 0, EVEN_THEN_ODD },
	{ "x_kernel", SZ_4K, GFP_KERNEL, 64, 0, LAST_FIRST },
	{ "x_kernel", SZ_64K, GFP_KERNEL, 600, 0, FIRST_FIRST },
};

struct taken {
	void *cpu;
	dma_addr_t dma;
};

static const char * const sources[] = {
	"pool", "restricted", "cma-dev", "cma-default", "cma-other", "declared", "buddy",
};

#define BUDDY (ARRAY_SIZE(sources) - 1)

struct tally {
	unsigned int by_source[ARRAY_SIZE(sources)];
	unsigned int unknown, remapped;
	int first_buddy;
	u64 lowest, highest;
};

static void *take(struct device *dev, size_t size, gfp_t gfp, dma_addr_t *dma)
{
	return dma_alloc_attrs(dev, size, dma, gfp | __GFP_NOWARN, DMA_ATTR_NO_WARN);
}

static void out_state(struct device *dev)
{
	out_pools();
	out_usage(dev);
	out_end();
}

static void out_phase(const struct phase *phase, const char *name)
{
	out_begin(phase->op);
	out_string("phase", name);
}

static void count(struct tally *tally, struct device *dev, void *cpu, size_t size, int index)
{
	phys_addr_t phys = cpu_phys(cpu, false);
	const char *source = memory_source(dev, cpu, phys);
	int i;

	tally->lowest = min_t(u64, tally->lowest, phys);
	tally->highest = max_t(u64, tally->highest, phys + size - 1);
	tally->remapped += is_vmalloc_addr(cpu);
	if (!source) {
		tally->unknown++;
		return;
	}
	if (!strncmp(source, "atomic_pool", 11))
		source = "pool";
	for (i = 0; i < ARRAY_SIZE(sources); i++)
		if (!strcmp(source, sources[i]))
			tally->by_source[i]++;
	if (!strcmp(source, sources[BUDDY]) && tally->first_buddy < 0)
		tally->first_buddy = index;
}

static void out_full(const struct phase *phase, const struct tally *tally, int taken)
{
	int i;

	out_phase(phase, "full");
	out_request(phase->size, phase->gfp, 0);
	out_number("pace_ms", phase->pace_ms);
	out_number("count", taken);
	out_number("capped", taken == phase->most);
	out_number("vmalloc", tally->remapped);
	if (tally->unknown)
		out_null("first_buddy");
	else
		out_number("first_buddy", tally->first_buddy);
	if (taken) {
		out_hex("phys_lo", tally->lowest);
		out_hex("phys_hi", tally->highest);
	}
	if (tally->unknown) {
		out_null("srcs");
		return;
	}
	out_open("srcs", '{');
	for (i = 0; i < ARRAY_SIZE(sources); i++)
		if (tally->by_source[i])
			out_number(sources[i], tally->by_source[i]);
	out_close('}');
}

static void give_back(struct device *dev, size_t size, struct taken *taken, int count, int first, int step)
{
	int i;

	for (i = first; i >= 0 && i < count; i += step)
		buffer_free(dev, size, taken[i].cpu, taken[i].dma, 0);
}

/* Every other buffer is free: is there one of twice the size? */
static void try_fragmented(struct device *dev, const struct phase *phase)
{
	size_t size = 2 * phase->size;
	dma_addr_t dma;
	void *cpu = take(dev, size, phase->gfp, &dma);

	out_phase(phase, "fragmented");
	out_request(size, phase->gfp, 0);
	out_number("ok", !!cpu);
	if (cpu) {
		out_hex("phys", dma_to_phys(dev, dma));
		out_string("src", memory_source(dev, cpu, dma_to_phys(dev, dma)));
	}
	out_state(dev);
	if (cpu)
		buffer_free(dev, size, cpu, dma, 0);
}

static void run_phase(struct device *dev, const struct phase *phase, struct taken *taken)
{
	struct tally tally = { .first_buddy = -1, .lowest = ~0ULL };
	int n;

	out_phase(phase, "before");
	out_request(phase->size, phase->gfp, 0);
	out_state(dev);

	for (n = 0; n < phase->most; n++) {
		taken[n].cpu = take(dev, phase->size, phase->gfp, &taken[n].dma);
		if (!taken[n].cpu)
			break;
		count(&tally, dev, taken[n].cpu, phase->size, n);
		if (phase->pace_ms)
			msleep(phase->pace_ms);
	}
	out_full(phase, &tally, n);
	out_state(dev);

	if (phase->order == LAST_FIRST) {
		give_back(dev, phase->size, taken, n, n - 1, -1);
	} else if (phase->order == FIRST_FIRST) {
		give_back(dev, phase->size, taken, n, 0, 1);
	} else {
		give_back(dev, phase->size, taken, n, 0, 2);
		try_fragmented(dev, phase);
		give_back(dev, phase->size, taken, n, 1, 2);
	}
	out_phase(phase, "freed");
	out_number("order", phase->order);
	out_request(phase->size, phase->gfp, 0);
	out_state(dev);

	msleep(100);	/* the pools' worker may run */
	out_phase(phase, "settled");
	out_state(dev);
}

void run_exhaustion(struct device *dev)
{
	struct taken *taken;
	int i, most = 0;

	for (i = 0; i < ARRAY_SIZE(phases); i++)
		most = max(most, phases[i].most);
	taken = vmalloc(array_size(most, sizeof(*taken)));
	for (i = 0; taken && i < ARRAY_SIZE(phases); i++)
		run_phase(dev, &phases[i], taken);
	vfree(taken);
}
