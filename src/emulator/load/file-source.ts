// SPDX-License-Identifier: GPL-2.0-only
/** A file as the contents of a disk. It is opened for reading: what the guest writes stays in memory. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { EnvironmentError } from '../../base/diagnostics.js';
import type { ByteSource } from '../devices/virtio/disk-image.js';

export class FileSource implements ByteSource {
  readonly size: number;
  private readonly path: string;
  private readonly descriptor: number;

  /** Throws an EnvironmentError. */
  constructor(path: string) {
    this.path = path;
    try {
      this.descriptor = openSync(path, 'r');
      const status = fstatSync(this.descriptor);
      if (status.isDirectory()) throw new Error('it is a folder');
      this.size = status.size;
    } catch (error) {
      throw new EnvironmentError('open', path, error);
    }
  }

  read(offset: number, size: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(size, this.size - offset)));
    try {
      for (let done = 0; done < bytes.length; ) {
        const got = readSync(this.descriptor, bytes, done, bytes.length - done, offset + done);
        if (got === 0) break;
        done += got;
      }
    } catch (error) {
      throw new EnvironmentError('read', this.path, error);
    }
    return bytes;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
