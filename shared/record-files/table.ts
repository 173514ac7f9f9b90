import { ValidationError } from '#shared/errors.ts';

/** Columns whose cells hold several values: how they are told apart. */
const LISTS: Readonly<Record<string, RegExp>> = { questions: /\r?\n/, tasks: /[\s,;]+/ };
/** Columns that are fields of a text record; the others are attributes. */
const FIELDS = ['id', 'text', 'source', 'createdAt', 'language', ...Object.keys(LISTS)];
const MOST_COLUMNS = 100;

/**
 * The cells of one row of a table (RFC 4180).
 *
 * @throws {ValidationError} where a quoted cell does not end as it must
 */
export function parseRow(row: string, delimiter: string): string[] {
  const text = row.endsWith('\r') ? row.slice(0, -1) : row;
  const cells: string[] = [];
  for (let at = 0; ; at++) {
    let cell = '';
    if (text[at] === '"') {
      for (at += 1; ; at += 2) {
        const quote = text.indexOf('"', at);
        if (quote < 0) throw rowError('has a quote that is not closed');
        cell += text.slice(at, quote);
        at = quote;
        if (text[at + 1] !== '"') break;
        cell += '"';
      }
      at += 1;
    } else {
      const end = text.indexOf(delimiter, at);
      cell = text.slice(at, end < 0 ? text.length : end);
      at += cell.length;
    }
    cells.push(cell);
    if (at >= text.length) return cells;
    if (text[at] !== delimiter) throw rowError('has a quoted cell that goes on after its quote');
  }
}

const rowError = (message: string) => new ValidationError('(record)', `the row ${message}`);

/**
 * Checks the names of columns.
 *
 * @throws {ValidationError} naming the column at fault
 */
export function checkColumns(names: readonly string[]): readonly string[] {
  const named = names.map((name) => name.trim());
  const fault = (rule: string) => new ValidationError('columns', `columns ${rule}`);
  if (!named.includes('text')) throw fault('must name one `text`, in the first row of the file');
  if (named.length > MOST_COLUMNS) throw fault(`must be at most ${MOST_COLUMNS}`);
  const twice = named.find((name, at) => name !== '' && named.indexOf(name) !== at);
  if (twice !== undefined) throw fault(`must have different names, and ${twice} is there twice`);
  return named;
}

/**
 * A row as a text record: a cell is the field that its column is named after, and an attribute under any other name; an empty cell
 * is left out, and so is a column without a name. Questions stand on a line each, tasks have commas or blanks between them.
 *
 * @throws {ValidationError} where the row has not as many cells as there are columns
 */
export function rowRecord(
  columns: readonly string[],
  cells: readonly string[],
): Record<string, unknown> {
  if (cells.length !== columns.length) {
    throw rowError(`has ${cells.length} cells, and there are ${columns.length} columns`);
  }
  const fields: [string, unknown][] = [];
  const attributes: [string, string][] = [];
  for (const [at, name] of columns.entries()) {
    const cell = cells[at] ?? '';
    if (cell === '' || name === '') continue;
    const between = Object.hasOwn(LISTS, name) ? LISTS[name] : undefined;
    if (between) fields.push([name, cell.split(between).filter((value) => value.trim() !== '')]);
    else if (FIELDS.includes(name)) fields.push([name, cell]);
    else attributes.push([name, cell]);
  }
  return {
    ...Object.fromEntries(fields),
    ...(attributes.length > 0 && { attributes: Object.fromEntries(attributes) }),
  };
}
