import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigurationError, messageOf } from './errors.ts';
import { parseSettings, type Settings } from './settings.ts';

/** Where settings are looked for unless a file is named, by a command's flag or by `SPANSTREAM_CONFIG`. */
export const SETTINGS_FILE = 'spanstream.config.json';

/**
 * Reads settings from a JSON file; without a file every setting has its default.
 *
 * @param file path of the file; unless given that of `SPANSTREAM_CONFIG`, else `spanstream.config.json` of the working folder,
 *   where it exists
 * @throws {ConfigurationError} where a named file is missing, the file is not JSON or a setting is wrong
 */
export function readSettingsFile(file = process.env.SPANSTREAM_CONFIG || undefined): Settings {
  const path = resolve(file ?? SETTINGS_FILE);
  if (!existsSync(path)) {
    if (file === undefined) return parseSettings({});
    throw new ConfigurationError(`settings file ${path} does not exist`);
  }
  return parseSettings(readJson(path));
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(`settings file ${path} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
  try {
    // Some editors begin a file with a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new ConfigurationError(`settings file ${path} is not JSON: ${messageOf(cause)}`, {
      cause,
    });
  }
}
