// SPDX-License-Identifier: GPL-2.0-only
/** What the emulator uses of the WebAssembly JavaScript interface, which TypeScript declares only for browsers. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number });
    readonly buffer: ArrayBuffer;
  }
  class Table {
    constructor(descriptor: { initial: number; element: 'anyfunc' });
    readonly length: number;
    grow(by: number): number;
    set(index: number, value: ((...operands: number[]) => number) | null): void;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  type Imports = Record<string, Record<string, object>>;
  type Exports = Record<string, (...operands: number[]) => number>;
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Exports;
  }
}
