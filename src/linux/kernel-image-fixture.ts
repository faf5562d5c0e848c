// SPDX-License-Identifier: GPL-2.0-only
/** A kernel image that takes no memory, for tests. */
import type { KernelImage } from './config.js';

export const NO_IMAGE: KernelImage = {
  textOffset: 0,
  stext: 0,
  rodataStart: 0,
  initBegin: 0,
  initEnd: 0,
  sdata: 0,
  end: 0,
  perCpuBytes: 0,
};
