// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EnvironmentError } from '../../base/diagnostics.js';
import { DiskImage } from '../devices/virtio/disk-image.js';
import { FileSource } from './file-source.js';

test('a disk is read from its file and never written to it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'armory-disk-'));
  const path = join(folder, 'disk.img');
  try {
    writeFileSync(
      path,
      Uint8Array.from({ length: 6000 }, (_, i) => i),
    );
    const source = new FileSource(path);
    const disk = new DiskImage(source);
    disk.write(4000, new Uint8Array(200).fill(7));
    assert.deepEqual(disk.read(3998, 4), Uint8Array.of(3998, 3999, 7, 7));
    assert.deepEqual(disk.read(5998, 4), Uint8Array.of(5998, 5999, 0, 0));
    assert.equal(readFileSync(path)[4000], 4000 & 0xff);
    source.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.throws(() => new FileSource(path), EnvironmentError);
});
