import * as z from 'zod';
import { parseIsoTime } from './iso-time.ts';
import { createdAtSchema } from './text-record.ts';

/** Most results of one page. */
const MAXIMUM_PAGE = 100;
const CURSOR = 'must be one that was given out';
const PAGE = `must be a whole number from 1 to ${MAXIMUM_PAGE}`;

/** A time of a query, as arrival times are kept and compared: in UTC with milliseconds. */
export const timeParameter = createdAtSchema.transform((given, context) => {
  const utc = new Date(parseIsoTime(given) ?? 0).toISOString();
  if (/^\d{4}-/.test(utc)) return utc;
  const message = 'must be a time of the years 0000 to 9999, such as 2026-01-31T12:00:00Z';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** Digits of a query; `Number` would also read `0x10`, `1e1` and nothing at all. */
export const numberOf = (given: unknown) => (/^\d{1,9}$/.test(String(given)) ? Number(given) : -1);

/** Parameters of a call that answers page by page. */
export const paging = {
  limit: z.preprocess(numberOf, z.int().min(1, PAGE).max(MAXIMUM_PAGE, PAGE)).prefault(20),
  cursor: z
    .string()
    .min(1, CURSOR)
    .max(2_048, CURSOR)
    .optional()
    .describe('Where the last page ended.'),
};

/** Where the next page begins. */
export const nextCursor = z
  .string()
  .optional()
  .describe('Given where there are more: the next page begins there.');
