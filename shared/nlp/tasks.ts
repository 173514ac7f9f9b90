import { tagsTask } from './part-of-speech/index.ts';
import { answersTask } from './question-answering/index.ts';
import type { HeadTask, Task } from './task.ts';
import { labelsTask } from './text-classification/index.ts';
import { entitiesTask } from './token-classification/index.ts';

/** The registry: every task that a model's head may serve. */
export const tasks: { readonly [Name in HeadTask]: Task<Name> } = {
  // Before `entities`, which takes every model of the same architecture.
  tags: tagsTask,
  entities: entitiesTask,
  labels: labelsTask,
  answers: answersTask,
};

/** Names of the registry's tasks. */
export const headTasks = Object.keys(tasks) as HeadTask[];
