import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { handleRequest } from '#consumers/http/handle-request.ts';
import { httpOperations, problemSchema } from '#shared/contracts/http-api.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import type { Analysis, TextEngine } from '#shared/nlp/types.ts';
import { createResultsReader } from '#shared/results-table/read-results.ts';
import { createResultItem } from '#shared/results-table/result-item.ts';
import { createTestEngine } from '#test/consumers/inference/doubles.ts';
import { resultsIn } from '#test/shared/results-table/doubles.ts';
import { createHttpDeps, proxyEvent } from './doubles.ts';

/** What Lambda takes back from a function, in bytes of JSON. */
const LIMIT = 6 * 1024 * 1024;
const minute = () => 60_000;
const result = z.object({ statusCode: z.number(), body: z.string() });
const pageSchema = httpOperations.listRecords.answer;

const ask = async (deps: Parameters<typeof handleRequest>[1], event: unknown) => {
  const answer = await handleRequest(event, deps, minute);
  expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThanOrEqual(LIMIT);
  const { statusCode, body } = result.parse(answer);
  return { status: statusCode, json: JSON.parse(body) as unknown };
};

const analysis = (entities: number, type = 'LOC'): Analysis => ({
  entities: Array.from({ length: entities }, (_, at) => ({
    type,
    text: '"',
    start: at,
    end: at + 1,
    score: 0.123456,
  })),
  answers: [],
  language: 'und',
  unserved: [],
  labels: [],
  tags: [],
  pii: [],
  tokens: 1,
  windows: 1,
});

const stored = (id: string, at: number, more: { entities?: number; type?: string } = {}) =>
  createResultItem(
    {
      record: { id, text: `${at} `.padEnd(102_400, '"\\\u0001'), source: 's' },
      questions: [],
      analysis: analysis(more.entities ?? 100, more.type),
      pipelineVersion: 'p',
      arrival: {
        arrivedAt: new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString(),
        shard: 'h',
        sequenceNumber: '1',
      },
    },
    { storeText: true, retentionDays: 0 },
  );

const depsOver = (items: readonly ResultItem[]) =>
  createHttpDeps({ reader: createResultsReader(resultsIn(() => items)) }).deps;

/** Follows cursors to the end; gives the pages' ids or texts, and what was answered 413 on the way. */
async function readAll(deps: Parameters<typeof handleRequest>[1], path: string) {
  const pages: string[][] = [];
  const refused: string[] = [];
  let cursor: string | undefined;
  do {
    const sign = path.includes('?') ? '&' : '?';
    const asked = cursor === undefined ? path : `${path}${sign}cursor=${cursor}`;
    const { status, json } = await ask(deps, proxyEvent('GET', asked));
    if (status === 413) {
      const problem = problemSchema.parse(json);
      refused.push(problem.detail);
      ({ cursor } = problem);
    } else {
      expect(status).toBe(200);
      const page = pageSchema.parse(json);
      pages.push(page.results.map(({ text }) => text?.split(' ')[0] ?? ''));
      ({ cursor } = page);
    }
  } while (cursor !== undefined && pages.length + refused.length < 100);
  return { pages, refused };
}

