// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that no tree describes: not coherent, 32-bit mask, no memory of its own. One allocation on it shows
 * what the kernel does by default, where the variables that say so are out of reach.
 */
#include <linux/err.h>
#include <linux/platform_device.h>
#include "armory_probe.h"

static struct platform_device *device;

struct device *scout(void)
{
	if (!device)
		device = platform_device_register_simple("armory-probe-scout", PLATFORM_DEVID_NONE, NULL, 0);
	return IS_ERR(device) ? NULL : &device->dev;
}

void scout_exit(void)
{
	if (!IS_ERR_OR_NULL(device))
		platform_device_unregister(device);
}
