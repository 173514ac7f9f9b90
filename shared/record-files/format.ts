/** How a file holds records: one a line, as rows under named columns, or one text in all. */
export const recordFormats = ['jsonl', 'csv', 'tsv', 'text'] as const;

/** How a file holds records. */
export type RecordFormat = (typeof recordFormats)[number];

/** What is told of a file by its name and its headers. */
export interface FileFormat {
  readonly format: RecordFormat;
  readonly gzip: boolean;
}

const BY_EXTENSION: Readonly<Record<string, RecordFormat>> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  txt: 'text',
  text: 'text',
  md: 'text',
};

const BY_CONTENT_TYPE: Readonly<Record<string, RecordFormat>> = {
  'application/jsonl': 'jsonl',
  'application/x-jsonlines': 'jsonl',
  'application/x-ndjson': 'jsonl',
  'application/jsonlines': 'jsonl',
  'text/csv': 'csv',
  'text/tab-separated-values': 'tsv',
  'text/plain': 'text',
  'text/markdown': 'text',
};

/** What a name ends in, in small letters; an ending of `.gz` is taken off before. */
export const describedEndings = `${Object.keys(BY_EXTENSION)
  .map((ending) => `.${ending}`)
  .join(', ')}, each also with .gz`;

/**
 * Tells a file's format by the ending of its name, else by its content type; undefined where neither says it.
 *
 * @param file.contentEncoding as HTTP has it: `gzip` says what the ending `.gz` does
 */
export function formatOf(file: {
  readonly name: string;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
}): FileFormat | undefined {
  const name = file.name.toLowerCase();
  const inner = name.replace(/\.gz$/, '');
  const gzip = inner !== name || /\bgzip\b/i.test(file.contentEncoding ?? '');
  const ending = /\.([a-z]+)$/.exec(inner)?.[1] ?? '';
  const type = (file.contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const format = ownValue(BY_EXTENSION, ending) ?? ownValue(BY_CONTENT_TYPE, type);
  return format && { format, gzip };
}

const ownValue = <Value>(values: Readonly<Record<string, Value>>, name: string) =>
  Object.hasOwn(values, name) ? values[name] : undefined;
