import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { validate } from '#shared/contracts/validate.ts';

const checkpointSchema = z.strictObject({
  shardId: z.string().min(1),
  /** The last record before which all are settled; absent where none is yet. */
  sequenceNumber: z.string().optional(),
  /** The shard is closed and every record of it is settled. */
  ended: z.boolean(),
  /** The tumbling window that is open, by its start in epoch milliseconds, with the state the function last returned. */
  window: z.strictObject({ start: z.number(), state: z.unknown() }).optional(),
});

/** How far a shard is processed. */
export type Checkpoint = z.output<typeof checkpointSchema>;

/** Keeps the checkpoints of one mapping. */
export interface CheckpointStore {
  load(): Promise<Checkpoint[]>;
  /** Keeps a shard's checkpoint; when it resolves, a killed process finds it again. */
  save(checkpoint: Checkpoint): Promise<void>;
}

/** Checkpoints as one file a shard in a directory, each replaced by a rename, so that a kill leaves the old or the new one. */
export function fileCheckpoints(directory: string): CheckpointStore {
  const pathOf = (shardId: string) => join(directory, `${encodeURIComponent(shardId)}.json`);
  return {
    async load() {
      await mkdir(directory, { recursive: true });
      const files = (await readdir(directory)).filter((name) => name.endsWith('.json'));
      return Promise.all(
        files.map(async (name) =>
          validate(checkpointSchema, JSON.parse(await readFile(join(directory, name), 'utf8'))),
        ),
      );
    },
    async save(checkpoint) {
      const path = pathOf(checkpoint.shardId);
      await writeFile(`${path}.tmp`, JSON.stringify(checkpoint));
      await rename(`${path}.tmp`, path);
    },
  };
}
