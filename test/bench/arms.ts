import { env, pipeline } from '@huggingface/transformers';
import { createTextEngine } from '#shared/nlp/index.ts';
// Switches the telemetry off of the one runtime that both sides share.
import '#shared/nlp/onnx.ts';

/** What an arm is told to be, and then to do. */
export type ArmRequest =
  | { readonly kind: 'start'; readonly arm: ArmName; readonly folders: ModelFolders }
  | { readonly kind: 'run'; readonly job: BenchJob };

/** Where an fp32 graph comes from. */
export type FloatGraph = 'exported' | 'made from the int8 graph';

/** Folders in Hugging Face's layout that hold a graph of each precision. */
export interface ModelFolders {
  readonly directory: string;
  readonly entities: PrecisionFolders;
  readonly answers: PrecisionFolders;
}

interface PrecisionFolders {
  readonly int8: string;
  readonly fp32: string;
  readonly floatGraph: FloatGraph;
}

/** Work of one round. */
export type BenchJob =
  | { readonly task: 'ner'; readonly texts: readonly string[] }
  | { readonly task: 'qa'; readonly pairs: readonly { text: string; question: string }[] };

/** The contestants. */
export const armNames = [
  'ours-int8',
  'ours-fp32',
  'transformersjs-q8',
  'transformersjs-fp32',
  'transformersjs-q8-batch32',
] as const;
/** One of the contestants. */
export type ArmName = (typeof armNames)[number];

type Arm = (job: BenchJob) => Promise<void>;

async function ours(folders: ModelFolders, precision: 'int8' | 'fp32'): Promise<Arm> {
  const engine = await createTextEngine({
    modelsDirectory: folders.directory,
    models: [folders.entities[precision], folders.answers[precision]],
  });
  return async (job) => {
    const requests =
      job.task === 'ner'
        ? job.texts.map((text) => ({ text }))
        : job.pairs.map(({ text, question }) => ({
            text,
            tasks: ['answers'] as const,
            questions: [question],
          }));
    const failed = (await engine.analyze(requests)).find((outcome) => !outcome.ok);
    if (failed && !failed.ok) throw failed.error;
  };
}

async function theirs(
  folders: ModelFolders,
  dtype: 'q8' | 'fp32',
  batchSize: number,
): Promise<Arm> {
  env.allowRemoteModels = false;
  env.localModelPath = folders.directory;
  const precision = dtype === 'q8' ? 'int8' : 'fp32';
  const options = { dtype, device: 'cpu' } as const;
  const ner = await pipeline('token-classification', folders.entities[precision], options);
  const qa = await pipeline('question-answering', folders.answers[precision], options);
  return async (job) => {
    if (job.task === 'qa') {
      for (const { text, question } of job.pairs) await qa(question, text);
    } else if (batchSize === 1) {
      for (const text of job.texts) await ner(text);
    } else {
      for (let at = 0; at < job.texts.length; at += batchSize) {
        await ner(job.texts.slice(at, at + batchSize));
      }
    }
  };
}

function start(arm: ArmName, folders: ModelFolders): Promise<Arm> {
  switch (arm) {
    case 'ours-int8':
      return ours(folders, 'int8');
    case 'ours-fp32':
      return ours(folders, 'fp32');
    case 'transformersjs-q8':
      return theirs(folders, 'q8', 1);
    case 'transformersjs-fp32':
      return theirs(folders, 'fp32', 1);
    case 'transformersjs-q8-batch32':
      return theirs(folders, 'q8', 32);
  }
}

let started: Arm | undefined;
process.on('message', async (request: ArmRequest) => {
  if (request.kind === 'start') {
    started = await start(request.arm, request.folders);
    process.send?.({ milliseconds: 0 });
    return;
  }
  const begin = performance.now();
  await started?.(request.job);
  process.send?.({ milliseconds: performance.now() - begin });
});
