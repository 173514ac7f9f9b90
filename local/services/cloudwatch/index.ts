import { awsJson, awsListener, rpcV2Cbor } from '../aws-protocols.ts';
import { createClosableServer, listenLocally } from '../http-server.ts';
import { type LocalService, type LocalServiceOptions, repeat } from '../local-service.ts';
import { runOperation } from '../operations.ts';
import { alarmOperations } from './alarm-operations.ts';
import type { Alarm, AlarmNotification, Change, Context } from './alarms.ts';
import { changeState, createAlarmStore, evaluateAlarm } from './alarms.ts';
import { memoryLog, openLog } from './append-log.ts';
import { metricOperations } from './metric-operations.ts';
import { createMetricStore } from './metrics.ts';
import { queryProtocol } from './query-protocol.ts';

export type { AlarmNotification } from './alarms.ts';

const SERVICE = 'GraniteServiceVersion20100801';
const BODY_LIMIT_BYTES = 1024 * 1024;
const INFLATED_LIMIT_BYTES = 16 * BODY_LIMIT_BYTES;

/** Options of the CloudWatch stand-in. */
export interface CloudWatchOptions extends LocalServiceOptions {
  /** How often alarms are evaluated, in milliseconds. Default 10 seconds. */
  alarmIntervalMs?: number;
  /** How long a datapoint stays unreadable after it was put, in milliseconds. Default 0. */
  readDelayMs?: number;
  /** Told of each action of an alarm that changes state, beside the alarm's history. */
  onNotification?: (notification: AlarmNotification) => void;
  /** The clock, in epoch milliseconds. */
  now?: () => number;
}

const operations = new Map([...metricOperations, ...alarmOperations]);
const times = new Set([
  'Timestamp',
  'Timestamps',
  'AlarmConfigurationUpdatedTimestamp',
  'StateUpdatedTimestamp',
  'StateTransitionedTimestamp',
]);

/** Starts the CloudWatch stand-in: metrics, metric math, alarms with history, in the protocols of all SDKs. */
export async function startCloudWatch(options: CloudWatchOptions = {}): Promise<LocalService> {
  const now = options.now ?? Date.now;
  const metrics = createMetricStore();
  const alarms = createAlarmStore();
  const apply = (change: Change) => {
    if ('put' in change) for (const datum of change.put) metrics.add(datum);
    else if ('alarm' in change) alarms.set(change.alarm);
    else if ('history' in change) alarms.addHistory(change.history);
    else for (const name of change.alarmsDeleted) alarms.remove(name);
  };
  // Data not yet readable are in no snapshot unless they are added to it here.
  const waiting = new Map<NodeJS.Timeout, Change>();
  function* snapshot(): Iterable<Change[]> {
    metrics.forgetOld(now());
    for (const datum of metrics.dump()) yield [{ put: [datum] }];
    for (const alarm of alarms.all()) yield [{ alarm }];
    for (const history of alarms.history()) yield [{ history }];
    for (const change of waiting.values()) yield [change];
  }
  const replay = (entry: unknown) => (entry as Change[]).forEach(apply);
  const log = options.directory ? await openLog(options.directory, replay, snapshot) : memoryLog;
  metrics.forgetOld(now());

  const reveal = (change: Change) => {
    if (!options.readDelayMs || !('put' in change)) return apply(change);
    const timer = setTimeout(() => {
      waiting.delete(timer);
      apply(change);
    }, options.readDelayMs);
    waiting.set(timer, change);
  };
  const context: Context = {
    metrics,
    alarms,
    now,
    notify: options.onNotification ?? (() => undefined),
    region: process.env.AWS_REGION ?? 'us-east-1',
    account: '000000000000',
    commit: (...changes) => log.append(changes, () => changes.forEach(reveal)),
  };
  const { server, close } = createClosableServer(
    awsListener({
      protocols: [rpcV2Cbor({ times }), queryProtocol(SERVICE, times), awsJson(true)],
      errorNamespace: 'com.amazonaws.cloudwatch#',
      bodyLimitBytes: BODY_LIMIT_BYTES,
      inflatedLimitBytes: INFLATED_LIMIT_BYTES,
      handle: ({ service, operation, input }) =>
        runOperation(service === SERVICE ? operations : undefined, operation, context, input),
    }),
  );
  const endpoint = await listenLocally(server, options.port);
  const evaluating = repeat(() => evaluateAll(context), options.alarmIntervalMs ?? 10_000);
  return {
    endpoint,
    close: async () => {
      await Promise.all([close(), evaluating.stop()]);
      for (const timer of waiting.keys()) clearTimeout(timer);
      await log.close();
    },
  };
}

async function evaluateAll(context: Context): Promise<void> {
  const evaluate = async (alarm: Alarm) =>
    changeState(context, alarm, evaluateAlarm(context.metrics, alarm, context.now()));
  // An alarm whose expression cannot be evaluated keeps its state and holds up no other.
  await Promise.allSettled(context.alarms.all().map(evaluate));
}
