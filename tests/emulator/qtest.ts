// SPDX-License-Identifier: GPL-2.0-only
/**
 * QEMU's machines as a second opinion on devices: its test protocol (docs/devel/testing/qtest.rst) reads and writes
 * physical addresses of a machine whose cores never run.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Why a test that needs QEMU is skipped; false where it can run. */
export const skipWithoutQemu: string | false =
  spawnSync('qemu-system-arm', ['--version']).status === 0 ? false : 'needs qemu-system-arm';

export class Qtest {
  private readonly child: ChildProcess;
  private readonly waiting: ((line: string) => void)[] = [];

  constructor(machine: string, options: readonly string[]) {
    const common = ['-S', '-nodefaults', '-display', 'none', '-qtest', 'stdio', '-qtest-log', '/dev/null'];
    this.child = spawn('qemu-system-arm', ['-machine', machine, ...common, ...options], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    createInterface({ input: this.child.stdout! }).on('line', line => {
      // Interrupts that were asked for, and a time stamp at the start, come between answers.
      if (line.startsWith('OK') || line.startsWith('FAIL') || line.startsWith('ERR'))
        this.waiting.shift()?.(line);
    });
    this.child.on('exit', () => {
      for (const each of this.waiting.splice(0)) each('FAIL QEMU has ended');
    });
  }

  async read(address: number, size: 1 | 2 | 4 = 4): Promise<number> {
    const answer = await this.ask(`read${letter(size)} 0x${address.toString(16)}`);
    return Number(answer.split(' ')[1]) >>> 0;
  }

  async write(address: number, value: number, size: 1 | 2 | 4 = 4): Promise<void> {
    await this.ask(`write${letter(size)} 0x${address.toString(16)} 0x${(value >>> 0).toString(16)}`);
  }

  async close(): Promise<void> {
    const gone = new Promise<void>(resolve => this.child.once('exit', () => resolve()));
    this.child.kill();
    await gone;
  }

  private async ask(command: string): Promise<string> {
    const answer = await new Promise<string>(resolve => {
      this.waiting.push(resolve);
      this.child.stdin!.write(`${command}\n`);
    });
    if (!answer.startsWith('OK')) throw new Error(`${command}: ${answer}`);
    return answer;
  }
}

function letter(size: 1 | 2 | 4): string {
  return { 1: 'b', 2: 'w', 4: 'l' }[size];
}
