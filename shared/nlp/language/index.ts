import type { Score } from './byte-sequences.ts';
import { countScripts, languageOfScript } from './scripts.ts';

/** What a text is written in. */
export interface DetectedLanguage {
  /** Primary language subtag of BCP 47; `und` where there is nothing to tell it by. */
  readonly language: string;
  /** Whether it is certain enough to choose a model by. Where it is not, `language` is a guess. */
  readonly reliable: boolean;
}

/** Tells a text's language: pure and deterministic; of a long text only the first 4,096 UTF-16 units count. */
export type DetectLanguage = (text: string) => DetectedLanguage;

/** Raised where detection changes, so that results of before and after are told apart. */
export const languageDetectorVersion = 1;

/** What is looked at of a text. */
const HEAD = 4_096;
/** Share of all letters that must be of one script. */
const SHARE = 0.7;
/** Letters that a script of one language must have. */
const LEAST_LETTERS = 4;
/** Han without kana is Chinese; a few characters may be a Japanese name. */
const LEAST_HAN = 8;
/** Words without a capital, and their letters, below which no language with capitals is certain. */
const LEAST_WORDS = 3;
const LEAST_WORD_LETTERS = 12;

const unknown: DetectedLanguage = { language: 'und', reliable: false };

/**
 * Loads the detector: scores of byte sequences in sixty languages, unpacked when this is called first.
 */
export async function loadLanguageDetector(): Promise<DetectLanguage> {
  const { createScorer } = await import('./byte-sequences.ts');
  const score = createScorer();
  return (text) => {
    const head = text.length > HEAD ? text.slice(0, HEAD) : text;
    const words = wordsOf(head);
    const counts = countScripts(words.join(' '));
    return byScript(counts) ?? byWords(words, counts, score);
  };
}

/** Words that tell a language: no addresses, names of users, tags, numbers, paths; what has no spaces stays whole. */
function wordsOf(head: string): string[] {
  return head
    .split(/\s+/u)
    .filter(
      (word) =>
        word !== '' &&
        (/[\u3040-\uffef]/.test(word) || !/[\d@#_/\\<>=]|\p{L}\.\p{L}{2}/u.test(word)),
    );
}

/** Where the script tells the language. */
function byScript(counts: ReadonlyMap<string, number>): DetectedLanguage | undefined {
  let all = 0;
  for (const count of counts.values()) all += count;
  if (all === 0) return unknown;
  const [kana, han] = [counts.get('Kana') ?? 0, counts.get('Hani') ?? 0];
  if (kana + han > all / 2 || (kana > 0 && kana + han > all / 4)) {
    // Chinese writes a kana or two for decoration; Japanese has one in three.
    if (kana * 12 >= han) return { language: 'ja', reliable: kana >= 2 && kana + han >= all * 0.4 };
    return { language: 'zh', reliable: han >= LEAST_HAN && han >= all * SHARE && kana <= 1 };
  }
  for (const [script, count] of counts) {
    const language = languageOfScript[script];
    if (language === undefined || count < all * SHARE) continue;
    return { language, reliable: count >= LEAST_LETTERS };
  }
  return undefined;
}

/**
 * Where the words tell it. Names look alike in all languages, so certainty comes from the words without a capital: they must be
 * some, agree with all words together, and leave English and every other language behind.
 */
function byWords(
  words: readonly string[],
  counts: ReadonlyMap<string, number>,
  score: (words: string) => Score,
): DetectedLanguage {
  const all = score(words.join(' '));
  const plain = words.filter((word) => !/^[^\p{L}]*\p{Lu}/u.test(word));
  const { language, first, second, english } =
    plain.length === words.length ? all : score(plain.join(' '));
  const guess = language || all.language;
  if (guess === '') return unknown;
  let [letters, most] = [0, 0];
  for (const count of counts.values()) {
    letters += count;
    most = Math.max(most, count);
  }
  const plainLetters = plain.reduce((sum, word) => sum + word.length, 0);
  const enough = plain.length >= LEAST_WORDS && plainLetters >= LEAST_WORD_LETTERS;
  const ahead =
    language === 'en'
      ? first - second >= 0.02 + 0.5 / plainLetters
      : first - english >= 0.04 + 1.5 / plainLetters && first - second >= 0.01 + 0.3 / plainLetters;
  return {
    language: all.language || guess,
    reliable: enough && ahead && language === all.language && most >= letters * SHARE,
  };
}
