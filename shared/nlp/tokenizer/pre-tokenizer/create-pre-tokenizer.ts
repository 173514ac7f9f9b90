import { createFindMatches } from '../pattern/find-matches.ts';
import type { PreTokenizer } from '../stages.ts';
import { characterClass, classOf } from '../unicode/character-class.ts';
import { propertiesOf, property } from '../unicode/properties.ts';
import { createBertPreTokenizer } from './bert-pre-tokenizer.ts';
import { createByteLevel } from './byte-level.ts';
import type { PreTokenizerFile } from './file.ts';
import { createMetaspace } from './metaspace.ts';
import { createCharacterSplit, createFixedLength, createSplit } from './split.ts';
import { createUnicodeScripts } from './unicode-scripts.ts';
import { createWhitespace } from './whitespace.ts';

/**
 * Makes the pre-tokenizers that a file describes, in order; none where a text is one word.
 *
 * @throws {ModelError} naming what cannot be run.
 */
export function createPreTokenizers(file: PreTokenizerFile | null | undefined): PreTokenizer[] {
  if (!file) return [];
  return file.type === 'Sequence'
    ? file.pretokenizers.flatMap(createPreTokenizers)
    : [createPreTokenizer(file)];
}

type Single = Exclude<PreTokenizerFile, { type: 'Sequence' }>;

function createPreTokenizer(file: Single): PreTokenizer {
  switch (file.type) {
    case 'BertPreTokenizer':
      return createBertPreTokenizer();
    case 'ByteLevel':
      return createByteLevel(file.add_prefix_space, file.use_regex);
    case 'Metaspace':
      return createMetaspace({
        replacement: file.replacement,
        prepend: file.add_prefix_space ? file.prepend_scheme : 'never',
        split: file.split ?? true,
      });
    case 'Whitespace':
      return createWhitespace();
    case 'WhitespaceSplit':
      return createCharacterSplit(isSpace, 'Removed');
    case 'Punctuation':
      return createCharacterSplit(isPunctuation, file.behavior);
    case 'Digits':
      return createCharacterSplit(isNumeric, file.individual_digits ? 'Isolated' : 'Contiguous');
    case 'CharDelimiterSplit':
      return createCharacterSplit(
        (codePoint) => codePoint === file.delimiter.codePointAt(0),
        'Removed',
      );
    case 'Split':
      return createSplit(
        createFindMatches(file.pattern, 'pre_tokenizer'),
        file.behavior,
        file.invert,
      );
    case 'FixedLength':
      return createFixedLength(file.length);
    case 'UnicodeScripts':
      return createUnicodeScripts();
  }
}

const isSpace = (codePoint: number) => (propertiesOf(codePoint) & property.space) !== 0;
const isNumeric = (codePoint: number) => (propertiesOf(codePoint) & property.numeric) !== 0;
const isPunctuation = (codePoint: number) =>
  (classOf(codePoint) & characterClass.punctuation) !== 0;
