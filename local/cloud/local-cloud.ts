import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileCheckpoints } from '#local/event-source-mapping/checkpoints.ts';
import {
  type EventSourceMapping,
  startEventSourceMapping,
} from '#local/event-source-mapping/event-source-mapping.ts';
import { mappingUuid, s3Destination } from '#local/event-source-mapping/invocation-record.ts';
import type { MappingLog, MappingOptions } from '#local/event-source-mapping/options.ts';
import { openSource } from '#local/event-source-mapping/source.ts';
import { bundleBootstrap, bundleFunction, linkModules } from '#local/lambda/bundle.ts';
import type { Invoke } from '#local/lambda/invocation.ts';
import {
  type FunctionOptions,
  type LambdaFunction,
  startFunction,
} from '#local/lambda/lambda-function.ts';
import type { AlarmNotification } from '#local/services/cloudwatch/index.ts';
import type { ObjectCreated } from '#local/services/s3/request.ts';
import { ConfigurationError } from '#shared/errors.ts';
import { localClients } from './clients.ts';
import { lockDirectory } from './lock.ts';
import { type ObjectQueue, type ObjectQueueOptions, startObjectQueue } from './object-queue.ts';
import {
  type Endpoints,
  endpointEnvironment,
  type ServiceName,
  startServices,
} from './services.ts';

/** How a local cloud is started; only the folder is needed. */
export interface LocalCloudOptions {
  /** Folder that keeps everything; a cloud started in it again goes on where it was. */
  readonly directory: string;
  /** Ports on 127.0.0.1; any free one where left out. */
  readonly ports?: Partial<Record<ServiceName, number>> | undefined;
  /** Services that run already, by address: they are used instead of own ones, and not ended. */
  readonly endpoints?: Partial<Endpoints> | undefined;
  /** Endpoints that functions and mappings use instead, as a proxy in front of a service. */
  readonly clientEndpoints?: Partial<Endpoints> | undefined;
  /** Where mappings say what they do; nowhere unless given. */
  readonly log?: MappingLog | undefined;
  /** Told of what alarms send to their actions, which nobody else gets. */
  readonly onNotification?: ((notification: AlarmNotification) => void) | undefined;
}

/** A function to run: a file that exports `handler`, or a folder that was bundled before. Its log is `logs/<name>.log` unless told. */
export type CloudFunctionOptions = Omit<FunctionOptions, 'bundleDirectory' | 'bootstrap'> &
  (
    | {
        /** TypeScript or JavaScript. */
        readonly file: string;
        /** Packages that are not to be bundled, found from the working directory. */
        readonly external?: readonly string[];
      }
    | Pick<FunctionOptions, 'bundleDirectory'>
  );

/** A stream to map to a function that was created. */
export interface StreamMappingOptions extends Pick<MappingOptions, 'settings' | 'pollIntervalMs'> {
  /** ARN of a Kinesis stream or of a table's stream. */
  readonly streamArn: string;
  readonly functionName: string;
  /** Bucket that takes the invocation records of batches which are given up; without it they are dropped. */
  readonly onFailureBucket?: string;
  /** Names its checkpoints in the folder; function and stream decide unless given. */
  readonly name?: string;
  /** Puts something between the mapping and its function. */
  readonly wrapInvoke?: (invoke: Invoke) => Invoke;
}

/** Objects to tell a function of. */
export type ObjectNotificationOptions = Omit<ObjectQueueOptions, 'invoke' | 's3'> & {
  readonly functionName: string;
};

/** Kinesis, DynamoDB with streams, S3 and CloudWatch on this machine, with functions and event source mappings. */
export type LocalCloud = Awaited<ReturnType<typeof createLocalCloud>>;

/**
 * Starts the services in a folder.
 *
 * @throws {ConfigurationError} where the folder is in use or a port is taken
 * @example
 * const cloud = await createLocalCloud({ directory: '.cloud' });
 * await cloud.createFunction({ name: 'greet', file: 'greet.ts' });
 * await cloud.mapStream({ streamArn, functionName: 'greet' });
 * await cloud.close();
 */
