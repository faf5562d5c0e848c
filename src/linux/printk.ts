// SPDX-License-Identifier: GPL-2.0-only
/**
 * The modelled kernel's log: include/linux/printk.h and the WARN family of include/asm-generic/bug.h.
 * Lines are kept as values, in order, with their level; rate limiting is left out, the `_once` forms are not.
 */

export type LogLevel = 'info' | 'warn' | 'err' | 'WARNING';

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

export class Printk {
  readonly lines: LogLine[] = [];
  private readonly seen = new Set<string>();

  pr_info(text: string): void {
    this.lines.push({ level: 'info', text });
  }

  pr_warn(text: string): void {
    this.lines.push({ level: 'warn', text });
  }

  pr_err(text: string): void {
    this.lines.push({ level: 'err', text });
  }

  /** `site` stands for the place in the source, which prints only once per boot. */
  pr_warn_once(site: string, text: string): void {
    if (this.firstTime(site)) this.pr_warn(text);
  }

  pr_err_once(site: string, text: string): void {
    if (this.firstTime(site)) this.pr_err(text);
  }

  /** A WARN() of the kernel: a warning with a stack. Returns true, as the condition was met. */
  WARN(text: string): boolean {
    this.lines.push({ level: 'WARNING', text });
    return true;
  }

  WARN_ONCE(site: string, text: string): boolean {
    if (this.firstTime(site)) this.WARN(text);
    return true;
  }

  private firstTime(site: string): boolean {
    if (this.seen.has(site)) return false;
    this.seen.add(site);
    return true;
  }
}
