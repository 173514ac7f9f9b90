import { ModelError, messageOf } from '../errors.ts';
import type { AnswerTask, EntityTask } from './engine/analyze.ts';
import type { ModelFolder } from './model-folder.ts';
import { prepareQuestion } from './question-answering/index.ts';
import {
  parseQuestionAnsweringSettings,
  parseTokenClassificationSettings,
  type TokenClassificationSettings,
} from './task-settings.ts';
import { parseLabels, prepareEntities } from './token-classification/index.ts';
import { createTokenizer } from './tokenizer/index.ts';
import { createSpellingLengths } from './tokenizer/model/vocabulary.ts';
import type { Tokenizer } from './types.ts';

/** Decoding settings of an engine, which come before a model's own. */
export type DecodingSettings = Partial<
  Pick<TokenClassificationSettings, 'aggregation' | 'overlap'>
>;

/**
 * Entity recognition with the model of that index; undefined where there is none.
 *
 * @throws {ModelError} for a tokenizer or a setting that cannot be used
 */
export function entityTask(
  folders: readonly ModelFolder[],
  model: number,
  settings: DecodingSettings,
): EntityTask | undefined {
  const folder = folders[model];
  if (folder === undefined) return undefined;
  const own = { ...parseTokenClassificationSettings(folder.settings), ...settings };
  const capacity = folder.maximumLength - 2;
  if ('overlap' in { ...folder.settings, ...settings }) {
    checkShared(folder, 'overlap', own.overlap, capacity);
  }
  const tokenizer = tokenizerOf(folder);
  const classifier = {
    tokenizer,
    spellingLengths: createSpellingLengths(tokenizer.vocabulary),
    labels: parseLabels(folder.labels),
    maximumLength: folder.maximumLength,
    // A quarter of a window at most, however short the model's windows are.
    settings: { ...own, overlap: Math.min(own.overlap, Math.floor(capacity / 4)) },
  };
  // What every first text needs is made now, while the models are being loaded elsewhere.
  tokenizer.encode('a');
  classifier.spellingLengths();
  return {
    model,
    tokenizer,
    prepare: (text, encoding) => prepareEntities(classifier, text, encoding),
  };
}

/**
 * Question answering with the model of that index; undefined where there is none.
 *
 * @throws {ModelError} for a tokenizer or a setting that cannot be used
 */
export function answerTask(
  folders: readonly ModelFolder[],
  model: number,
  settings: { readonly nullThreshold?: number },
): AnswerTask | undefined {
  const folder = folders[model];
  if (folder === undefined) return undefined;
  const own = parseQuestionAnsweringSettings({ ...folder.settings, ...settings });
  const limited = { ...own, maximumLength: Math.min(own.maximumLength, folder.maximumLength) };
  if ('stride' in folder.settings) {
    checkShared(folder, 'stride', own.stride, limited.maximumLength - 3);
  }
  const tokenizer = tokenizerOf(folder);
  return {
    model,
    tokenizer,
    prepare: (text, question, topK, encoding) =>
      prepareQuestion(tokenizer, text, question, { topK, settings: limited, encoding }),
  };
}

function checkShared(folder: ModelFolder, name: string, shared: number, capacity: number): void {
  if (shared < capacity) return;
  throw new ModelError(
    `${folder.directory}: ${name} is ${shared}, but a window holds ${capacity} tokens of a text`,
  );
}

function tokenizerOf(folder: ModelFolder): Tokenizer {
  try {
    return createTokenizer(folder.tokenizerJson);
  } catch (error) {
    throw new ModelError(`${folder.directory}: ${messageOf(error)}`, { cause: error });
  }
}
