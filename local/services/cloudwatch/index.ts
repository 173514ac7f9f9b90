import pLimit from 'p-limit';
import { awsJson, awsListener, rpcV2Cbor } from '../aws-protocols.ts';
import { createClosableServer, listenLocally } from '../http-server.ts';
import { createStore, openStore } from '../key-value-store.ts';
import { type LocalService, type LocalServiceOptions, repeat } from '../local-service.ts';
import { runOperation } from '../operations.ts';
import { alarmOperations } from './alarm-operations.ts';
import {
  type AlarmNotification,
  type Context,
  createAlarmStore,
  evaluateAlarms,
} from './alarms.ts';
import { metricOperations } from './metric-operations.ts';
import { createMetricStore } from './metrics.ts';
import { queryProtocol } from './query-protocol.ts';

export type { AlarmNotification } from './alarms.ts';

const SERVICE = 'GraniteServiceVersion20100801';
const BODY_LIMIT_BYTES = 1024 * 1024;
const INFLATED_LIMIT_BYTES = 16 * BODY_LIMIT_BYTES;
const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;

/** Options of the CloudWatch stand-in. */
export interface CloudWatchOptions extends LocalServiceOptions {
  /** How often alarms are evaluated, in milliseconds. Default 10 seconds. */
  alarmIntervalMs?: number;
  /** Told of each action of an alarm that changes state, beside the alarm's history. */
  onNotification?: ((notification: AlarmNotification) => void) | undefined;
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
  const db = createStore(options.directory);
  await openStore(db, options.directory);
  const context: Context = {
    metrics: createMetricStore(db),
    alarms: createAlarmStore(db),
    alone: pLimit(1),
    now: options.now ?? Date.now,
    notify: options.onNotification ?? (() => undefined),
  };
  await forgetOld(context);
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
  const endpoint = await listenLocally(server, options.port).catch(async (error: unknown) => {
    await db.close();
    throw error;
  });
  const rounds = [
    repeat(() => evaluateAlarms(context), options.alarmIntervalMs ?? 10_000),
    repeat(() => context.alone(forgetOld, context), HOUR_MS),
  ];
  return {
    endpoint,
    close: async () => {
      await Promise.all([close(), ...rounds.map((round) => round.stop())]);
      await db.close();
    },
  };
}

async function forgetOld({ metrics, alarms, now }: Context): Promise<void> {
  const seconds = Math.floor(now() / 1_000);
  await metrics.forget(seconds - 15 * DAY_SECONDS);
  await alarms.forget(seconds - 30 * DAY_SECONDS);
}
