import { ConfigurationError } from '#shared/errors.ts';
import { manifestModelSchema } from '#shared/nlp/manifest.ts';

/** A model of the Hub at a revision, and the folder that it gets. */
export interface HubId {
  /** `owner/name`. */
  readonly name: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  readonly folder: string;
}

/**
 * Reads `owner/name` or `owner/name@revision`.
 *
 * @throws {ConfigurationError} for anything else, and for a name that would not be a plain folder in the models folder
 */
export function parseHubId(id: string): HubId {
  const [name = '', revision = 'main', ...more] = id.split('@');
  const [owner, folder, ...rest] = name.split('/');
  const plain = manifestModelSchema.shape.name;
  const isPlain = plain.safeParse(owner).success && plain.safeParse(folder).success;
  if (folder === undefined || !isPlain || revision === '' || more.length + rest.length > 0) {
    throw new ConfigurationError(
      `${id} must be owner/name or owner/name@revision, with names of A-Z a-z 0-9 . _ - that begin with a letter or digit`,
    );
  }
  return { name, revision, folder };
}
