import { Option } from 'commander';
import * as z from 'zod';
import { confirm } from '#shared/cli/confirm.ts';
import { createFirstFew } from '#shared/cli/first-few.ts';
import { interruptible } from '#shared/cli/interrupt.ts';
import { type OpenResults, openResults } from '#shared/cli/open-results.ts';
import { createProgress } from '#shared/cli/progress.ts';
import {
  callOf,
  createCommand,
  matching,
  print,
  runCommand,
  say,
  secondsSince,
  wholeNumber,
} from '#shared/cli/run-command.ts';
import { runningPipeline } from '#shared/cli/running-pipeline.ts';
import { openStateFile, type StateFile } from '#shared/cli/state-file.ts';
import { findTarget, type Target } from '#shared/cli/target.ts';
import { pastTime } from '#shared/cli/time-span.ts';
import { sourceSchema } from '#shared/contracts/text-record.ts';
import { resourceNames } from '#shared/names.ts';
import { placeSchema } from '#shared/results-table/places.ts';
import { readSettingsFile } from '#shared/settings-file.ts';
import { createKinesisClient } from '../kinesis-client.ts';
import { createProducer, type Producer } from '../producer.ts';
import { estimateReplay, surveyLines } from './replay-estimate.ts';
import {
  type Chosen,
  noneReplayed,
  type ReplayCounts,
  replayResults,
  surveyReplay,
} from './replay-results.ts';

/** A time as it was given, and as arrival times are kept. */
interface Moment {
  readonly given: string;
  readonly time: string;
}

interface Flags {
  readonly from: Moment;
  readonly to?: Moment;
  readonly source?: string;
  readonly pipeline?: string;
  readonly rate: number;
  readonly stream?: string;
  readonly target: Target;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly resume?: true;
  readonly state: string;
  readonly json?: true;
}

const countsSchema = z.strictObject({
  done: z.int(),
  replayed: z.int(),
  retried: z.int(),
  withoutText: z.int(),
  redacted: z.int(),
  unlike: z.int(),
  refused: z.int(),
  gone: z.int(),
}) satisfies z.ZodType<ReplayCounts>;

/** What a run that goes on keeps to: the times that its first one saw, and how far it came. */
const stateSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  running: z.string().optional(),
  after: placeSchema.optional(),
  counts: countsSchema,
});
type State = z.output<typeof stateSchema>;

async function replay(flags: Flags, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const { source = null, pipeline = null, rate, target } = flags;
  const settings = readSettingsFile();
  const names = resourceNames(settings.environmentName);
  const stream = flags.stream ?? names.stream;
  const clients = await findTarget(target, [
    'AWS_ENDPOINT_URL_KINESIS',
    'AWS_ENDPOINT_URL_DYNAMODB',
  ]);
  const job = {
    ...{ target, table: names.resultsTable, stream, source, pipeline },
    ...{ from: flags.from.given, to: flags.to?.given ?? null },
  };
  const file = flags.resume ? openStateFile(flags.state, 'replay', job, stateSchema) : undefined;
  const begun = file?.state ?? (await begin(flags));
  const { from, to, running } = begun;
  const chosen = { source: flags.source, pipeline: flags.pipeline, from, to, running };
  const table = openResults(clients, names.resultsTable);
  const { endpoints, ...client } = clients;
  const kinesis = createKinesisClient({ ...client, endpoint: endpoints.AWS_ENDPOINT_URL_KINESIS });
  try {
    const survey = await look(chosen, begun, table, signal);
    const estimate = estimateReplay(survey, rate, settings);
    for (const line of surveyLines(survey, estimate, { running, rate })) say(line);
    let counts = begun.counts;
    if (flags.dryRun) say('--dry-run sends nothing');
    else if (survey.chosen === 0) file?.remove();
    else if (!flags.yes && !(await confirm('Send them?', signal))) {
      say('nothing was sent');
      process.exitCode = 1;
    } else {
      const producer = createProducer({ client: kinesis, streamName: stream, ratePerSecond: rate });
      counts = await send(chosen, begun, survey.chosen, { table, producer, file, signal });
    }
    const seconds = secondsSince(began);
    const { current, onDemand } = survey.leftOut;
    const { done: _, ...replayed } = counts;
    if (flags.json) {
      print([], { found: survey.found, ...replayed, current, onDemand, estimate, seconds });
    }
  } finally {
    table.close();
    kinesis.destroy();
  }
}

