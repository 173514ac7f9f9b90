import { expect, it } from 'vitest';
import { createCommitQueue, type StoreOperation } from '#local/services/key-value-store.ts';

it('takes a write of more parts than a call takes arguments', async () => {
  const written: number[] = [];
  const batch = async (operations: StoreOperation[] = []) => {
    written.push(operations.length);
  };
  const queue = createCommitQueue({ batch: batch as never });
  const many = Array.from({ length: 300_000 }, () => ({ type: 'del', key: 'a' }) as const);

  await queue.commit(many);
  await queue.settled();

  expect(written).toEqual([300_000]);
});
