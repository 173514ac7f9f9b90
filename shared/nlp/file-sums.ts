import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ModelError } from '../errors.ts';
import { type ManifestFile, unreadable } from './manifest.ts';

/** Bytes that are read at once, into the same memory every time: fresh memory costs more than the sum itself. */
const PIECE = 1 << 20;

/** Size and SHA-256 of a file, read in pieces so that the event loop stays free. */
export async function sumFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const piece = Buffer.allocUnsafe(Math.min(PIECE, size + 1));
      for (;;) {
        const { bytesRead } = await file.read(piece);
        if (bytesRead === 0) break;
        bytes += bytesRead;
        hash.update(piece.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * Compares a file with the manifest.
 *
 * @throws {ModelError} naming the file that is missing or altered
 */
export async function checkFile(path: string, expected: ManifestFile): Promise<void> {
  const { bytes, sha256 } = await sumFile(path);
  if (bytes !== expected.bytes) {
    throw new ModelError(`${path} has ${bytes} bytes, but the manifest says ${expected.bytes}`);
  }
  if (sha256 !== expected.sha256) {
    throw new ModelError(
      `${path} is not what the manifest says: its SHA-256 is ${sha256}, not ${expected.sha256}`,
    );
  }
}
