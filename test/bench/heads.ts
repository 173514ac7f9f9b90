import type { TaskName } from '#shared/nlp/index.ts';
import { type BenchModels, openEntityEngine } from './model-folders.ts';
import { processorSeconds } from './processor-time.ts';
import { analyze } from './tasks.ts';

/** How long all heads of the entity model take together, over entities alone. */
export interface HeadTimes {
  readonly tasks: readonly TaskName[];
  readonly allOverEntities: number;
}

/** Measures on one worker, in turns, by processor time. */
export async function measureHeads(
  models: BenchModels,
  texts: readonly string[],
  rounds: number,
): Promise<HeadTimes> {
  const engine = await openEntityEngine(models);
  try {
    const tasks = engine.models.flatMap((model) => model.tasks);
    const seconds = await processorSeconds(
      {
        entities: () => analyze(engine, texts, 'entities'),
        all: () => analyze(engine, texts, ...tasks),
      },
      rounds,
    );
    return { tasks, allOverEntities: seconds.all / seconds.entities };
  } finally {
    await engine.close();
  }
}