/** What a replay that begins keeps to. */
async function begin({ target, from, to }: Flags): Promise<State> {
  const { version, why } = await runningPipeline(target);
  if (version === undefined) {
    say(`which pipeline runs is not known (${why}), so that its own results are not left out`);
  }
  return {
    from: from.time,
    to: to?.time ?? new Date().toISOString(),
    ...(version !== undefined && { running: version }),
    counts: noneReplayed(),
  };
}

async function look(chosen: Chosen, begun: State, table: OpenResults, signal: AbortSignal) {
  const progress = createProgress({ label: 'look at', unit: 'results' });
  const onProgress = (found: number) => progress.update(found);
  try {
    return await surveyReplay(chosen, begun.after, table, { signal, onProgress });
  } finally {
    progress.stop();
  }
}

interface Sending {
  readonly table: OpenResults;
  readonly producer: Producer;
  readonly file: StateFile<State> | undefined;
  readonly signal: AbortSignal;
}

async function send(
  chosen: Chosen,
  begun: State,
  total: number,
  { table, producer, file, signal }: Sending,
): Promise<ReplayCounts> {
  const progress = createProgress({ label: 'replay', total, unit: 'results' });
  const refused = createFirstFew('refused records', progress.say);
  file?.save(begun);
  let { counts } = begun;
  try {
    const { fault } = await replayResults(chosen, begun, {
      table,
      signal,
      put: (records) =>
        producer.put(records, {
          signal,
          onInvalid: ({ record, message }) => refused.add(`refused: ${record.id}: ${message}`),
        }),
      refused: refused.count,
      onPage(after, so) {
        counts = so;
        file?.save({ ...begun, after, counts });
        progress.update(counts.done - begun.counts.done, `sent ${counts.replayed}`);
      },
    });
    progress.stop();
    refused.finish();
    if (fault === undefined) file?.remove();
    else {
      process.exitCode = 1;
      say(`the stream does not take it: ${fault}`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    progress.stop();
  }
  const { replayed, withoutText, redacted, unlike, gone } = counts;
  const goesOn = file ? 'the same command goes on' : 'begun again it sends all of it again';
  if (signal.aborted) say(`interrupted after ${counts.done} results: ${goesOn}`);
  say(
    `replayed ${replayed}; not sent: ${withoutText} without text, ${redacted} redacted, ${counts.refused} refused, ${gone} gone since`,
  );
  if (unlike > 0) {
    say(
      `${unlike} of them ask other than before: asked over HTTP, or in a language of a finer tag than is stored`,
    );
  }
  return counts;
}

const moment = (given: string): Moment => ({ given, time: pastTime(given) });

const command = createCommand(
  'replay',
  'Sends the texts of stored results through the pipeline that runs now.',
)
  .requiredOption('--from <time>', 'results that arrived since: an ISO time, or 7d', moment)
  .option('--to <time>', 'and before that time (default: now)', moment)
  .option('--source <name>', 'only of this source', matching(sourceSchema))
  .option('--pipeline <version>', 'only what this pipeline version made')
  .option('--rate <n>', 'most records a second', wholeNumber(1), 100)
  .option('--stream <name>', 'stream (default: that of the settings)')
  .addOption(
    new Option('--target <where>', 'where to work').choices(['local', 'aws']).default('local'),
  )
  .option('--dry-run', 'say what would be sent, how long it takes and what it costs')
  .option('--yes', 'send without asking')
  .option('--resume', 'go on where a run that was ended stood')
  .option('--state <file>', 'where --resume keeps that', '.spanstream-replay.json')
  .addHelpText(
    'after',
    `
Each record goes with its id, source, questions, tasks, attributes, time and language, so that its new result stands beside the
old one under the key that the record itself would have. A result of the pipeline that runs is left out: it would be made again
as it is. A record without questions or tasks of its own is asked what its source's settings ask now.

What cannot be sent is counted: results without their text (results.storeText: false), and those in which personal data is
hidden. On-demand results are left out unless --source http asks for them; on the stream they become records like others.

First the index is read: how much there is, and by a sample how long it takes and what it costs. On a terminal it then asks.
Pages of 100 are sent one after the other; a run that is ended and resumed may send one twice, which changes nothing.
The version that runs is asked of the API: SPANSTREAM_HTTP_URL, and its key in SPANSTREAM_API_KEY.

Exit code: 0 all was sent, 1 something was not, 2 wrong usage, 130 ended by Ctrl-C.

Examples:
  ${callOf('replay')} --from 7d --dry-run
  ${callOf('replay')} --from 2026-01-01T00:00:00Z --source tickets --pipeline 92345cff4f8a --yes --resume`,
  )
  .action((flags: Flags) => interruptible((signal) => replay(flags, signal)));

await runCommand(command);
