import { LOOK_UP_ATTRIBUTES } from '#consumers/inference/look-up.ts';
import { processBatch } from '#consumers/inference/process-batch.ts';
import { createSeenTexts, type SeenTexts } from '#consumers/inference/seen-texts.ts';
import type { InferenceDeps } from '#consumers/inference/types.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { createTextEngine, type TextEngine } from '#shared/nlp/index.ts';
import {
  createDocumentClient,
  createGetBatch,
  createPutBatch,
} from '#shared/results-table/dynamodb-results.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import { kinesisEvent, silentLog } from '#test/consumers/inference/doubles.ts';
import { type Answer, answeringClient } from './answering-client.ts';
import type { ModelFolders } from './arms.ts';
import { recordPorts } from './replay-ports.ts';

const ROUNDS = 10;
const TIMEOUT_MILLISECONDS = 600_000;

/** Milliseconds of a job, those of them that are not inference, and their share. */
export interface Overhead {
  readonly total: number;
  readonly other: number;
  readonly share: number;
}

/**
 * How much of the inference consumer's time is not inference, for one batch of the stream.
 *
 * The consumer's job is done whole: the event's JSON, decoding and validating its records, tokenizing, planning,
 * decoding spans, making items, and writing them through the AWS SDK (marshalling, signing) to a table that answers at
 * once. It is done once on the model, and once on ports that answer at once with what the model gave; the two in turns,
 * the fastest of each counts. `engine` is the same for the text engine alone.
 *
 * @param blobs text records as JSON, a batch of them
 */
export async function measureOverhead(
  folders: ModelFolders,
  blobs: readonly string[],
): Promise<Overhead & { readonly engine: Overhead }> {
  const options = {
    modelsDirectory: folders.directory,
    models: [folders.entities.int8, folders.answers.int8],
  };
  const { openPort, openReplay } = recordPorts();
  const real = await createTextEngine({ ...options, openPort });
  const replayed = await createTextEngine({ ...options, openPort: openReplay });
  try {
    const consumer = await compare(consumerJob(real, blobs), consumerJob(replayed, blobs));
    const engine = await compare(engineJob(real, blobs), engineJob(replayed, blobs));
    return { ...consumer, engine };
  } finally {
    await Promise.all([real.close(), replayed.close()]);
  }
}

/** The batch is one job, however slow the machine: the ports that replay know what ran in that one alone. */
const oneSlice: InferenceDeps['pace'] = {
  sliceLimit: () => Number.POSITIVE_INFINITY,
  learn: () => undefined,
};

type Job = () => Promise<void>;

async function compare(whole: Job, other: Job): Promise<Overhead> {
  const fastest = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // The first round is for warming up, and for the ports to learn what the model gives.
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [index, job] of [whole, other].entries()) {
      const begin = performance.now();
      await job();
      const spent = performance.now() - begin;
      if (round >= 0) fastest[index] = Math.min(fastest[index] ?? spent, spent);
    }
  }
  const [total = Number.NaN, rest = Number.NaN] = fastest;
  return { total, other: rest, share: rest / total };
}

const takesAll: Answer = () => '{"Responses":{},"UnprocessedItems":{}}';

/** The whole work of the inference function on one batch, with a table that answers at once. */
export function consumerJob(
  engine: TextEngine,
  blobs: readonly string[],
  {
    seen = createSeenTexts(0),
    storeText = true,
    answer = takesAll,
  }: { seen?: SeenTexts; storeText?: boolean; answer?: Answer } = {},
): Job {
  const client = createDocumentClient(answeringClient(answer));
  const deps: InferenceDeps = {
    engine,
    writer: createResultsWriter({ putBatch: createPutBatch(client, 'results') }),
    getBatch: createGetBatch(client, 'results', LOOK_UP_ATTRIBUTES),
    putFailure: async (key) => {
      throw new SpanstreamError('bench', `${key}: a record of the batch cannot be processed`);
    },
    pace: oneSlice,
    seen,
    options: { storeText, retentionDays: 0 },
    standing: { questions: {}, tasks: {}, languages: {} },
    log: silentLog,
    now: Date.now,
  };
  const event = JSON.stringify(kinesisEvent(blobs));
  return async () => {
    const { batchItemFailures } = await processBatch(
      JSON.parse(event),
      deps,
      () => TIMEOUT_MILLISECONDS,
    );
    const [failure] = batchItemFailures;
    if (failure) {
      throw new SpanstreamError('bench', `the batch stopped at ${failure.itemIdentifier}`);
    }
  };
}

function engineJob(engine: TextEngine, blobs: readonly string[]): Job {
  const requests = blobs.map((blob) => {
    const { text, questions = [] } = JSON.parse(blob) as { text: string; questions?: string[] };
    return { text, questions };
  });
  return async () => {
    const failed = (await engine.analyze(requests)).find((outcome) => !outcome.ok);
    if (failed && !failed.ok) throw failed.error;
  };
}
