// SPDX-License-Identifier: GPL-2.0-only
/**
 * The system workqueue. Linux: kernel/workqueue.c (v6.12).
 * Model: a list that the caller drains between two calls (`run`), since there is no scheduler.
 */
export class Workqueue {
  private readonly queue: Map<string, () => void> = new Map();

  /** Queues `work` under `name`; does nothing while that one is still waiting. */
  schedule_work(name: string, work: () => void): void {
    if (!this.queue.has(name)) this.queue.set(name, work);
  }

  /** Lets the worker run: everything queued, and what that queues. Returns how many items ran. */
  run(): number {
    let count = 0;
    for (const [name, work] of this.queue) {
      this.queue.delete(name);
      work();
      count++;
    }
    return count;
  }
}
