// SPDX-License-Identifier: GPL-2.0-only
/** How far a run over many boards has come, on a terminal. */
import ora from 'ora';

/** Shows on a terminal how many of `count` boards are done. */
export async function withProgress<T>(
  count: number,
  work: (onDone: (done: number) => void) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY || count < 2) return work(() => {});
  // With `discardStdin` the terminal would be in raw mode, in which Ctrl-C is no interrupt.
  const show = (done: number): string => `${done} of ${count} boards`;
  const spinner = ora({ text: show(0), stream: process.stderr, discardStdin: false }).start();
  try {
    return await work(done => {
      spinner.text = show(done);
    });
  } finally {
    spinner.stop();
  }
}
