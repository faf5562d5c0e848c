// SPDX-License-Identifier: GPL-2.0-only
/**
 * For the tests of this folder: a small tree with everything in it that a tree can have, the reference
 * compiler where it is installed, and the errors that an input leads to.
 */
import { spawnSync } from 'node:child_process';
import { InputError } from '../base/diagnostics.js';

export const SMALL_SOURCE = `/dts-v1/;
/memreserve/ 0x4a000000 0x100000;
/memreserve/ 0x100000000 0x1000;
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	compatible = "test,board", "test,soc";
	aliases { serial0 = &uart0; };
	memory@40000000 { device_type = "memory"; reg = <0x40000000 0x20000000>; };
	reserved-memory {
		#address-cells = <2>;
		#size-cells = <1>;
		ranges;
		pool: pool@4a000000 {
			compatible = "restricted-dma-pool";
			reg = <0x0 0x4a000000 0x100000>;
		};
	};
	soc {
		uart0: serial@1000 {
			compatible = "ns16550";
			reg = <0x1000 0x100>;
			memory-region = <&pool>;
			mac = [00 11 22 33 44 55];
			wide = /bits/ 64 <0x123456789abcdef0>;
			text = "quote \\" backslash \\\\ tab \\t byte \\xff";
			status = "okay";
		};
	};
};
`;

/** Why tests that need the reference compiler are skipped; false where it is installed. */
export const skipWithoutDtc: string | false =
  spawnSync('dtc', ['--version']).status === 0 ? false : 'dtc is not installed';

/** What dtc makes of `input`; undefined where it refuses it. */
export function runDtc(input: string | Uint8Array, ...options: string[]): Buffer | undefined {
  const run = spawnSync('dtc', ['-q', '-q', ...options], { input, maxBuffer: 64 * 1024 * 1024 });
  return run.status === 0 ? run.stdout : undefined;
}

/** The ids of the diagnostics that `action` throws; other errors pass through. */
export function errorIds(action: () => unknown): string[] {
  return inputErrorOf(action)?.diagnostics.map(({ id }) => id) ?? [];
}

/** The InputError that `action` throws, if it throws; other errors pass through. */
export function inputErrorOf(action: () => unknown): InputError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
