import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Blob, createProducerOn, type PutRecords } from '#producers/index.ts';

const quick = { backoff: { baseMs: 1, capMs: 1 } };
const idOf = ({ data }: Blob): string => JSON.parse(Buffer.from(data).toString()).id;
const ids = (count: number, text = 'x') =>
  Array.from({ length: count }, (_, index) => ({ id: `r${index}`, text }));
const answer = (httpStatusCode: number, name: string, message = 'no') =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });

/** A stream that refuses whole calls as `fault` says. */
function createStream(fault: (blobs: readonly Blob[]) => Error | undefined) {
  const taken: string[] = [];
  let calls = 0;
  const putRecords: PutRecords = async (blobs) => {
    calls += 1;
    const error = fault(blobs);
    if (error) throw error;
    taken.push(...blobs.map(idOf));
    return blobs.map(() => undefined);
  };
  return { taken, putRecords, calls: () => calls };
}

describe('a call that is refused for its size', () => {
  it('is halved until it is taken', async () => {
    const stream = createStream((blobs) => {
      const bytes = blobs.reduce((sum, { data }) => sum + data.length, 0);
      return bytes > 1_000_000 ? answer(413, 'UnknownError') : undefined;
    });

    const report = await createProducerOn(stream.putRecords).put(ids(70, 'y'.repeat(100_000)));

    expect(report).toMatchObject({ put: 70, stranded: [], invalid: [] });
    expect(stream.taken).toHaveLength(70);
  });

  it('teaches the calls after it', async () => {
    const stream = createStream((blobs) =>
      blobs.reduce((sum, { data }) => sum + data.length, 0) > 6_000_000
        ? answer(413, 'UnknownError')
        : undefined,
    );

    await createProducerOn(stream.putRecords).put(ids(1_000, 'y'.repeat(100_000)));

    // 1,000 records of 100 KB are 20 calls of 5 MB; one more was refused.
    expect(stream.calls()).toBeLessThan(25);
  });

  it('leaves a single record that is too large for the stream, with its reason', async () => {
    const stream = createStream((blobs) =>
      blobs.some((blob) => blob.data.length > 50_000) ? answer(413, 'TooLarge') : undefined,
    );
    const input = [...ids(40), { id: 'large', text: 'y'.repeat(60_000) }];

    const report = await createProducerOn(stream.putRecords).put(input);

    expect(report).toMatchObject({ put: 40, stranded: [] });
    expect(report.invalid).toMatchObject([
      { record: { id: 'large' }, message: expect.stringContaining('TooLarge: no') },
    ]);
  });
});

describe('a call that is refused for what is in it', () => {
  it.each([
    ['a validation error', answer(400, 'ValidationException', 'records.1.member.partitionKey')],
    ['an argument', answer(400, 'InvalidArgumentException')],
    ['an answer with a name of its own', answer(400, 'UnknownError')],
    ['a marshaller', new TypeError("Cannot read properties of undefined (reading 'length')")],
    ['an error of no kind', new Error('Unsupported type passed')],
  ])('is narrowed by %s to the records at fault, wherever they stand', async (_, error) => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(599), { minLength: 1, maxLength: 6 }), async (bad) => {
        const refused = new Set(bad.map((index) => `r${index}`));
        const stream = createStream((blobs) =>
          blobs.some((blob) => refused.has(idOf(blob))) ? error : undefined,
        );

        const report = await createProducerOn(stream.putRecords, quick).put(ids(600));

        expect(report).toMatchObject({ put: 600 - bad.length, retried: 0, stranded: [] });
        expect(new Set(report.invalid.map(({ record }) => record.id))).toEqual(refused);
        expect(stream.taken).toHaveLength(600 - bad.length);
      }),
      { numRuns: 8 },
    );
  });

  it('is refused record by record where the answer says so', async () => {
    const putRecords: PutRecords = async (blobs) =>
      blobs.map((blob) =>
        idOf(blob) === 'r1' ? 'ValidationException: partitionKey is odd' : undefined,
      );

    const report = await createProducerOn(putRecords).put(ids(3));

    expect(report).toMatchObject({ put: 2, retried: 0, stranded: [] });
    expect(report.invalid).toMatchObject([{ record: { id: 'r1' }, field: 'partitionKey' }]);
  });

  it('stops where the stream takes nothing at all', async () => {
    const stream = createStream(() => answer(400, 'ValidationException'));

    const report = await createProducerOn(stream.putRecords).put(ids(5_000));

    expect(report).toMatchObject({ put: 0, stopped: 'ValidationException: no' });
    expect(report.read).toBeLessThan(1_100);
    expect(report.invalid.length + report.stranded.length).toBe(report.read);
  });
});

describe('a call that cannot be made', () => {
  it.each([
    answer(400, 'ResourceNotFoundException'),
    answer(403, 'AccessDenied'),
    answer(400, 'ExpiredTokenException'),
    answer(400, 'ValidationException', "Value 'a b' at 'streamName' failed to satisfy constraint"),
    Object.assign(new Error('no'), { name: 'CredentialsProviderError' }),
    new Error('Region is missing'),
  ])('ends the put at once: %s', async (error) => {
    const stream = createStream(() => error);

    const report = await createProducerOn(stream.putRecords).put(ids(1_200));

    expect(stream.calls()).toBe(1);
    expect(report.stopped).toBe(`${error.name}: ${error.message}`);
    expect(report).toMatchObject({ put: 0, invalid: [] });
    expect(report.stranded).toHaveLength(report.read);
  });

  it.each([
    Object.assign(new Error('read'), { code: 'ECONNRESET' }),
    Object.assign(new Error('socket hang up')),
    Object.assign(new Error('x'), { name: 'TimeoutError' }),
    Object.assign(new SyntaxError('Unexpected end of JSON input'), { $response: {} }),
    answer(503, 'ServiceUnavailable'),
    answer(400, 'LimitExceededException'),
    answer(400, 'KMSThrottlingException'),
  ])('is made again after %s', async (error) => {
    let calls = 0;
    const stream = createStream(() => (++calls === 1 ? error : undefined));

    const report = await createProducerOn(stream.putRecords, quick).put(ids(3));

    expect(report).toMatchObject({ put: 3, retried: 3, stranded: [], invalid: [] });
  });

  it('is made so often and no more where nothing ever answers', async () => {
    const stream = createStream(() => Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));

    const report = await createProducerOn(stream.putRecords, {
      ...quick,
      maximumAttempts: 4,
    }).put(ids(1_200));

    expect(stream.calls()).toBe(4);
    expect(report).toMatchObject({ put: 0, stopped: 'Error: x' });
  });
});
