// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel command line: splitting it, and the parameters that decide about memory and DMA.
 * Linux: lib/cmdline.c (memparse, next_arg), kernel/params.c (parse_args), init/main.c (do_early_param);
 * each parameter's own syntax from the file that is cited at it (v6.12, the same in v6.1).
 *
 * What is parsed here has no side effect; the parameters that move memory act in boot order in
 * arch/arm/kernel/setup.ts. A parameter that nobody knows is kept and has no effect, as in Linux.
 */
import { alignUp, low32, roundUpPowerOfTwo } from '../../base/address.js';

const SUFFIXES = 'kmgtpe';
const IO_TLB_SEGSIZE = 128;

/** What memparse() found, and what follows it. */
export interface Parsed {
  /** 64 bits wide, imprecise above 2^53. 0 where there is no number. */
  readonly value: number;
  readonly rest: string;
}

/** Linux: lib/vsprintf.c, simple_strtoull() with base 0: `0x` is hexadecimal, a leading `0` octal. */
export function simple_strtoull(text: string): Parsed {
  const digits = /^0x[0-9a-f]+/i.exec(text)?.[0] ?? /^(0[0-7]*|[1-9][0-9]*)/.exec(text)?.[0] ?? '';
  const octal = /^0[0-7]+$/.test(digits);
  const value = digits === '' ? 0n : BigInt(octal ? `0o${digits.slice(1)}` : digits);
  return { value: Number(BigInt.asUintN(64, value)), rest: text.slice(digits.length) };
}

/** A number with an optional binary suffix K, M, G, T, P or E, in either case. */
export function memparse(text: string): Parsed {
  const { value, rest } = simple_strtoull(text);
  const power = rest === '' ? -1 : SUFFIXES.indexOf(rest[0]!.toLowerCase());
  if (power < 0) return { value, rest };
  const scaled = BigInt.asUintN(64, BigInt(value) << BigInt(10 * (power + 1)));
  return { value: Number(scaled), rest: rest.slice(1) };
}

/** Undefined where the text is neither. Linux: lib/kstrtox.c, kstrtobool(). */
export function kstrtobool(text: string): boolean | undefined {
  if (/^([yt1]|on)/i.test(text)) return true;
  return /^([nf0]|of)/i.test(text) ? false : undefined;
}

export interface Parameter {
  readonly name: string;
  /** Undefined where there is no `=`. */
  readonly value: string | undefined;
}

/**
 * The parameters of a command line up to `--`. Double quotes hold spaces together and are taken off around
 * a value or a whole parameter; they cannot be escaped. Linux: lib/cmdline.c, next_arg().
 */
