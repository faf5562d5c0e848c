// SPDX-License-Identifier: GPL-2.0-only
/**
 * Programs whose results are numbers, for a guest's user space and for qemu-arm, which runs the same files without a
 * kernel: applets of Debian's busybox, and float-program.c in both instruction sets.
 */
import { spawnSync } from 'node:child_process';
import type { InitramfsFile } from '../probe-module/cpio.js';

export interface UserProgram {
  readonly name: string;
  /** Arguments of busybox. */
  readonly applet: readonly string[];
  readonly input?: string;
}

/** Series, products, rounding of every size of number, and what becomes of overflow and underflow. */
const AWK = `BEGIN {
  for (i = 1; i <= 40; i++) {
    x = i * 0.7310585786300049; if (i % 3 == 0) x = 1 / x / x; e = t = 1;
    for (n = 1; n < 25; n++) { t *= x / 20 / n; e += t }
    printf "%.17g %.17g %.17g %d %e\\n", x, e, x % 0.37, x * 1e4, 1 / x
  }
  for (s = n = 0; n < 2000; n++) s += 1 / (n * n + 0.5);
  for (h = 0, n = 2000; n > 0; n--) h += 1 / n;
  printf "%.17g %.17g %.17g\\n", s, h, (s - h) * s * h
  for (x = 1; x > 0; x /= 3) last = x;
  for (x = 1; x < x * 2 && n < 3000; n++) x *= 1.75;
  printf "%g %g %g %g %.17g\\n", last, last / 2, x, x - x, 0.1 + 0.2
  for (i = -6; i <= 6; i++) printf "%d %.0f %.3g %s;", i / 4, i / 4, i / 7, i / 3
  print ""
}`;

export const USER_PROGRAMS: readonly UserProgram[] = [
  { name: 'awk', applet: ['awk', AWK] },
  {
    name: 'bc',
    applet: ['bc', '-l'],
    input: 'scale=60; 4*a(1); e(1); l(10); s(0.7); j(2,3.5); 7^123 % 1000003',
  },
  { name: 'factor', applet: ['factor', '1000036000099', '123456789012345', '18446744073709551615'] },
  { name: 'seq', applet: ['seq', '0.1', '0.37', '4'] },
  { name: 'printf', applet: ['printf', '%.17e %g %.3f\\n', '0.1', '1e300', '2.0005'] },
];

/** What qemu-arm prints; `busybox` is the file. */
export function underQemu(busybox: string, { applet, input = '' }: UserProgram): string {
  const run = spawnSync('qemu-arm', ['-cpu', 'cortex-a15', busybox, ...applet], {
    input: `${input}\n`,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (run.error !== undefined) throw run.error;
  return run.stdout;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Lines of a guest's script, whose output is a section of the program's name. Messages go elsewhere. */
export function guestScript({ name, applet, input = '' }: UserProgram): string {
  const command = `busybox ${applet.map(quoted).join(' ')} 2> /dev/null`;
  return `echo "[[${name}"; echo ${quoted(input)} | ${command}; echo "${name}]]"`;
}

/** A program of the project's own: its bytes come out as base64, in a section of its name. */
export function binaryScript({ path }: InitramfsFile): string {
  return `echo "[[${path}"; /${path} | busybox base64; echo "${path}]]"`;
}
