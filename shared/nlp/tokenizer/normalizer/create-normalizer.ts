import { createFindMatches } from '../pattern/find-matches.ts';
import type { Normalizer } from '../stages.ts';
import { createBertNormalizer } from './bert-normalizer.ts';
import { createByteLevelNormalizer } from './byte-level.ts';
import { createNmt, createStripAccents } from './character-map.ts';
import { createPrepend, createStrip } from './edges.ts';
import type { NormalizerFile } from './file.ts';
import { createLowercase } from './lowercase.ts';
import { createPrecompiled } from './precompiled.ts';
import { createReplace } from './replace.ts';
import { createNormalizerSequence } from './sequence.ts';
import { createUnicodeForm } from './unicode-form.ts';

/**
 * Makes the normalizer that a file describes; undefined where texts stay as they are.
 *
 * @throws {ModelError} naming what cannot be run.
 */
export function createNormalizer(file: NormalizerFile | null | undefined): Normalizer | undefined {
  const [first, ...others] = file ? members(file) : [];
  return first && createNormalizerSequence(first, others);
}

function members(file: NormalizerFile): Normalizer[] {
  switch (file.type) {
    case 'Sequence':
      return file.normalizers.flatMap(members);
    case 'BertNormalizer':
      return [
        createBertNormalizer({
          cleanText: file.clean_text,
          handleChineseCharacters: file.handle_chinese_chars,
          stripAccents: file.strip_accents ?? file.lowercase,
          lowercase: file.lowercase,
        }),
      ];
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return [createUnicodeForm(file.type)];
    case 'Lowercase':
      return [createLowercase()];
    case 'StripAccents':
      return [createStripAccents()];
    case 'Nmt':
      return [createNmt()];
    case 'ByteLevel':
      return [createByteLevelNormalizer()];
    case 'Strip':
      return [createStrip(file.strip_left, file.strip_right)];
    case 'Replace':
      return [createReplace(createFindMatches(file.pattern, 'normalizer'), file.content)];
    case 'Prepend':
      return [createPrepend(file.prepend)];
    case 'Precompiled':
      return [createPrecompiled(file.precompiled_charsmap)];
  }
}
