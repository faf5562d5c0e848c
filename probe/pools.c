// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pools that atomic allocations come from: ARM's atomic_pool, and the generic atomic_pool_kernel, _dma and
 * _dma32. Their variables are read where names of variables can be looked up. Otherwise, in a kernel that has
 * ARM's pool only, a kprobe sees which pool an atomic allocation on the scout takes from: that is it.
 */
#include <linux/genalloc.h>
#include <linux/highmem.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include "armory_probe.h"

static const char * const names[] = {
	"atomic_pool", "atomic_pool_kernel", "atomic_pool_dma", "atomic_pool_dma32",
};

static struct gen_pool **variables[ARRAY_SIZE(names)];
static struct gen_pool *seen_pool;
static bool pools_known;

static int __kprobes pool_hit(struct kprobe *kprobe, struct pt_regs *regs)
{
	seen_pool = (struct gen_pool *)regs->ARM_r0;
	return 0;
}

static bool see_arms_pool(void)
{
	struct kprobe kprobe = { .symbol_name = "gen_pool_alloc_algo_owner", .pre_handler = pool_hit };
	struct device *dev = scout();
	dma_addr_t dma;
	void *cpu;

	if (!dev || register_kprobe(&kprobe))
		return false;
	cpu = dma_alloc_attrs(dev, PAGE_SIZE, &dma, GFP_ATOMIC | __GFP_NOWARN, DMA_ATTR_NO_WARN);
	unregister_kprobe(&kprobe);
	if (!cpu)
		return false;
	if (seen_pool && !gen_pool_has_addr(seen_pool, (unsigned long)cpu, PAGE_SIZE))
		seen_pool = NULL;
	dma_free_attrs(dev, PAGE_SIZE, cpu, dma, 0);
	return seen_pool;
}

void pools_init(void)
{
	int i;

	if (kernel_parts.data_symbols) {
		for (i = 0; i < ARRAY_SIZE(names); i++)
			variables[i] = kernel_symbol(names[i]);
		pools_known = true;
	} else if (!IS_ENABLED(CONFIG_DMA_COHERENT_POOL) && see_arms_pool()) {
		variables[0] = &seen_pool;
		pools_known = true;
	}
}

/* Name of the pool that an address belongs to, or NULL. */
const char *pool_of(void *cpu, bool *known)
{
	int i;

	*known = pools_known;
	for (i = 0; cpu && i < ARRAY_SIZE(names); i++)
		if (variables[i] && *variables[i] && gen_pool_has_addr(*variables[i], (unsigned long)cpu, 1))
			return names[i];
	return NULL;
}

void out_pools(void)
{
	int i;

	if (!pools_known) {
		out_null("pools");
		return;
	}
	out_open("pools", '{');
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct gen_pool *pool = variables[i] ? *variables[i] : NULL;

		if (!variables[i])
			continue;
		out_open(names[i], '[');
		out_number(NULL, pool ? gen_pool_size(pool) : 0);
		out_number(NULL, pool ? gen_pool_avail(pool) : 0);
		out_close(']');
	}
	out_close('}');
}

static void out_chunk(const char *name, const struct gen_pool_chunk *chunk)
{
	size_t size = chunk->end_addr - chunk->start_addr + 1;

	out_begin("pool");
	out_string("name", name);
	out_hex("virt", chunk->start_addr);
	out_string("va", address_kind((void *)chunk->start_addr));
	out_hex("phys", chunk->phys_addr);
	out_number("size", size);
	out_tables("cpu_pt", chunk->start_addr, size);
	out_direct_map("alias_pt", chunk->phys_addr, size);
	out_end();
}

void out_pool_records(void)
{
	int i;

	if (!pools_known) {
		out_begin("pool");
		out_null("name");
		out_null("virt");
		out_null("va");
		out_null("phys");
		out_null("size");
		out_end();
	}
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct gen_pool_chunk *chunk;

		if (!variables[i] || !*variables[i])
			continue;
		list_for_each_entry(chunk, &(*variables[i])->chunks, next_chunk)
			out_chunk(names[i], chunk);
	}
}
