import { createProgress } from '#shared/cli/progress.ts';
import { recordsPerMonth, usdPerMillionRecords, usdPerMonth, workloadOf } from '#shared/cost.ts';
import { parseSettings } from '#shared/settings.ts';
import { type ArmName, armNames, type BenchJob, type ModelFolders } from './arms.ts';
import { median, race } from './children.ts';
import { paragraphsOf, sentencesOf } from './texts.ts';

const QUESTIONS = ['Who is named?', 'Where did it happen?', 'When was it?'];
const WARM_UP = 20;
const ARCHITECTURES = ['x86_64', 'arm64'] as const;
const PACKAGES = ['image', 'zip'] as const;
/** Records a second of 1 KB, day and night. */
const ARRIVALS = [1, 100, 10_000] as const;
/** Above these arrivals a second a provisioned stream is the cheaper one. */
const PROVISIONED_FROM = 1_000;
/** With room for peaks: a shard takes 1,000 records a second. */
const RECORDS_A_SHARD = 700;

/** By architecture and packaging, then by records a second. */
export type MonthlyCosts = Readonly<Record<string, Readonly<Record<string, number>>>>;

type Rates = Record<ArmName, number>;

async function rates(
  folders: ModelFolders,
  job: (count: number) => BenchJob,
  count: number,
  arms: readonly ArmName[],
  rounds: number,
  label: string,
): Promise<Rates> {
  const progress = createProgress({ label, total: rounds, unit: 'rounds' });
  const jobs = { warmUp: job(Math.min(WARM_UP, count)), timed: job(count) };
  const times = await race(arms, folders, jobs, { rounds, done: (done) => progress.update(done) });
  progress.stop();
  const rate = (arm: ArmName): number => (count / median(times.get(arm) ?? [])) * 1_000;
  return Object.fromEntries(arms.map((arm) => [arm, rate(arm)])) as Rates;
}

function report({ 'ours-int8': int8, 'ours-fp32': fp32, ...theirs }: Rates) {
  const oneByOne = {
    fp32OneByOne: theirs['transformersjs-fp32'],
    q8OneByOne: theirs['transformersjs-q8'],
  };
  return {
    ours: { sentencesPerSecond: int8, fp32SentencesPerSecond: fp32 },
    transformersJs: { ...oneByOne, q8Batch32: theirs['transformersjs-q8-batch32'] },
    ratios: {
      int8ToFp32OneByOne: int8 / oneByOne.fp32OneByOne,
      int8ToQ8OneByOne: int8 / oneByOne.q8OneByOne,
      fp32ToFp32OneByOne: fp32 / oneByOne.fp32OneByOne,
    },
  };
}

/**
 * Races the engine against transformers.js on the same models: sentences for entities, texts of 1,000 characters with a question
 * each for answers, and such texts for entities by ours alone, from which the cost follows.
 */
export async function measureThroughput(
  folders: ModelFolders,
  texts: readonly string[],
  options: { readonly sentences: number; readonly pairs: number; readonly rounds: number },
) {
  const sentences = sentencesOf(texts);
  const paragraphs = paragraphsOf(sentences, 1_000);
  const nerJob = (count: number): BenchJob => ({ task: 'ner', texts: sentences.slice(0, count) });
  const qaJob = (count: number): BenchJob => ({
    task: 'qa',
    pairs: paragraphs.slice(0, count).map((text, index) => ({
      text,
      question: QUESTIONS[index % QUESTIONS.length] ?? '',
    })),
  });
  const paragraphJob = (size: number): BenchJob => ({
    task: 'ner',
    texts: paragraphs.slice(0, size),
  });
  const count = Math.min(options.sentences, sentences.length);
  const pairs = Math.min(options.pairs, paragraphs.length);
  const oneByOne = armNames.filter((arm) => arm !== 'transformersjs-q8-batch32');
  const { rounds } = options;
  const ner = report(await rates(folders, nerJob, count, armNames, rounds, 'entities'));
  const qa = report(await rates(folders, qaJob, pairs, oneByOne, rounds, 'answers'));
  const records = await rates(folders, paragraphJob, pairs, ['ours-int8'], rounds, '1 KB');
  return {
    ner,
    qa: {
      ours: {
        questionsPerSecond: qa.ours.sentencesPerSecond,
        fp32QuestionsPerSecond: qa.ours.fp32SentencesPerSecond,
      },
      transformersJs: {
        fp32OneByOne: qa.transformersJs.fp32OneByOne,
        q8OneByOne: qa.transformersJs.q8OneByOne,
      },
      ratios: qa.ratios,
    },
    recordsPerSecond: records['ours-int8'],
    usdPerMillionRecords: usdPerMillionRecords(
      workloadOf(parseSettings({}), {
        ...{ arrivalsPerSecond: 50, recordKilobytes: 1 },
        kilobytesPerSecond: records['ours-int8'],
      }),
    ),
    monthlyUsdPerMillionRecords: monthlyCosts(records['ours-int8']),
  };
}

/** US dollars of a month, all services, over its millions of 1 KB records; arm64 at the speed that was measured here. */
function monthlyCosts(kilobytesPerSecond: number): MonthlyCosts {
  const costs = ARCHITECTURES.flatMap((architecture) =>
    PACKAGES.map((packaging) => {
      const byRate = ARRIVALS.map((arrivalsPerSecond) => {
        const shards = Math.max(1, Math.ceil(arrivalsPerSecond / RECORDS_A_SHARD));
        const settings = parseSettings({
          architecture,
          inference: { package: packaging },
          ...(arrivalsPerSecond > PROVISIONED_FROM && { stream: { mode: 'provisioned', shards } }),
        });
        const texts = { arrivalsPerSecond, recordKilobytes: 1, kilobytesPerSecond };
        const month = Object.values(usdPerMonth(settings, texts)).reduce((sum, usd) => sum + usd);
        return [arrivalsPerSecond, (month / recordsPerMonth(texts)) * 1e6] as const;
      });
      return [`${architecture} ${packaging}`, Object.fromEntries(byRate)] as const;
    }),
  );
  return Object.fromEntries(costs);
}