export function splitCommandLine(line: string): Parameter[] {
  const parameters: Parameter[] = [];
  for (const [token] of line.matchAll(/(?:[^\s"]|"[^"]*(?:"|$))+/g)) {
    const quoted = token.startsWith('"');
    const text = quoted ? token.slice(1) : token;
    const equals = text.indexOf('=', 1);
    const unquote = (part: string) => (part.endsWith('"') ? part.slice(0, -1) : part);
    if (equals < 0) {
      const name = quoted ? unquote(text) : text;
      if (name === '--') break;
      parameters.push({ name, value: undefined });
      continue;
    }
    let value = text.slice(equals + 1);
    if (value.startsWith('"')) value = unquote(value.slice(1));
    else if (quoted) value = unquote(value);
    parameters.push({ name: text.slice(0, equals), value });
  }
  return parameters;
}

/** `cma=SIZE[@BASE[-LIMIT]]`. Linux: kernel/dma/contiguous.c, early_cma(). 64-bit values, before narrowing. */
export interface CmaParameter {
  readonly size: number;
  readonly base: number;
  /** End of the allowed range; base + size where only a base is given, 0 where neither is. */
  readonly limit: number;
}

/** `mem=SIZE[@START]`. Linux: arch/arm/kernel/setup.c, early_mem(). */
export interface MemParameter {
  readonly size: number;
  readonly start?: number;
}

/** `swiotlb=SLABS[,AREAS][,force|noforce]`. Linux: kernel/dma/swiotlb.c, setup_io_tlb_npages(). */
export interface SwiotlbParameter {
  /** Rounded up to whole segments of 128; undefined: not given. */
  readonly slabs?: number;
  /** Rounded up to a power of two; undefined: not given. */
  readonly areas?: number;
  readonly force: boolean;
  readonly noforce: boolean;
}

/** One value of `mem=`. */
export function parseMem(text: string): MemParameter {
  const { value: size, rest } = memparse(text);
  return rest.startsWith('@') ? { size, start: memparse(rest.slice(1)).value } : { size };
}

/** A later `cma=` without a base leaves base and limit as an earlier one set them. */
function parseCma(text: string, earlier: CmaParameter | undefined): CmaParameter {
  const size = memparse(text);
  if (!size.rest.startsWith('@')) return { base: 0, limit: 0, ...earlier, size: size.value };
  const base = memparse(size.rest.slice(1));
  const limit = base.rest.startsWith('-') ? memparse(base.rest.slice(1)).value : base.value + size.value;
  return { size: size.value, base: base.value, limit };
}

function parseSwiotlb(text: string, earlier: SwiotlbParameter): SwiotlbParameter {
  let rest = text;
  let result = earlier;
  const number = () => {
    if (!/^[0-9]/.test(rest)) return undefined;
    const parsed = simple_strtoull(rest);
    rest = parsed.rest;
    return parsed.value;
  };
  const comma = () => {
    if (rest.startsWith(',')) rest = rest.slice(1);
  };
  const slabs = number();
  if (slabs !== undefined) result = { ...result, slabs: alignUp(slabs, IO_TLB_SEGSIZE) };
  comma();
  const areas = number();
  if (areas !== undefined) result = { ...result, areas: Math.max(1, roundUpPowerOfTwo(areas)) };
  comma();
  if (rest === 'force') return { ...result, force: true };
  if (rest === 'noforce') return { ...result, noforce: true };
  return result;
}

export class Cmdline {
  /** boot_command_line. */
  text = '';
  /** In order. */
  parameters: readonly Parameter[] = [];
  mem: readonly MemParameter[] = [];
  cma: CmaParameter | undefined;
  swiotlb: SwiotlbParameter = { force: false, noforce: false };
  /** Bytes; legacy: of the atomic pool, generic: of each atomic pool. */
  coherent_pool: number | undefined;
  /** Bytes as asked for; the limits apply later. */
  vmalloc: number | undefined;
  cachepolicy: string | undefined;
  nocache = false;
  nowb = false;
  ecc: string | undefined;
  /** CPUs to start at boot. 0 with `nosmp`. */
  maxcpus: number | undefined;
  nosmp = false;
  /** Upper bound of possible CPUs. */
  nr_cpus: number | undefined;
  /** Undefined: as Kconfig says. */
  init_on_alloc: boolean | undefined;
  init_on_free: boolean | undefined;

  constructor(text: string) {
    this.parse(text);
  }

  /** Takes another command line in place of this one. */
  parse(text: string): void {
    this.text = text;
    this.parameters = splitCommandLine(text);
    this.mem = this.all('mem').map(parseMem);
    // Without a value it is refused ("Config string not provided").
    this.cma = this.parameters
      .filter(item => item.name === 'cma' && item.value !== undefined)
      .reduce<CmaParameter | undefined>((earlier, item) => parseCma(item.value ?? '', earlier), undefined);
    this.swiotlb = this.all('swiotlb').reduce<SwiotlbParameter>(
      (result, value) => parseSwiotlb(value, result),
      { force: false, noforce: false },
    );
    // size_t and unsigned long: 32 bits.
    const pool = this.last('coherent_pool');
    this.coherent_pool = pool === undefined ? undefined : low32(memparse(pool).value);
    const vmalloc = this.last('vmalloc');
    this.vmalloc = vmalloc === undefined ? undefined : low32(memparse(vmalloc).value);
    this.cachepolicy = this.last('cachepolicy');
    this.nocache = this.has('nocache');
    this.nowb = this.has('nowb');
    this.ecc = this.last('ecc');
    this.nosmp = this.has('nosmp');
    this.maxcpus = this.nosmp ? 0 : this.integer('maxcpus');
    this.nr_cpus = this.integer('nr_cpus');
    this.init_on_alloc = this.bool('init_on_alloc');
    this.init_on_free = this.bool('init_on_free');
  }

  /** Every value of a parameter, in order; one without `=` counts as empty. */
  all(name: string): string[] {
    return this.parameters.filter(item => sameName(item.name, name)).map(item => item.value ?? '');
  }

  /** The value that counts where a later parameter replaces an earlier one. */
  last(name: string): string | undefined {
    return this.all(name).at(-1);
  }

  has(name: string): boolean {
    return this.parameters.some(item => sameName(item.name, name));
  }

  /** The last value that is one: others are refused. */
  private bool(name: string): boolean | undefined {
    return this.all(name)
      .map(kstrtobool)
      .findLast(value => value !== undefined);
  }

  private integer(name: string): number | undefined {
    const value = this.last(name);
    return value === undefined || !/^[0-9]/.test(value) ? undefined : simple_strtoull(value).value;
  }
}

/** Linux: kernel/params.c, parameq(): `-` and `_` are the same. */
function sameName(a: string, b: string): boolean {
  return a.replaceAll('-', '_') === b.replaceAll('-', '_');
}
