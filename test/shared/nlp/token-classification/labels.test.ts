import { describe, expect, it } from 'vitest';
import { parseLabels } from '#shared/nlp/token-classification/labels.ts';

describe('parseLabels', () => {
  it('reads beginnings and insides', () => {
    const [outside, begin, inside] = parseLabels(['O', 'B-PER', 'I-PER']);

    expect(outside).toMatchObject({ type: 'O', begins: false, ends: false });
    expect(begin).toMatchObject({ tag: 'PER', type: 'PER', begins: true });
    expect(inside).toMatchObject({ tag: 'PER', type: 'PER', begins: false });
  });

  it('reads ends and singles where the type has an inside label', () => {
    const labels = parseLabels(['O', 'B-PER', 'I-PER', 'E-PER', 'S-PER']);

    expect(labels[3]).toMatchObject({ tag: 'PER', begins: false, ends: true });
    expect(labels[4]).toMatchObject({ tag: 'PER', begins: true, ends: true });
  });

  it('takes other prefixes as part of the tag, as the Python pipeline does', () => {
    const [label] = parseLabels(['E-MAIL', 'O']);

    expect(label).toMatchObject({ tag: 'E-MAIL', type: 'MAIL', begins: false, ends: false });
  });
});
