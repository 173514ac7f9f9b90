import { describe, expect, it } from 'vitest';
import { handleRequest } from '#consumers/http/handle-request.ts';
import { addToProfile } from '#consumers/metrics/add-to-profile.ts';
import { modelsSchema } from '#shared/contracts/models.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import type { Profile } from '#shared/drift/profile.ts';
import { resultOf } from '#test/consumers/metrics/doubles.ts';
import { createHttpDeps, proxyEvent } from './doubles.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const empty: Profile = { pipelineVersion: 'p1', version: 1, wanted: 200, tasks: {} };
const texts = (types: readonly string[], count: number): ResultItem[] =>
  Array.from({ length: count }, () => ({
    ...(resultOf(1) as ResultItem),
    entities: types.map((type) => ({ type, text: 'A', start: 0, end: 1, score: 0.9 })),
  }));

async function modelsOf(profile: Profile | undefined) {
  const asked: string[] = [];
  const { deps } = createHttpDeps({
    readProfile: async (version) => {
      asked.push(version);
      return profile;
    },
  });
  const answer = (await handleRequest(proxyEvent('GET', '/v1/models'), deps, () => 60_000)) as {
    statusCode: number;
    body: string;
  };
  expect(answer.statusCode).toBe(200);
  return { asked, ...modelsSchema.parse(JSON.parse(answer.body)) };
}

describe('GET /v1/models', () => {
  it('says which models run, and nothing of drift before a text was counted', async () => {
    const { asked, pipelineVersion, models, drift } = await modelsOf(undefined);

    expect([asked, pipelineVersion, drift]).toEqual([['p1'], 'p1', []]);
    expect(models).toEqual([
      {
        ...{ name: 'double', version: '000000000000', languages: ['*'], figures: [] },
        tasks: ['entities', 'answers'],
        heads: ['entities', 'answers'].map((task) => ({ task, name: 'double', labels: [] })),
      },
    ]);
  });

  it('has both distributions of each task, and what the drift is', async () => {
    const before = [...texts(['PER'], 100), ...texts([], 100)];
    const tasks = addToProfile(empty, [...before, ...texts(['ORG', 'PER'], 300)], NOON);

    const { drift } = await modelsOf({ ...empty, tasks });

    expect(drift).toEqual([
      {
        task: 'entities',
        value: expect.any(Number),
        reference: { texts: 200, wanted: 200 },
        present: { texts: 300, from: '2026-01-01T12:00:00.000Z' },
        labels: [
          { label: '(none)', reference: 0.5, present: 0 },
          { label: '(other)', reference: 0, present: 0.5 },
          { label: 'PER', reference: 0.5, present: 0.5 },
        ],
        scores: [
          { from: 0, to: 0.5, reference: 0, present: 0 },
          { from: 0.5, to: 0.7, reference: 0, present: 0 },
          { from: 0.7, to: 0.85, reference: 0, present: 0 },
          { from: 0.85, to: 0.95, reference: 1, present: 1 },
          { from: 0.95, to: 1, reference: 0, present: 0 },
        ],
      },
    ]);
    expect(drift[0]?.value).toBeGreaterThan(0.25);
  });

  it('has no drift while the reference is not complete', async () => {
    const tasks = addToProfile(empty, texts(['PER'], 199), NOON);

    const { drift } = await modelsOf({ ...empty, tasks });

    expect(drift).toMatchObject([
      { value: null, reference: { texts: 199, wanted: 200 }, present: { texts: 0 } },
    ]);
  });
});
