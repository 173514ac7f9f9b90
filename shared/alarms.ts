import type { AlarmDefinition, AlarmNames } from './alarms/definition.ts';
import { ownAlarms } from './alarms/own-alarms.ts';
import { serviceAlarms } from './alarms/service-alarms.ts';
import type { Settings } from './settings.ts';

export {
  type AlarmDefinition,
  type AlarmNames,
  isExpression,
  type MetricSignal,
  putMetricAlarmInput,
} from './alarms/definition.ts';

/** Every alarm of a deployment. Used alike by the stacks and by the local stack. */
export function alarmDefinitions(settings: Settings, names: AlarmNames): AlarmDefinition[] {
  const drafts = [...serviceAlarms(settings, names), ...ownAlarms(settings, names)];
  return drafts.map((draft) => ({
    comparison: 'GreaterThanOrEqualToThreshold',
    treatMissingData: 'notBreaching',
    ...draft,
    name: `${names.prefix}-${draft.id}`,
    description: `${draft.severity}: ${draft.description} Runbook: ${settings.alarms.runbook}#${draft.id}`,
  }));
}
