// SPDX-License-Identifier: GPL-2.0-only
/** Registers that boot maps: by machine, the debug UART, and an early console, as recorded kernels had them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kernel } from '../../kernel.js';
import { type DiscoveryOptions, discovered } from './kernel/discovery-fixture.js';
import { build_mem_type_table, paging_init } from './mm/mmu.js';

function paged(options: DiscoveryOptions): Kernel {
  const k = discovered(options);
  build_mem_type_table(k);
  paging_init(k);
  return k;
}

function leadsTo(k: Kernel, vaddr: number): number | null {
  const { kind, paddr } = k.mmu.pgtable.mappingAt(k, vaddr);
  return kind === 'none' || paddr === 0 ? null : paddr;
}

const a9 = { core: 'arm,cortex-a9', cores: 4 };

test('i.MX6, Zynq and Exynos map what their code needs at fixed addresses', () => {
  const imx6 = paged({ ...a9, compatible: 'fsl,imx6q', symbols: { SOC_IMX6Q: true } });
  assert.equal(leadsTo(imx6, 0xf4000000), 0x00a00000);
  const zynq = paged({ ...a9, compatible: 'xlnx,zynq-7000', symbols: { ARCH_ZYNQ: true } });
  assert.equal(leadsTo(zynq, 0xf8f00000), 0xf8f00000);
  const chipid =
    'soc { #address-cells = <1>; #size-cells = <1>; ranges; chipid@10000000 { compatible = "samsung,exynos4210-chipid"; reg = <0x10000000 0x100>; }; };';
  const exynos = paged({
    ...a9,
    compatible: 'samsung,exynos4210',
    dts: chipid,
    symbols: { ARCH_EXYNOS: true },
  });
  assert.equal(leadsTo(exynos, 0xf8000000), 0x10000000);
  assert.equal(leadsTo(paged(a9), 0xf8000000), null);
});

test('CONFIG_DEBUG_LL maps its UART on every machine', () => {
  const symbols = { DEBUG_LL: true, DEBUG_UART_PHYS: 0x20201000, DEBUG_UART_VIRT: 0xf0201000 };
  const k = paged({ symbols });
  assert.equal(leadsTo(k, 0xf0201000), 0x20201000);
  assert.ok(k.mmu.static_vmlist.some(({ addr, size }) => addr === 0xf0201000 && size === 4096));
});

test('an early console stays at the top of the fixmap, and the vectors share its domain', () => {
  const symbols = { SERIAL_EARLYCON: true, FIX_EARLYCON_MEM: true };
  const console = (cmdline: string, dts = ''): number | null =>
    leadsTo(paged({ symbols, cmdline, dts }), 0xffeff000);
  assert.equal(console('earlycon=pl011,mmio32,0x20201000'), 0x20201000);
  assert.equal(console('earlycon=pl011,0x9000000'), 0x9000000);
  const bus =
    'chosen { stdout-path = "serial0:115200n8"; }; aliases { serial0 = "/soc/uart@7e201000"; };' +
    'soc { #address-cells = <1>; #size-cells = <1>; ranges = <0x7e000000 0 0x20000000 0x1000000>; uart@7e201000 { reg = <0x7e201000 0x200>; }; };';
  assert.equal(console('earlycon', bus), 0x20201000);
  assert.equal(console('', bus), null);
  const older = bus.replace('stdout-path', 'linux,stdout-path');
  assert.equal(console('earlycon', older), 0x20201000);
  assert.equal(console('earlycon', older.replace('chosen {', 'chosen { stdout-path;')), null);
  assert.equal(leadsTo(paged({ cmdline: 'earlycon', dts: bus }), 0xffeff000), null);

  const domain = (k: Kernel): number => {
    const entry = k.mmu.pgtable.pmd_offset(k, k.mmu.init_mm.pgd, 0xffff0000)!;
    return (k.machine.ram.read32(entry) >>> 5) & 15;
  };
  const plain = domain(paged({ symbols, dts: bus }));
  const shared = domain(paged({ symbols, dts: bus, cmdline: 'earlycon' }));
  assert.notEqual(shared, plain);
});
