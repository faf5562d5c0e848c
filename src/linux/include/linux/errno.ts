// SPDX-License-Identifier: GPL-2.0-only
/** Error numbers, as the kernel returns them negated. Linux: include/uapi/asm-generic/errno-base.h, errno.h. */

export const ENOENT = 2;
export const EIO = 5;
export const ENXIO = 6;
export const ENOMEM = 12;
export const EFAULT = 14;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENOSPC = 28;
export const ERANGE = 34;
