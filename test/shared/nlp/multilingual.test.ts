import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Analysis, createTextEngine, type TextEngine } from '#shared/nlp/index.ts';
import { watchPorts } from './watched-ports.ts';

const modelsDirectory = new URL('../../../models', import.meta.url).pathname;

let engine: TextEngine;
const { loads, openPort } = watchPorts();
beforeAll(async () => {
  engine = await createTextEngine({
    modelsDirectory,
    tasks: ['entities', 'tags'],
    workers: 1,
    openPort,
  });
}, 60_000);
afterAll(() => engine.close());

async function read(text: string): Promise<Analysis> {
  const [outcome] = await engine.analyze([{ text, tasks: ['entities', 'tags'] }]);
  if (!outcome?.ok) throw outcome?.error;
  return outcome.value;
}

describe('the bundled multilingual model', () => {
  it('is loaded by the first text that is not English', async () => {
    await read('Ada Lovelace lived in London.');
    expect(loads).toHaveLength(1);

    await read('吉永小百合は東京都渋谷区で生まれた。');
    await read('Pedro Sánchez viajó ayer desde Madrid a París.');
    expect(loads).toHaveLength(2);
  });

  it.each([
    [
      'ja',
      '吉永小百合は東京都渋谷区で生まれ、日本放送協会に勤めた。',
      'PER 吉永小百合|LOC 東京都渋谷区|ORG 日本放送協会',
    ],
    ['zh', '李明昨天從北京飛往上海，與他的父母見面。', 'PER 李明|LOC 北京|LOC 上海'],
    ['zh', '李明昨天从北京飞往上海，与他的父母见面。', 'PER 李明|LOC 北京|LOC 上海'],
    [
      'pt',
      'O presidente Lula da Silva visitou Lisboa e falou com a direção do Banco de Portugal.',
      'PER Lula da Silva|LOC Lisboa|ORG Banco de Portugal',
    ],
    [
      'sv',
      'Statsminister Olof Palme reste från Stockholm till Paris.',
      'PER Olof Palme|LOC Stockholm|LOC Paris',
    ],
    [
      'da',
      'Statsminister Mette Frederiksen rejste fra København til Paris.',
      'PER Mette Frederiksen|LOC København|LOC Paris',
    ],
    [
      'hr',
      'Premijer Andrej Plenković jučer je u Zagrebu razgovarao s predsjednikom Francuske.',
      'PER Andrej Plenković|LOC Zagrebu|LOC Francuske',
    ],
    [
      'de',
      'Angela Merkel reiste gestern von Berlin nach Paris.',
      'PER Angela Merkel|LOC Berlin|LOC Paris',
    ],
    [
      'es',
      'Pedro Sánchez viajó ayer desde Madrid a París.',
      'PER Pedro Sánchez|LOC Madrid|LOC París',
    ],
  ])(
    'finds the names of a text whose language it is told: %s, %s',
    async (language, text, names) => {
      const found = await read(text);

      expect(found.language).toBe(language);
      const given = found.entities.map(({ type, text: name }) => `${type} ${name}`).join('|');
      expect(given).toBe(names);
      // 𠮷 takes two units and has no piece of its own: what comes after must stand where it does all the same.
      const longer = `𠮷 ${text}\n${text}`;
      const { entities } = await read(longer);
      expect(entities.length).toBeGreaterThanOrEqual(2 * found.entities.length);
      for (const { start, end, text: name } of entities)
        expect(longer.slice(start, end)).toBe(name);
    },
  );

  it('parts Japanese words, and says which part of speech each is', async () => {
    const text = '父は東京で、新しい本を買った。';

    const { tags } = await read(text);

    expect(tags.map(({ tag, start, end }) => `${text.slice(start, end)} ${tag}`)).toEqual([
      '父 NOUN',
      'は ADP',
      '東京 PROPN',
      'で ADP',
      '、 PUNCT',
      '新しい ADJ',
      '本 NOUN',
      'を ADP',
      '買っ VERB',
      'た AUX',
      '。 PUNCT',
    ]);
  });

  it('gives no parts of speech where it learnt none', async () => {
    expect(await read('Pedro Sánchez viajó ayer desde Madrid a París.')).toMatchObject({
      tags: [],
      unserved: ['tags'],
    });
  });
});
