import { describe, expect, it } from 'vitest';
import { addressOf, placeOf } from '../../console/location.ts';

describe('an address', () => {
  it('says the view and its filters, hostile ones too', () => {
    const filters = { source: 'a&view=now', entity: '<img src=x>#?', label: '', language: 'ja' };

    const { view, parameters } = placeOf(addressOf('texts', filters));

    expect(view).toBe('texts');
    expect(Object.fromEntries(parameters)).toEqual({
      source: 'a&view=now',
      entity: '<img src=x>#?',
      language: 'ja',
    });
  });

  it.each(['', '?view=', '?view=nowhere', '?view=__proto__', '?view=constructor'])(
    '%s shows what is now',
    (search) => {
      expect(placeOf(search).view).toBe('now');
    },
  );
});
