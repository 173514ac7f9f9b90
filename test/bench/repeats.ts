import { createSeenTexts } from '#consumers/inference/seen-texts.ts';
import { parseSettings } from '#shared/settings.ts';
import { randomFrom } from '#test/chaos/random.ts';
import { textRecord } from '#test/consumers/inference/doubles.ts';
import { type BenchModels, openEntityEngine } from './model-folders.ts';
import { consumerJob } from './overhead.ts';
import { processorSeconds } from './processor-time.ts';

const BATCH = 200;
const BATCHES = 3;
/** Texts of a stream whose like came before, in an earlier batch or the same. */
const SHARE = 0.3;

/** What remembering texts does to the inference function's time on a stream. */
export interface RepeatTimes {
  readonly [stream: string]: {
    /** Share of the records whose text came in an earlier batch; within a batch the engine runs each text once as it is. */
    readonly repeated: number;
    /** Processor time with the default memory over that with none. */
    readonly seenOverUnseen: number;
  };
}

/**
 * Measures the inference function's whole work by processor time, with memory of texts and without, in turns: on the fixtures
 * as they come, and on a stream in which three texts of ten are repetitions.
 */
export async function measureRepeats(
  models: BenchModels,
  texts: readonly string[],
  rounds: number,
): Promise<RepeatTimes> {
  const engine = await openEntityEngine(models);
  const maximumBytes = parseSettings({}).inference.seenTextsMegabytes * 2 ** 20;
  const measure = async (stream: readonly string[]) => {
    const batches = Array.from({ length: BATCHES }, (_, at) =>
      stream.slice(at * BATCH, (at + 1) * BATCH),
    );
    const run = (megabytes: number) => async () => {
      const seen = createSeenTexts(megabytes);
      for (const batch of batches) {
        const blobs = batch.map((text, at) => textRecord(`r-${at}`, text));
        await consumerJob(engine, blobs, { seen })();
      }
    };
    const jobs = { seen: run(maximumBytes), unseen: run(0) };
    const seconds = await processorSeconds(jobs, rounds);
    return { repeated: repeatedShare(batches), seenOverUnseen: seconds.seen / seconds.unseen };
  };
  try {
    return {
      fixtures: await measure(texts),
      repeating: await measure(withRepeats(texts, BATCH * BATCHES)),
    };
  } finally {
    await engine.close();
  }
}

/** So many texts, in which each is an earlier one again with the probability of the share. */
function withRepeats(texts: readonly string[], count: number): string[] {
  const random = randomFrom(1);
  const fresh = texts.values();
  const stream: string[] = [];
  while (stream.length < count) {
    const earlier = stream[Math.floor(random() * stream.length)];
    const isAgain = earlier !== undefined && random() < SHARE;
    stream.push(isAgain ? earlier : (fresh.next().value ?? ''));
  }
  return stream;
}

function repeatedShare(batches: readonly (readonly string[])[]): number {
  const earlier = new Set<string>();
  let repeated = 0;
  let all = 0;
  for (const batch of batches) {
    repeated += batch.filter((text) => earlier.has(text)).length;
    all += batch.length;
    for (const text of batch) earlier.add(text);
  }
  return repeated / all;
}
