import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '#shared/errors.ts';
import { parseHubId } from '../../../scripts/pull/hub-id.ts';

describe('parseHubId', () => {
  it('reads name and revision, main where none is given', () => {
    expect(parseHubId('acme/tiny-ner_v1.0')).toEqual({
      name: 'acme/tiny-ner_v1.0',
      revision: 'main',
      folder: 'tiny-ner_v1.0',
    });
    expect(parseHubId('acme/tiny@refs/pr/1').revision).toBe('refs/pr/1');
  });

  it.each([
    'acme/..',
    'acme/.',
    '../acme',
    'acme/.hidden',
    'acme/a\\b',
    'acme',
    'a/b/c',
    '/acme/tiny',
    'acme/',
    'acme/tiny@',
    'acme/x@y@z',
    '',
  ])('refuses %j', (id) => {
    expect(() => parseHubId(id)).toThrow(ConfigurationError);
  });
});
