import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { Option } from 'commander';
import { tableSource } from '#local/event-source-mapping/source.ts';
import { interruptible } from '#shared/cli/interrupt.ts';
import { inColour } from '#shared/cli/marked-text.ts';
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
import { checkTarget, findTarget, type Target } from '#shared/cli/target.ts';
import { pastTime } from '#shared/cli/time-span.ts';
import { recordIdSchema, sourceSchema } from '#shared/contracts/text-record.ts';
import { ConfigurationError } from '#shared/errors.ts';
import { resourceNames } from '#shared/names.ts';
import { readSettingsFile } from '#shared/settings-file.ts';
import type { Wanted } from './results/choose.ts';
import { createDisplay } from './results/display.ts';
import { openFollower } from './results/follow.ts';
import { followResults, listResults, tallyResults } from './results/run-results.ts';
import { tallyLines } from './results/tally.ts';

interface Flags extends Wanted {
  readonly follow?: true;
  readonly top?: number;
  readonly target: Target;
  readonly json?: true;
}

const STREAMS_VARIABLE = 'AWS_ENDPOINT_URL_DYNAMODB_STREAMS';

/** In colours, or on a terminal without any, results are for people. */
const isForPeople = process.stdout.isTTY || inColour('red', '') !== '';

async function results(flags: Flags, signal: AbortSignal): Promise<void> {
  const { follow, top, target, json, ...asked } = flags;
  const isOfAllTimes = follow || asked.id !== undefined;
  const wanted = { ...asked, since: asked.since ?? (isOfAllTimes ? undefined : pastTime('1h')) };
  const began = performance.now();
  const name = resourceNames(readSettingsFile().environmentName).resultsTable;
  const { endpoints, ...client } = await findTarget(target, ['AWS_ENDPOINT_URL_DYNAMODB']);
  const table = openResults({ endpoints, ...client }, name);
  checkTarget(target, [STREAMS_VARIABLE], process.env);
  const endpoint = process.env[STREAMS_VARIABLE] || endpoints.AWS_ENDPOINT_URL_DYNAMODB;
  const streams = new DynamoDBStreamsClient({ ...client, ...(endpoint && { endpoint }) });
  const openStream = async () => {
    const { Table } = await table.client.send(new DescribeTableCommand({ TableName: name }));
    const arn = Table?.LatestStreamArn;
    if (arn === undefined) throw new ConfigurationError(`${name} has no stream to follow`);
    return openFollower(tableSource(arn, streams), { signal, say });
  };
  const finish = (counted: object) => {
    const seconds = secondsSince(began);
    if (json) print([], { ...counted, seconds });
  };
  try {
    if (top !== undefined) finish(await showTop(wanted, table, top, signal));
    else {
      const display = createDisplay(wanted, isForPeople);
      const shown = follow
        ? followResults(wanted, table, display, openStream, signal)
        : listResults(wanted, table, display, signal);
      await shown.catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      const { results: count, rejected, entities } = display.counts;
      if (isForPeople) say(`${count} results with ${entities} entities, ${rejected} rejections`);
      finish(display.counts);
    }
  } finally {
    table.close();
    streams.destroy();
  }
}

async function showTop(wanted: Wanted, table: OpenResults, top: number, signal: AbortSignal) {
  const progress = createProgress({ label: 'read', unit: 'results' });
  const tally = await tallyResults(wanted, table, top, {
    signal,
    onProgress: (read) => progress.update(read),
  }).finally(() => progress.stop());
  if (isForPeople) print(tallyLines(tally.top));
  else print(tally.top.map((named) => JSON.stringify(named)));
  const { pipelines, results: count } = tally;
  if (isForPeople) say(`of ${count} results`);
  if (pipelines.length > 1) {
    say(
      `these are results of ${pipelines.length} pipeline versions, which count the same text each: --pipeline with one of ${pipelines.join(', ')}`,
    );
  }
  return tally;
}

const command = createCommand('results', 'Shows results as they are stored, and as they come.')
  .option('--source <name>', 'only of this source', matching(sourceSchema))
  .option('--id <id>', 'only of this record: all that is stored of it', matching(recordIdSchema))
  .option(
    '--since <time>',
    'only what arrived since, such as 1h or an ISO time (default: 1h)',
    pastTime,
  )
  .option(
    '--entities <types>',
    'only results with entities of these types, such as PER,ORG',
    (types) => types.split(',').map((type) => type.trim().toUpperCase()),
  )
  .option('--pipeline <version>', 'only what this pipeline version made')
  .option('--top <n>', 'count what is named, and show what is named most', wholeNumber(1))
  .option('--follow', 'go on with what is written from now on, until Ctrl-C')
  .addOption(
    new Option('--target <where>', 'where to read').choices(['local', 'aws']).default('local'),
  )
  .addHelpText(
    'after',
    `
On a terminal each result is its text with the entities marked, in colours unless NO_COLOR is set. Elsewhere it is a line of
JSON, as GET /v1/records has it; FORCE_COLOR=1 gives the other form there too.

A source's results come from the oldest on. Without --source the whole index is read, and results come source by source.
Times are those of arrival. --follow reads the table's stream: each result once, as it is written, of whatever source; without
--since nothing of before. It also tells rejections, unless results of a kind are asked for. A canary's probes are shown with
--source spanstream-canary alone.

What it costs on AWS: some 1,050 read units ($0.0001) for a thousand results; without --source, 31,000 more ($0.004) for every
million stored. --follow costs $0.02 a day and shard of the table's stream, which lets two readers at a time read a shard
well: the metrics function is one of them.

Exit code: 0 done, 1 failed, 2 wrong usage, 130 ended by Ctrl-C.

Examples:
  ${callOf('results')} --source tickets --since 10m
  ${callOf('results')} --follow --entities ORG
  ${callOf('results')} --source tickets --since 1h --entities PER --top 20      who is named most
  ${callOf('results', true)} --id ticket-17 | jq .entities`,
  )
  .action((flags: Flags) => {
    if (flags.follow && flags.top !== undefined) {
      command.error('error: --top and --follow exclude each other', { exitCode: 2 });
    }
    return interruptible((signal) => results(flags, signal));
  });

await runCommand(command);
