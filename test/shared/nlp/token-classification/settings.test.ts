import { describe, expect, it } from 'vitest';
import { parseHeadSettings } from '#shared/nlp/settings.ts';
import { tokenClassificationSettings } from '#shared/nlp/token-classification/settings.ts';

describe('the settings of token classification', () => {
  it('have defaults', () => {
    expect(parseHeadSettings(tokenClassificationSettings, {})).toEqual({
      aggregation: 'first',
    });
  });

  it.each([
    [{ labelScheme: 'IOB3' }, 'manifest: settings.labelScheme: '],
    [{ aggregation: 'mean' }, 'manifest: settings.aggregation: '],
    [{ overlap: -1 }, 'manifest: settings.overlap: '],
    [{ strid: 4 }, 'manifest: settings: '],
  ])('names what is wrong in %j', (settings, message) => {
    expect(() => parseHeadSettings(tokenClassificationSettings, settings)).toThrow(message);
  });
});
