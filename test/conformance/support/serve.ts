import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { startKinesis } from '#local/services/kinesis/index.ts';
import { startS3 } from '#local/services/s3/index.ts';

const [service = '', directory = ''] = process.argv.slice(2);
const starters: Record<string, () => Promise<{ endpoint: string }>> = {
  cloudwatch: () => startCloudWatch({ directory }),
  dynamodb: () => startDynamoDb({ directory, shardRolloverRecords: 40 }),
  kinesis: () => startKinesis({ directory }),
  s3: () => startS3({ directory }),
};
const started = await starters[service]?.();
process.send?.(started?.endpoint);
