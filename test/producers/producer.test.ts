import { describe, expect, it } from 'vitest';
import {
  type Blob,
  createProducer,
  createProducerOn,
  type PutRecords,
  type TextRecord,
} from '#producers/index.ts';

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
      if (call === 1) throw Object.assign(new Error('read'), { code: 'ECONNRESET' });
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

    expect(() => createProducerOn(putRecords, { ratePerSecond: 0 })).toThrow(
      'ratePerSecond must be a number above 0',
    );
    expect(() => createProducerOn(putRecords, { maximumAttempts: 0 })).toThrow(/maximumAttempts/);
  });

  it.each([
    [{ ratePerSecond: Number.NaN }, /^ratePerSecond /],
    [{ ratePerSecond: Number.POSITIVE_INFINITY }, /^ratePerSecond /],
    [{ maximumAttempts: 1.5 }, /^maximumAttempts must be a whole number/],
    [{ lingerMs: -1 }, /^lingerMs /],
    [{ backoff: { baseMs: 1 } }, /^backoff.capMs is required/],
    [{ partitionKey: 'id' }, /^partitionKey must be a function/],
    [{ signal: {} }, /^signal /],
    [{ rate: 3 }, /^rate is not a known field/],
    [{ streamName: 'arn:aws:kinesis:eu-west-1:1:stream/text' }, /^streamName must be 1 to 128 of/],
    [{ streamName: undefined }, /^streamName is required/],
    [{ client: {} }, /^client must be a Kinesis client/],
  ])('names the option at fault in %j', (options, message) => {
    const client = { send: async () => ({}) };
    // Only the methods that the producer calls are here of a client.
    const given = { client, streamName: 's', ...options } as never;

    expect(() => createProducer(given)).toThrow(message);
  });

  it('refuses what is no list, and options of a call that it does not know', async () => {
    const { put } = createProducerOn(createStream().putRecords);

    await expect(put(record('a') as never)).rejects.toThrow(/^records must be a list/);
    await expect(put('text' as never)).rejects.toThrow(/^records must be a list/);
    await expect(put([], { onprogress: () => {} } as never)).rejects.toThrow(
      'onprogress is not a known field',
    );
  });

  it('settles what was read before the input fails, and passes the failure on', async () => {
    const stream = createStream();
    async function* input() {
      yield* ids(3);
      throw new Error('the disk is gone');
    }

    await expect(createProducerOn(stream.putRecords).put(input())).rejects.toThrow(
      'the disk is gone',
    );

    expect(stream.idsOfCalls().flat()).toEqual(['r0', 'r1', 'r2']);
  });

  it('hands over what was not put, in place of lists that grow', async () => {
    const stream = createStream((blobs) =>
      blobs.map((blob) => (idOf(blob) === 'r1' ? 'InternalFailure: no' : undefined)),
    );
    const told: string[] = [];

    const report = await createProducerOn(stream.putRecords, {
      ...quick,
      maximumAttempts: 2,
    }).put([...ids(3), { id: '', text: 'x' }], {
      onStranded: ({ record: { id }, reason }) => told.push(`${id} ${reason}`),
      onInvalid: ({ field }) => told.push(field),
    });

    expect(told).toEqual(['id', 'r1 InternalFailure: no']);
    expect(report).toMatchObject({ read: 4, put: 2, stranded: [], invalid: [] });
  });
});

describe('a partition key of its own', () => {
  const good = Array.from({ length: 1_200 }, (_, index) => ({
    ...record(`r${index}`),
    attributes: { customer: `c${index}` },
  }));
  const put = async (partitionKey: (record: TextRecord) => unknown) => {
    const stream = createStream();
    // Callers without types give anything.
    const given = { partitionKey: partitionKey as () => string };
    const report = await createProducerOn(stream.putRecords, given).put(good);
    return { report, keys: stream.calls.flat().map((blob) => blob.partitionKey) };
  };

  it.each<[string, () => unknown, RegExp]>([
    ['is empty', () => '', /^partitionKey must be 1 to 256 characters, and has 0$/],
    ['is too long', () => 'k'.repeat(257), /and has 257$/],
    ['is far too long', () => '\u{1f600}'.repeat(100_000), /and has 200000$/],
    ['is missing', () => undefined, /^partitionKey must be a string, and is undefined$/],
    ['is null', () => null, /and is null$/],
    ['is a number', () => 7, /and is number$/],
    ['is a promise', async () => 'k', /and is object$/],
    ['is no Unicode', () => '\ud83d', /^partitionKey must be well-formed Unicode$/],
    [
      'throws',
      () => {
        throw new TypeError('no customer');
      },
      /^partitionKey: its function threw: no customer$/,
    ],
  ])('that %s takes no neighbour along', async (_, keyOf, message) => {
    const { report, keys } = await put(({ id }) => (id === 'r3' ? keyOf() : id));

    expect(report).toMatchObject({ read: 1_200, put: 1_199, stranded: [] });
    expect(report.invalid).toEqual([
      { record: good[3], field: 'partitionKey', message: expect.stringMatching(message) },
    ]);
    expect(keys).toHaveLength(1_199);
  });

  it('may have 256 characters, each of which may be two code units', async () => {
    const { report } = await put(({ id }) => `${'\u{1f600}'.repeat(250)}${id.padEnd(6, '-')}`);

    expect(report).toMatchObject({ put: 1_200, invalid: [] });
  });
});

describe('putBlobs', () => {
  const blob = (bytes: number, partitionKey = 'key') => ({
    data: Buffer.alloc(bytes),
    partitionKey,
  });
  const keyed = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, index) => blob(bytes, String(index).padStart(4, '0')));

  it('puts at most 500 records in a call', async () => {
    const stream = createStream();

    await createProducerOn(stream.putRecords).putBlobs(keyed(1_001, 1));

    expect(stream.calls.map(({ length }) => length)).toEqual([500, 500, 1]);
  });

  it('puts at most 10 MiB in a call, keys included', async () => {
    const stream = createStream();
    const mebibyte = 1024 * 1024;
    const full = keyed(11, mebibyte - 4);

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

  it('strands what are no bytes with a key, and says why', async () => {
    const stream = createStream();
    const odd = [blob(1, ''), { data: 'text', partitionKey: 'a' }, null] as never[];

    const report = await createProducerOn(stream.putRecords).putBlobs([...odd, blob(1)]);

    expect(report.put).toBe(1);
    expect(report.stranded.map(({ reason }) => reason)).toEqual([
      'partitionKey must be 1 to 256 characters, and has 0',
      'data must be bytes (a Uint8Array)',
      expect.stringMatching(/null/),
    ]);
  });
});
