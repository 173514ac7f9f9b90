import type { Analysis, PreparedJob, TaskName } from './types.ts';
import type { Reading, TextModel } from './windows/reading.ts';

/** Tasks that a head of a model serves. */
export type HeadTask = Exclude<TaskName, 'pii'>;

/** One head of a model: what the manifest or the model's configuration says of it. */
export interface HeadDescription {
  readonly task: HeadTask;
  readonly name: string;
  /** The graph's outputs that it reads, in the order that its task wants them. */
  readonly outputs: readonly string[];
  /** By output column; empty where the task has none. */
  readonly labels: readonly string[];
  /** Of the texts that it is for, where they are not all of the model's. */
  readonly languages?: readonly string[] | undefined;
  /** It is run only where its task is asked for. */
  readonly onRequest?: boolean | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
  /** What the model's configuration says of how it was trained, such as `multi_label_classification`. */
  readonly problemType?: string | undefined;
}

/** What is asked of a head for one text. */
export interface HeadRequest {
  /** Of tasks that ask questions: one of them. */
  readonly question: string;
  readonly topK: number | undefined;
}

/** A head in two pure steps: what to run for a text, and what the outputs mean. */
export type Head<Name extends HeadTask = HeadTask> = (
  reading: Reading,
  asked: HeadRequest,
) => PreparedJob<Analysis[Name]>;

/** A kind of task: one row of the registry, `tasks.ts`. */
export interface Task<Name extends HeadTask = HeadTask> {
  /** How the names of the Hub's architectures for it end. */
  readonly architecture: string;
  /** Whether a model with such labels is for it; where left out, every one of the architecture is. */
  readonly suits?: (labels: readonly string[]) => boolean;
  /** Outputs of the graph, as exports name them. */
  readonly outputs: readonly string[];
  /** Its outputs' last dimension has a label for each column. */
  readonly isLabelled: boolean;
  /** Its outputs have a row for each token, and not one for each text. */
  readonly isPerToken: boolean;
  /** It is asked for each question of a text instead of once. */
  readonly asksQuestions: boolean;
  /** @throws {ModelError} for a setting that cannot be used */
  createHead(model: TextModel, description: HeadDescription): Head<Name>;
}
