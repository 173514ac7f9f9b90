import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { readAlarm } from '#shared/alarms/definition.ts';
import type { AlarmsAnswer } from '#shared/contracts/monitoring.ts';
import type { Bounds, HttpDeps } from './on-demand.ts';
import { orUnavailable } from './problems.ts';

type AlarmState = AlarmsAnswer['alarms'][number];

/** How much the reader is to see of a state first. */
const ORDER = ['ALARM', 'INSUFFICIENT_DATA', 'OK'];

/**
 * The deployment's own alarms with their states, those that are up first.
 *
 * @throws {HttpError} 503 where CloudWatch is ill
 */
export async function readAlarms(
  { cloudWatch, names, log }: HttpDeps,
  { signal }: Bounds,
): Promise<AlarmsAnswer> {
  const found = await orUnavailable('CloudWatch cannot be read', { log, signal }, () =>
    cloudWatch.alarms(`${names.prefix}-`, signal),
  );
  const alarms = found.flatMap((alarm) => stateOf(alarm, names.prefix) ?? []);
  return { alarms: alarms.sort((a, b) => rankOf(a) - rankOf(b) || (a.id < b.id ? -1 : 1)) };
}

const rankOf = ({ state, severity }: AlarmState): number =>
  2 * ORDER.indexOf(state) + (severity === 'critical' ? 0 : 1);

/** Undefined for an alarm that another deployment's settings or somebody's hand made: its prefix may begin as ours does. */
function stateOf(alarm: MetricAlarm, prefix: string): AlarmState | undefined {
  const { AlarmName: name = '', AlarmDescription = '', StateValue: state = 'OK' } = alarm;
  const told = readAlarm(name, AlarmDescription, prefix);
  if (!told) return undefined;
  const since = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp ?? new Date(0);
  return { ...told, name, state, since: since.toISOString(), reason: alarm.StateReason ?? '' };
}
