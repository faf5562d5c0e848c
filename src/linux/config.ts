// SPDX-License-Identifier: GPL-2.0-only
/**
 * What was decided before the kernel runs: Kconfig symbols, the version, the command line, and the layout of
 * the image. A value of this class never changes; `with()` makes a changed copy.
 */

export type KernelVersion = '5.15' | '6.1' | '6.12';

/** 'y' is true, 'm' counts as true for symbols that can be modules, a missing symbol is undefined. */
export type KconfigValue = boolean | number | string;

/**
 * Where the linker put things, as offsets in bytes from PHYS_OFFSET (equally from PAGE_OFFSET), and one size.
 * Linux: arch/arm/kernel/vmlinux.lds.S (v6.12).
 */
export interface KernelImage {
  /** TEXT_OFFSET: of `_text`. */
  readonly textOffset: number;
  readonly stext: number;
  /** `__start_rodata_section_aligned`. */
  readonly rodataStart: number;
  readonly initBegin: number;
  readonly initEnd: number;
  readonly sdata: number;
  readonly end: number;
  /** Bytes of static per-CPU variables; 0 without SMP. */
  readonly perCpuBytes: number;
}

export interface KernelConfigInit {
  /** Preset name or file, for messages. */
  readonly name: string;
  readonly version: KernelVersion;
  readonly symbols: ReadonlyMap<string, KconfigValue>;
  readonly cmdline: string;
  readonly image: KernelImage;
}

export class KernelConfig {
  readonly name: string;
  readonly version: KernelVersion;
  readonly cmdline: string;
  readonly image: KernelImage;
  private readonly symbols: ReadonlyMap<string, KconfigValue>;

  constructor(init: KernelConfigInit) {
    this.name = init.name;
    this.version = init.version;
    this.symbols = init.symbols;
    this.cmdline = init.cmdline;
    this.image = init.image;
  }

  /** IS_ENABLED(CONFIG_symbol); `symbol` without the prefix. */
  isEnabled(symbol: string): boolean {
    return this.symbols.get(symbol) === true;
  }

  /** An int or hex symbol; undefined where it is not set. */
  number(symbol: string): number | undefined {
    const value = this.symbols.get(symbol);
    return typeof value === 'number' ? value : undefined;
  }

  string(symbol: string): string | undefined {
    const value = this.symbols.get(symbol);
    return typeof value === 'string' ? value : undefined;
  }

  /** A copy with some symbols (undefined removes one) and, if given, another command line. */
  with(symbols: Readonly<Record<string, KconfigValue | undefined>>, cmdline?: string): KernelConfig {
    const merged = new Map(this.symbols);
    for (const [symbol, value] of Object.entries(symbols)) {
      if (value === undefined) merged.delete(symbol);
      else merged.set(symbol, value);
    }
    return new KernelConfig({ ...this.parts(), cmdline: cmdline ?? this.cmdline, symbols: merged });
  }

  /** What the constructor was given. */
  parts(): KernelConfigInit {
    const { name, version, symbols, cmdline, image } = this;
    return { name, version, symbols, cmdline, image };
  }

  /** phys_addr_t has 64 bits. */
  get phys64(): boolean {
    return this.isEnabled('ARM_LPAE');
  }

  /** Version at least `version`, for behaviour that changed in it. */
  atLeast(version: KernelVersion): boolean {
    const order: readonly KernelVersion[] = ['5.15', '6.1', '6.12'];
    return order.indexOf(this.version) >= order.indexOf(version);
  }
}
