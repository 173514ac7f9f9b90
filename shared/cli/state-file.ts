import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { describeIssues } from '#shared/contracts/validate.ts';
import { ConfigurationError, messageOf } from '#shared/errors.ts';

const MOST_SHOWN = 300;

/** Where a job stands that may be ended at any moment and started again. */
export interface StateFile<State> {
  /** Where an earlier run left it; undefined where there was none. */
  readonly state: State | undefined;
  /** Writes down where it stands: whoever ends it meanwhile finds the state before, or this one. */
  save(state: State): void;
  /** For a job that is done: the next one begins anew. */
  remove(): void;
}

const jobSchema = z.record(z.string(), z.json());

/** What a job is about, as JSON; two runs of one job agree in all of it. */
export type Job = z.output<typeof jobSchema>;

/**
 * Opens the file in which a command keeps where it stands.
 *
 * @param job what it is about: the state of another job is refused
 * @throws {ConfigurationError} naming the file, and how the jobs differ or why it cannot be read; `save` throws it too
 */
export function openStateFile<State>(
  file: string,
  command: string,
  job: Job,
  schema: z.ZodType<State>,
): StateFile<State> {
  const fileSchema = z.strictObject({ command: z.string(), job: jobSchema, state: schema });
  const failed = (what: string, cause: unknown) =>
    new ConfigurationError(`${file} cannot be ${what}: ${messageOf(cause)}`, { cause });

  function read(): State | undefined {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (cause) {
      if (cause instanceof Error && Reflect.get(cause, 'code') === 'ENOENT') return undefined;
      throw failed('read', cause);
    }
    const parsed = fileSchema.safeParse(parseOrNothing(text));
    if (!parsed.success) {
      const faults = describeIssues(parsed.error, 'the file');
      throw new ConfigurationError(`${file} is no file that --resume has written: ${faults}`);
    }
    const difference =
      parsed.data.command === command
        ? differenceOf(parsed.data.job, job)
        : `of npm run ${parsed.data.command}`;
    if (difference === undefined) return parsed.data.state;
    throw new ConfigurationError(
      `${file} keeps the place of another run, ${difference}: end that first, name another file with --state, or remove this one`,
    );
  }

  return {
    state: read(),
    save(state) {
      try {
        writeFileSync(`${file}.new`, `${JSON.stringify({ command, job, state })}\n`);
        renameSync(`${file}.new`, file);
      } catch (cause) {
        throw failed('written', cause);
      }
    },
    remove: () => rmSync(file, { force: true }),
  };
}

/** In what the first of two jobs differs from the second, where it does. */
function differenceOf(was: Job, is: Job): string | undefined {
  const name = Object.keys({ ...was, ...is }).find((key) => !isDeepStrictEqual(was[key], is[key]));
  const shown = (job: Job) => JSON.stringify(job[name ?? ''] ?? null).slice(0, MOST_SHOWN);
  return name && `whose ${name} is ${shown(was)} and not ${shown(is)}`;
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
