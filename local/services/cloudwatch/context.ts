import type { Alarm, AlarmStore, HistoryItem } from './alarms.ts';
import type { Datum, MetricStore } from './metric-store.ts';

/** One line of the log. */
export type Change =
  | { put: Datum[] }
  | { alarm: Alarm }
  | { alarmsDeleted: string[] }
  | { history: HistoryItem };

/** What every operation works on. */
export interface Context {
  metrics: MetricStore;
  alarms: AlarmStore;
  /** Writes changes down as one, then makes them. */
  commit(...changes: Change[]): Promise<void>;
  now: () => number;
  region: string;
}

/** One operation: input as it came in, output as it goes out. */
export type Operation = (context: Context, input: unknown) => Promise<unknown>;
