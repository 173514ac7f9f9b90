import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { describeIssues } from '#shared/contracts/validate.ts';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import type { SourceRecord } from './source.ts';

const checkpointSchema = z.object({
  shardId: z.string().min(1),
  /** The last record before which all are settled; absent where none is yet. */
  sequenceNumber: z.string().optional(),
  /** The shard is closed and every record of it is settled. */
  ended: z.boolean(),
  /** Where the mapping began at `LATEST`: the moment, epoch milliseconds; what had arrived before is not for it. */
  since: z.number().optional(),
});

/** How far a shard is processed. */
export type Checkpoint = z.output<typeof checkpointSchema>;

/** Keeps the checkpoints of one mapping. */
export type CheckpointStore = ReturnType<typeof fileCheckpoints>;

/** Checkpoints as one file a shard in a directory, each replaced by a rename, so that a kill leaves the old or the new one. */
export function fileCheckpoints(directory: string) {
  return {
    async load(): Promise<Checkpoint[]> {
      await mkdir(directory, { recursive: true });
      const files = (await readdir(directory)).filter((name) => name.endsWith('.json'));
      return Promise.all(files.map((name) => readCheckpoint(join(directory, name))));
    },
    /** Keeps a shard's checkpoint; when it resolves, a killed process finds it again. */
    async save(checkpoint: Checkpoint): Promise<void> {
      const path = join(directory, `${encodeURIComponent(checkpoint.shardId)}.json`);
      await writeFile(`${path}.tmp`, JSON.stringify(checkpoint));
      await rename(`${path}.tmp`, path);
    },
  };
}

async function readCheckpoint(path: string): Promise<Checkpoint> {
  const text = await readFile(path, 'utf8');
  try {
    return checkpointSchema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? describeIssues(cause, '(file)') : messageOf(cause);
    throw new ConfigurationError(`${path} is no checkpoint: ${why}`, { cause });
  }
}

/**
 * Which records of a shard were read and which are settled, going on after `checkpoint`: lanes settle out of order, a checkpoint
 * covers no gap.
 */
export function createOffsetTracker(checkpoint?: string) {
  const open = new Map<string, { arrivedAt: number; settled: boolean }>();
  let last = checkpoint;
  let unsettled = 0;
  return {
    /** Enters a record, in the order of the shard. */
    enter({ sequenceNumber, arrivedAt }: Pick<SourceRecord, 'sequenceNumber' | 'arrivedAt'>) {
      open.set(sequenceNumber, { arrivedAt, settled: false });
      unsettled += 1;
    },
    settle(records: readonly Pick<SourceRecord, 'sequenceNumber'>[]) {
      for (const { sequenceNumber } of records) {
        const entry = open.get(sequenceNumber);
        if (!entry || entry.settled) continue;
        entry.settled = true;
        unsettled -= 1;
      }
      // A map keeps the order of entry.
      for (const [sequenceNumber, { settled }] of open) {
        if (!settled) break;
        open.delete(sequenceNumber);
        last = sequenceNumber;
      }
    },
    /** The last sequence number before which all are settled. */
    checkpoint: () => last,
    unsettled: () => unsettled,
    /** Arrival of the first record that is not settled. */
    oldestArrival: () => open.values().next().value?.arrivedAt,
  };
}
