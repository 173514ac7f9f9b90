import * as z from 'zod';
import { overlapSetting, parseHeadSettings } from '../settings.ts';
import { softmaxRow } from '../softmax.ts';
import type { Task } from '../task.ts';
import { groupEntities } from '../token-classification/group-entities.ts';
import {
  labelSchemeNames,
  labelSchemes,
  type MayFollow,
} from '../token-classification/label-sequence.ts';
import { parseLabels } from '../token-classification/labels.ts';
import type { Tag } from '../types.ts';
import { type Reading, tokenValues } from '../windows/reading.ts';
import { trimSpan } from '../windows/trim-span.ts';

const settingsSchema = z.strictObject({
  /** Labels say where words begin (`B-NOUN`) and go on (`I-NOUN`), for what is written without spaces; else the pre-tokenizer does. */
  labelScheme: z.enum(labelSchemeNames).optional(),
  overlap: overlapSetting,
});

/** Parts of speech: token classification with one tag for each word, its first token's or that of its labels' type. */
export const tagsTask: Task<'tags'> = {
  architecture: 'ForTokenClassification',
  suits: (labels) =>
    [
      ['NOUN', 'VERB'],
      ['NN', 'VB'],
    ].some((pair) => pair.every((tag) => labels.includes(tag))),
  outputs: ['logits'],
  isLabelled: true,
  isPerToken: true,
  asksQuestions: false,
  createHead(_model, { labels, outputs: [output = ''], settings }) {
    const { labelScheme } = parseHeadSettings(settingsSchema, settings);
    const groupWords = labelScheme && createGrouping(labels, labelSchemes[labelScheme]);
    return (reading) => ({
      windows: reading.windows,
      decode(outputs) {
        const logits = tokenValues(reading, outputs, output, labels.length);
        return groupWords ? groupWords(reading, logits) : tagWords(reading, logits, labels);
      },
    });
  },
};

/** Words as the labels part them: to a scheme a word is what an entity is, its tag the entity's type. */
function createGrouping(names: readonly string[], mayFollow: MayFollow) {
  const labels = parseLabels(names);
  return ({ text, encoding: { starts, ends } }: Reading, logits: Float32Array): Tag[] =>
    groupEntities({ text, starts, ends, logits }, labels, 'simple', mayFollow).map(
      ({ type, start, end, score }) => ({ tag: type, start, end, score }),
    );
}

function tagWords(
  { text, encoding }: Reading,
  logits: Float32Array,
  labels: readonly string[],
): Tag[] {
  const { starts, ends } = encoding;
  const tags: Tag[] = [];
  const probabilities = new Float64Array(labels.length);
  for (let from = 0; from < starts.length; ) {
    let to = from + 1;
    while (to < starts.length && continuesWord(text, encoding, to)) to += 1;
    const { start, end } = trimSpan(text, starts[from] ?? 0, ends[to - 1] ?? 0);
    if (start < end) {
      softmaxRow(logits, from, probabilities);
      const score = Math.max(...probabilities);
      tags.push({ tag: labels[probabilities.indexOf(score)] ?? '', start, end, score });
    }
    from = to;
  }
  return tags;
}

/** A word is one as the pre-tokenizer gives it, and no longer than up to the next white space. */
function continuesWord(
  text: string,
  { wordIds, starts, ends }: Reading['encoding'],
  token: number,
): boolean {
  if (wordIds[token] !== wordIds[token - 1]) return false;
  const start = starts[token] ?? 0;
  return start <= (ends[token - 1] ?? 0) && !/^\s/.test(text.slice(start, start + 1));
}
