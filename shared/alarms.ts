import {
  type AlarmDefinition,
  type AlarmNames,
  alarmNameOf,
  describeAlarm,
} from './alarms/definition.ts';
import { ownAlarms } from './alarms/own-alarms.ts';
import { serviceAlarms } from './alarms/service-alarms.ts';
import { ConfigurationError } from './errors.ts';
import type { Settings } from './settings.ts';

export {
  type AlarmDefinition,
  type AlarmNames,
  isExpression,
  type MetricSignal,
  putMetricAlarmInput,
} from './alarms/definition.ts';

/**
 * Every alarm of a deployment but those that its settings omit. Used alike by the stacks and by the local stack.
 *
 * @throws {ConfigurationError} where the settings omit what is no alarm of theirs
 */
export function alarmDefinitions(settings: Settings, names: AlarmNames): AlarmDefinition[] {
  const drafts = [...serviceAlarms(settings, names), ...ownAlarms(settings, names)];
  const { omit, runbook } = settings.alarms;
  const unknown = omit.find((id) => drafts.every((draft) => draft.id !== id));
  if (unknown !== undefined) {
    const ids = drafts.map(({ id }) => id).join(', ');
    throw new ConfigurationError(`alarms.omit: there is no alarm ${unknown}; there are ${ids}`);
  }
  const kept = drafts.filter(({ id }) => !omit.includes(id));
  return kept.map((draft) => ({
    comparison: 'GreaterThanOrEqualToThreshold',
    treatMissingData: 'notBreaching',
    ...draft,
    name: alarmNameOf(names.prefix, draft.id),
    description: describeAlarm(draft, runbook),
  }));
}
