import { describe, expect, it } from 'vitest';
import { type Blob, createProducerOn, type PutRecords } from '#producers/index.ts';

const quick = { backoff: { baseMs: 1, capMs: 1 } };
const record = (id: string) => ({ id, text: `text of ${id}` });
const ids = (count: number) => Array.from({ length: count }, (_, index) => record(`r${index}`));
const idOf = ({ data }: Blob): string => JSON.parse(Buffer.from(data).toString()).id;

/** A stream that answers every call as `answer` says and remembers what was in it. */
function createStream(
  answer: (blobs: readonly Blob[], call: number) => (string | undefined)[] = (blobs) =>
    blobs.map(() => undefined),
) {
  const calls: (readonly Blob[])[] = [];
  const putRecords: PutRecords = async (blobs) => {
    calls.push(blobs);
    return answer(blobs, calls.length);
  };
  return { calls, putRecords, idsOfCalls: () => calls.map((blobs) => blobs.map(idOf)) };
}

const refusal = (httpStatusCode: number, name: string) =>
  Object.assign(new Error('no'), { name, $metadata: { httpStatusCode } });

describe('put', () => {
  it('puts checked records as JSON under their ids', async () => {
    const stream = createStream();

    const report = await createProducerOn(stream.putRecords).put(ids(2));

    expect(report).toMatchObject({ read: 2, put: 2, retried: 0, stranded: [], invalid: [] });
    expect(stream.calls.flat().map(({ partitionKey }) => partitionKey)).toEqual(['r0', 'r1']);
    expect(`${stream.calls[0]?.[0]?.data}`).toBe(
      '{"id":"r0","text":"text of r0","source":"default"}',
    );
    expect(report.bytes).toBe(
      stream.calls.flat().reduce((total, { data }) => total + data.length, 0),
    );
  });

  it('sends again only what failed', async () => {
    const stream = createStream((blobs, call) =>
      blobs.map((blob) => (call === 1 && idOf(blob) === 'r1' ? 'InternalFailure: no' : undefined)),
    );

    const report = await createProducerOn(stream.putRecords, quick).put(ids(3));

    expect(stream.idsOfCalls()).toEqual([['r0', 'r1', 'r2'], ['r1']]);
    expect(report).toMatchObject({ put: 3, retried: 1, stranded: [] });
  });

  it('sends a whole call again where it threw', async () => {
    const stream = createStream((blobs, call) => {
      if (call === 1) throw new Error('connection lost');
      return blobs.map(() => undefined);
    });

    const report = await createProducerOn(stream.putRecords, quick).put(ids(2));

    expect(stream.idsOfCalls()).toEqual([
      ['r0', 'r1'],
      ['r0', 'r1'],
    ]);
    expect(report).toMatchObject({ put: 2, retried: 2, stranded: [] });
  });

  it('gives a record up after so many attempts, with the last reason', async () => {
    const stream = createStream((blobs, call) =>
      blobs.map((blob) => (idOf(blob) === 'r1' ? `InternalFailure: attempt ${call}` : undefined)),
    );

    const report = await createProducerOn(stream.putRecords, {
      ...quick,
      maximumAttempts: 3,
    }).put(ids(2));

    expect(stream.calls).toHaveLength(3);
    expect(report).toMatchObject({ put: 1, retried: 2 });
    expect(report.stranded).toMatchObject([
      { record: { id: 'r1' }, reason: 'InternalFailure: attempt 3' },
    ]);
    expect(report.stopped).toBeUndefined();
  });

  it('stops at once where the stream refuses the caller', async () => {
    const stream = createStream(() => {
      throw refusal(400, 'AccessDeniedException');
    });

    const report = await createProducerOn(stream.putRecords, quick).put(ids(2));

    expect(stream.calls).toHaveLength(1);
    expect(report.stopped).toBe('AccessDeniedException: no');
    expect(report.stranded.map(({ record: { id } }) => id)).toEqual(['r0', 'r1']);
  });

  it('takes a throttled call for one that may succeed later', async () => {
    const stream = createStream((blobs, call) => {
      if (call === 1) throw refusal(400, 'ProvisionedThroughputExceededException');
      return blobs.map(() => undefined);
    });

    const report = await createProducerOn(stream.putRecords, quick).put(ids(2));

    expect(report).toMatchObject({ put: 2, stranded: [] });
  });

  it('names the field of every invalid record and puts the others', async () => {
    const stream = createStream();
    const input = [record('a'), { id: 'b', text: ' ' }, { ...record('c'), source: '/' }];

    const report = await createProducerOn(stream.putRecords).put(input);

    expect(report).toMatchObject({ read: 3, put: 1 });
    expect(report.invalid).toMatchObject([
      { record: { id: 'b' }, field: 'text', message: 'text must not be blank' },
      { record: { id: 'c' }, field: 'source' },
    ]);
  });

  it('reads no further once it is aborted and accounts for what it read', async () => {
    const interrupt = new AbortController();
    const stream = createStream((blobs) => {
      interrupt.abort();
      return blobs.map((_, index) => (index === 0 ? undefined : 'InternalFailure: no'));
    });

    const report = await createProducerOn(stream.putRecords, quick).put(ids(1_200), {
      signal: interrupt.signal,
    });

    expect(stream.calls).toHaveLength(1);
    expect(report.put).toBe(1);
    expect(report.read).toBeLessThanOrEqual(501);
    expect(report.put + report.stranded.length).toBe(report.read);
  });

  it('refuses a rate or a number of attempts that can send nothing', () => {
    const { putRecords } = createStream();

    expect(() => createProducerOn(putRecords, { ratePerSecond: 0 })).toThrow(/ratePerSecond/);
    expect(() => createProducerOn(putRecords, { maximumAttempts: 0 })).toThrow(/maximumAttempts/);
  });
});

describe('putBlobs', () => {
  const blob = (bytes: number, partitionKey = 'key') => ({
    data: Buffer.alloc(bytes),
    partitionKey,
  });

  it('puts at most 500 records in a call', async () => {
    const stream = createStream();

    await createProducerOn(stream.putRecords).putBlobs(
      Array.from({ length: 1_001 }, () => blob(1)),
    );

    expect(stream.calls.map(({ length }) => length)).toEqual([500, 500, 1]);
  });

  it('puts at most 10 MiB in a call, keys included', async () => {
    const stream = createStream();
    const mebibyte = 1024 * 1024;
    const full = Array.from({ length: 11 }, () => blob(mebibyte - 3));

    await createProducerOn(stream.putRecords).putBlobs([blob(1), ...full]);

    expect(stream.calls.map(({ length }) => length)).toEqual([10, 2]);
  });

  it('strands a blob that no stream takes, and says how large it is', async () => {
    const stream = createStream();
    const large = blob(1024 * 1024 - 2);

    const report = await createProducerOn(stream.putRecords).putBlobs([large, blob(1)]);

    expect(report.put).toBe(1);
    expect(report.stranded).toEqual([
      { blob: large, reason: 'the record has 1048577 bytes with its key; a stream takes 1048576' },
    ]);
  });
});
