export { type LocalClients, localClients } from './cloud/clients.ts';
export {
  type CloudFunctionOptions,
  createLocalCloud,
  type LocalCloud,
  type LocalCloudOptions,
} from './cloud/local-cloud.ts';
export type { StreamMappingOptions } from './cloud/map-stream.ts';
export { type Endpoints, endpointEnvironment, type ServiceName } from './cloud/services.ts';
export type {
  EventSourceMapping,
  InvocationRecord,
  MappingLog,
  MappingSettings,
  ShardStatus,
} from './event-source-mapping/types.ts';
export type { FunctionLogLine, Invocation, Invoke, LambdaFunction } from './lambda/invocation.ts';
export type { AlarmNotification } from './services/cloudwatch/index.ts';
