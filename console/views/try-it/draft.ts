import type { taskNames } from '#shared/nlp/types.ts';

/** The tasks that can be asked for, in their order. */
export const tasks: typeof taskNames = ['entities', 'answers', 'labels', 'tags', 'pii'];

/** What the reader has typed. */
export interface Draft {
  readonly text: string;
  readonly questions: string;
  readonly tasks: readonly string[];
  readonly language: string;
  readonly store: boolean;
}

/** What is tried first: it has something for every task. */
export const firstDraft: Draft = {
  text: 'Marie Curie was born in Warsaw and won the Nobel Prize in Physics in 1903. Write to marie@example.org.',
  questions: 'Where was Marie Curie born?',
  tasks: [],
  language: '',
  store: false,
};

/** The body of the call. What is left to the API is left out. */
export function bodyOf({ text, questions, tasks, language, store }: Draft) {
  const asked = questions
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return {
    text,
    ...(asked.length > 0 && { questions: asked }),
    ...(tasks.length > 0 && { tasks }),
    ...(language.trim() !== '' && { language: language.trim() }),
    ...(!store && { store: false }),
  };
}
