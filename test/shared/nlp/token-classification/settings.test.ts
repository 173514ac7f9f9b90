import { describe, expect, it } from 'vitest';
import { parseTokenClassificationSettings } from '#shared/nlp/task-settings.ts';

describe('the settings of token classification', () => {
  it('have defaults', () => {
    expect(parseTokenClassificationSettings({})).toEqual({ aggregation: 'first', overlap: 128 });
  });

  it.each([
    [{ labelScheme: 'IOB3' }, 'manifest: settings.labelScheme: '],
    [{ aggregation: 'mean' }, 'manifest: settings.aggregation: '],
    [{ overlap: -1 }, 'manifest: settings.overlap: '],
    [{ strid: 4 }, 'manifest: settings: '],
  ])('names what is wrong in %j', (settings, message) => {
    expect(() => parseTokenClassificationSettings(settings)).toThrow(message);
  });
});
