export { type LocalClients, localClients } from './cloud/clients.ts';
export {
  type CloudFunctionOptions,
  createLocalCloud,
  type LocalCloud,
  type LocalCloudOptions,
  type ObjectNotificationOptions,
  type StreamMappingOptions,
} from './cloud/local-cloud.ts';
export type { ObjectQueue } from './cloud/object-queue.ts';
export { type Endpoints, endpointEnvironment, type ServiceName } from './cloud/services.ts';
export type { EventSourceMapping } from './event-source-mapping/event-source-mapping.ts';
export type { InvocationRecord } from './event-source-mapping/invocation-record.ts';
export type { EventSourceMappingSettings, MappingLog } from './event-source-mapping/options.ts';
export type { ShardStatus } from './event-source-mapping/shard-consumer.ts';
export type { FunctionLogLine, Invocation, Invoke } from './lambda/invocation.ts';
export type { LambdaFunction } from './lambda/lambda-function.ts';
export type { AlarmNotification } from './services/cloudwatch/index.ts';
