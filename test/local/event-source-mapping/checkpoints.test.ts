import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileCheckpoints } from '#local/event-source-mapping/checkpoints.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanstream-checkpoints-'));
});
afterEach(() => rm(directory, { recursive: true }));

it('keeps the last checkpoint of each shard', async () => {
  const store = fileCheckpoints(join(directory, 'mapping'));
  expect(await store.load()).toEqual([]);

  await store.save({ shardId: 'shardId-1', ended: false, sequenceNumber: '1' });
  await store.save({ shardId: 'shardId-1', ended: false, sequenceNumber: '2' });
  await store.save({ shardId: 'shardId/2', ended: true });

  const loaded = await fileCheckpoints(join(directory, 'mapping')).load();
  expect(loaded.sort((a, b) => a.shardId.localeCompare(b.shardId))).toEqual([
    { shardId: 'shardId-1', ended: false, sequenceNumber: '2' },
    { shardId: 'shardId/2', ended: true },
  ]);
});

it('overlooks what a killed process was writing', async () => {
  const store = fileCheckpoints(directory);
  await store.save({ shardId: 'a', ended: false, sequenceNumber: '1' });
  await writeFile(join(directory, 'a.json.tmp'), '{"shardId":"a","seq');

  expect(await store.load()).toEqual([{ shardId: 'a', ended: false, sequenceNumber: '1' }]);
  expect(await readdir(directory)).toContain('a.json.tmp');
});

it('names what is wrong with a checkpoint that was edited', async () => {
  await writeFile(join(directory, 'a.json'), '{"shardId":"a"}');

  await expect(fileCheckpoints(directory).load()).rejects.toThrow(
    /a\.json is no checkpoint: ended: .*boolean/,
  );
});
