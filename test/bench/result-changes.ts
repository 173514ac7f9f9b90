import { tableStreamRecord } from '#local/services/dynamodb/stream-records.ts';
import type { TextEngine } from '#shared/nlp/index.ts';
import { resultsTableDefinition } from '#shared/results-table/definition.ts';
import { textRecord } from '#test/consumers/inference/doubles.ts';
import type { Answer } from './answering-client.ts';
import { type BenchModels, openEntityEngine } from './model-folders.ts';
import { consumerJob } from './overhead.ts';
import { paragraphsOf, sentencesOf } from './texts.ts';

/** Texts whose results the metrics function counts. */
const TEXTS = 500;
const KILOBYTE = 1_000;
/** With a tag for each word such a text passes what DynamoDB takes as an item, and is packed. */
const LONG = 95_000;
const LONG_TEXTS = 2;
/** Records of a batch: few enough to be in time on a machine that does other work. */
const AT_ONCE = 50;

/** Items as the inference function has the table write them, each as JSON. */
type WrittenItem = Readonly<Record<string, object>>;

/** Results of each kind, as the inference function has them written. */
export type WrittenResults = Awaited<ReturnType<typeof writtenResults>>;

/** Results of the fixtures as they are stored: as they come, without their texts, of texts of a kilobyte, and packed ones. */
export async function writtenResults(models: BenchModels, texts: readonly string[]) {
  const engine = await openEntityEngine(models);
  try {
    const some = texts.slice(0, TEXTS).map((text, at) => textRecord(`r-${at}`, text));
    const sentences = sentencesOf(texts);
    const kilobytes = paragraphsOf(sentences, KILOBYTE).map((text, at) =>
      textRecord(`k-${at}`, text.toWellFormed()),
    );
    const long = paragraphsOf(sentences, LONG).map((text, at) =>
      textRecord(`l-${at}`, text.toWellFormed(), { tasks: ['entities', 'tags'] }),
    );
    return {
      fixtures: await writtenBy(engine, some),
      withoutText: await writtenBy(engine, some, false),
      kilobyteTexts: await writtenBy(engine, kilobytes.slice(0, TEXTS)),
      packed: await writtenBy(engine, long.slice(0, LONG_TEXTS)),
    };
  } finally {
    await engine.close();
  }
}

/** What the inference function writes to the results table for these records. */
async function writtenBy(engine: TextEngine, blobs: readonly string[], storeText = true) {
  const written: WrittenItem[] = [];
  const answer: Answer = (operation, body) => {
    if (operation === 'BatchWriteItem') {
      const { RequestItems } = JSON.parse(body);
      for (const { PutRequest } of RequestItems.results) written.push(PutRequest.Item);
    }
    return '{"Responses":{},"UnprocessedItems":{}}';
  };
  for (let at = 0; at < blobs.length; at += AT_ONCE) {
    await consumerJob(engine, blobs.slice(at, at + AT_ONCE), { storeText, answer })();
  }
  return written;
}

const stream = {
  arn: 'arn:aws:dynamodb:eu-west-1:000000000000:table/results/stream/2026-01-01T00:00:00.000',
  keySchema: [...resultsTableDefinition.KeySchema],
  viewType: resultsTableDefinition.StreamSpecification.StreamViewType,
};

/** The JSON of an event that brings so many inserts, made evenly between two times: the items again and again, each under a key of its own. */
export function insertsOf(
  items: readonly WrittenItem[],
  count: number,
  { from, to, number }: { from: number; to: number; number: number },
): string {
  const records = Array.from({ length: count }, (_, at) => {
    const after = { ...items[at % items.length], pk: { S: `REC#${number + at}` } };
    const madeAt = from + ((to - from) * at) / count;
    const change = { before: undefined, after };
    const sequenceNumber = String(400_000_000_000_000_000_000n + BigInt(number + at));
    return {
      ...tableStreamRecord(stream as never, change, sequenceNumber, madeAt),
      eventSourceARN: stream.arn,
    };
  });
  return JSON.stringify({ Records: records });
}
