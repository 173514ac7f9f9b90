import type { Settings } from '#shared/settings.ts';
import { type AlarmDraft, lasting, repeated, signals } from './draft.ts';

/** A function whose alarms are wanted. */
export interface WatchedFunction {
  readonly part: 'inference' | 'metrics' | 'http';
  readonly functionName: string;
  readonly timeoutSeconds: number;
}

/** Errors and nearness to the time-out of one function. */
export function functionAlarms(watched: WatchedFunction, settings: Settings): AlarmDraft[] {
  const { part, functionName, timeoutSeconds } = watched;
  const dimensions = { FunctionName: functionName };
  return [
    {
      id: `${part}-errors`,
      severity: 'critical',
      description: `The ${part} function fails again and again: read its log for the first error.`,
      signal: signals.lambda('Errors', 'Sum', dimensions),
      ...repeated,
      threshold: 1,
    },
    {
      id: `${part}-duration`,
      severity: 'warning',
      description: `The ${part} function nears its time-out of ${timeoutSeconds} s: lower the batch size or give it more memory.`,
      signal: signals.lambda('Duration', 'Maximum', dimensions),
      ...repeated,
      threshold: Math.round(timeoutSeconds * 1_000 * settings.alarms.durationShare),
    },
  ];
}

/** Invocations that Lambda refuses. */
export function throttleAlarm(part: 'inference' | 'http', functionName: string): AlarmDraft {
  return {
    id: `${part}-throttles`,
    severity: part === 'http' ? 'critical' : 'warning',
    description: `Lambda refuses to run the ${part} function: raise its reserved concurrency or the account's limit.`,
    signal: signals.lambda('Throttles', 'Sum', { FunctionName: functionName }),
    ...lasting,
    threshold: 1,
  };
}

/** How long records wait on a stream for a function. */
export function iteratorAgeAlarm(
  part: 'inference' | 'metrics',
  functionName: string,
  seconds: number,
): AlarmDraft {
  return {
    id: `${part}-iterator-age`,
    severity: 'critical',
    description: `Records wait more than ${seconds} s for the ${part} function: it fails, is throttled, or is too slow for what comes in.`,
    signal: signals.lambda('IteratorAge', 'Maximum', { FunctionName: functionName }),
    ...repeated,
    threshold: seconds * 1_000,
  };
}
