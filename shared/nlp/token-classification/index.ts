import { parseHeadSettings } from '../settings.ts';
import type { Task } from '../task.ts';
import { tokenValues } from '../windows/reading.ts';
import { createContinuations } from './continuations.ts';
import { groupEntities } from './group-entities.ts';
import { labelSchemes } from './label-sequence.ts';
import { parseLabels } from './labels.ts';
import { tokenClassificationSettings } from './settings.ts';

/** Named entities: the Hub's token classification. */
export const entitiesTask: Task<'entities'> = {
  architecture: 'ForTokenClassification',
  outputs: ['logits'],
  isLabelled: true,
  isPerToken: true,
  asksQuestions: false,
  createHead({ tokenizer }, { labels: names, outputs: [output = ''], settings: given }) {
    const { aggregation, labelScheme, words } = parseHeadSettings(
      tokenClassificationSettings,
      given,
    );
    const labels = parseLabels(names);
    const mayFollow = labelScheme && labelSchemes[labelScheme];
    const continuationsOf = createContinuations(tokenizer, words);
    return (reading) => ({
      windows: reading.windows,
      decode(outputs) {
        const { text, encoding } = reading;
        const logits = tokenValues(reading, outputs, output, labels.length);
        const continues = continuationsOf(encoding, text);
        const { starts, ends } = encoding;
        const predictions = { text, starts, ends, continues, logits };
        return groupEntities(predictions, labels, aggregation, mayFollow);
      },
    });
  },
};
