// SPDX-License-Identifier: GPL-2.0-only
/**
 * Makes an initramfs: a cpio archive of format `newc`, which the kernel unpacks before it starts /init.
 * Documentation/driver-api/early-userspace/buffer-format.rst (v6.12).
 */

export interface InitramfsFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}

const S_IFREG = 0o100000;
const ALIGN = 4;

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((ALIGN - (bytes.length % ALIGN)) % ALIGN)]);
}

function entry(path: string, mode: number, content: Buffer, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  // ino mode uid gid nlink mtime filesize maj min rmaj rmin namesize chksum
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(content)]);
}

/** An archive of executable files, all in the root folder. */
export function initramfs(files: readonly InitramfsFile[]): Buffer {
  const entries = files.map(({ path, content }, index) =>
    entry(path, S_IFREG | 0o755, Buffer.from(content), index + 1),
  );
  return Buffer.concat([...entries, entry('TRAILER!!!', 0, Buffer.alloc(0), 0)]);
}
