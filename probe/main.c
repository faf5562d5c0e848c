// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA probe as a module: loading it runs a fixed script of DMA API calls on each device of the tree that is
 * compatible with "armory,dma-probe"; what each call did is read from debugfs/armory_probe/records. It drives no
 * hardware and starts no transfer, so its devices may be of any kind, also a coherent one on a board that is not.
 *
 * Parameters: `devices` (names; all if empty), `exhaust`, `log`. Unloading frees everything.
 * Properties of a node: 'armory,name', 'armory,dma-mask-bits' (32 by default), 'armory,force-mask' (set the mask
 * even if the kernel refuses it), 'armory,exhaust'. README.md says how to get such nodes into a tree.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_reserved_mem.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include "armory_probe.h"

#define MOST_DEVICES 32

bool armory_exhaust;
module_param_named(exhaust, armory_exhaust, bool, 0444);
MODULE_PARM_DESC(exhaust, "allocate until nothing is left, on devices whose node allows it");

bool armory_log;
module_param_named(log, armory_log, bool, 0444);
MODULE_PARM_DESC(log, "print records to the kernel's log, too");

char *armory_devices[MOST_DEVICES];
int armory_device_count;
module_param_array_named(devices, armory_devices, charp, &armory_device_count, 0444);
MODULE_PARM_DESC(devices, "names of the devices to probe; default: all");

static bool is_selected(const char *name)
{
	int i;

	for (i = 0; i < armory_device_count; i++)
		if (!strcmp(armory_devices[i], name))
			return true;
	return armory_device_count == 0;
}

static void release_memory(void *dev)
{
	of_reserved_mem_device_release(dev);
}

static void set_masks(struct device *dev, int reserved)
{
	char path[128];
	u32 bits = 32;
	int result;

	device_property_read_u32(dev, "armory,dma-mask-bits", &bits);
	result = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(bits));
	out_begin("probe");
	snprintf(path, sizeof(path), "%pOF", dev->of_node);
	out_string("node", path);
	out_number("rmem", reserved);
	out_number("bits", bits);
	out_number("set_mask", result);
	out_end();
	if (result && device_property_read_bool(dev, "armory,force-mask")) {
		*dev->dma_mask = DMA_BIT_MASK(bits);
		dev->coherent_dma_mask = DMA_BIT_MASK(bits);
	}
}

static int armory_probe_device(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	const char *name = dev_name(dev);
	int reserved, error;

	device_property_read_string(dev, "armory,name", &name);
	if (!is_selected(name))
		return -ENODEV;
	reserved = of_reserved_mem_device_init(dev);
	if (!reserved) {
		error = devm_add_action_or_reset(dev, release_memory, dev);
		if (error)
			return error;
	}
	out_device(name);
	set_masks(dev, reserved);
	out_device_facts(dev);
	run_coherent(dev);
	run_pages(dev);
	run_streaming(dev);
	run_tables_and_pools(dev);
	if (armory_exhaust && device_property_read_bool(dev, "armory,exhaust"))
		run_exhaustion(dev);
	out_begin("done");
	out_usage(dev);
	out_pools();
	out_end();
	hold_device(dev, name);
	return 0;
}

/* No MODULE_DEVICE_TABLE(): only somebody who means to should load this, not a boot that finds the nodes. */
static const struct of_device_id armory_probe_matches[] = {
	{ .compatible = "armory,dma-probe" },
	{ }
};

static struct platform_driver armory_probe_driver = {
	.probe = armory_probe_device,
	.driver = {
		.name = "armory-dma-probe",
		.of_match_table = armory_probe_matches,
		.suppress_bind_attrs = true,
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
	},
};

static int __init armory_probe_init(void)
{
	int error = out_init();

	if (error)
		return error;
	kernel_parts_find();
	tables_init();
	areas_init();
	pools_init();
	maintenance_init();
	out_module();
	out_system();
	error = platform_driver_register(&armory_probe_driver);
	if (error) {
		maintenance_exit();
		scout_exit();
		out_exit();
		return error;
	}
	run_holding();
	/* Kprobes slow the functions down that they watch. */
	maintenance_exit();
	scout_exit();
	out_device("sys");
	out_begin("end");
	out_number("records", out_written());
	out_number("lost", out_lost());
	out_end();
	return 0;
}

static void __exit armory_probe_exit(void)
{
	platform_driver_unregister(&armory_probe_driver);
	out_exit();
}

module_init(armory_probe_init);
module_exit(armory_probe_exit);
MODULE_DESCRIPTION("Fixed script of DMA API calls, for comparison with Armory's model");
MODULE_LICENSE("GPL");
