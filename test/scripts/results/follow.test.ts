import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '#local/event-source-mapping/source.ts';
import { toAttributes } from '#shared/results-table/attribute-values.ts';
import { isResult, toStoredItem } from '#shared/results-table/stored-item.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { resultOf } from '#test/consumers/metrics/doubles.ts';
import { createMemoryStream } from '#test/local/event-source-mapping/memory-stream.ts';
import { openFollower } from '../../../scripts/results/follow.ts';

let numbers = 0;
/** A change of the table, as its stream tells it. */
function change(item: object, eventName: 'INSERT' | 'MODIFY' | 'REMOVE' = 'INSERT'): SourceRecord {
  numbers += 1;
  const NewImage = eventName === 'REMOVE' ? undefined : toAttributes(item);
  return {
    sequenceNumber: String(numbers).padStart(21, '0'),
    partitionKey: '',
    arrivedAt: Math.floor(Date.now() / 1_000) * 1_000,
    bytes: 0,
    event: { eventName, dynamodb: { NewImage } } as never,
  };
}
const result = (index: number) => change(toStoredItem(resultOf(index)));
const named = (name: string) => Object.assign(new Error(name), { name });
const lost = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

async function follow(stream: ReturnType<typeof createMemoryStream>) {
  const stop = new AbortController();
  const told: string[] = [];
  const said: string[] = [];
  const follower = await openFollower(stream.source, {
    signal: stop.signal,
    say: (line) => said.push(line),
    ...{ pollMs: 1, shardsMs: 1 },
  });
  const done = follower.run((item) => told.push(isResult(item) ? item.id : 'rejection'));
  return {
    told,
    said,
    done,
    telling: (count: number) =>
      waitFor(async () => told.length >= count, { what: `${count} results`, everyMs: 2 }),
    async stop() {
      stop.abort();
      await done;
    },
  };
}

describe('a follower of the results table', () => {
  it('tells what is written after it began, whenever it arrived, each once', async () => {
    // Prepare
    const stream = createMemoryStream();
    stream.add('a', [result(1)]);
    const followed = await follow(stream);

    // Act
    stream.put('a', result(3), result(2), change(toStoredItem(resultOf(3)), 'MODIFY'));
    stream.put('a', change({ pk: 'x', sk: 'y' }), change({}, 'REMOVE'), result(4));
    await followed.telling(3);
    await followed.stop();

    // Assess
    expect(followed.told).toEqual(['r3', 'r2', 'r4']);
  });

  it('reads shards that come to be from their beginning, and none that was split before', async () => {
    const stream = createMemoryStream();
    stream.add('old', [result(1)]);
    stream.close('old');
    stream.add('a', [result(2)], ['old']);
    const followed = await follow(stream);

    stream.put('a', result(3));
    stream.close('a');
    stream.add('b', [result(4)], ['a']);
    stream.add('c', [result(5)], ['a']);
    await followed.telling(3);
    await followed.stop();

    expect(followed.told.sort()).toEqual(['r3', 'r4', 'r5']);
    expect(stream.positions).toEqual(['LATEST', 'TRIM_HORIZON', 'TRIM_HORIZON']);
  });

  it('loses nothing and tells nothing twice over faults that pass, and says so once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('lost', 'expired', 'none'), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
        async (faults, bursts) => {
          const stream = createMemoryStream();
          stream.add('a');
          const followed = await follow(stream);
          const wanted: string[] = [];
          for (const [at, count] of bursts.entries()) {
            const fault = faults[at];
            if (fault === 'lost') stream.faults.push(lost());
            if (fault === 'expired') stream.faults.push(named('ExpiredIteratorException'));
            for (let n = 0; n < count; n++) {
              wanted.push(`r${wanted.length}`);
              stream.put('a', result(wanted.length - 1));
            }
            await followed.telling(wanted.length);
          }
          await followed.stop();

          expect(followed.told).toEqual(wanted);
          expect(followed.said.every((line) => /ECONNREFUSED/.test(line))).toBe(true);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('says that it missed what the stream does not keep any more, and goes on', async () => {
    const stream = createMemoryStream();
    stream.add('a');
    const followed = await follow(stream);

    stream.faults.push(named('TrimmedDataAccessException'));
    stream.put('a', result(1));
    await followed.telling(1);
    await followed.stop();

    expect(followed.said).toEqual([expect.stringMatching(/^some results were missed/)]);
  });

  it('ends with a fault that will not pass', async () => {
    const stream = createMemoryStream();
    stream.add('a');
    const followed = await follow(stream);

    stream.faults.push(
      Object.assign(named('AccessDeniedException'), { $metadata: { httpStatusCode: 400 } }),
    );

    await expect(followed.done).rejects.toThrow('AccessDeniedException');
  });
});
