// SPDX-License-Identifier: GPL-2.0-only
/** Signs that a `run.json` is not of the run that was recorded, or names a machine of which nothing is known. */
import type { Recording } from './recording.js';
import type { RunFile } from './run-file.js';

/** Machines of QEMU whose runs were recorded and compared (docs/fidelity.md), and those that qemu.ts has facts of. */
const KNOWN_MACHINES: readonly string[] = [
  ...[
    'ast2600-evb',
    'cubieboard',
    'highbank',
    'mcimx6ul-evk',
    'mcimx7d-sabre',
    'midway',
    'nuri',
    'orangepi-pc',
  ],
  ...['raspi0', 'raspi2b', 'realview-eb', 'realview-pb-a8', 'sabrelite', 'smdkc210', 'versatilepb'],
  ...['vexpress-a15', 'vexpress-a9', 'virt', 'xilinx-zynq-a9'],
];
/** Linux: kernel/smp.c, smp_init() (v6.12). */
const BROUGHT_UP = /Brought up \d+ nodes?, (\d+) CPUs?/;
/** Linux: kernel/smp.c and kernel/cpu.c, early parameters (v6.12). */
const FEWER_CORES = /(^| )(nosmp|maxcpus=|nr_cpus=)/;

/** A line each. `cores`: of the machine that the run describes. */
export function runDoubts(run: RunFile, recording: Recording, cores: number): string[] {
  const doubts: string[] = [];
  if (run.name !== undefined && recording.name !== undefined && run.name !== recording.name) {
    doubts.push(`run.json is of '${run.name}', the recording of '${recording.name}'`);
  }
  if (run.machine !== undefined && !KNOWN_MACHINES.includes(run.machine)) {
    doubts.push(
      `run.json names a machine '${run.machine}' of which nothing is known: only /memory and /chosen are as QEMU writes them`,
    );
  }
  const up = recording.cpu_lines?.map(line => BROUGHT_UP.exec(line)?.[1]).find(count => count !== undefined);
  const isMore = up !== undefined && Number(up) > cores;
  const isLess = up !== undefined && Number(up) < cores && !FEWER_CORES.test(run.cmdline ?? '');
  if (run.smp !== undefined && (isMore || isLess)) {
    doubts.push(`run.json has ${run.smp} cores, and the recorded kernel brought up ${up}`);
  }
  return doubts;
}
