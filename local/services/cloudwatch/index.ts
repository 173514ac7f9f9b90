import pLimit from 'p-limit';
import { awsService, rpcV2Cbor } from '../aws-protocols.ts';
import { openStore } from '../key-value-store.ts';
import { type LocalService, type LocalServiceOptions, serve } from '../local-service.ts';
import { alarmOperations } from './alarm-operations.ts';
import {
  type AlarmNotification,
  type CloudWatch,
  evaluateAlarms,
  forgetHistory,
  loadAlarms,
} from './alarms.ts';
import { metricOperations } from './metric-operations.ts';
import { type Datum, forgetData, putData } from './metrics.ts';
import { queryProtocol } from './query-protocol.ts';

export type { AlarmNotification } from './alarms.ts';

const SERVICE = 'GraniteServiceVersion20100801';
const BODY_LIMIT_BYTES = 1024 * 1024;
const INFLATED_LIMIT_BYTES = 16 * BODY_LIMIT_BYTES;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;

/** Options of the CloudWatch stand-in. */
export interface CloudWatchOptions extends LocalServiceOptions {
  /** How often alarms are evaluated, in milliseconds. Default 10 seconds. */
  alarmIntervalMs?: number;
  /** Told of each action of an alarm that changes state, beside the alarm's history. */
  onNotification?: ((notification: AlarmNotification) => void) | undefined;
  /** Asked for what services of AWS would publish of themselves, which no client may. */
  measure?: (() => readonly ServiceMeasurement[]) | undefined;
  /** How often, in milliseconds. Default 10 seconds. */
  measureMs?: number;
}

/** A value that a service of AWS would publish of itself just now. */
export interface ServiceMeasurement {
  /** Such as `AWS/Lambda`. */
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly unit: Datum['unit'];
  readonly value: number;
}

/** Starts the CloudWatch stand-in: metrics, metric math, alarms with history, in the protocols of all SDKs. */
export async function startCloudWatch(options: CloudWatchOptions = {}): Promise<LocalService> {
  const { measure = () => [], measureMs = 10_000 } = options;
  const store = await openStore(options.directory);
  const cloudWatch: CloudWatch = {
    store,
    alarms: await loadAlarms(store),
    alone: pLimit(1),
    now: options.now ?? Date.now,
    notify: options.onNotification ?? (() => undefined),
  };
  await forgetOld(cloudWatch);
  return serve(
    awsService({
      protocols: [rpcV2Cbor, queryProtocol(SERVICE)],
      errorNamespace: 'com.amazonaws.cloudwatch#',
      queryCompatible: true,
      bodyLimitBytes: BODY_LIMIT_BYTES,
      inflatedLimitBytes: INFLATED_LIMIT_BYTES,
      operations: { [SERVICE]: { ...metricOperations, ...alarmOperations } },
      context: cloudWatch,
    }),
    {
      port: options.port,
      rounds: [
        [() => evaluateAlarms(cloudWatch), options.alarmIntervalMs ?? 10_000],
        [() => keepMeasured(cloudWatch, measure()), measureMs],
        [() => cloudWatch.alone(forgetOld, cloudWatch), HOUR_MS],
      ],
      release: () => store.close(),
    },
  );
}

async function keepMeasured(
  { store, alone, now }: CloudWatch,
  measured: readonly ServiceMeasurement[],
): Promise<void> {
  const second = Math.floor(now() / MINUTE_MS) * (MINUTE_MS / 1_000);
  const data = measured.map(({ namespace, metric, dimensions, unit, value }) => {
    const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
    const name = { Namespace: namespace, MetricName: metric, Dimensions };
    const values: Datum['values'] = [[value, 1]];
    return [name, { second, unit, values }] as [typeof name, Datum];
  });
  if (data.length > 0) await alone(() => putData(store, data));
}

async function forgetOld({ store, now }: CloudWatch): Promise<void> {
  const seconds = now() / 1_000;
  await forgetData(store, seconds - 15 * DAY_SECONDS);
  await forgetHistory(store, seconds - 30 * DAY_SECONDS);
}
