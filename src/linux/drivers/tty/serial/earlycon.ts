// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the registers of an early console are, which stay mapped at the top of the fixmap. Linux:
 * drivers/tty/serial/earlycon.c, param_setup_earlycon(), of_setup_earlycon(); drivers/of/fdt.c,
 * early_init_dt_scan_chosen_stdout(); drivers/of/fdt_address.c, of_flat_dt_translate_address() (v6.12, v6.1).
 * Model: the console's driver is built in.
 */
import type { Paddr } from '../../../../base/address.js';
import { addressCells, bytesOf, sizeCells, stringOf, u32sOf } from '../../../../devicetree/access.js';
import type { DtNode } from '../../../../devicetree/tree.js';
import type { Kernel } from '../../../kernel.js';
import { simple_strtoull } from '../../../lib/cmdline.js';

/** Undefined: the command line asks for none, or it is not to be found. */
export function earlyConsole(k: Kernel): Paddr | undefined {
  const { config, cmdline } = k;
  if (!config.isEnabled('SERIAL_EARLYCON') || !config.isEnabled('FIX_EARLYCON_MEM')) return undefined;
  const asked = cmdline.parameters.find(({ name }) => name === 'earlycon');
  if (!asked) return undefined;
  return asked.value ? statedAddress(asked.value) : stdoutAddress(k);
}

/** `NAME,mmio32,0x20201000`, or without the kind of access. Linux: uart_parse_earlycon(). */
function statedAddress(value: string): Paddr | undefined {
  const [, first = '', second = ''] = value.split(',');
  const text = /^mmio(?:16|32|32be|32native)?$/.test(first) ? second : first;
  return text.startsWith('0x') ? simple_strtoull(text).value : undefined;
}

function stdoutAddress(k: Kernel): Paddr | undefined {
  const { tree } = k.board;
  const chosen = tree.root.child('chosen');
  const name = ['stdout-path', 'linux,stdout-path'].find(each => chosen?.properties.has(each));
  // Without a value it is as if it were not there, and the older name is not looked for.
  if (!chosen || name === undefined || bytesOf(tree, chosen, name)!.length === 0) return undefined;
  const node = tree.nodeByPath(stringOf(tree, chosen, name)!.split(':')[0]!);
  return node && translatedReg(k, node);
}

const numberOf = (cells: readonly number[]): number => cells.reduce((sum, cell) => sum * 2 ** 32 + cell, 0);

/** The first address of 'reg' as the CPU sees it; undefined where a bus does not let it through. */
function translatedReg(k: Kernel, node: DtNode): Paddr | undefined {
  const { tree } = k.board;
  const bus = node.parent;
  if (!bus) return undefined;
  let address = numberOf(u32sOf(tree, node, 'reg').slice(0, addressCells(bus)));
  for (let at = bus; at.parent; at = at.parent) {
    if (!at.properties.has('ranges')) return undefined;
    const cells = u32sOf(tree, at, 'ranges');
    const [child, parent, size] = [addressCells(at), addressCells(at.parent), sizeCells(at)];
    const width = child + parent + size;
    if (cells.length === 0) continue;
    let found: number | undefined;
    for (let row = 0; row + width <= cells.length && found === undefined; row += width) {
      const start = numberOf(cells.slice(row, row + child));
      const bytes = numberOf(cells.slice(row + child + parent, row + width));
      if (address < start || address - start >= bytes) continue;
      found = numberOf(cells.slice(row + child, row + child + parent)) + address - start;
    }
    if (found === undefined) return undefined;
    address = found;
  }
  return address;
}
