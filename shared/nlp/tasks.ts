import type { AnswerTask, EntityTask } from './engine/analyze.ts';
import type { ModelFolder } from './model-folder.ts';
import { parseQuestionAnsweringSettings, prepareQuestion } from './question-answering/index.ts';
import {
  parseLabels,
  parseTokenClassificationSettings,
  prepareEntities,
  type TokenClassificationSettings,
} from './token-classification/index.ts';
import { createSpellingLengths } from './token-classification/spelling.ts';
import { createTokenizer } from './tokenizer/index.ts';

/** Decoding settings of an engine, which come before a model's own. */
export type DecodingSettings = Partial<
  Pick<TokenClassificationSettings, 'aggregation' | 'overlap'>
>;

/** Entity recognition with the model of that index; undefined where there is none. */
export function entityTask(
  folders: readonly ModelFolder[],
  model: number,
  settings: DecodingSettings,
): EntityTask | undefined {
  const folder = folders[model];
  if (folder === undefined) return undefined;
  const own = { ...parseTokenClassificationSettings(folder.settings), ...settings };
  const tokenizer = createTokenizer(folder.tokenizerJson);
  const classifier = {
    tokenizer,
    spellingLengths: createSpellingLengths(tokenizer.vocabulary),
    labels: parseLabels(folder.labels),
    maximumLength: folder.maximumLength,
    // A quarter of a window at most, however short the model's windows are.
    settings: {
      ...own,
      overlap: Math.min(own.overlap, Math.floor((folder.maximumLength - 2) / 4)),
    },
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

/** Question answering with the model of that index; undefined where there is none. */
export function answerTask(
  folders: readonly ModelFolder[],
  model: number,
  settings: { readonly nullThreshold?: number },
): AnswerTask | undefined {
  const folder = folders[model];
  if (folder === undefined) return undefined;
  const tokenizer = createTokenizer(folder.tokenizerJson);
  const own = parseQuestionAnsweringSettings({ ...folder.settings, ...settings });
  const limited = { ...own, maximumLength: Math.min(own.maximumLength, folder.maximumLength) };
  return {
    model,
    tokenizer,
    prepare: (text, question, topK, encoding) =>
      prepareQuestion(tokenizer, text, question, { topK, settings: limited, encoding }),
  };
}