describe('a page', () => {
  const large = Array.from({ length: 25 }, (_, at) => stored(`r${at}`, at));
  const newestFirst = Array.from({ length: 25 }, (_, at) => String(24 - at));

  it.each([5, 100])('of a source is cut by its bytes, and goes on: limit %s', async (limit) => {
    const { pages, refused } = await readAll(
      depsOver(large),
      `/v1/records?source=s&limit=${limit}`,
    );

    expect(pages.flat()).toEqual(newestFirst);
    expect(refused).toEqual([]);
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.every((page) => page.length > 0 && page.length <= limit)).toBe(true);
  });

  it('for a load balancer is cut at its 1 MB', async () => {
    const event = proxyEvent('GET', '/v1/records?source=s', undefined, {
      requestContext: { elb: { targetGroupArn: 'arn' } },
    });

    const answer = await handleRequest(event, depsOver(large), minute);

    expect(pageSchema.parse(JSON.parse(result.parse(answer).body)).results).toHaveLength(2);
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThanOrEqual(1024 * 1024);
  });

  it('of a record is cut by its bytes, and goes on, newest first', async () => {
    const one = Array.from({ length: 25 }, (_, at) => stored('same', at));

    const { pages } = await readAll(depsOver(one), '/v1/records/same');

    expect(pages.flat()).toEqual(newestFirst);
    expect(pages.length).toBeGreaterThan(2);
  });

  it.each(['/v1/records?source=s&limit=100', `/v1/records/${'i'.repeat(128)}?limit=100`])(
    'leaves nothing out, although results are longer in the table than in an answer: %s',
    async (path) => {
      for (const length of [100_400, 100_600, 100_800, 101_000]) {
        const items = Array.from({ length: 65 }, (_, at) => {
          const item = stored('i'.repeat(128), at, { entities: 0 });
          return { ...item, text: `${at} `.padEnd(length, 'x') };
        });

        const { pages } = await readAll(depsOver(items), path);

        expect(pages.flat()).toHaveLength(65);
      }
    },
  );

  it.each(['/v1/records?source=s', '/v1/records/same'])(
    'that no single result fits says so, and where %s goes on',
    async (path) => {
      const giant = { entities: 70_000, type: '"'.repeat(20) };
      const items = [stored('same', 2), stored('same', 1, giant), stored('same', 0)];

      const { pages, refused } = await readAll(depsOver(items), path);

      expect(pages.flat()).toEqual(['2', '0']);
      expect(refused).toEqual([expect.stringContaining('same is too large')]);
    },
  );

  it('reads no more of the table than it may give', async () => {
    const items = Array.from({ length: 60 }, (_, at) => stored(`r${at}`, at));
    const results = resultsIn(() => items);
    let read = 0;
    const getBatch: typeof results.getBatch = (keys) => {
      read += keys.length;
      return results.getBatch(keys);
    };
    const { deps } = createHttpDeps({ reader: createResultsReader({ ...results, getBatch }) });

    await ask(deps, proxyEvent('GET', '/v1/records?source=s&limit=60'));

    expect(read).toBe(25);
  });
});

describe('an answer on demand', () => {
  const engineOf = (entities: number): TextEngine => ({
    ...createTestEngine().engine,
    analyze: async (requests) =>
      requests.map(() => ({ ok: true as const, value: analysis(entities) })),
  });

  it.each([
    ['/v1/entities', { texts: Array.from({ length: 6 }, () => 'Ada') }, 17_000],
    ['/v1/analyze', { text: 'Ada', questions: [] }, 100_000],
  ])('of %s that would be too large is refused, and not recorded', async (path, body, entities) => {
    const { deps, table } = createHttpDeps({ engine: engineOf(entities) });

    const proxied = await ask(deps, proxyEvent('POST', path, body));
    const bare = await handleRequest(body, deps, minute);

    expect(problemSchema.parse(proxied.json).status).toBe(413);
    expect(problemSchema.parse(bare).status).toBe(413);
    expect(table.items()).toEqual([]);
  });

  it('has more room where no envelope is around it', async () => {
    // Some 5.6 MB of JSON, and some 6.8 MB of it escaped.
    const { deps } = createHttpDeps({ engine: engineOf(80_000), storeOnDemand: false });

    const bare = await handleRequest({ text: 'Ada' }, deps, minute);
    const proxied = await ask(deps, proxyEvent('POST', '/v1/entities', { text: 'Ada' }));

    expect(httpOperations.findEntities.answer.parse(bare).results).toHaveLength(1);
    expect(Buffer.byteLength(JSON.stringify(bare))).toBeLessThanOrEqual(LIMIT);
    expect(proxied.status).toBe(413);
  });

  it.each([
    [
      'an unknown field',
      proxyEvent('POST', '/v1/entities', { text: 'a', ['x'.repeat(4_000_000)]: 1 }),
    ],
    ['a path', proxyEvent('GET', `/${'\u0001'.repeat(2_000_000)}`)],
    ['a method', proxyEvent('"'.repeat(4_000_000), '/v1/entities')],
    ['an id', proxyEvent('GET', `/v1/records/${'"'.repeat(4_000_000)}`)],
  ])('to what is wrong in %s does not give all of it back', async (_what, event) => {
    const answer = await handleRequest(event, createHttpDeps().deps, minute);

    expect(JSON.stringify(answer).length).toBeLessThan(10_000);
  });
});
