import { gzipSync } from 'node:zlib';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Report } from '#consumers/intake/report.ts';
import { resourceNames } from '#shared/names.ts';
import { fromStoredItem, isResult, type TableItem } from '#shared/results-table/stored-item.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { type Clients, clientsOf } from './support/clients.ts';
import { type Folders, makeFolders, tinyModels } from './support/folders.ts';
import { startStack } from './support/start-stack.ts';

const settings = {
  environmentName: 'intake',
  // Slow enough to be killed while an object is read: a thousand records are settled at a time.
  intake: { recordsPerSecond: 200 },
  inference: { mapping: { batchingWindowSeconds: 0 } },
  metrics: { mapping: { batchingWindowSeconds: 0 } },
};
const names = resourceNames(settings.environmentName);
const Bucket = names.intakeBucket;
const SENTENCE = 'Ada went from London to Hamburg on a Monday. ';

const rows = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => ({ id: `${prefix}-${at}`, text: `${at}: ${SENTENCE}` }));
const jsonLines = (of: object[]) => of.map((one) => `${JSON.stringify(one)}\n`).join('');

/** Objects of every format, how many results each comes to, and its bad lines. */
const objects = {
  'inbox/long.jsonl.gz': { body: gzipSync(jsonLines(rows('long', 2_500))), put: 2_500, invalid: 0 },
  'inbox/a b/ü+1.jsonl': {
    body: Buffer.from(`${jsonLines(rows('plain', 20))}no json\n{"id":"blank","text":" "}\n`),
    put: 20,
    invalid: 2,
  },
  'inbox/table.csv': {
    body: Buffer.from('text,id,city\n"Ada, of ""London""\nsaid no.",cell-1,Oslo\ntoo few\n'),
    put: 1,
    invalid: 1,
  },
  'inbox/table.tsv.gz': { body: gzipSync('id\ttext\ncell-2\tAda slept.\n'), put: 1, invalid: 0 },
  'inbox/book.txt': { body: Buffer.from(SENTENCE.repeat(5_000)), put: 3, invalid: 0 },
  'inbox/note.txt.gz': { body: gzipSync(SENTENCE), put: 1, invalid: 0 },
};
const keys = Object.keys(objects) as (keyof typeof objects)[];
const reportKeyOf = (key: string) => key.replace(/^inbox\/(.*)$/, 'reports/$1.json');

describe('objects of the inbox', () => {
  let folders: Folders;
  const closers: (() => unknown)[] = [];
  const start = async () => {
    const stack = await startStack({ ...folders, modelsDirectory: tinyModels, settings });
    closers.push(stack.kill);
    const clients = clientsOf(stack.environment);
    closers.push(clients.destroy);
    return { stack, clients };
  };
  const putAll = async ({ s3 }: Clients) => {
    for (const key of keys) {
      await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: objects[key].body }));
    }
  };
  const reportOf = async ({ s3 }: Clients, key: string): Promise<Report | undefined> => {
    const get = new GetObjectCommand({ Bucket, Key: reportKeyOf(key) });
    const found = await s3.send(get).catch(() => undefined);
    return found && JSON.parse((await found.Body?.transformToString()) ?? '');
  };
  const allItems = async ({ dynamodb }: Clients) => {
    const items: TableItem[] = [];
    let ExclusiveStartKey: never | undefined;
    do {
      const scan = new ScanCommand({ TableName: names.resultsTable, ExclusiveStartKey });
      const answer = await dynamodb.send(scan);
      for (const item of answer.Items ?? []) {
        const found = fromStoredItem(unmarshall(item));
        if (found) items.push(found);
      }
      ExclusiveStartKey = answer.LastEvaluatedKey as never;
    } while (ExclusiveStartKey);
    return items;
  };

  beforeAll(async () => {
    folders = await makeFolders();
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    vi.unstubAllEnvs();
  });
  afterAll(() => folders.remove());

  it('come to results, each record once, although the stack is killed while it reads one and put again', async () => {
    const first = await start();
    await putAll(first.clients);
    const isHalfRead = async () => {
      const { state, read = 0 } = (await reportOf(first.clients, 'inbox/long.jsonl.gz')) ?? {};
      return state === 'reading' && read > 0;
    };
    await waitFor(isHalfRead, { what: 'an object to be read in part', timeoutMs: 120_000 });
    const last = { Bucket, Key: 'inbox/last.txt', Body: `${SENTENCE}Last.` };
    await first.clients.s3.send(new PutObjectCommand(last));
    await first.stack.kill();

    const { stack, clients } = await start();
    const isDone = async () => {
      const reports = await Promise.all([...keys, last.Key].map((key) => reportOf(clients, key)));
      return reports.every((report) => report?.state === 'done');
    };
    // The run that died is left alone for half a minute.
    await waitFor(isDone, { what: 'every object to be read', timeoutMs: 240_000, everyMs: 500 });
    await stack.settled();
    const before = await allItems(clients);
    for (const key of keys) {
      const { put, invalid } = objects[key];
      expect({ key, ...(await reportOf(clients, key)) }).toMatchObject({
        ...{ key, object: key, state: 'done', put, invalid },
      });
    }
    expect(await reportOf(clients, last.Key)).toMatchObject({ state: 'done', put: 1 });
    const results = before.filter(isResult);
    const rejections = before.filter((item) => !isResult(item));
    expect(results.length).toBe(keys.reduce((sum, key) => sum + objects[key].put, 1));
    expect(rejections.map((item) => 'reason' in item && item.reason).sort()).toEqual([
      'invalid-json',
      'invalid-record',
      'invalid-record',
    ]);
    const list = new ListObjectsV2Command({ Bucket: names.failuresBucket, Prefix: 'rejected/' });
    expect((await clients.s3.send(list)).KeyCount).toBe(3);
    const cell = results.find(({ id }) => id === 'cell-1');
    expect(cell).toMatchObject({
      text: 'Ada, of "London"\nsaid no.',
      attributes: { city: 'Oslo' },
    });
    const pieces = results.filter(({ id }) => /^s3-[0-9a-f]{24}\.\d$/.test(id));
    const text = objects['inbox/book.txt'].body.toString();
    expect(pieces.length).toBe(3);
    for (const piece of pieces) {
      const { 'file.offset': offset, 'file.name': name } = piece.attributes as Record<
        string,
        string
      >;
      expect(name).toBe('inbox/book.txt');
      expect(text.startsWith(piece.text ?? 'none', Number(offset))).toBe(true);
    }

    await putAll(clients);
    await stack.settled();
    expect((await allItems(clients)).length).toBe(before.length);
    expect(await reportOf(clients, keys[0] as string)).toMatchObject({ read: 2_500 });
  }, 600_000);

  it('are read that came in parts, and one that cannot be is said to', async () => {
    const { stack, clients } = await start();
    const Key = 'inbox/in parts.jsonl';
    const { UploadId } = await clients.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const Body = jsonLines(rows('part', 3));
    const part = { Bucket, Key, UploadId, PartNumber: 1 };
    const { ETag } = await clients.s3.send(new UploadPartCommand({ ...part, Body }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const complete = { Bucket, Key, UploadId, MultipartUpload };
    await clients.s3.send(new CompleteMultipartUploadCommand(complete));
    const bad = { Bucket, Key: 'inbox/no gzip.csv.gz', Body: 'text\n' };
    await clients.s3.send(new PutObjectCommand(bad));
    await stack.settled();
    expect(await reportOf(clients, Key)).toMatchObject({ state: 'done', put: 3 });
    expect(await reportOf(clients, bad.Key)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('not gzip'),
    });
  }, 200_000);
});
