// SPDX-License-Identifier: GPL-2.0-only
/**
 * What booting a real kernel costs: wall and CPU time, guest instructions and millions of them a second (MIPS), to the
 * first line that the guest prints of a given text; beside qemu-system-arm in the same run where it is installed.
 *
 *   npm run bench:boot [-- KERNEL TEXT [INITRD [CORES [COMMAND LINE]]]]
 *
 * Without arguments: Debian's armmp (tools/debian-kernel.sh build/debian-trees) to the first line of its user space, a static
 * busybox, on one core.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB } from '../src/base/address.js';
import { InputError } from '../src/base/diagnostics.js';
import { EmulatedBoard } from '../src/emulator/board/emulated-board.js';
import { startLinux } from '../src/emulator/board/start-linux.js';
import { virtTree } from '../src/emulator/board/virt.js';
import { TICKS_PER_SECOND } from '../src/emulator/clock.js';
import { TextWatch } from '../src/emulator/console/text-watch.js';
import { initramfs } from '../tests/probe-module/cpio.js';
import { debianKernel } from '../tests/probe-module/debian-kernel.js';

const MEMORY = 256;
const SLICE = 5_000_000;
const QEMU = 'qemu-system-arm';
const FIRST_LINE = 'first-line-of-user-space';

interface Named {
  readonly file: string;
  readonly bytes: Uint8Array;
}

const named = (file: string): Named => ({ file, bytes: readFileSync(file) });
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** What is booted, and how far. */
interface Boot {
  readonly kernel: string;
  readonly text: string;
  readonly initrd: string;
  readonly cores: string;
  readonly commandLine: string;
}

/** Runs until the text is seen; how many seconds of wall time that took. */
function here({ kernel, text, initrd, cores, commandLine }: Boot): number {
  const tree = virtTree({ memoryBytes: MEMORY * MiB, cores: Number(cores) });
  const board = new EmulatedBoard('virt', tree);
  const { system } = board;
  const watch = new TextWatch(text);
  board.console!.onOutput = byte => {
    watch.put(byte);
    if (watch.seen) system.stop();
  };
  startLinux(board, {
    kernel: named(kernel),
    commandLine,
    ...(initrd !== '' && { initrd: named(initrd) }),
  });
  const begun = performance.now();
  const cpu = process.cpuUsage();
  while (!watch.seen && board.ended === null && system.run(SLICE) !== 'asleep');
  const used = process.cpuUsage(cpu);
  const wall = (performance.now() - begun) / 1000;
  const seconds = (used.user + used.system) / 1e6;
  const millions = system.instructions / 1e6;
  const guest = (system.clock.now / TICKS_PER_SECOND).toFixed(2);
  print(`armory  ${watch.seen ? '' : 'NOT SEEN '}${wall.toFixed(1)} s wall, ${seconds.toFixed(1)} s CPU`);
  print(
    `        ${millions.toFixed(0)} million instructions, ${(millions / wall).toFixed(0)} MIPS, ${guest} s of the guest's time`,
  );
  return wall;
}

/** QEMU until it has printed the text; how many seconds of wall time that took. */
function qemu({ kernel, text, initrd, cores, commandLine }: Boot): Promise<number> {
  return new Promise(resolve => {
    const machine = ['-M', 'virt', '-cpu', 'cortex-a15', '-m', String(MEMORY), '-smp', cores, '-nic', 'none'];
    const what = ['-kernel', kernel, '-append', commandLine, ...(initrd === '' ? [] : ['-initrd', initrd])];
    const begun = performance.now();
    const child = spawn(QEMU, [...machine, ...what, '-nographic', '-no-reboot'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const watch = new TextWatch(text);
    child.stdout.on('data', (bytes: Uint8Array) => {
      for (const byte of bytes) watch.put(byte);
      if (watch.seen) child.kill();
    });
    child.on('close', () => {
      const wall = (performance.now() - begun) / 1000;
      print(`qemu    ${watch.seen ? '' : 'NOT SEEN '}${wall.toFixed(1)} s wall`);
      resolve(wall);
    });
  });
}

async function compare(boot: Boot): Promise<void> {
  const ours = here(boot);
  if (spawnSync(QEMU, ['--version'], { stdio: 'ignore' }).status !== 0) {
    print('qemu    not installed');
    return;
  }
  print(`ratio   ${(ours / (await qemu(boot))).toFixed(1)} times as long as qemu`);
}

/** Debian's kernel to the first line of a user space. */
async function compareDefault(): Promise<void> {
  if (debianKernel === undefined) {
    process.stderr.write(
      'boot.js: Debian’s kernel is not here; tools/debian-kernel.sh build/debian-trees fetches it\n',
    );
    process.exitCode = 125;
    return;
  }
  const init = `#!/busybox sh\necho ${FIRST_LINE}\n/busybox poweroff -f\n`;
  const busybox = { path: 'busybox', content: readFileSync(debianKernel.busybox) };
  const folder = mkdtempSync(join(tmpdir(), 'armory-bench-'));
  try {
    const initrd = join(folder, 'initramfs.cpio');
    writeFileSync(initrd, initramfs([{ path: 'init', content: init }, busybox]));
    const commandLine = 'console=ttyAMA0 quiet';
    await compare({ kernel: debianKernel.image, text: FIRST_LINE, initrd, cores: '1', commandLine });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [kernel, text, initrd = '', cores = '1', commandLine = 'console=ttyAMA0'] = process.argv.slice(2);
if (kernel === undefined) {
  await compareDefault();
} else if (text === undefined) {
  process.stderr.write('boot.js [KERNEL TEXT [INITRD [CORES [COMMAND LINE]]]]\n');
  process.exitCode = 2;
} else {
  try {
    await compare({ kernel, text, initrd, cores, commandLine });
  } catch (error) {
    // Only what is wrong with the arguments: an InputError, or a file that cannot be read.
    if (!(error instanceof InputError || (error instanceof Error && 'syscall' in error))) throw error;
    process.stderr.write(`boot.js: ${error.message}\n`);
    process.exitCode = 2;
  }
}
