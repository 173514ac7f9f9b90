import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleHeaders, type RedriveAnswer } from '#shared/contracts/console.ts';
import { httpOperations, problemSchema } from '#shared/contracts/http-api.ts';
import { parseSettings } from '#shared/settings.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { type Folders, makeFolders, tinyModels } from './support/folders.ts';

const settings = parseSettings({
  environmentName: 'console',
  inference: { mapping: { batchingWindowSeconds: 0 } },
  metrics: {
    mapping: { batchingWindowSeconds: 0 },
    countedByName: { languages: ['*'] },
  },
});

describe('the origin of the console', () => {
  let folders: Folders;
  let stack: LocalStack;
  let origin: string;
  beforeAll(async () => {
    folders = await makeFolders();
    const consoleDirectory = join(folders.directory, 'page');
    await mkdir(join(consoleDirectory, 'assets'), { recursive: true });
    await writeFile(join(consoleDirectory, 'index.html'), '<!doctype html><title>page</title>');
    await writeFile(join(consoleDirectory, 'assets/a-1.js'), 'export {};');
    await writeFile(join(consoleDirectory, 'notes.exe'), 'x');
    await writeFile(join(folders.directory, 'secret.txt'), 'secret');
    stack = await startLocalStack({
      ...{ ...folders, settings, modelsDirectory: tinyModels, consoleDirectory },
    });
    origin = stack.endpoints.console;
  }, 120_000);
  afterAll(async () => {
    await stack?.close();
    await folders?.remove();
  });

  const put = (record: unknown) =>
    stack.clients.kinesis.send(
      new PutRecordCommand({
        StreamName: stack.names.stream,
        Data: Buffer.from(JSON.stringify(record)),
        PartitionKey: 'k',
      }),
    );
  const settled = (since: number) =>
    waitFor(async () => stack.idle(since) || undefined, {
      what: 'all to be processed',
      timeoutMs: 120_000,
    });
  const get = async (path: string) => {
    const answer = await fetch(`${origin}${path}`);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  /** With headers that `fetch` sets by itself, as a browser does for the page. */
  const send = (
    path: string,
    {
      headers = {},
      body = '',
      method = 'POST',
    }: { headers?: object; body?: string; method?: string },
  ) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const outgoing = request(
        `${origin}${path}`,
        { method, headers: { ...headers } },
        async (incoming) => {
          let text = '';
          for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
          resolve({ status: incoming.statusCode, text });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  const ofThePage = () => ({
    origin,
    'content-type': 'application/json',
    'sec-fetch-site': 'same-origin',
    'x-spanstream-console': '1',
  });
  const failures = async () =>
    httpOperations.listFailures.answer.parse(JSON.parse((await get('/v1/failures')).text));

  it('serves the page with headers that let it run nothing else, and what it must know', async () => {
    const page = await get('/');
    const script = await get('/assets/a-1.js');
    const info = await get('/console.json');

    expect([page.status, page.text]).toEqual([200, '<!doctype html><title>page</title>']);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(script.headers.get('cache-control')).toContain('immutable');
    for (const { headers } of [page, script, info]) {
      for (const [name, value] of Object.entries(consoleHeaders)) {
        expect(headers.get(name), name).toBe(value);
      }
    }
    expect(consoleHeaders['content-security-policy']).not.toMatch(/unsafe|\*|https?:/);
    expect(JSON.parse(info.text)).toEqual({
      where: 'local',
      environmentName: 'console',
      apiUrl: stack.endpoints.http,
      needsKey: false,
      pollSeconds: 5,
      canRedrive: true,
      commands: { redrive: 'npm run redrive --', produce: 'npm run produce --' },
    });
  });

  it.each([
    ['/nothing.html', 404],
    ['/%2e%2e/secret.txt', 404],
    ['/..%2fsecret.txt', 404],
    ['/%00.html', 404],
    ['/%zz.html', 404],
    ['/notes.exe', 404],
    ['/assets', 404],
  ])('serves nothing else: %s', async (path, status) => {
    const answer = await send(path, { method: 'GET' });

    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('secret\n');
    expect(problemSchema.parse(JSON.parse(answer.text)).status).toBe(status);
  });

  it('tells of records, of an alarm that is up and of what is parked, as the API does', async () => {
    // Prepare
    const since = Date.now();
    await put({ id: 'good', text: 'Ada wrote to Bob.', source: 'news' });
    await put({ id: 'bad', text: ' ' });
    await settled(since);

    // Act
    const alarms = await waitFor(
      async () => {
        const { text } = await get('/v1/alarms');
        const told = httpOperations.listAlarms.answer.parse(JSON.parse(text)).alarms;
        return told.some(({ state }) => state === 'ALARM') ? told : undefined;
      },
      { what: 'the alarm on probes, of which none is sent', timeoutMs: 60_000, everyMs: 250 },
    );
    const series = await waitFor(
      async () => {
        const { text } = await get('/v1/metrics');
        const found = httpOperations.getMetrics.answer.parse(JSON.parse(text)).series;
        const hasAge = found.some(({ metric }) => metric === 'IteratorAge');
        return hasAge && found.length > 8 ? found : undefined;
      },
      { what: 'the metrics', timeoutMs: 60_000, everyMs: 250 },
    );
    const page = await failures();

    // Assess
    const sums = new Map(
      series.map(({ metric, dimensions, statistic, points }) => [
        [metric, ...Object.entries(dimensions).flat(), statistic].join(' '),
        points.reduce((sum, [, value]) => sum + value, 0),
      ]),
    );
    expect(Object.fromEntries(sums)).toMatchObject({
      'RecordsProcessed Sum': 1,
      'RecordsProcessed Source news Sum': 1,
      'RecordsRejected Reason invalid-record Sum': 1,
      'EndToEndLatency p99': expect.any(Number),
      'IteratorAge FunctionName spanstream-console-inference Maximum': expect.any(Number),
    });
    expect([...sums.keys()].some((key) => key.startsWith('RecordsProcessed Language'))).toBe(true);
    expect(alarms[0]).toMatchObject({ id: 'canary-failed', state: 'ALARM' });
    expect(page.failures).toHaveLength(1);
    expect(page.failures[0]).toMatchObject({ reason: 'invalid-record', field: 'text', id: 'bad' });
  }, 120_000);

  it.each([
    ['another page of this machine', { origin: 'http://localhost:1' }, '{"keys":["a"]}', 403],
    ['no page', { origin: undefined }, '{"keys":["a"]}', 403],
    ['another site', { origin: 'https://evil.example' }, '{"keys":["a"]}', 403],
    ['a page that the browser says is of elsewhere', { 'sec-fetch-site': 'same-site' }, '{}', 403],
    ['another name', { host: 'evil.example' }, '{"keys":["a"]}', 403],
    ['a form', { 'x-spanstream-console': undefined }, '{"keys":["a"]}', 403],
    ['what is no JSON by its type', { 'content-type': 'text/plain' }, '{"keys":["a"]}', 415],
    ['what is no JSON', {}, '{', 400],
    ['no keys', {}, '{"keys":[]}', 400],
    ['another field', {}, '{"keys":["a"],"all":true}', 400],
  ])('redrives nothing for %s', async (_, headers, body, status) => {
    const given = Object.entries({ ...ofThePage(), ...headers }).filter(([, value]) => value);

    const answer = await send('/console/redrive', { headers: Object.fromEntries(given), body });

    expect(answer.status).toBe(status);
    expect(problemSchema.parse(JSON.parse(answer.text)).status).toBe(status);
  });

  it('redrives what the page names, once', async () => {
    // Prepare
    const since = Date.now();
    const [{ key = '' } = {}] = (await failures()).failures;
    const redrive = async () => {
      const body = JSON.stringify({ keys: [key, 'rejected/gone.json'] });
      const answer = await send('/console/redrive', { headers: ofThePage(), body });
      return [answer.status, JSON.parse(answer.text) as RedriveAnswer] as const;
    };

    // Act
    const first = await redrive();
    const second = await redrive();
    await settled(since);
    const after = await failures();

    // Assess
    const failed = [{ key: 'rejected/gone.json', reason: 'there is no such object any more' }];
    expect(first).toEqual([200, { redriven: 1, skipped: 0, uncertain: [], failed }]);
    expect(second).toEqual([200, { redriven: 0, skipped: 1, uncertain: [], failed }]);
    // It was wrong, and is parked anew.
    expect(after.failures).toHaveLength(2);
    expect(after.failures.find((one) => one.key === key)?.redrivenAt).toBeDefined();
    expect(after.failures.find((one) => one.key !== key)?.redrivenAt).toBeUndefined();
  }, 120_000);

  it('takes no other method', async () => {
    expect((await send('/', {})).status).toBe(405);
    expect((await send('/console/redrive', { method: 'GET' })).status).toBe(405);
  });
});
