// SPDX-License-Identifier: GPL-2.0-only
/**
 * ELF programs for bare metal: 32-bit little-endian ARM executables, each loadable segment to its physical address.
 * System V ABI, chapters 4 and 5; ELF for the Arm Architecture (Arm IHI 0044).
 */
import { hex } from '../../base/address.js';
import { inputError } from '../../base/diagnostics.js';
import type { Ram } from '../../hw/ram.js';

const HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;
const ET_EXEC = 2;
const EM_ARM = 40;
const PT_LOAD = 1;

export function isElf(bytes: Uint8Array): boolean {
  return [0x7f, 0x45, 0x4c, 0x46].every((byte, i) => bytes[i] === byte);
}

/** Copies the segments into memory and returns the entry address; bit 0: T32 code. Throws an InputError. */
export function loadElf(ram: Ram, bytes: Uint8Array, file: string): number {
  const fail = (id: string, message: string, offset: number): never =>
    inputError(id, message, { position: { file, offset } });
  if (bytes.length < HEADER_BYTES) fail('elf-too-short', `an ELF header has ${HEADER_BYTES} bytes`, 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const machine = view.getUint16(18, true);
  if (!isElf(bytes) || bytes[4] !== 1 || bytes[5] !== 1 || machine !== EM_ARM) {
    fail('elf-not-arm', 'a 32-bit little-endian ELF file for ARM is expected', 4);
  }
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC)
    fail('elf-not-executable', `type ${type}: an executable (${ET_EXEC}) is expected`, 16);
  const table = view.getUint32(28, true);
  const count = view.getUint16(44, true);
  const entrySize = view.getUint16(42, true);
  if (count > 0 && entrySize < PROGRAM_HEADER_BYTES) {
    fail('elf-bad-table', `a program header has ${PROGRAM_HEADER_BYTES} bytes; these have ${entrySize}`, 42);
  }
  for (let index = 0; index < count; index++) {
    const at = table + index * entrySize;
    if (at + PROGRAM_HEADER_BYTES > bytes.length) {
      fail('elf-bad-table', `program header ${index} lies behind the end of the file`, 28);
    }
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const offset = view.getUint32(at + 4, true);
    const paddr = view.getUint32(at + 12, true);
    const fileSize = view.getUint32(at + 16, true);
    const memorySize = view.getUint32(at + 20, true);
    if (offset + fileSize > bytes.length || memorySize < fileSize) {
      fail('elf-bad-segment', `segment ${index} is not all in the file`, at);
    }
    if (memorySize === 0) continue;
    if (!ram.contains(paddr, memorySize)) {
      fail(
        'elf-outside-memory',
        `segment ${index}, ${hex(paddr)} + ${hex(memorySize)}, is not all in memory`,
        at,
      );
    }
    ram.fill(paddr, memorySize, 0);
    ram.writeBytes(paddr, bytes.subarray(offset, offset + fileSize));
  }
  return view.getUint32(24, true);
}
