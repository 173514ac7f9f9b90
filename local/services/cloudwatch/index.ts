import type { PutMetricDataInput } from '@aws-sdk/client-cloudwatch';
import pLimit from 'p-limit';
import { awsJson, awsService, rpcV2Cbor } from '../aws-protocols.ts';
import { openStore } from '../key-value-store.ts';
import { type LocalService, type LocalServiceOptions, serve } from '../local-service.ts';
import { alarmOperations } from './alarm-operations.ts';
import {
  type AlarmNotification,
  type CloudWatch,
  evaluateAlarms,
  forgetHistory,
} from './alarms.ts';
import { keepMetricData, metricOperations } from './metric-operations.ts';
import { forgetData } from './metrics.ts';
import { queryProtocol } from './query-protocol.ts';
import { metricDataSchema } from './schemas.ts';

export type { AlarmNotification } from './alarms.ts';

const SERVICE = 'GraniteServiceVersion20100801';
const BODY_LIMIT_BYTES = 1024 * 1024;
const INFLATED_LIMIT_BYTES = 16 * BODY_LIMIT_BYTES;
const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;

/** Options of the CloudWatch stand-in. */
export interface CloudWatchOptions extends LocalServiceOptions {
  /** Told of each action of an alarm that changes state, beside the alarm's history. */
  onNotification?: ((notification: AlarmNotification) => void) | undefined;
  /** Asked for what services of AWS would publish of themselves, which no client may. */
  measure?: (() => Pick<PutMetricDataInput, 'Namespace' | 'MetricData'>) | undefined;
}

/** Starts the CloudWatch stand-in: metrics, metric math, alarms with history, in the protocols of all SDKs. */
export async function startCloudWatch(options: CloudWatchOptions = {}): Promise<LocalService> {
  const { measure, intervalMs = 10_000 } = options;
  const store = await openStore(options.directory);
  const cloudWatch: CloudWatch = {
    store,
    alone: pLimit(1),
    now: options.now ?? Date.now,
    notify: options.onNotification ?? (() => undefined),
  };
  await forgetOld(cloudWatch);
  return serve(
    awsService({
      protocols: [rpcV2Cbor, queryProtocol(SERVICE), awsJson],
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
        [() => evaluateAlarms(cloudWatch), intervalMs],
        [
          async () => measure && keepMetricData(cloudWatch, metricDataSchema.parse(measure())),
          intervalMs,
        ],
        [() => cloudWatch.alone(forgetOld, cloudWatch), HOUR_MS],
      ],
      release: () => store.close(),
    },
  );
}

async function forgetOld({ store, now }: CloudWatch): Promise<void> {
  const seconds = now() / 1_000;
  await forgetData(store, seconds - 15 * DAY_SECONDS);
  await forgetHistory(store, seconds - 30 * DAY_SECONDS);
}
