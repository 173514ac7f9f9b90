import { closeSync, openSync, writeSync } from 'node:fs';
import type { TextRecordInput } from '#shared/contracts/text-record.ts';
import { ConfigurationError, messageOf } from '#shared/errors.ts';

/**
 * Opens the file for records that are given up, as JSON Lines; none where it is not named.
 *
 * @throws {ConfigurationError} where it cannot be written
 */
export function openStranded(file: string | undefined) {
  if (file === undefined) return undefined;
  try {
    const descriptor = openSync(file, 'w');
    return {
      write: (record: TextRecordInput) => void writeSync(descriptor, `${JSON.stringify(record)}\n`),
      close: () => closeSync(descriptor),
    };
  } catch (cause) {
    throw new ConfigurationError(`cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
}
