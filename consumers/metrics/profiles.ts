import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Profile, profileKey } from '#shared/drift/profile.ts';
import { createReadProfile, type ReadProfile } from '#shared/drift/read-profile.ts';

/** Keeps what the tasks of each pipeline version found. */
export interface ProfileStore {
  readonly read: ReadProfile;
  /** Writes a profile, unless that of a later version of the state is there: whoever does so again changes nothing. */
  write(profile: Profile): Promise<void>;
}

/** Profiles as items of the metrics state table, one a pipeline version, for ever. */
export function createProfileStore(client: DynamoDBDocumentClient, table: string): ProfileStore {
  return {
    read: createReadProfile(client, table),
    async write(profile) {
      try {
        await client.send(
          new PutCommand({
            TableName: table,
            Item: { ...profileKey(profile.pipelineVersion), ...profile },
            ConditionExpression: 'attribute_not_exists(#version) OR #version < :version',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':version': profile.version },
          }),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    },
  };
}
