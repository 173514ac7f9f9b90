import {
  FIRST_NAMES,
  type Histogram,
  NOTHING,
  OTHER,
  type Profile,
  presentOf,
  SCORE_BINS,
  type TaskProfile,
  textsOf,
  WHOLE_TEXT,
} from '#shared/drift/profile.ts';
import type { CountedResult } from './counted-item.ts';

const HOUR_SECONDS = 3_600;
/** The present is as many hours as have enough texts, and no more than these. */
const MOST_HOURS = 24;
/** Labels with a place of their own, the first two not counted: a profile stays small whatever the model. */
const MOST_LABELS = 20;
const LONGEST_NAME = 64;

type TaskName = keyof Profile['tasks'];

interface Found {
  readonly label: string;
  readonly score: number;
}

/** Whether a task was run for a text; what is run unasked depends on the models. */
const wasRun = (
  { tasks, unserved = [] }: CountedResult,
  task: TaskName,
  unasked: boolean,
): boolean => (tasks?.includes(task) ?? unasked) && !unserved.includes(task);

/** What each task found in a text; undefined where it was not run. */
const findings: Record<TaskName, (result: CountedResult) => readonly Found[] | undefined> = {
  entities: (result) =>
    wasRun(result, 'entities', true)
      ? result.entities.map(({ type, score }) => ({ label: type, score }))
      : undefined,
  answers: ({ answers }) =>
    answers.length > 0
      ? answers.map(({ text, score }) => ({
          label: text === null ? 'unanswered' : 'answered',
          score,
        }))
      : undefined,
  labels: (result) =>
    result.labels?.map(({ task, label, score }) => ({ label: `${task} ${label}`, score })) ??
    (wasRun(result, 'labels', false) ? [] : undefined),
  tags: ({ tags }) => tags?.map(({ tag, score }) => ({ label: tag, score })),
  pii: ({ pii }) => pii?.map(({ kind, score }) => ({ label: kind, score })),
};

/** A profile, and what was found in some texts more, in their order: the first ones make the reference complete. */
export function addToProfile(
  profile: Profile,
  results: readonly CountedResult[],
  now: number,
): Profile['tasks'] {
  const tasks: Partial<Record<TaskName, TaskProfile>> = { ...profile.tasks };
  for (const task of Object.keys(findings) as TaskName[]) {
    const found = results.flatMap((result) => {
      const some = findings[task](result);
      return some ? [some] : [];
    });
    if (found.length > 0) tasks[task] = withFound(tasks[task], found, profile.wanted, now);
  }
  return tasks;
}

type Growing = { labels: number[]; scores: number[] };
const growing = ({ labels, scores }: Histogram): Growing => ({
  labels: [...labels],
  scores: [...scores],
});
const NO_TEXTS: Histogram = { labels: [], scores: [] };

function withFound(
  { names: known, reference: before, hours: past }: TaskProfile = {
    ...{ names: FIRST_NAMES, reference: NO_TEXTS, hours: [] },
  },
  texts: readonly (readonly Found[])[],
  wanted: number,
  now: number,
): TaskProfile {
  const names = [...known];
  const places = new Map(names.map((name, place) => [name, place]));
  const reference = growing(before);
  const missing = Math.max(0, wanted - textsOf(before));
  for (const found of texts.slice(0, missing)) {
    addText(reference, found, (label) => {
      const place = places.get(label);
      if (place !== undefined || names.length >= FIRST_NAMES.length + MOST_LABELS) return place;
      places.set(label, names.length);
      return names.push(label) - 1;
    });
  }
  const later = texts.slice(missing);
  if (later.length === 0) return { names, reference, hours: past };
  // A clock that is behind another's adds to the last hour: one that is over does not change.
  const hour = Math.max(
    Math.floor(now / 1_000 / HOUR_SECONDS) * HOUR_SECONDS,
    past.at(-1)?.hour ?? 0,
  );
  const present = growing(past.find((one) => one.hour === hour) ?? NO_TEXTS);
  for (const found of later) addText(present, found, (label) => places.get(label));
  const hours = [...past.filter((one) => one.hour < hour), { hour, ...present }];
  return { names, reference, hours: needed(hours, wanted, hour) };
}

/** The latest hours that have enough texts together. */
function needed(hours: TaskProfile['hours'], wanted: number, last: number): TaskProfile['hours'] {
  const recent = hours.filter(({ hour }) => hour > last - MOST_HOURS * HOUR_SECONDS);
  const first = recent.findLastIndex(
    (_, at) => textsOf(presentOf({ hours: recent.slice(at) })) >= wanted,
  );
  return recent.slice(Math.max(0, first));
}

/** Adds one text to a histogram, shared among what was found in it. */
function addText(
  { labels, scores }: Growing,
  found: readonly Found[],
  placeOf: (label: string) => number | undefined,
): void {
  if (found.length === 0) {
    labels[NOTHING] = (labels[NOTHING] ?? 0) + WHOLE_TEXT;
    return;
  }
  const [byLabel, byBin] = [new Map<string, number>(), new Map<number, number>()];
  for (const { label, score } of found) {
    addOne(byLabel, label.slice(0, LONGEST_NAME));
    const bin = SCORE_BINS.findLastIndex((from) => score >= from);
    addOne(byBin, Math.max(0, bin));
  }
  // In the order of the names: in which order a text has them makes no difference, not even in rounding.
  const inOrder = [...byLabel].sort(([a], [b]) => (a < b ? -1 : 1));
  share(
    labels,
    inOrder.map(([label, count]) => [placeOf(label) ?? OTHER, count]),
  );
  share(
    scores,
    [...byBin].sort(([a], [b]) => a - b),
  );
}

function addOne<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Adds a whole text to some places, by how often each was found; what is rounded off one goes to the next. */
function share(
  counts: number[],
  found: readonly (readonly [place: number, count: number])[],
): void {
  const all = found.reduce((sum, [, count]) => sum + count, 0);
  let [seen, given] = [0, 0];
  for (const [place, count] of found) {
    seen += count;
    const upTo = Math.round((WHOLE_TEXT * seen) / all);
    // DynamoDB's lists have no holes.
    while (counts.length <= place) counts.push(0);
    counts[place] = (counts[place] ?? 0) + upTo - given;
    given = upTo;
  }
}
