import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToProfile } from '#consumers/metrics/add-to-profile.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import { driftOf, type Profile, presentOf, textsOf } from '#shared/drift/profile.ts';
import { resultOf } from './doubles.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;
const empty = (wanted: number): Profile => ({
  ...{ pipelineVersion: 'p1', version: 1, wanted, tasks: {} },
});
const plain = resultOf(1) as ResultItem;
/** A text with entities of these types, all of one score. */
const withEntities = (types: readonly string[], score = 0.99): ResultItem => ({
  ...plain,
  entities: types.map((type) => ({ type, text: 'A', start: 0, end: 1, score })),
});
const times = <T>(count: number, one: T): T[] => Array<T>(count).fill(one);
const entitiesOf = (tasks: Profile['tasks']) => tasks.entities ?? expect.fail('no entities');

describe('addToProfile', () => {
  it('counts each text once, shared among its labels, and the first ones as the reference', () => {
    const texts = [
      withEntities(['PER', 'PER', 'ORG']),
      withEntities([]),
      withEntities(['ORG'], 0.6),
      withEntities(['LOC']),
    ];

    const { names, reference, hours } = entitiesOf(addToProfile(empty(3), texts, NOON));

    expect(names).toEqual(['(none)', '(other)', 'ORG', 'PER']);
    // A third and two thirds of the first text, and the whole third one.
    expect(reference).toEqual({
      labels: [1_000, 0, 333 + 1_000, 667],
      scores: [0, 1_000, 0, 0, 1_000],
    });
    expect(hours).toEqual([
      { hour: NOON / 1_000, labels: [0, 1_000], scores: [0, 0, 0, 0, 1_000] },
    ]);
  });

  it.each<[string, Partial<ResultItem>, string[]]>([
    ['entities by default', {}, ['entities']],
    ['no entities where others are asked for', { tasks: ['labels'] }, ['labels']],
    ['no entities where no model serves them', { unserved: ['entities'] }, []],
    [
      'answers where there are questions',
      {
        answers: [
          { question: 'Who?', text: null, start: null, end: null, score: 0.9, noAnswerScore: 0.9 },
        ],
      },
      ['entities', 'answers'],
    ],
    [
      'labels that came unasked',
      { labels: [{ task: 'mood', label: 'glad', score: 0.9 }] },
      ['entities', 'labels'],
    ],
    [
      'tags and personal data that were asked for',
      { tasks: ['tags', 'pii'], tags: [], pii: [] },
      ['tags', 'pii'],
    ],
  ])('has %s', (_, more, tasks) => {
    const result = { ...plain, entities: [], answers: [], ...more };

    expect(Object.keys(addToProfile(empty(10), [result], NOON))).toEqual(tasks);
  });

  it('adds up to the same, however the texts are cut into batches', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.array(fc.constantFrom('PER', 'ORG', 'LOC', 'MISC', 'X'), { maxLength: 9 }),
            fc.nat(99),
          ),
          { maxLength: 60 },
        ),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 40 }),
        (texts, sizes, wanted) => {
          const results = texts.map(([types, score]) => withEntities(types, score / 100));
          let profile = empty(wanted);
          for (let at = 0, batch = 0; at < results.length; batch++) {
            const size = sizes[batch % sizes.length] ?? 1;
            const tasks = addToProfile(profile, results.slice(at, at + size), NOON);
            profile = { ...profile, tasks };
            at += size;
          }

          expect(profile.tasks).toEqual(addToProfile(empty(wanted), results, NOON));
          const { reference, hours } = profile.tasks.entities ?? {
            reference: { labels: [], scores: [] },
            hours: [],
          };
          expect(textsOf(reference)).toBe(Math.min(wanted, results.length));
          expect(textsOf(presentOf({ hours }))).toBe(Math.max(0, results.length - wanted));
        },
      ),
    );
  });

  it('keeps the latest hours that have enough texts, a day of them at most', () => {
    const hoursAfter = (perHour: number, hours: number) => {
      let tasks = addToProfile(empty(100), times(100, withEntities(['PER'])), NOON);
      for (let hour = 0; hour < hours; hour++) {
        const profile = { ...empty(100), tasks };
        tasks = addToProfile(profile, times(perHour, withEntities(['PER'])), NOON + hour * HOUR);
      }
      return entitiesOf(tasks).hours;
    };

    expect(hoursAfter(150, 5)).toHaveLength(1);
    expect(hoursAfter(60, 5)).toHaveLength(2);
    expect(hoursAfter(1, 60)).toHaveLength(24);
    expect(hoursAfter(60, 5).at(-1)?.hour).toBe((NOON + 4 * HOUR) / 1_000);
  });

  it('adds to the last hour where the clock went back', () => {
    const one = withEntities(['PER']);
    const first = addToProfile(empty(1), [one, one], NOON);

    const { hours } = entitiesOf(addToProfile({ ...empty(1), tasks: first }, [one], NOON - HOUR));

    expect(hours.map(({ hour, labels }) => [hour, labels])).toEqual([
      [NOON / 1_000, [0, 0, 2_000]],
    ]);
  });

  it('stays small, whatever the labels', () => {
    const many = Array.from({ length: 3_000 }, (_, at) =>
      withEntities([`${'X'.repeat(300)}${at}`, `T${at}`]),
    );

    const { names, reference } = entitiesOf(addToProfile(empty(2_000), many, NOON));

    expect(names).toHaveLength(22);
    expect(Math.max(...names.map(({ length }) => length))).toBe(64);
    expect(textsOf(reference)).toBe(2_000);
  });
});

describe('driftOf', () => {
  const driftAfter = (before: readonly ResultItem[], now: readonly ResultItem[]) => {
    const tasks = addToProfile(empty(before.length), [...before, ...now], NOON);
    return driftOf(entitiesOf(tasks), before.length);
  };
  const few = times(50, withEntities(['PER']));
  const mixed = [
    withEntities(['PER']),
    withEntities(['ORG']),
    withEntities([]),
    withEntities(['LOC']),
  ];
  const texts = times(250, mixed).flat();

  it('is 0 where nothing has changed', () => {
    expect(driftAfter(texts, texts)).toBe(0);
  });

  it('tells of other labels, and of the same labels with other scores', () => {
    const unsure = texts.map((text) => ({
      ...text,
      entities: text.entities.map((entity) => ({ ...entity, score: 0.6 })),
    }));

    expect(driftAfter(texts, times(1_000, withEntities(['LOC'])))).toBeGreaterThan(0.25);
    expect(driftAfter(texts, unsure)).toBeGreaterThan(0.25);
  });

  it('tells of a type that the reference has not', () => {
    const other = texts.map((text, at) => (at % 2 === 0 ? withEntities(['NEW']) : text));

    expect(driftAfter(texts, other)).toBeGreaterThan(0.25);
  });

  it('says nothing of too few texts, of no reference, and where nothing is ever found', () => {
    const none = times(1_000, withEntities([]));
    const unfinished = addToProfile(empty(2_000), [...texts, ...texts.slice(1)], NOON);

    expect(driftAfter(texts, few)).toBeUndefined();
    expect(driftAfter(texts, [])).toBeUndefined();
    expect(driftOf(entitiesOf(unfinished), 2_000)).toBeUndefined();
    expect(driftAfter(none, none)).toBeUndefined();
  });
});
