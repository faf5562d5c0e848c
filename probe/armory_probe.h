/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The DMA probe: a fixed script of DMA API calls, made on devices that exist for it alone, each call told as
 * one JSON object. Here is what the files share. Read main.c first (when what runs), then coherent.c.
 *
 * A value that this kernel does not let a module have is written as null. No file writes a guess.
 */
#ifndef ARMORY_PROBE_H
#define ARMORY_PROBE_H

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/types.h>
#include <linux/version.h>

#define ARMORY_PROBE_VERSION "1"

struct cma;
struct gen_pool;
struct vm_struct;

/* ---- main.c */
extern bool armory_exhaust;
extern bool armory_log;
extern char *armory_devices[];
extern int armory_device_count;

/* ---- output.c: one record is open at a time; a key of NULL appends to an array */
int out_init(void);
void out_exit(void);
void out_begin(const char *op);
void out_end(void);
void out_device(const char *name);
void out_number(const char *key, s64 value);
void out_hex(const char *key, u64 value);
void out_string(const char *key, const char *text);
void out_null(const char *key);
void out_open(const char *key, char bracket);
void out_close(char bracket);
unsigned int out_written(void);
unsigned int out_lost(void);

/* ---- kernel.c: parts of the kernel that modules may not link to; NULL where out of reach */
struct kernel_parts {
	int (*cma_for_each_area)(int (*visit)(struct cma *area, void *data), void *data);
	struct page *(*dma_alloc_contiguous)(struct device *dev, size_t size, gfp_t gfp);
	void (*dma_free_contiguous)(struct device *dev, struct page *page, size_t size);
	bool (*memblock_is_map_memory)(phys_addr_t address);
	struct vm_struct *(*find_vm_area)(const void *address);
	struct mm_struct *init_mm;
	struct cma **dma_contiguous_default_area;
	unsigned long *max_low_pfn;
	unsigned long *max_pfn;
	bool symbols;		/* names can be looked up */
	bool data_symbols;	/* names of variables, too */
};
extern struct kernel_parts kernel_parts;

void kernel_parts_find(void);
void *kernel_symbol(const char *name);
void *kernel_function(const char *name);

/* ---- tables.c: the kernel's page tables */
void tables_init(void);
const char *tables_root(void);
void out_tables(const char *key, unsigned long vaddr, size_t size);
u32 armory_prrr(void);
u32 armory_nmrr(void);
bool armory_remaps_types(void);

/* ---- maintenance.c: calls of cache and TLB maintenance by this task */
void maintenance_init(void);
void maintenance_exit(void);
void maintenance_watch(void);
void maintenance_stop(void);
void out_maintenance_hooks(void);
void out_maintenance_totals(void);
void out_maintenance_calls(void);

/* ---- areas.c: CMA areas */
#define MOST_AREAS 64
extern struct cma *cma_areas_found[MOST_AREAS];
extern int cma_area_total;	/* -1: not known */

void areas_init(void);
struct cma *areas_default(bool *known);
struct cma *device_area(struct device *dev);
bool area_used_pages(struct cma *area, unsigned long *pages);
struct cma *area_of(phys_addr_t phys);
void out_areas(void);
const char *area_name(struct cma *area);
phys_addr_t area_base(struct cma *area);
unsigned long area_size(struct cma *area);

/* ---- pools.c: pools for atomic allocations */
void pools_init(void);
const char *pool_of(void *cpu, bool *known);
void out_pools(void);
void out_pool_records(void);

/* ---- scout.c: a device of the module's own, on which some of the above is found out */
struct device *scout(void);
void scout_exit(void);

/* ---- memory.c: where a buffer lives */
const char *address_kind(const void *cpu);
const char *memory_source(struct device *dev, void *cpu, phys_addr_t phys);
bool is_cookie(struct device *dev, void *cpu, unsigned long attrs);
phys_addr_t cpu_phys(void *cpu, bool cookie);
bool buffer_free(struct device *dev, size_t size, void *cpu, dma_addr_t dma, unsigned long attrs);
bool device_takes_from_pool(struct device *dev);
void out_request(size_t size, gfp_t gfp, unsigned long attrs);
void out_buffer(struct device *dev, void *cpu, dma_addr_t dma, size_t size, bool cookie);
void out_direct_map(const char *key, phys_addr_t phys, size_t size);
void out_usage(struct device *dev);

/* ---- system.c */
void out_module(void);
void out_system(void);
void out_device_facts(struct device *dev);

/* ---- coherent.c, pages.c, streaming.c, exhaust.c, hold.c: the script */
void run_coherent(struct device *dev);
void run_pages(struct device *dev);
void run_streaming(struct device *dev);
void run_tables_and_pools(struct device *dev);
void run_exhaustion(struct device *dev);
void hold_device(struct device *dev, const char *name);
void run_holding(void);

#endif
