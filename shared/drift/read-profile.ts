import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { type Profile, profileKey, profileSchema } from './profile.ts';

/**
 * The profile of a pipeline version, read consistently; undefined where none of its texts was counted, or what lies there is no
 * profile: one is begun then.
 */
export type ReadProfile = (
  pipelineVersion: string,
  signal?: AbortSignal,
) => Promise<Profile | undefined>;

/** Reads profiles from the metrics state table. */
export function createReadProfile(client: DynamoDBDocumentClient, table: string): ReadProfile {
  return async (pipelineVersion, abortSignal) => {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: profileKey(pipelineVersion), ConsistentRead: true }),
      abortSignal && { abortSignal },
    );
    return profileSchema.safeParse(Item).data;
  };
}
