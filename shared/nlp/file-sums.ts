import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ModelError, messageOf } from '../errors.ts';
import type { ManifestFile } from './manifest.ts';

/** Size and SHA-256 of a file, read in pieces so that the event loop stays free. */
export async function sumFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    await pipeline(source, async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        hash.update(chunk);
      }
    });
  } catch (error) {
    throw new ModelError(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
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