export async function createLocalCloud(options: LocalCloudOptions) {
  const directory = resolve(options.directory);
  const closers = [await lockDirectory(directory)];
  const functions = new Map<string, LambdaFunction>();
  const mappings: { functionName: string; mapping: EventSourceMapping }[] = [];
  const queues: ObjectQueue[] = [];
  let bootstrap: Promise<void> | undefined;
  const close = async () => {
    for (const queue of queues.splice(0)) queue.close();
    await Promise.all(mappings.splice(0).map(({ mapping }) => mapping.close()));
    await Promise.all([...functions.values()].map((one) => one.close()));
    functions.clear();
    for (const closer of closers.splice(0).reverse()) await closer();
  };

  async function start() {
    const { ports = {}, endpoints, onNotification } = options;
    const onObjectCreated = (created: ObjectCreated) => {
      for (const queue of queues) queue.add(created);
    };
    const measure = () => ({
      Namespace: 'AWS/Lambda',
      MetricData: mappings.map(({ functionName, mapping }) => ({
        ...{ MetricName: 'IteratorAge', Unit: 'Milliseconds' as const, Value: mapping.lag().ms },
        Dimensions: [{ Name: 'FunctionName', Value: functionName }],
      })),
    });
    const listeners = { onNotification, onObjectCreated, measure };
    const services = await startServices(directory, ports, endpoints, listeners);
    closers.push(services.close);
    const clients = localClients(services.endpoints);
    const inner = localClients({ ...services.endpoints, ...options.clientEndpoints });
    closers.push(async () => [clients, inner].forEach((one) => void one.destroy()));
    return { endpoints: services.endpoints, clients, inner };
  }

  const { endpoints, clients, inner } = await start().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const functionEnvironment = {
    ...endpointEnvironment({ ...endpoints, ...options.clientEndpoints }),
    // The SDK's notice on Node versions to come is no line of a function's log; Lambda chooses its Node itself.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };

  async function bundled(given: CloudFunctionOptions): Promise<string> {
    if ('bundleDirectory' in given) return given.bundleDirectory;
    const folder = join(directory, 'functions');
    const outdir = join(folder, given.name);
    await mkdir(folder, { recursive: true });
    if (given.external) await linkModules(folder, resolve('node_modules'));
    await bundleFunction({
      name: given.name,
      entries: { index: resolve(given.file) },
      outdir,
      external: given.external ?? [],
    });
    bootstrap ??= bundleBootstrap(join(folder, 'bootstrap'));
    await bootstrap;
    return outdir;
  }

  function functionNamed(name: string): LambdaFunction {
    const found = functions.get(name);
    if (found) return found;
    throw new ConfigurationError(`there is no function ${name}`);
  }

  return {
    endpoints,
    /** The endpoints, region and credentials as environment variables for any AWS client. */
    environment: endpointEnvironment(endpoints),
    /** SDK clients that talk to the services. */
    clients,
    /**
     * Bundles a function and starts it in processes of its own.
     *
     * @throws {SpanstreamError} where its source does not compile
     */
    async createFunction(given: CloudFunctionOptions): Promise<LambdaFunction> {
      const { name } = given;
      if (functions.has(name)) throw new ConfigurationError(`there is a function ${name} already`);
      const bundleDirectory = await bundled(given);
      const logFile = given.logFile ?? join(directory, 'logs', `${name}.log`);
      await mkdir(dirname(logFile), { recursive: true });
      const environment = { ...functionEnvironment, ...given.environment };
      const created = startFunction({ ...given, bundleDirectory, environment, logFile });
      functions.set(name, created);
      return created;
    },
    /**
     * Delivers a stream to a function as Lambda does, from now until the cloud or the mapping is closed.
     *
     * @throws {ConfigurationError} where there is no such function, the ARN is of no stream, or a setting is wrong
     */
    async mapStream(wanted: StreamMappingOptions): Promise<EventSourceMapping> {
      const { streamArn, functionName, onFailureBucket, name, wrapInvoke, ...given } = wanted;
      const lambda = functionNamed(functionName);
      const folder = name ?? mappingUuid(lambda.arn, streamArn);
      const mapping = startEventSourceMapping({
        ...given,
        source: await openSource(streamArn, inner),
        invoke: wrapInvoke?.(lambda.invoke) ?? lambda.invoke,
        functionArn: lambda.arn,
        checkpoints: fileCheckpoints(join(directory, 'checkpoints', folder)),
        ...(onFailureBucket && { onFailure: s3Destination(inner.s3, onFailureBucket) }),
        ...(options.log && { log: options.log }),
      });
      mappings.push({ functionName, mapping });
      return mapping;
    },
    /**
     * Tells a function of every object that is put under a prefix of a bucket, through a queue as S3 and SQS do, and of all
     * that lie there already, from now until the cloud is closed.
     *
     * @throws {ConfigurationError} where there is no such function
     */
    notifyOfObjects({ functionName, ...given }: ObjectNotificationOptions): ObjectQueue {
      const { invoke } = functionNamed(functionName);
      const queue = startObjectQueue({ ...given, invoke, s3: inner.s3 });
      queues.push(queue);
      return queue;
    },
    /** Ends mappings, functions and services, in this order. */
    close,
  };
}
