import { API_STAGE } from '#shared/names.ts';
import type { Settings } from '#shared/settings.ts';
import { type AlarmDraft, type AlarmNames, lasting, repeated, signals } from './draft.ts';

/** What the clients of the API notice. */
export function apiAlarms(settings: Settings, names: AlarmNames): AlarmDraft[] {
  const dimensions = { ApiName: names.api, Stage: API_STAGE };
  return [
    {
      id: 'api-errors',
      severity: 'critical',
      description: 'Clients of the API get 5xx answers: read the log of the http function.',
      signal: signals.api('5XXError', 'Average', dimensions),
      ...repeated,
      threshold: settings.alarms.apiErrorShare,
    },
    {
      id: 'api-latency',
      severity: 'warning',
      description: `One call in twenty takes more than ${settings.alarms.apiLatencyMs} ms: give the http function memory or provisioned concurrency.`,
      signal: signals.api('Latency', 'p95', dimensions),
      ...lasting,
      threshold: settings.alarms.apiLatencyMs,
    },
  ];
}
