import { describe, expect, it } from 'vitest';
import { eventOf, isWindowOver, windowStart } from '#local/event-source-mapping/tumbling-window.ts';
import { aRecord } from './records.ts';

const window = { start: 120_000, state: { n: 3 } };

it('begins windows at multiples of their length', () => {
  expect(windowStart(120_000, 60_000)).toBe(120_000);
  expect(windowStart(179_999, 60_000)).toBe(120_000);
  expect(windowStart(180_000, 60_000)).toBe(180_000);
});

describe('a window is over', () => {
  const shard = { next: undefined, emptyReadAt: undefined, readToEnd: false };
  const at = (arrivedAt: number) => aRecord(0, { arrivedAt });

  it.each([
    ['when a record of a later window is next', { next: at(180_000) }, true],
    ['not while one of it is next', { next: at(179_999) }, false],
    ['not while a late one is next', { next: at(60_000), readToEnd: true }, false],
    ['when the shard was read to its tip after the end', { emptyReadAt: 180_000 }, true],
    ['not when it was read to its tip before', { emptyReadAt: 179_999 }, false],
    ['at the end of the shard', { readToEnd: true }, true],
    ['not while nothing is known', {}, false],
  ])('%s', (_, given, over) => {
    expect(isWindowOver(window, 60_000, { ...shard, ...given })).toBe(over);
  });
});

it('tells the function its window, state and shard', () => {
  const shard = { lengthMs: 60_000, shardId: 'shardId-0', source: { arn: 'arn:stream' } };
  const about = {
    window: { start: '1970-01-01T00:02:00Z', end: '1970-01-01T00:03:00Z' },
    state: { n: 3 },
    shardId: 'shardId-0',
    eventSourceARN: 'arn:stream',
    isWindowTerminatedEarly: false,
  };
  const Records = [aRecord(1).event];

  expect(eventOf([aRecord(1)], { ...shard, window })).toEqual({
    Records,
    ...about,
    isFinalInvokeForWindow: false,
  });
  expect(eventOf([], { ...shard, window })).toEqual({
    Records: [],
    ...about,
    isFinalInvokeForWindow: true,
  });
  expect(eventOf([aRecord(1)], { ...shard, window: undefined })).toEqual({ Records });
});
