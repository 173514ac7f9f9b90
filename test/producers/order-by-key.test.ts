import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Blob, createProducerOn, type PutRecords, type TextRecord } from '#producers/index.ts';

const quick = { backoff: { baseMs: 0.1, capMs: 0.2 }, lingerMs: 1 };
const keyOf = ({ id }: TextRecord) => id.slice(0, 1);
const idOf = ({ data }: Blob): string => JSON.parse(Buffer.from(data).toString()).id;
/** Records `a0`, `b1`, `a2` and so on, by their keys. */
const numbered = (keys: string) => [...keys].map((key, index) => ({ id: key + index, text: 'x' }));
const byKey = (ids: readonly string[]) =>
  ['a', 'b', 'c', 'd'].map((key) => [...new Set(ids)].filter((id) => id.startsWith(key)));

/** What may go wrong with a call: nothing, some of it, all of it, or its answer alone. */
const mishaps = fc.infiniteStream(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant('none') },
    { weight: 4, arbitrary: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }) },
    { weight: 1, arbitrary: fc.constantFrom('throttled', 'timed out', 'answer lost', 'failed') },
  ),
);

/** A stream that keeps what it took in order, under such mishaps. */
function createFaultyStream(draw: Iterator<string | boolean[]>) {
  const stream: string[] = [];
  let calls = 0;
  const putRecords: PutRecords = async (blobs) => {
    calls += 1;
    const mishap = draw.next().value as string | boolean[];
    // Some answers take longer than others.
    for (let turn = calls % 3; turn > 0; turn--) await new Promise(setImmediate);
    if (mishap === 'throttled') {
      throw Object.assign(new Error('slow down'), {
        name: 'ProvisionedThroughputExceededException',
        $metadata: { httpStatusCode: 400 },
      });
    }
    if (mishap === 'failed') {
      throw Object.assign(new Error('oh'), { $metadata: { httpStatusCode: 500 } });
    }
    if (mishap === 'timed out') throw Object.assign(new Error('late'), { name: 'TimeoutError' });
    const answers = blobs.map((blob, index) => {
      if (Array.isArray(mishap) && mishap[index % mishap.length]) return 'InternalFailure: no';
      stream.push(idOf(blob));
      return undefined;
    });
    if (mishap === 'answer lost') throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    return answers;
  };
  return { stream, putRecords };
}

describe('the order of one key', () => {
  it('holds where the first of three is throttled', async () => {
    const { stream, putRecords } = createFaultyStream([[true], 'none', 'none', 'none'].values());

    const report = await createProducerOn(putRecords, { ...quick, partitionKey: keyOf }).put(
      numbered('aaa'),
    );

    expect(report.put).toBe(3);
    expect(stream).toEqual(['a0', 'a1', 'a2']);
  });

  it('holds under every mix of throttles, partial failures, time-outs and calls at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 40 }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.boolean(),
        mishaps,
        async (keysOfPuts, isAsync, draw) => {
          const { stream, putRecords } = createFaultyStream(draw);
          const producer = createProducerOn(putRecords, { ...quick, partitionKey: keyOf });
          const all = numbered(keysOfPuts.join(''));
          let from = 0;
          const puts = keysOfPuts.map(({ length }) => {
            const part = all.slice(from, from + length);
            from += length;
            return isAsync && keysOfPuts.length === 1 ? slowly(part) : part;
          });

          const reports = await Promise.all(puts.map((part) => producer.put(part)));

          const stranded = new Set(reports.flatMap((one) => one.stranded.map((s) => s.record.id)));
          expect(reports.flatMap(({ invalid }) => invalid)).toEqual([]);
          const sum = reports.reduce((total, { put }) => total + put, 0);
          expect(sum + stranded.size).toBe(all.length);
          const onStream = new Set(stream);
          for (const { id } of all) expect(onStream.has(id) || stranded.has(id)).toBe(true);
          // First arrivals: a copy of one whose answer was lost changes no order.
          for (const ids of byKey(stream)) {
            expect(ids).toEqual(ids.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it('lets other keys go on while one fails, and gives up the rest of that one', async () => {
    const calls: string[][] = [];
    const putRecords: PutRecords = async (blobs) => {
      calls.push(blobs.map(idOf));
      return blobs.map((blob) => (idOf(blob) === 'a0' ? 'InternalFailure: no' : undefined));
    };

    const report = await createProducerOn(putRecords, {
      backoff: { baseMs: 20, capMs: 20 },
      maximumAttempts: 3,
      partitionKey: keyOf,
    }).put(numbered(`a${'abcdefgh'.repeat(20)}`));

    const last = calls.length - calls.toReversed().findIndex((ids) => ids.includes('a0'));
    expect(calls.slice(0, last).flat().length).toBeGreaterThan(100);
    expect(report.put).toBe(140);
    expect(report.stranded.map(({ record: { id } }) => id)).toEqual(
      ['a0', ...numbered(`_${'abcdefgh'.repeat(20)}`).map(({ id }) => id)].filter((id) =>
        id.startsWith('a'),
      ),
    );
    expect(report.stranded.map(({ reason }) => reason).slice(0, 2)).toEqual([
      'InternalFailure: no',
      'an earlier record of its partition key was not put',
    ]);
  });

  it('lets a later call of put go on when an earlier one gives up', async () => {
    const stream: string[] = [];
    const putRecords: PutRecords = async (blobs) =>
      blobs.map((blob) => {
        if (idOf(blob) === 'a0') return 'InternalFailure: no';
        stream.push(idOf(blob));
        return undefined;
      });
    const producer = createProducerOn(putRecords, {
      ...quick,
      maximumAttempts: 3,
      partitionKey: keyOf,
    });

    const [first, second] = await Promise.all([
      producer.put([{ id: 'a0', text: 'x' }]),
      producer.put([{ id: 'a1', text: 'x' }]),
    ]);

    expect(first.stranded).toHaveLength(1);
    expect(second.put).toBe(1);
    expect(stream).toEqual(['a1']);
  });

  it('keeps what waits behind a slow key within bounds', async () => {
    let inHand = 0;
    let most = 0;
    function* input() {
      for (const one of numbered('a'.repeat(6_000))) {
        inHand += 1;
        most = Math.max(most, inHand);
        yield one;
      }
    }
    const putRecords: PutRecords = async (blobs) => {
      inHand -= blobs.length;
      return blobs.map(() => undefined);
    };

    const report = await createProducerOn(putRecords, { partitionKey: keyOf }).put(input());

    expect(report.put).toBe(6_000);
    expect(most).toBeLessThanOrEqual(2_001);
  });
});

async function* slowly<T>(items: readonly T[]) {
  for (const [index, item] of items.entries()) {
    if (index % 5 === 4) await new Promise(setImmediate);
    yield item;
  }
}
