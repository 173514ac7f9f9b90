import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Tokenizer as TheirTokenizer } from '@huggingface/tokenizers';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { median } from './children.ts';

/** Families of `fixtures/tokenizers/` that models for text analysis have. */
export const tokenizerFamilies = [
  'bert-uncased',
  'roberta',
  'modernbert',
  'llama3',
  'mistral',
  'albert',
  'xlm-roberta',
  'deberta-v3',
  't5',
] as const;

/** Texts a processor second of one family, without special tokens; ours gives offsets and words besides ids, theirs does not. */
export interface TokenizerRates {
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
}

const folder = new URL('../../fixtures/tokenizers/', import.meta.url);
/** Rounds that are not counted: both are compiled and have filled what they keep. */
const WARM_UP = 3;

/**
 * Lets ours and `@huggingface/tokenizers` encode the same texts in turns, in one process, in every round texts that neither has
 * read, and compares the medians of their rounds in time of the processor, which other work on the machine does not lengthen.
 * Who begins changes from round to round.
 */
export function measureTokenizers(
  texts: readonly string[],
  rounds: number,
  families: readonly string[] = tokenizerFamilies,
): Record<string, TokenizerRates> {
  return Object.fromEntries(families.map((family) => [family, measure(family, texts, rounds)]));
}

function measure(family: string, texts: readonly string[], rounds: number): TokenizerRates {
  const source = readTokenizer(family);
  const own = createTokenizer(source);
  const other = new TheirTokenizer(source, {});
  const contestants = [
    { encode: (text: string) => own.encode(text).ids.length, times: [] as number[] },
    {
      encode: (text: string) => other.encode(text, { add_special_tokens: false }).ids.length,
      times: [] as number[],
    },
  ];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const unread = texts.filter((_, index) => index % (WARM_UP + rounds) === round);
    for (const { encode, times } of contestants) {
      const before = process.cpuUsage();
      for (const text of unread) encode(text);
      const { user, system } = process.cpuUsage(before);
      if (round >= WARM_UP) times.push((user + system) / unread.length);
    }
    contestants.reverse();
  }
  if ((WARM_UP + rounds) % 2 === 1) contestants.reverse();
  const [ours = Number.NaN, theirs = Number.NaN] = contestants.map(
    ({ times }) => 1e6 / median(times),
  );
  return { ours, theirs, ratio: ours / theirs };
}

function readTokenizer(family: string): object {
  const read = (name: string) =>
    JSON.parse(gunzipSync(readFileSync(new URL(name, folder))).toString('utf8'));
  const { tokenizer } = read(`${family}.json.gz`) as { tokenizer: object | string };
  return typeof tokenizer === 'string' ? read(tokenizer) : tokenizer;
}
