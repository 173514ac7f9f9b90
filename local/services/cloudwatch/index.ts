import pLimit from 'p-limit';
import { awsService, rpcV2Cbor } from '../aws-protocols.ts';
import { openStore } from '../key-value-store.ts';
import { type LocalService, type LocalServiceOptions, serve } from '../local-service.ts';
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
}

const operations = Object.fromEntries([...metricOperations, ...alarmOperations]);
const times = new Set([
  'Timestamp',
  'Timestamps',
  'AlarmConfigurationUpdatedTimestamp',
  'StateUpdatedTimestamp',
  'StateTransitionedTimestamp',
]);

/** Starts the CloudWatch stand-in: metrics, metric math, alarms with history, in the protocols of all SDKs. */
export async function startCloudWatch(options: CloudWatchOptions = {}): Promise<LocalService> {
  const db = await openStore(options.directory);
  const context: Context = {
    metrics: createMetricStore(db),
    alarms: createAlarmStore(db),
    alone: pLimit(1),
    now: options.now ?? Date.now,
    notify: options.onNotification ?? (() => undefined),
  };
  await forgetOld(context);
  return serve(
    awsService({
      protocols: [rpcV2Cbor(times), queryProtocol(SERVICE, times)],
      errorNamespace: 'com.amazonaws.cloudwatch#',
      queryCompatible: true,
      bodyLimitBytes: BODY_LIMIT_BYTES,
      inflatedLimitBytes: INFLATED_LIMIT_BYTES,
      operations: { [SERVICE]: operations },
      context,
    }),
    {
      port: options.port,
      rounds: [
        [() => evaluateAlarms(context), options.alarmIntervalMs ?? 10_000],
        [() => context.alone(forgetOld, context), HOUR_MS],
      ],
      release: () => db.close(),
    },
  );
}

async function forgetOld({ metrics, alarms, now }: Context): Promise<void> {
  const seconds = Math.floor(now() / 1_000);
  await metrics.forget(seconds - 15 * DAY_SECONDS);
  await alarms.forget(seconds - 30 * DAY_SECONDS);
}
