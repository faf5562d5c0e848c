// SPDX-License-Identifier: GPL-2.0-only
/**
 * What booting a real kernel costs: wall and CPU time, guest instructions and millions of them a second (MIPS), to the
 * first line that the guest prints of a given text; beside qemu-system-arm in the same run where it is installed.
 *
 *   node dist/bench/boot.js KERNEL TEXT [INITRD [CORES [COMMAND LINE]]]
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { MiB } from '../src/base/address.js';
import { EmulatedBoard } from '../src/emulator/board/emulated-board.js';
import { startLinux } from '../src/emulator/board/start-linux.js';
import { virtTree } from '../src/emulator/board/virt.js';
import { TICKS_PER_SECOND } from '../src/emulator/clock.js';
import { TextWatch } from '../src/emulator/console/text-watch.js';

const MEMORY = 256;
const SLICE = 5_000_000;
const QEMU = 'qemu-system-arm';

const [kernel, text, initrd = '', cores = '1', commandLine = 'console=ttyAMA0'] = process.argv.slice(2);
if (kernel === undefined || text === undefined) {
  process.stderr.write('boot.js KERNEL TEXT [INITRD [CORES [COMMAND LINE]]]\n');
  process.exit(2);
}

const named = (file: string): { file: string; bytes: Uint8Array } => ({ file, bytes: readFileSync(file) });
const print = (line: string): void => void process.stdout.write(`${line}\n`);

function here(file: string, wanted: string): void {
  const tree = virtTree({ memoryBytes: MEMORY * MiB, cores: Number(cores) });
  const board = new EmulatedBoard('virt', tree);
  const { system } = board;
  const watch = new TextWatch(wanted);
  board.console!.onOutput = byte => {
    watch.put(byte);
    if (watch.seen) system.stop();
  };
  startLinux(board, {
    kernel: named(file),
    commandLine,
    ...(initrd !== '' && { initrd: named(initrd) }),
  });
  const wall = performance.now();
  const cpu = process.cpuUsage();
  while (!watch.seen && board.ended === null && system.run(SLICE) !== 'asleep');
  const used = process.cpuUsage(cpu);
  const seconds = (used.user + used.system) / 1e6;
  const millions = system.instructions / 1e6;
  const guest = (system.clock.now / TICKS_PER_SECOND).toFixed(2);
  print(
    `armory  ${watch.seen ? '' : 'NOT SEEN '}${((performance.now() - wall) / 1000).toFixed(1)} s wall, ${seconds.toFixed(1)} s CPU`,
  );
  print(
    `        ${millions.toFixed(0)} million instructions, ${(millions / seconds).toFixed(1)} MIPS, ${guest} s of the guest's time`,
  );
}

/** QEMU until it has printed the text. */
function qemu(file: string, wanted: string): Promise<void> {
  return new Promise(resolve => {
    const machine = ['-M', 'virt', '-cpu', 'cortex-a15', '-m', String(MEMORY), '-smp', cores, '-nic', 'none'];
    const what = ['-kernel', file, '-append', commandLine, ...(initrd === '' ? [] : ['-initrd', initrd])];
    const wall = performance.now();
    const child = spawn(QEMU, [...machine, ...what, '-nographic', '-no-reboot'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const watch = new TextWatch(wanted);
    child.stdout.on('data', (bytes: Uint8Array) => {
      for (const byte of bytes) watch.put(byte);
      if (watch.seen) child.kill();
    });
    child.on('close', () => {
      const end = watch.seen ? '' : 'NOT SEEN ';
      print(`qemu    ${end}${((performance.now() - wall) / 1000).toFixed(1)} s wall`);
      resolve();
    });
  });
}

here(kernel, text);
if (spawnSync(QEMU, ['--version'], { stdio: 'ignore' }).status === 0) await qemu(kernel, text);
else print(`qemu    not installed`);
