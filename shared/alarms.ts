import { apiAlarms } from './alarms/api-alarms.ts';
import { contentAlarms } from './alarms/content-alarms.ts';
import type { AlarmDefinition } from './alarms/definition.ts';
import type { AlarmNames } from './alarms/draft.ts';
import { functionAlarms, throttleAlarm } from './alarms/function-alarms.ts';
import { streamAlarms, tableAlarm } from './alarms/stream-alarms.ts';
import type { Settings } from './settings.ts';

export type { AlarmDefinition } from './alarms/definition.ts';
export type { AlarmNames } from './alarms/draft.ts';
export { putMetricAlarmInput } from './alarms/put-metric-alarm-input.ts';

/** Every alarm of a deployment. Used alike by the stacks and by the local stack. */
export function alarmDefinitions(settings: Settings, names: AlarmNames): AlarmDefinition[] {
  const inference = { part: 'inference', functionName: names.inferenceFunction } as const;
  const metrics = { part: 'metrics', functionName: names.metricsFunction } as const;
  const http = { part: 'http', functionName: names.httpFunction } as const;
  const drafts = [
    ...streamAlarms(settings, names),
    ...functionAlarms(
      { ...inference, timeoutSeconds: settings.inference.timeoutSeconds },
      settings,
    ),
    ...functionAlarms({ ...metrics, timeoutSeconds: settings.metrics.timeoutSeconds }, settings),
    ...functionAlarms({ ...http, timeoutSeconds: settings.http.timeoutSeconds }, settings),
    // The metrics function has no throttle alarm: its reserved concurrency makes the mapping wait its turn by design.
    throttleAlarm('inference', names.inferenceFunction),
    throttleAlarm('http', names.httpFunction),
    tableAlarm('results-table', names.resultsTable),
    tableAlarm('metrics-state-table', names.metricsStateTable),
    ...apiAlarms(settings, names),
    ...contentAlarms(settings),
  ];
  return drafts.map((draft) => ({
    comparison: 'GreaterThanOrEqualToThreshold',
    treatMissingData: 'notBreaching',
    ...draft,
    name: `${names.prefix}-${draft.id}`,
  }));
}
