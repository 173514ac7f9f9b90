import { ValidationError } from '#shared/errors.ts';

/** A text with the labels that count as right: one, or several. */
export interface LabelledText {
  readonly text: string;
  readonly labels: readonly string[];
}

/** Emotions of GoEmotions in the order of their numbers, each with the group that its paper puts it in. */
const emotions: readonly (readonly [emotion: string, group: string])[] = [
  ['admiration', 'positive'],
  ['amusement', 'positive'],
  ['anger', 'negative'],
  ['annoyance', 'negative'],
  ['approval', 'positive'],
  ['caring', 'positive'],
  ['confusion', 'ambiguous'],
  ['curiosity', 'ambiguous'],
  ['desire', 'positive'],
  ['disappointment', 'negative'],
  ['disapproval', 'negative'],
  ['disgust', 'negative'],
  ['embarrassment', 'negative'],
  ['excitement', 'positive'],
  ['fear', 'negative'],
  ['gratitude', 'positive'],
  ['grief', 'negative'],
  ['joy', 'positive'],
  ['love', 'positive'],
  ['nervousness', 'negative'],
  ['optimism', 'positive'],
  ['pride', 'positive'],
  ['realization', 'ambiguous'],
  ['relief', 'positive'],
  ['remorse', 'negative'],
  ['sadness', 'negative'],
  ['surprise', 'ambiguous'],
  ['neutral', 'neutral'],
];

/**
 * Reads labelled texts in the form that the file is in: GoEmotions (text, numbers of emotions, id, parted by tabs), its emotions
 * grouped in positive, negative, ambiguous and neutral as its paper does; CoLA (source, 0 or 1, mark, sentence, parted by tabs), as
 * unacceptable and acceptable; or a CSV with the columns `text` and `category` (or `label`).
 *
 * @throws {ValidationError} naming the line at fault
 */
export function readLabelledTexts(data: string): LabelledText[] {
  const first = data.slice(0, data.indexOf('\n') < 0 ? undefined : data.indexOf('\n')).trimEnd();
  const header = first.split(',').map((name) => name.trim().toLowerCase());
  if (header.includes('text') && (header.includes('category') || header.includes('label'))) {
    return readCsv(data);
  }
  const lines = data.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines.map((line, index) => {
    const columns = line.split('\t');
    const read = columns.length === 4 ? readCola(columns) : readGoEmotions(columns);
    if (read) return read;
    const field = `line ${index + 1}`;
    throw new ValidationError(
      field,
      `${field}: must be a line of GoEmotions (text, numbers, id) or CoLA (source, 0 or 1, mark, sentence), parted by tabs`,
    );
  });
}

function readCola([, label, , text]: readonly string[]): LabelledText | undefined {
  if (text === undefined || (label !== '0' && label !== '1')) return undefined;
  return { text, labels: [label === '1' ? 'acceptable' : 'unacceptable'] };
}

function readGoEmotions([text, numbers = '']: readonly string[]): LabelledText | undefined {
  if (text === undefined || !/^\d+(?:,\d+)*$/.test(numbers)) return undefined;
  const groups = numbers.split(',').map((number) => emotions[Number(number)]?.[1]);
  const labels = [...new Set(groups)].filter((group) => group !== undefined);
  return labels.length === 0 ? undefined : { text, labels };
}

/** CSV by RFC 4180: a field may be quoted, and then hold commas, line breaks and doubled quotes. */
function readCsv(data: string): LabelledText[] {
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (field.lastIndex < data.length) {
    const line = rows.length;
    const found = field.exec(data);
    if (!found) throw new ValidationError(`line ${line}`, `line ${line}: no CSV`);
    const [, quoted, plain = '', end] = found;
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ',' && field.lastIndex < data.length) rows.push([]);
  }
  const [header = [], ...rest] = rows;
  const names = header.map((name) => name.trim().toLowerCase());
  const text = names.indexOf('text');
  const label = names.includes('category') ? names.indexOf('category') : names.indexOf('label');
  return rest.map((row, index) => {
    const [value, name] = [row[text], row[label]];
    if (value !== undefined && name) return { text: value, labels: [name] };
    const line = `row ${index + 2}`;
    throw new ValidationError(line, `${line}: has no text or no label`);
  });
}
